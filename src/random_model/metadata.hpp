// The metadata of a model with random weights: its shape, and a vocabulary of the right size.
//
// The vocabulary is a filler that any text can be encoded with: the special tokens, for SPM a token for each byte, and
// words that no text has. Encoder-decoder models get a Unigram vocabulary, all others an SPM one, whatever their
// real tokenizer is: what is measured with such a model does not depend on it.
#pragma once

#include <llmzero/storage/gguf_writer.hpp>

#include "random_model/shapes.hpp"

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace random_model {

namespace detail {

[[nodiscard]] inline const char * architecture_of(family kind) {
    switch (kind) {
    case family::llama: return "llama";
    case family::qwen2: return "qwen2";
    case family::gemma3: return "gemma3";
    case family::t5: return "t5";
    }
    return "llama";
}

[[nodiscard]] inline llmzero::status add_shape(llmzero::gguf_writer & writer, const model_shape & shape) {
    const std::string prefix = std::string(architecture_of(shape.kind)) + ".";
    const auto add = [&](const char * key, auto value) {
        return writer.add(prefix + key, value);
    };
    LLMZERO_CHECK(add("context_length", shape.context));
    LLMZERO_CHECK(add("embedding_length", shape.d_model));
    LLMZERO_CHECK(add("block_count", shape.n_layers));
    LLMZERO_CHECK(add("feed_forward_length", shape.d_ff));
    LLMZERO_CHECK(add("attention.head_count", shape.n_heads));
    LLMZERO_CHECK(add("attention.head_count_kv", shape.n_kv_heads));
    LLMZERO_CHECK(add("attention.layer_norm_rms_epsilon", shape.rms_epsilon));
    LLMZERO_CHECK(add("attention.key_length", shape.head_dim));
    LLMZERO_CHECK(add("attention.value_length", shape.head_dim));
    if (shape.kind == family::t5) {
        LLMZERO_CHECK(add("attention.relative_buckets_count", t5_buckets));
        LLMZERO_CHECK(add("decoder_start_token_id", std::uint32_t{0}));
    } else {
        LLMZERO_CHECK(add("rope.freq_base", shape.rope_theta));
    }
    if (shape.kind == family::gemma3) {
        LLMZERO_CHECK(add("attention.sliding_window", gemma3_window));
    }
    return llmzero::success();
}

// Numbers of tokenizer.ggml.token_type.
enum token_kind : std::int32_t { normal = 1, unknown = 2, control = 3, byte = 6 };

struct vocabulary {
    std::vector<std::string> pieces;
    std::vector<std::int32_t> kinds;
    std::vector<float> scores;

    void add(std::string piece, token_kind kind, float score) {
        pieces.push_back(std::move(piece));
        kinds.push_back(kind);
        scores.push_back(score);
    }
};

[[nodiscard]] inline llmzero::status add_vocabulary(llmzero::gguf_writer & writer, const model_shape & shape) {
    const bool is_unigram = shape.kind == family::t5;
    vocabulary v;
    if (is_unigram) {
        v.add("<pad>", control, 0.0f);
        v.add("</s>", control, 0.0f);
        v.add("<unk>", unknown, 0.0f);
    } else {
        v.add("<unk>", unknown, 0.0f);
        v.add("<s>", control, 0.0f);
        v.add("</s>", control, 0.0f);
        for (unsigned value = 0; value < 256; ++value) {
            char text[8];
            std::snprintf(text, sizeof text, "<0x%02X>", value);
            v.add(text, byte, 0.0f);
        }
    }
    while (v.pieces.size() < shape.n_vocab) {
        const float rank = static_cast<float>(v.pieces.size());
        // U+2581 stands for a space.
        v.add("\xe2\x96\x81w" + std::to_string(v.pieces.size()), normal, -2.0f - rank / 10000.0f);
    }
    LLMZERO_CHECK(writer.add("tokenizer.ggml.model", is_unigram ? "t5" : "llama"));
    LLMZERO_CHECK(writer.add_array("tokenizer.ggml.tokens", v.pieces));
    LLMZERO_CHECK(writer.add_array("tokenizer.ggml.scores", v.scores));
    LLMZERO_CHECK(writer.add_array("tokenizer.ggml.token_type", v.kinds));
    LLMZERO_CHECK(writer.add("tokenizer.ggml.eos_token_id", std::uint32_t{is_unigram ? 1u : 2u}));
    LLMZERO_CHECK(writer.add("tokenizer.ggml.unknown_token_id", std::uint32_t{is_unigram ? 2u : 0u}));
    if (is_unigram) {
        LLMZERO_CHECK(writer.add("tokenizer.ggml.padding_token_id", std::uint32_t{0}));
    } else {
        LLMZERO_CHECK(writer.add("tokenizer.ggml.bos_token_id", std::uint32_t{1}));
    }
    LLMZERO_CHECK(writer.add("tokenizer.ggml.add_bos_token", !is_unigram));
    return writer.add("tokenizer.ggml.add_eos_token", is_unigram);
}

} // namespace detail

// All keys but the quantiser's.
[[nodiscard]] inline llmzero::status add_metadata(llmzero::gguf_writer & writer, const model_shape & shape) {
    const std::string name = std::string(shape.name) + " (random weights)";
    LLMZERO_CHECK(writer.add("general.architecture", detail::architecture_of(shape.kind)));
    LLMZERO_CHECK(writer.add("general.name", std::string_view(name)));
    LLMZERO_CHECK(detail::add_shape(writer, shape));
    return detail::add_vocabulary(writer, shape);
}

} // namespace random_model
