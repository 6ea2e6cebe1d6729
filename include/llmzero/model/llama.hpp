// The llama family (Touvron et al. 2023): decoder-only transformers with RMS norm before each block, rotary
// positions, grouped-query attention and a gated feed-forward.
//
// For each layer, with x(d_model) the stream of one token:
//     h = norm(x)          q = Wq h   k = Wk h   v = Wv h   (+ biases)   q, k turned by rope
//     x += Wo attention(q, keys, values)
//     h = norm(x)          x += Wdown (silu(Wgate h) * Wup h)
// and at the end        logits(n_vocab) = Whead norm(x); Whead is the embedding table when the file has no other.
//
// qwen2 has the biases. qwen3 normalises each head of q and k before rope turns it. gemma3 does too, multiplies x by
// sqrt(d_model) at the start, normalises once more what Wo and Wdown give, has GELU for silu, and in most layers
// attends to the last positions only (llama_config.hpp).
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/model/batch_time.hpp>
#include <llmzero/model/config.hpp>
#include <llmzero/model/llama_state.hpp>
#include <llmzero/model/llama_weights.hpp>
#include <llmzero/model/network.hpp>
#include <llmzero/model/weight_loader.hpp>
#include <llmzero/numerics/rope.hpp>

#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

class llama_network final : public network {
public:
    // Checks the file's tensors against the configuration and counts what they need; loads nothing.
    static result<std::uint64_t> bytes_needed(weight_loader & loader, const model_config & c) {
        llama_weights weights;
        LLMZERO_ASSIGN(weights.layers, heap_array<llama_layer>::create(c.n_layers));
        LLMZERO_CHECK(weights.visit(loader, c));
        const std::uint64_t rope_bytes = (c.window != 0 ? 2u : 1u) * rope_table::bytes_needed(c.n_rotated);
        return loader.memory_bytes() + c.n_layers * sizeof(llama_layer) + rope_bytes + sizeof(llama_network);
    }

    static result<std::unique_ptr<network>> load(weight_loader & loader, const model_config & c) {
        std::unique_ptr<llama_network> made(new (std::nothrow) llama_network(c, loader.kernels()));
        if (made == nullptr) {
            return error(error_code::out_of_memory, "out of memory: a network of %zu bytes", sizeof(llama_network));
        }
        llama_state::network_parts & parts = made->parts_;
        LLMZERO_ASSIGN(parts.weights.layers, heap_array<llama_layer>::create(c.n_layers));
        LLMZERO_CHECK(parts.weights.visit(loader, c));
        for (const float divisor : parts.weights.rope_divisor) {
            if (divisor <= 0) {
                return error(error_code::malformed, "tensor 'rope_freqs.weight' holds %g, expected numbers above 0",
                             static_cast<double>(divisor));
            }
        }
        LLMZERO_ASSIGN(parts.rope,
                       rope_table::create(c.n_rotated, c.rope_theta, c.rope_scale, parts.weights.rope_divisor.span()));
        if (c.window != 0) {
            LLMZERO_ASSIGN(parts.local_rope, rope_table::create(c.n_rotated, c.local_rope_theta, 1.0, {}));
        }
        return std::unique_ptr<network>(std::move(made));
    }

    [[nodiscard]] float time_of_four() const override {
        batch_time time;
        for (const llama_layer & l : parts_.weights.layers) {
            for (const packed_matrix * w : {&l.wq, &l.wk, &l.wv, &l.wo, &l.w_gate, &l.w_up, &l.w_down}) {
                time.add(parts_.kernels, *w);
            }
        }
        time.add(parts_.kernels, parts_.weights.head());
        return time.of_four();
    }

    [[nodiscard]] std::uint64_t state_bytes(const state_options & options) const override {
        return llama_state::bytes_needed(parts_.config, parts_.kernels, options);
    }

    [[nodiscard]] result<std::unique_ptr<network_state>> create_state(const state_options & options) const override {
        std::unique_ptr<llama_state> made(new (std::nothrow) llama_state(parts_));
        if (made == nullptr) {
            return error(error_code::out_of_memory, "out of memory: a session's state of %zu bytes",
                         sizeof(llama_state));
        }
        LLMZERO_CHECK(made->allocate(options));
        return std::unique_ptr<network_state>(std::move(made));
    }

private:
    llama_network(const model_config & c, const kernel_set & kernels) : parts_{c, kernels, {}, {}, {}} {}

    llama_state::network_parts parts_;
};

} // namespace llmzero::inline LLMZERO_ABI
