// What one session of a llama-like model has to itself, its KV cache and the vectors of the tokens in flight, and the
// forward pass that runs on them. The formulas stand in llama.hpp.
//
// Local layers (model_config::window) keep all positions in the cache, like the others, and attend to the last ones. In
// a ring they would need room for the window only: gemma3-270m (15 of 18 layers local, window 512) takes 151 MB in f32
// and 38 MB in 8 bits for 4096 tokens, and would take 41 MB and 10 MB. But a session could not go back into a text
// whose window has been overwritten, nor take up a saved one of another length.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/thread_team.hpp>
#include <llmzero/model/config.hpp>
#include <llmzero/model/kv_cache.hpp>
#include <llmzero/model/llama_weights.hpp>
#include <llmzero/model/network.hpp>
#include <llmzero/model/output_head.hpp>
#include <llmzero/numerics/add.hpp>
#include <llmzero/numerics/norm.hpp>
#include <llmzero/numerics/packed_matrix.hpp>
#include <llmzero/numerics/rope.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace llmzero::inline LLMZERO_ABI {

class llama_state final : public network_state {
public:
    // All of a network's, which must outlive the state.
    struct network_parts {
        model_config config;
        const kernel_set & kernels;
        llama_weights weights;
        rope_table rope;
        rope_table local_rope; // of local layers; empty when there are none
    };

    explicit llama_state(const network_parts & network) : network_(network) {}

    [[nodiscard]] status allocate(const state_options & options) {
        const model_config & c = network_.config;
        const std::size_t batch = options.batch;
        LLMZERO_ASSIGN(cache_, kv_cache::create(c, options.kv, options.context));
        LLMZERO_ASSIGN(x_, heap_array<float>::create_for_overwrite(batch * c.d_model));
        LLMZERO_ASSIGN(h_, heap_array<float>::create_for_overwrite(batch * widest_hidden(c)));
        LLMZERO_ASSIGN(q_, heap_array<float>::create_for_overwrite(batch * c.d_query()));
        LLMZERO_ASSIGN(k_, heap_array<float>::create_for_overwrite(batch * c.d_kv()));
        LLMZERO_ASSIGN(v_, heap_array<float>::create_for_overwrite(batch * c.d_kv()));
        LLMZERO_ASSIGN(gate_, heap_array<float>::create_for_overwrite(batch * c.d_ff));
        LLMZERO_ASSIGN(up_, heap_array<float>::create_for_overwrite(batch * c.d_ff));
        LLMZERO_ASSIGN(projected_, heap_array<float>::create_for_overwrite(batch * c.d_model));
        LLMZERO_ASSIGN(turns_, heap_array<float>::create_for_overwrite(batch * c.n_rotated));
        LLMZERO_ASSIGN(local_turns_, heap_array<float>::create_for_overwrite(batch * local_rotated(c)));
        LLMZERO_ASSIGN(scores_,
                       heap_array<float>::create_for_overwrite(options.threads * heads_sharing(c) * options.context));
        LLMZERO_CHECK(logits_.allocate(options.logits, c.n_vocab));
        LLMZERO_ASSIGN(input_, activations::create(network_.kernels, widest_input(c), batch, options.team));
        team_ = options.team;
        n_threads_ = options.threads;
        return success();
    }

    static std::uint64_t bytes_needed(const model_config & c, const kernel_set & kernels,
                                      const state_options & options) {
        const std::uint64_t floats_of_token = 2 * std::uint64_t{c.d_model} + widest_hidden(c) + c.d_query() +
                                              2 * std::uint64_t{c.d_kv()} + 2 * std::uint64_t{c.d_ff} + c.n_rotated +
                                              local_rotated(c);
        return kv_cache::bytes_needed(c, options.kv, options.context) +
               sizeof(float) * (options.batch * floats_of_token +
                                std::uint64_t{options.threads} * heads_sharing(c) * options.context) +
               output_logits::bytes_needed(options.logits, c.n_vocab) +
               activations::bytes_needed(kernels, widest_input(c), options.batch) + sizeof(llama_state);
    }

    [[nodiscard]] status evaluate(std::span<const token_id> tokens, std::uint32_t position, logits_wanted wanted,
                                  function_ref<bool()> keep_going) override {
        const model_config & c = network_.config;
        const std::size_t n = tokens.size();
        logits_.forget();
        for (std::size_t t = 0; t < n; ++t) {
            embed(tokens[t], t);
            network_.rope.turns_at(position + static_cast<std::uint32_t>(t), turns_.data() + t * c.n_rotated);
            network_.local_rope.turns_at(position + static_cast<std::uint32_t>(t),
                                         local_turns_.data() + t * local_rotated(c));
        }
        for (std::size_t layer = 0; layer < c.n_layers; ++layer) {
            if (keep_going && !keep_going()) {
                return error(error_code::cancelled, "evaluation was cancelled");
            }
            attention_block(layer, n, position);
            feed_forward_block(layer, n);
        }
        if (wanted != logits_wanted::none) {
            const std::size_t n_wanted = wanted == logits_wanted::all ? n : 1;
            normalise(x_.data() + (n - n_wanted) * c.d_model, network_.weights.output_norm, n_wanted, h_.data());
            input_.set(h_.data(), c.d_model, n_wanted);
            logits_.compute(network_.weights.head(), network_.weights.sketch, input_);
        }
        return success();
    }

    [[nodiscard]] kv_cache * cache() override { return &cache_; }
    void want_largest(std::size_t n) override { logits_.want_largest(n); }
    [[nodiscard]] std::span<const token_id> present_logits() const override { return logits_.present(); }
    void complete_logits() override { logits_.complete(); }
    [[nodiscard]] std::span<const float> logits() const override { return logits_.values(); }

private:
    static std::size_t widest_hidden(const model_config & c) { return std::max(c.d_model, c.d_query()); }
    static std::size_t widest_input(const model_config & c) { return std::max({c.d_model, c.d_query(), c.d_ff}); }
    // Query heads for each head of keys and values.
    static std::size_t heads_sharing(const model_config & c) { return c.n_heads / c.n_kv_heads; }
    static std::size_t local_rotated(const model_config & c) { return c.window == 0 ? 0 : c.n_rotated; }

    void embed(token_id token, std::size_t t) {
        const model_config & c = network_.config;
        float * x = x_.data() + t * c.d_model;
        network_.kernels.unpack_row(network_.weights.embedding.view(), static_cast<std::size_t>(token), x);
        for (std::size_t i = 0; i < c.d_model && c.embedding_scale != 1.0f; ++i) {
            x[i] *= c.embedding_scale;
        }
    }

    // x += Wo attention(norm(x))
    void attention_block(std::size_t layer, std::size_t n, std::uint32_t position) {
        const model_config & c = network_.config;
        const llama_layer & l = network_.weights.layers[layer];
        normalise(x_.data(), l.attn_norm, n, h_.data());
        input_.set(h_.data(), c.d_model, n);
        input_.multiply({{l.wq, q_.data()}, {l.wk, k_.data()}, {l.wv, v_.data()}});
        add_bias(q_.data(), l.bq, n);
        add_bias(k_.data(), l.bk, n);
        add_bias(v_.data(), l.bv, n);
        const heap_array<float> & turns = c.is_local(layer) ? local_turns_ : turns_;
        for_tokens(n, c.d_query() + c.d_kv(), [&](std::size_t t) {
            float * k = k_.data() + t * c.d_kv();
            prepare_heads(q_.data() + t * c.d_query(), c.n_heads, l.q_norm, turns.data() + t * c.n_rotated);
            prepare_heads(k, c.n_kv_heads, l.k_norm, turns.data() + t * c.n_rotated);
            cache_.store(layer, position + t, k, v_.data() + t * c.d_kv());
        });
        attend(layer, n, position);
        input_.set(h_.data(), c.d_query(), n);
        input_.multiply(l.wo, projected_.data());
        add_projected(l.post_attn_norm, n);
    }

    // The queries or keys of one token, normalised where the model does so, and turned: heads [n_heads, head_dim].
    void prepare_heads(float * heads, std::size_t n_heads, const heap_array<float> & norm, const float * turns) const {
        const model_config & c = network_.config;
        for (std::size_t head = 0; head < n_heads; ++head, heads += c.head_dim) {
            if (!norm.empty()) {
                rms_norm(heads, norm.data(), c.head_dim, c.rms_epsilon, heads);
            }
            rope(heads, turns, c.n_rotated / 2, c.pairs);
        }
    }

    // h [n, d_query]: each token sees the tokens up to and including itself, or the last `window` of them.
    void attend(std::size_t layer, std::size_t n, std::uint32_t position) {
        const model_config & c = network_.config;
        const std::size_t sharing = heads_sharing(c);
        const bool is_local = c.is_local(layer);
        const std::size_t n_seen = is_local ? std::min<std::size_t>(position + n, c.window) : position + n;
        const std::size_t ns = 2 * n_seen * sharing * c.head_dim / attention_macs_in_ns; // at most, for one token
        share(team_, c.n_kv_heads * n, ns, [&](std::size_t first_item, std::size_t end_item, std::size_t member) {
            float * const scores = scores_.data() + member * (scores_.size() / n_threads_);
            for (std::size_t item = first_item; item < end_item; ++item) {
                const std::size_t head = item / n;
                const std::size_t t = item % n;
                const std::size_t end = position + t + 1;
                const std::size_t first = is_local && end > c.window ? end - c.window : 0;
                const std::size_t at = t * c.d_query() + head * sharing * c.head_dim;
                network_.kernels.attend(q_.data() + at, sharing, cache_.keys(layer, head, first),
                                        cache_.values(layer, head, first), end - first, c.head_dim, c.attention_scale,
                                        nullptr, scores, h_.data() + at);
            }
        });
    }

    // x += Wdown (act(Wgate h) * Wup h), h = norm(x)
    void feed_forward_block(std::size_t layer, std::size_t n) {
        const model_config & c = network_.config;
        const llama_layer & l = network_.weights.layers[layer];
        normalise(x_.data(), l.ffn_norm, n, h_.data());
        input_.set(h_.data(), c.d_model, n);
        input_.multiply({{l.w_gate, gate_.data()}, {l.w_up, up_.data()}});
        for_tokens(n, 2 * c.d_ff, [&](std::size_t t) {
            float * const gate = gate_.data() + t * c.d_ff;
            const float * const up = up_.data() + t * c.d_ff;
            if (c.activation == gate_activation::gelu) {
                network_.kernels.geglu(gate, up, c.d_ff);
            } else {
                network_.kernels.swiglu(gate, up, c.d_ff);
            }
        });
        input_.set(gate_.data(), c.d_ff, n);
        input_.multiply(l.w_down, projected_.data());
        add_projected(l.post_ffn_norm, n);
    }

    // x += projected, or norm(projected) where there is a norm for it
    void add_projected(const heap_array<float> & post_norm, std::size_t n) {
        if (!post_norm.empty()) {
            normalise(projected_.data(), post_norm, n, projected_.data());
        }
        add(x_.data(), projected_.data(), n * network_.config.d_model);
    }

    // from, into [n, d_model]; may be the same.
    void normalise(const float * from, const heap_array<float> & weight, std::size_t n, float * into) const {
        const model_config & c = network_.config;
        for_tokens(n, c.d_model / 2, [&](std::size_t t) {
            rms_norm(from + t * c.d_model, weight.data(), c.d_model, c.rms_epsilon, into + t * c.d_model);
        });
    }

    // Calls work(t) for each of n tokens, shared out where they are many; `ns` as in thread_team::share().
    template <class Work> void for_tokens(std::size_t n, std::size_t ns, const Work & work) const {
        share(team_, n, ns, [&](std::size_t first, std::size_t end, std::size_t) {
            for (std::size_t t = first; t < end; ++t) {
                work(t);
            }
        });
    }

    static void add_bias(float * y, const heap_array<float> & bias, std::size_t n) {
        for (std::size_t t = 0; t < n && !bias.empty(); ++t) {
            add(y + t * bias.size(), bias.data(), bias.size());
        }
    }

    const network_parts & network_;
    kv_cache cache_;
    heap_array<float> x_;           // [batch, d_model] the stream
    heap_array<float> h_;           // [batch, max(d_model, d_query)] what the next product reads
    heap_array<float> q_;           // [batch, d_query]
    heap_array<float> k_;           // [batch, d_kv]
    heap_array<float> v_;           // [batch, d_kv]
    heap_array<float> gate_;        // [batch, d_ff]
    heap_array<float> up_;          // [batch, d_ff]
    heap_array<float> projected_;   // [batch, d_model] what a block adds to the stream
    heap_array<float> turns_;       // [batch, n_rotated]
    heap_array<float> local_turns_; // [batch, n_rotated] of local layers, or empty
    heap_array<float> scores_;      // [threads, heads_sharing, context]
    output_logits logits_;          // [state_options::logits, n_vocab]
    activations input_;
    thread_team * team_ = nullptr;
    std::size_t n_threads_ = 1;
};

} // namespace llmzero::inline LLMZERO_ABI
