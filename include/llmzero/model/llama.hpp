// The llama family (Touvron et al. 2023): decoder-only transformers with RMS norm before each block, rotary
// positions, grouped-query attention and a SwiGLU feed-forward; with biases on q, k and v it is qwen2.
//
// For each layer, with x(d_model) the stream of one token:
//     h = norm(x)          q = Wq h   k = Wk h   v = Wv h   (+ biases)   q, k turned by rope
//     x += Wo attention(q, keys, values)
//     h = norm(x)          x += Wdown (silu(Wgate h) * Wup h)
// and at the end        logits(n_vocab) = Whead norm(x); Whead is the embedding table when the file has no other.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/model/config.hpp>
#include <llmzero/model/kv_cache.hpp>
#include <llmzero/model/network.hpp>
#include <llmzero/model/weight_loader.hpp>
#include <llmzero/numerics/norm.hpp>
#include <llmzero/numerics/packed_matrix.hpp>
#include <llmzero/numerics/rope.hpp>
#include <llmzero/numerics/swiglu.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

struct llama_layer {
    heap_array<float> attn_norm; // (d_model)
    packed_matrix wq;            // (d_query, d_model)
    packed_matrix wk;            // (d_kv, d_model)
    packed_matrix wv;            // (d_kv, d_model)
    heap_array<float> bq;        // (d_query), or empty
    heap_array<float> bk;        // (d_kv), or empty
    heap_array<float> bv;        // (d_kv), or empty
    packed_matrix wo;            // (d_model, d_query)
    heap_array<float> ffn_norm;  // (d_model)
    packed_matrix w_gate;        // (d_ff, d_model)
    packed_matrix w_up;          // (d_ff, d_model)
    packed_matrix w_down;        // (d_model, d_ff)
};

struct llama_weights {
    packed_matrix embedding; // (n_vocab, d_model)
    heap_array<llama_layer> layers;
    heap_array<float> output_norm;  // (d_model)
    packed_matrix separate_head;    // (n_vocab, d_model), or empty: the embedding is the head
    heap_array<float> rope_divisor; // (n_rotated / 2), or empty

    [[nodiscard]] const packed_matrix & head() const { return separate_head.empty() ? embedding : separate_head; }

    // Names every tensor once; `layers` has its size already.
    [[nodiscard]] status visit(weight_loader & loader, const model_config & c) {
        LLMZERO_CHECK(loader.matrix(embedding, c.n_vocab, c.d_model, short_name("token_embd.weight")));
        for (std::uint32_t n = 0; n < c.n_layers; ++n) {
            llama_layer & l = layers[n];
            const auto name = [n](const char * what) {
                return short_name("blk.%lu.%s", static_cast<unsigned long>(n), what);
            };
            LLMZERO_CHECK(loader.vector(l.attn_norm, c.d_model, name("attn_norm.weight")));
            LLMZERO_CHECK(loader.matrix(l.wq, c.d_query(), c.d_model, name("attn_q.weight")));
            LLMZERO_CHECK(loader.matrix(l.wk, c.d_kv(), c.d_model, name("attn_k.weight")));
            LLMZERO_CHECK(loader.matrix(l.wv, c.d_kv(), c.d_model, name("attn_v.weight")));
            LLMZERO_CHECK(loader.optional_vector(l.bq, c.d_query(), name("attn_q.bias")));
            LLMZERO_CHECK(loader.optional_vector(l.bk, c.d_kv(), name("attn_k.bias")));
            LLMZERO_CHECK(loader.optional_vector(l.bv, c.d_kv(), name("attn_v.bias")));
            LLMZERO_CHECK(loader.matrix(l.wo, c.d_model, c.d_query(), name("attn_output.weight")));
            LLMZERO_CHECK(loader.vector(l.ffn_norm, c.d_model, name("ffn_norm.weight")));
            LLMZERO_CHECK(loader.matrix(l.w_gate, c.d_ff, c.d_model, name("ffn_gate.weight")));
            LLMZERO_CHECK(loader.matrix(l.w_up, c.d_ff, c.d_model, name("ffn_up.weight")));
            LLMZERO_CHECK(loader.matrix(l.w_down, c.d_model, c.d_ff, name("ffn_down.weight")));
            for (const char * other : {"attn_output.bias", "ffn_gate.bias", "ffn_up.bias", "ffn_down.bias",
                                       "attn_q_norm.weight", "attn_k_norm.weight", "ffn_gate_inp.weight"}) {
                LLMZERO_CHECK(loader.refuse(name(other)));
            }
        }
        LLMZERO_CHECK(loader.vector(output_norm, c.d_model, short_name("output_norm.weight")));
        LLMZERO_CHECK(loader.refuse(short_name("rope_factors_long.weight")));
        const short_name head_name("output.weight");
        if (loader.has(head_name)) {
            LLMZERO_CHECK(loader.matrix(separate_head, c.n_vocab, c.d_model, head_name));
        }
        return loader.optional_vector(rope_divisor, c.n_rotated / 2, short_name("rope_freqs.weight"));
    }
};

class llama_network final : public network {
public:
    // Checks the file's tensors against the configuration and counts what they need; loads nothing.
    static result<std::uint64_t> bytes_needed(weight_loader & loader, const model_config & c) {
        llama_weights weights;
        LLMZERO_ASSIGN(weights.layers, heap_array<llama_layer>::create(c.n_layers));
        LLMZERO_CHECK(weights.visit(loader, c));
        return loader.memory_bytes() + c.n_layers * sizeof(llama_layer);
    }

    static result<std::unique_ptr<network>> load(weight_loader & loader, const model_config & c) {
        std::unique_ptr<llama_network> made(new (std::nothrow) llama_network(c, loader.kernels()));
        if (made == nullptr) {
            return error(error_code::out_of_memory, "out of memory: a network of %zu bytes", sizeof(llama_network));
        }
        LLMZERO_ASSIGN(made->weights_.layers, heap_array<llama_layer>::create(c.n_layers));
        LLMZERO_CHECK(made->weights_.visit(loader, c));
        for (const float divisor : made->weights_.rope_divisor) {
            if (divisor <= 0) {
                return error(error_code::malformed, "tensor 'rope_freqs.weight' holds %g, expected numbers above 0",
                             static_cast<double>(divisor));
            }
        }
        LLMZERO_ASSIGN(made->rope_,
                       rope_table::create(c.n_rotated, c.rope_theta, c.rope_scale, made->weights_.rope_divisor.span()));
        return std::unique_ptr<network>(std::move(made));
    }

    [[nodiscard]] std::uint64_t state_bytes(const state_options & options) const override;
    [[nodiscard]] result<std::unique_ptr<network_state>> create_state(const state_options & options) const override;

private:
    friend class llama_state;
    llama_network(const model_config & c, const kernel_set & kernels) : config_(c), kernels_(kernels) {}

    model_config config_;
    const kernel_set & kernels_;
    llama_weights weights_;
    rope_table rope_;
};

class llama_state final : public network_state {
public:
    explicit llama_state(const llama_network & network) : network_(network) {}

    [[nodiscard]] status allocate(const state_options & options) {
        const model_config & c = network_.config_;
        const std::size_t batch = options.batch;
        LLMZERO_ASSIGN(cache_, kv_cache::create(c, options.kv, options.context));
        LLMZERO_ASSIGN(x_, heap_array<float>::create(batch * c.d_model));
        LLMZERO_ASSIGN(h_, heap_array<float>::create(batch * widest_hidden(c)));
        LLMZERO_ASSIGN(q_, heap_array<float>::create(batch * c.d_query()));
        LLMZERO_ASSIGN(k_, heap_array<float>::create(batch * c.d_kv()));
        LLMZERO_ASSIGN(v_, heap_array<float>::create(batch * c.d_kv()));
        LLMZERO_ASSIGN(gate_, heap_array<float>::create(batch * c.d_ff));
        LLMZERO_ASSIGN(up_, heap_array<float>::create(batch * c.d_ff));
        LLMZERO_ASSIGN(projected_, heap_array<float>::create(batch * c.d_model));
        LLMZERO_ASSIGN(turns_, heap_array<float>::create(batch * c.n_rotated));
        LLMZERO_ASSIGN(scores_, heap_array<float>::create(options.context));
        LLMZERO_ASSIGN(logits_, heap_array<float>::create(c.n_vocab));
        LLMZERO_ASSIGN(input_, activations::create(network_.kernels_, widest_input(c), batch));
        return success();
    }

    static std::uint64_t bytes_needed(const model_config & c, const kernel_set & kernels,
                                      const state_options & options) {
        const std::uint64_t floats_of_token = 2 * std::uint64_t{c.d_model} + widest_hidden(c) + c.d_query() +
                                              2 * std::uint64_t{c.d_kv()} + 2 * std::uint64_t{c.d_ff} + c.n_rotated;
        return kv_cache::bytes_needed(c, options.kv, options.context) +
               sizeof(float) * (options.batch * floats_of_token + options.context + c.n_vocab) +
               activations::bytes_needed(kernels, widest_input(c), options.batch) + sizeof(llama_state);
    }

    [[nodiscard]] status evaluate(std::span<const token_id> tokens, std::uint32_t position, logits_wanted wanted,
                                  function_ref<bool()> keep_going) override {
        const model_config & c = network_.config_;
        const kernel_set & kernels = network_.kernels_;
        const std::size_t n = tokens.size();
        for (std::size_t t = 0; t < n; ++t) {
            kernels.unpack_row(network_.weights_.embedding.view(), static_cast<std::size_t>(tokens[t]),
                               x_.data() + t * c.d_model);
            network_.rope_.turns_at(position + static_cast<std::uint32_t>(t), turns_.data() + t * c.n_rotated);
        }
        for (std::size_t layer = 0; layer < c.n_layers; ++layer) {
            if (keep_going && !keep_going()) {
                return error(error_code::cancelled, "evaluation was cancelled");
            }
            attention_block(layer, n, position);
            feed_forward_block(layer, n);
        }
        if (wanted == logits_wanted::last) {
            const float * last = x_.data() + (n - 1) * c.d_model;
            rms_norm(last, network_.weights_.output_norm.data(), c.d_model, c.rms_epsilon, h_.data());
            input_.set(h_.data(), c.d_model, 1);
            input_.multiply(network_.weights_.head(), logits_.data());
        }
        return success();
    }

    [[nodiscard]] kv_cache * cache() override { return &cache_; }
    [[nodiscard]] std::span<const float> logits() const override { return logits_.span(); }

private:
    static std::size_t widest_hidden(const model_config & c) { return std::max(c.d_model, c.d_query()); }
    static std::size_t widest_input(const model_config & c) { return std::max({c.d_model, c.d_query(), c.d_ff}); }

    // x += Wo attention(norm(x))
    void attention_block(std::size_t layer, std::size_t n, std::uint32_t position) {
        const model_config & c = network_.config_;
        const llama_layer & l = network_.weights_.layers[layer];
        normalise(l.attn_norm, n);
        input_.set(h_.data(), c.d_model, n);
        input_.multiply(l.wq, q_.data());
        input_.multiply(l.wk, k_.data());
        input_.multiply(l.wv, v_.data());
        add_bias(q_.data(), l.bq, n);
        add_bias(k_.data(), l.bk, n);
        add_bias(v_.data(), l.bv, n);
        const std::size_t n_pairs = c.n_rotated / 2;
        for (std::size_t t = 0; t < n; ++t) {
            const float * turns = turns_.data() + t * c.n_rotated;
            for (std::size_t head = 0; head < c.n_heads; ++head) {
                rope(q_.data() + t * c.d_query() + head * c.head_dim, turns, n_pairs, c.pairs);
            }
            for (std::size_t head = 0; head < c.n_kv_heads; ++head) {
                rope(k_.data() + t * c.d_kv() + head * c.head_dim, turns, n_pairs, c.pairs);
            }
            cache_.store(layer, position + t, k_.data() + t * c.d_kv(), v_.data() + t * c.d_kv());
        }
        attend(layer, n, position);
        input_.set(h_.data(), c.d_query(), n);
        input_.multiply(l.wo, projected_.data());
        add(x_.data(), projected_.data(), n * c.d_model);
    }

    // h [n, d_query]: each token sees the tokens up to and including itself.
    void attend(std::size_t layer, std::size_t n, std::uint32_t position) {
        const model_config & c = network_.config_;
        const std::size_t heads_sharing = c.n_heads / c.n_kv_heads;
        const float scale = 1.0f / std::sqrt(static_cast<float>(c.head_dim));
        for (std::size_t head = 0; head < c.n_heads; ++head) {
            const kv_rows keys = cache_.keys(layer, head / heads_sharing);
            const kv_rows values = cache_.values(layer, head / heads_sharing);
            for (std::size_t t = 0; t < n; ++t) {
                const std::size_t at = t * c.d_query() + head * c.head_dim;
                network_.kernels_.attend(q_.data() + at, keys, values, position + t + 1, c.head_dim, scale, nullptr,
                                         scores_.data(), h_.data() + at);
            }
        }
    }

    // x += Wdown (silu(Wgate h) * Wup h), h = norm(x)
    void feed_forward_block(std::size_t layer, std::size_t n) {
        const model_config & c = network_.config_;
        const llama_layer & l = network_.weights_.layers[layer];
        normalise(l.ffn_norm, n);
        input_.set(h_.data(), c.d_model, n);
        input_.multiply(l.w_gate, gate_.data());
        input_.multiply(l.w_up, up_.data());
        swiglu(gate_.data(), up_.data(), n * c.d_ff);
        input_.set(gate_.data(), c.d_ff, n);
        input_.multiply(l.w_down, projected_.data());
        add(x_.data(), projected_.data(), n * c.d_model);
    }

    void normalise(const heap_array<float> & weight, std::size_t n) {
        const model_config & c = network_.config_;
        for (std::size_t t = 0; t < n; ++t) {
            rms_norm(x_.data() + t * c.d_model, weight.data(), c.d_model, c.rms_epsilon, h_.data() + t * c.d_model);
        }
    }

    static void add_bias(float * y, const heap_array<float> & bias, std::size_t n) {
        for (std::size_t t = 0; t < n && !bias.empty(); ++t) {
            add(y + t * bias.size(), bias.data(), bias.size());
        }
    }

    static void add(float * LLMZERO_RESTRICT y, const float * x, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) {
            y[i] += x[i];
        }
    }

    const llama_network & network_;
    kv_cache cache_;
    heap_array<float> x_;         // [batch, d_model] the stream
    heap_array<float> h_;         // [batch, max(d_model, d_query)] what the next product reads
    heap_array<float> q_;         // [batch, d_query]
    heap_array<float> k_;         // [batch, d_kv]
    heap_array<float> v_;         // [batch, d_kv]
    heap_array<float> gate_;      // [batch, d_ff]
    heap_array<float> up_;        // [batch, d_ff]
    heap_array<float> projected_; // [batch, d_model] what a block adds to the stream
    heap_array<float> turns_;     // [batch, n_rotated]
    heap_array<float> scores_;    // [context]
    heap_array<float> logits_;    // [n_vocab]
    activations input_;
};

inline std::uint64_t llama_network::state_bytes(const state_options & options) const {
    return llama_state::bytes_needed(config_, kernels_, options);
}

inline result<std::unique_ptr<network_state>> llama_network::create_state(const state_options & options) const {
    std::unique_ptr<llama_state> made(new (std::nothrow) llama_state(*this));
    if (made == nullptr) {
        return error(error_code::out_of_memory, "out of memory: a session's state of %zu bytes", sizeof(llama_state));
    }
    LLMZERO_CHECK(made->allocate(options));
    return std::unique_ptr<network_state>(std::move(made));
}

} // namespace llmzero::inline LLMZERO_ABI
