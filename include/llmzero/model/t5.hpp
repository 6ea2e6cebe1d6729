// T5 (Raffel et al. 2020) and what came of it (1.1, Flan): an encoder reads a source text, a decoder writes an answer
// to it. Both have RMS norm before each block, relative positions, and heads that may be narrower or wider than d_model
// / n_heads; t5_steps.hpp has the formulas of a block.
//
//     encoder    e = embedding of the source; for each layer: e += attention(all of e), e += feed_forward(e); norm
//     once       keys and values of e for the cross-attention of every layer of the decoder
//     decoder    x = embedding of the start token, then of the answer so far; for each layer:
//                x += attention(x up to itself), x += attention(e), x += feed_forward(x)
//     logits     Whead norm(x), or, where the embedding is the head, d_model^-0.5 Whead norm(x)
//
// The source takes the first positions of the cache in every layer of the decoder, where its keys and values stay for
// all tokens of the answer; those of the answer follow. The encoder has floats for its own keys and values, whatever
// the cache is kept as. It runs over the whole source, and reads each weight once for every batch of it: with a batch
// as long as the source, once. Smaller ones are better where caches are small: LaMini-Flan-T5-77M in Q4_0 reads 24
// million lines of 32 bytes from memory for 2 * 128 tokens in batches of 32, and 414 million in batches of 128, whose
// activations no longer fit (valgrind --tool=cachegrind --D1=16384,4,32 --LL=131072,8,32, like the ARM1176).
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/model/batch_time.hpp>
#include <llmzero/model/config.hpp>
#include <llmzero/model/kv_cache.hpp>
#include <llmzero/model/network.hpp>
#include <llmzero/model/relative_bias.hpp>
#include <llmzero/model/t5_steps.hpp>
#include <llmzero/model/t5_weights.hpp>
#include <llmzero/model/weight_loader.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

class t5_network final : public network {
public:
    // Checks the file's tensors against the configuration and counts what they need; loads nothing.
    static result<std::uint64_t> bytes_needed(weight_loader & loader, const model_config & c) {
        t5_weights weights;
        LLMZERO_CHECK(weights.create_layers(c));
        LLMZERO_CHECK(weights.visit(loader, c));
        return loader.memory_bytes() + t5_weights::layer_bytes(c);
    }

    static result<std::unique_ptr<network>> load(weight_loader & loader, const model_config & c) {
        std::unique_ptr<t5_network> made(new (std::nothrow) t5_network(c, loader.kernels()));
        if (made == nullptr) {
            return error(error_code::out_of_memory, "out of memory: a network of %zu bytes", sizeof(t5_network));
        }
        LLMZERO_CHECK(made->weights_.create_layers(c));
        LLMZERO_CHECK(made->weights_.visit(loader, c));
        return std::unique_ptr<network>(std::move(made));
    }

    [[nodiscard]] float time_of_four() const override;
    [[nodiscard]] std::uint64_t state_bytes(const state_options & options) const override;
    [[nodiscard]] result<std::unique_ptr<network_state>> create_state(const state_options & options) const override;

private:
    friend class t5_state;
    t5_network(const model_config & c, const kernel_set & kernels) : config_(c), kernels_(kernels) {}

    model_config config_;
    const kernel_set & kernels_;
    t5_weights weights_;
};

class t5_state final : public network_state {
public:
    explicit t5_state(const t5_network & network)
        : c_(network.config_), kernels_(network.kernels_), weights_(network.weights_), steps_(c_, kernels_) {}

    [[nodiscard]] status allocate(const state_options & options) {
        batch_ = options.batch;
        LLMZERO_ASSIGN(cache_, kv_cache::create(c_, options.kv, options.context));
        LLMZERO_ASSIGN(encoder_cache_, kv_cache::create(one_layer(c_), kv_type::f32, options.context));
        LLMZERO_ASSIGN(encoder_bias_, relative_bias::create(weights_.encoder.position_bias.span(), c_.n_heads,
                                                            options.context, attention_reach::both));
        LLMZERO_ASSIGN(decoder_bias_, relative_bias::create(weights_.decoder.position_bias.span(), c_.n_heads,
                                                            options.context, attention_reach::backward));
        LLMZERO_ASSIGN(
            x_, heap_array<float>::create_for_overwrite(static_cast<std::size_t>(stream_tokens(options)) * c_.d_model));
        LLMZERO_CHECK(logits_.allocate(options.logits, c_.n_vocab));
        return steps_.allocate(options);
    }

    static std::uint64_t bytes_needed(const model_config & c, const kernel_set & kernels,
                                      const state_options & options) {
        return kv_cache::bytes_needed(c, options.kv, options.context) +
               kv_cache::bytes_needed(one_layer(c), kv_type::f32, options.context) +
               relative_bias::bytes_needed(c.n_heads, options.context, attention_reach::both) +
               relative_bias::bytes_needed(c.n_heads, options.context, attention_reach::backward) +
               sizeof(float) * (stream_tokens(options) * c.d_model) +
               output_logits::bytes_needed(options.logits, c.n_vocab) + t5_steps::bytes_needed(c, kernels, options) +
               sizeof(t5_state);
    }

    [[nodiscard]] status encode(std::span<const token_id> source,
                                function_ref<bool(std::size_t done)> progress) override {
        n_source_ = 0;
        logits_.forget();
        unpack_embeddings(source);
        // Two passes for each layer, since a token sees those after it, and one for the decoder's keys and values.
        const std::size_t n_passes = 2 * std::size_t{c_.n_encoder_layers} + 1;
        std::size_t pass = 0;
        const auto for_batches = [&](const auto & run) -> status {
            for (std::size_t first = 0; first < source.size(); first += batch_) {
                if (progress && !progress((pass * source.size() + first) / n_passes)) {
                    return error(error_code::cancelled, "reading the source was cancelled");
                }
                run(first, std::min(batch_, source.size() - first), x_.data() + first * c_.d_model);
            }
            ++pass;
            return success();
        };
        for (const t5_layer & l : weights_.encoder.layers) {
            LLMZERO_CHECK(for_batches([&](std::size_t first, std::size_t n, float * x) {
                steps_.set_input(x, l.attention.norm, n);
                steps_.store_keys_and_values(l.attention, n, encoder_cache_, 0, first);
            }));
            LLMZERO_CHECK(for_batches([&](std::size_t first, std::size_t n, float * x) {
                steps_.set_input(x, l.attention.norm, n);
                steps_.attend(l.attention, x, n, {encoder_cache_, 0, 0, source.size(), 0, &encoder_bias_, first});
                steps_.feed_forward(l.feed_forward, x, n);
            }));
        }
        LLMZERO_CHECK(for_batches([&](std::size_t first, std::size_t n, float * x) {
            steps_.set_input(x, weights_.encoder.output_norm, n);
            for (std::size_t layer = 0; layer < c_.n_layers; ++layer) {
                steps_.store_keys_and_values(weights_.decoder.layers[layer].cross, n, cache_, layer, first);
            }
        }));
        n_source_ = source.size();
        return success();
    }

    [[nodiscard]] status evaluate(std::span<const token_id> tokens, std::uint32_t position, logits_wanted wanted,
                                  function_ref<bool()> keep_going) override {
        if (n_source_ == 0 || position < n_source_) {
            return error(error_code::bad_argument,
                         "the decoder was asked for position %lu after a source of %zu tokens",
                         static_cast<unsigned long>(position), n_source_);
        }
        const std::size_t n = tokens.size();
        const std::size_t before = position - n_source_; // tokens of the answer
        logits_.forget();
        unpack_embeddings(tokens);
        for (std::size_t layer = 0; layer < c_.n_layers; ++layer) {
            if (keep_going && !keep_going()) {
                return error(error_code::cancelled, "evaluation was cancelled");
            }
            const t5_layer & l = weights_.decoder.layers[layer];
            steps_.set_input(x_.data(), l.attention.norm, n);
            steps_.store_keys_and_values(l.attention, n, cache_, layer, position);
            steps_.attend(l.attention, x_.data(), n, {cache_, layer, n_source_, before + 1, 1, &decoder_bias_, before});
            steps_.set_input(x_.data(), l.cross.norm, n);
            steps_.attend(l.cross, x_.data(), n, {cache_, layer, 0, n_source_, 0, nullptr, 0});
            steps_.feed_forward(l.feed_forward, x_.data(), n);
        }
        if (wanted != logits_wanted::none) {
            // llama.cpp leaves the factor out; the original has it (mesh_tensorflow, transformer.py: with a shared
            // embedding, x *= d_model^-0.5).
            const float scale = weights_.is_tied() ? 1.0f / std::sqrt(static_cast<float>(c_.d_model)) : 1.0f;
            const std::size_t n_wanted = wanted == logits_wanted::all ? n : 1;
            steps_.head(weights_, x_.data() + (n - n_wanted) * c_.d_model, n_wanted, scale, logits_);
        }
        return success();
    }

    void want_largest(std::size_t n) override { logits_.want_largest(n); }
    [[nodiscard]] std::span<const token_id> present_logits() const override { return logits_.present(); }
    void complete_logits() override { logits_.complete(); }
    [[nodiscard]] std::span<const float> logits() const override { return logits_.values(); }

private:
    static model_config one_layer(model_config c) {
        c.n_layers = 1;
        return c;
    }
    static std::uint64_t stream_tokens(const state_options & options) {
        return std::max(options.context, options.batch);
    }

    void unpack_embeddings(std::span<const token_id> tokens) {
        for (std::size_t t = 0; t < tokens.size(); ++t) {
            kernels_.unpack_row(weights_.embedding.view(), static_cast<std::size_t>(tokens[t]),
                                x_.data() + t * c_.d_model);
        }
    }

    const model_config & c_;
    const kernel_set & kernels_;
    const t5_weights & weights_;
    t5_steps steps_;
    kv_cache cache_;         // of the decoder: first the source's for cross-attention, then the answer's
    kv_cache encoder_cache_; // of the layer that is at work
    relative_bias encoder_bias_;
    relative_bias decoder_bias_;
    heap_array<float> x_;      // [max(context, batch), d_model] the streams of the source, then those of the answer
    output_logits logits_;     // [state_options::logits, n_vocab]
    std::size_t n_source_ = 0; // tokens of the source; 0: there is none
    std::size_t batch_ = 0;
};

// Of the decoder, whose keys and values of the source are there already.
inline float t5_network::time_of_four() const {
    batch_time time;
    for (const t5_layer & l : weights_.decoder.layers) {
        for (const packed_matrix * w :
             {&l.attention.wq, &l.attention.wk, &l.attention.wv, &l.attention.wo, &l.cross.wq, &l.cross.wo,
              &l.feed_forward.w_gate, &l.feed_forward.w_up, &l.feed_forward.w_down}) {
            time.add(kernels_, *w);
        }
    }
    time.add(kernels_, weights_.head());
    return time.of_four();
}

inline std::uint64_t t5_network::state_bytes(const state_options & options) const {
    return t5_state::bytes_needed(config_, kernels_, options);
}

inline result<std::unique_ptr<network_state>> t5_network::create_state(const state_options & options) const {
    std::unique_ptr<t5_state> made(new (std::nothrow) t5_state(*this));
    if (made == nullptr) {
        return error(error_code::out_of_memory, "out of memory: a session's state of %zu bytes", sizeof(t5_state));
    }
    LLMZERO_CHECK(made->allocate(options));
    return std::unique_ptr<network_state>(std::move(made));
}

} // namespace llmzero::inline LLMZERO_ABI
