// What the layers of T5's encoder and decoder do to the streams of a batch of tokens, x [n, d_model]:
//
//     set_input(norm(x)); store_keys_and_values()     for all keys that attend() is to see, then
//     set_input(norm(x)); attend()                    x += Wo attention(Wq norm(x), keys, values)
//     feed_forward()                                  x += Wdown (gelu(Wgate h) * Wup h), h = norm(x)
//                                                 or  x += Wdown relu(Wup h)
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/thread_team.hpp>
#include <llmzero/model/config.hpp>
#include <llmzero/model/kv_cache.hpp>
#include <llmzero/model/network.hpp>
#include <llmzero/model/output_head.hpp>
#include <llmzero/model/relative_bias.hpp>
#include <llmzero/model/t5_weights.hpp>
#include <llmzero/numerics/add.hpp>
#include <llmzero/numerics/norm.hpp>
#include <llmzero/numerics/packed_matrix.hpp>
#include <llmzero/numerics/relu.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

// The keys and values that a batch's queries look at.
struct t5_seen {
    const kv_cache & cache;
    std::size_t layer;
    std::size_t first;          // position of the first key in the cache
    std::size_t n_keys;         // that the first query sees
    std::size_t more_per_query; // that each query sees more than the one before: 1 in a decoder
    const relative_bias * bias; // nullptr: none
    std::size_t query;          // position of the first query, counted from the first key
};

class t5_steps {
public:
    t5_steps(const model_config & config, const kernel_set & kernels) : c_(config), kernels_(kernels) {}

    static std::uint64_t bytes_needed(const model_config & c, const kernel_set & kernels,
                                      const state_options & options) {
        const std::uint64_t floats_of_token =
            widest_hidden(c) + 3 * std::uint64_t{c.d_query()} + 2 * std::uint64_t{c.d_ff} + std::uint64_t{c.d_model};
        return sizeof(float) * (options.batch * floats_of_token + std::uint64_t{options.threads} * options.context) +
               activations::bytes_needed(kernels, widest_input(c), options.batch);
    }

    [[nodiscard]] status allocate(const state_options & options) {
        const std::size_t batch = options.batch;
        LLMZERO_ASSIGN(h_, heap_array<float>::create_for_overwrite(batch * widest_hidden(c_)));
        LLMZERO_ASSIGN(q_, heap_array<float>::create_for_overwrite(batch * c_.d_query()));
        LLMZERO_ASSIGN(k_, heap_array<float>::create_for_overwrite(batch * c_.d_query()));
        LLMZERO_ASSIGN(v_, heap_array<float>::create_for_overwrite(batch * c_.d_query()));
        LLMZERO_ASSIGN(gate_, heap_array<float>::create_for_overwrite(batch * c_.d_ff));
        LLMZERO_ASSIGN(up_, heap_array<float>::create_for_overwrite(batch * c_.d_ff));
        LLMZERO_ASSIGN(projected_, heap_array<float>::create_for_overwrite(batch * c_.d_model));
        LLMZERO_ASSIGN(scores_,
                       heap_array<float>::create_for_overwrite(std::size_t{options.threads} * options.context));
        LLMZERO_ASSIGN(input_, activations::create(kernels_, widest_input(c_), batch, options.team));
        team_ = options.team;
        n_threads_ = options.threads;
        return success();
    }

    // What products read from here on: norm(x), and x itself.
    void set_input(const float * x, const heap_array<float> & norm, std::size_t n) {
        normalise(x, norm, n);
        input_.set(h_.data(), c_.d_model, n);
    }
    void set_input(const float * x, std::size_t n) { input_.set(x, c_.d_model, n); }

    // Of the input's n tokens, from this position on.
    void store_keys_and_values(const t5_attention & w, std::size_t n, kv_cache & into, std::size_t layer,
                               std::size_t position) {
        input_.multiply({{w.wk, k_.data()}, {w.wv, v_.data()}});
        for (std::size_t t = 0; t < n; ++t) {
            into.store(layer, position + t, k_.data() + t * c_.d_query(), v_.data() + t * c_.d_query());
        }
    }

    // x += Wo attention(Wq input)
    void attend(const t5_attention & w, float * x, std::size_t n, const t5_seen & seen) {
        input_.multiply(w.wq, q_.data());
        const std::size_t most_keys = seen.n_keys + n * seen.more_per_query;
        const std::size_t ns = 2 * most_keys * c_.head_dim / attention_macs_in_ns; // at most, for one token
        share(team_, c_.n_heads * n, ns, [&](std::size_t first, std::size_t end, std::size_t member) {
            float * const scores = scores_.data() + member * (scores_.size() / n_threads_);
            for (std::size_t item = first; item < end; ++item) {
                const std::size_t head = item / n;
                const std::size_t t = item % n;
                const kv_rows keys = seen.cache.keys(seen.layer, head, seen.first);
                const kv_rows values = seen.cache.values(seen.layer, head, seen.first);
                const std::size_t at = t * c_.d_query() + head * c_.head_dim;
                const float * bias = seen.bias != nullptr ? seen.bias->row(head, seen.query + t) : nullptr;
                kernels_.attend(q_.data() + at, 1, keys, values, seen.n_keys + t * seen.more_per_query, c_.head_dim,
                                c_.attention_scale, bias, scores, h_.data() + at);
            }
        });
        input_.set(h_.data(), c_.d_query(), n);
        input_.multiply(w.wo, projected_.data());
        add(x, n);
    }

    // x += feed_forward(norm(x))
    void feed_forward(const t5_feed_forward & w, float * x, std::size_t n) {
        set_input(x, w.norm, n);
        const float * hidden = up_.data();
        if (w.w_gate.empty()) {
            input_.multiply(w.w_up, up_.data());
            relu(up_.data(), n * c_.d_ff);
        } else {
            input_.multiply({{w.w_up, up_.data()}, {w.w_gate, gate_.data()}});
            kernels_.geglu(gate_.data(), up_.data(), n * c_.d_ff);
            hidden = gate_.data();
        }
        input_.set(hidden, c_.d_ff, n);
        input_.multiply(w.w_down, projected_.data());
        add(x, n);
    }

    // logits(n_vocab) = Whead (scale * norm(x)) of each token
    void head(const t5_weights & w, const float * x, std::size_t n, float scale, output_logits & logits) {
        normalise(x, w.decoder.output_norm, n);
        for (std::size_t i = 0; i < n * c_.d_model; ++i) {
            h_[i] *= scale;
        }
        input_.set(h_.data(), c_.d_model, n);
        logits.compute(w.head(), w.sketch, input_);
    }

private:
    static std::size_t widest_hidden(const model_config & c) { return std::max(c.d_model, c.d_query()); }
    static std::size_t widest_input(const model_config & c) { return std::max({c.d_model, c.d_query(), c.d_ff}); }

    // h = norm(x)
    void normalise(const float * x, const heap_array<float> & norm, std::size_t n) {
        for (std::size_t t = 0; t < n; ++t) {
            rms_norm(x + t * c_.d_model, norm.data(), c_.d_model, c_.rms_epsilon, h_.data() + t * c_.d_model);
        }
    }

    void add(float * LLMZERO_RESTRICT x, std::size_t n) const { llmzero::add(x, projected_.data(), n * c_.d_model); }

    const model_config & c_;
    const kernel_set & kernels_;
    heap_array<float> h_;         // [batch, max(d_model, d_query)] what the next product reads
    heap_array<float> q_;         // [batch, d_query]
    heap_array<float> k_;         // [batch, d_query]
    heap_array<float> v_;         // [batch, d_query]
    heap_array<float> gate_;      // [batch, d_ff]
    heap_array<float> up_;        // [batch, d_ff]
    heap_array<float> projected_; // [batch, d_model] what a block adds to the stream
    heap_array<float> scores_;    // [threads, context]
    activations input_;
    thread_team * team_ = nullptr;
    std::size_t n_threads_ = 1;
};

} // namespace llmzero::inline LLMZERO_ABI
