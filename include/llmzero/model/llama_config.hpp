// The configuration of the llama family, as GGUF files describe it. Sources of what each architecture does with the
// same keys: ggml-org/llama.cpp, src/llama-model.cpp and src/models/gemma3.cpp; huggingface/transformers,
// modeling_gemma3.py.
//
//     llama    rope on neighbouring elements
//     qwen2    rope on halves
//     qwen3    rope on halves, norms of each head of q and k
//     gemma3   the same, and norms behind each block, GELU, a scaled embedding, local layers
#pragma once

#include <llmzero/model/config.hpp>
#include <llmzero/model/config_reader.hpp>

#include <cmath>
#include <cstdint>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

namespace detail {

// Llama 3.1's scaling is no key but a tensor of divisors, rope_freqs.
[[nodiscard]] inline status read_rope(const config_reader & keys, model_config & c) {
    LLMZERO_ASSIGN(c.n_rotated, keys.count_or("rope.dimension_count", c.head_dim));
    if (c.n_rotated > c.head_dim || c.n_rotated % 2 != 0) {
        const char * const key = keys.has("rope.dimension_count") ? "rope.dimension_count" : "attention.key_length";
        return keys.wrong(keys.name(key),
                          short_name("is %lu, expected an even number up to the head's size, which is %lu",
                                     static_cast<unsigned long>(c.n_rotated), static_cast<unsigned long>(c.head_dim))
                              .c_str());
    }
    LLMZERO_ASSIGN(const float theta, keys.positive_or("rope.freq_base", static_cast<float>(c.rope_theta)));
    c.rope_theta = static_cast<double>(theta);
    // Old files have a factor without a type, or under another name; both mean linear scaling.
    const char * const factor_key = keys.has("rope.scale_linear") ? "rope.scale_linear" : "rope.scaling.factor";
    LLMZERO_ASSIGN(const auto scaling,
                   keys.get_or<std::string_view>("rope.scaling.type", keys.has(factor_key) ? "linear" : "none"));
    if (scaling == "linear") {
        LLMZERO_ASSIGN(const float factor, keys.positive(factor_key));
        c.rope_scale = 1.0 / static_cast<double>(factor);
    } else if (scaling != "none") {
        const short_name key = keys.name("rope.scaling.type");
        return error(error_code::unsupported, "key %s is %s, expected 'none' or 'linear' (at offset %llu)",
                     quoted(key).c_str(), quoted(scaling).c_str(), printable(keys.file().find(key)->offset));
    }
    return success();
}

// What files of these architectures may ask for, and what is not computed: mixtures of experts, logits bent by tanh
// (before the softmax of attention, or at the end), and a factor on what rope turns.
[[nodiscard]] inline status refuse_what_is_not_computed(const config_reader & keys) {
    LLMZERO_CHECK(keys.refuse_unless("expert_count", 0));
    LLMZERO_CHECK(keys.refuse_unless("attn_logit_softcapping", 0));
    LLMZERO_CHECK(keys.refuse_unless("final_logit_softcapping", 0));
    return keys.refuse_unless("rope.scaling.attn_factor", 1);
}

// Fills in what the file says. `c` has what it does not say: pairs, norms and so on.
inline result<model_config> read_llama_like(const config_reader & keys, std::uint32_t n_vocab, model_config c) {
    c.n_vocab = n_vocab;
    LLMZERO_CHECK(refuse_what_is_not_computed(keys));
    LLMZERO_CHECK(read_widths(keys, c));
    LLMZERO_CHECK(read_heads(keys, c));
    LLMZERO_CHECK(read_rope(keys, c));
    return c;
}

} // namespace detail

inline result<model_config> read_llama_config(const gguf_file & file, std::string_view architecture,
                                              std::uint32_t n_vocab) {
    return detail::read_llama_like({file, architecture}, n_vocab, {.pairs = rope_pairs::neighbours});
}

inline result<model_config> read_qwen2_config(const gguf_file & file, std::string_view architecture,
                                              std::uint32_t n_vocab) {
    return detail::read_llama_like({file, architecture}, n_vocab, {.pairs = rope_pairs::halves});
}

inline result<model_config> read_qwen3_config(const gguf_file & file, std::string_view architecture,
                                              std::uint32_t n_vocab) {
    return detail::read_llama_like({file, architecture}, n_vocab, {.has_qk_norms = true, .pairs = rope_pairs::halves});
}

inline result<model_config> read_gemma3_config(const gguf_file & file, std::string_view architecture,
                                               std::uint32_t n_vocab) {
    const detail::config_reader keys(file, architecture);
    LLMZERO_ASSIGN(model_config c, detail::read_llama_like(keys, n_vocab,
                                                           {.activation = gate_activation::gelu,
                                                            .has_qk_norms = true,
                                                            .has_post_norms = true,
                                                            .pairs = rope_pairs::halves,
                                                            .rope_theta = 1e6}));
    // Gemma's own code rounds this to the type of the weights, bfloat16 (25.25 for 25.298 at a width of 640); in
    // float32, and in other readers of GGUF files, it is not rounded.
    c.embedding_scale = std::sqrt(static_cast<float>(c.d_model));
    // The largest model alone divides by the width of a head that d_model would give. No key says so; everybody knows
    // it by its layers.
    constexpr std::uint32_t layers_of_27b = 62;
    if (c.n_layers == layers_of_27b) {
        c.attention_scale = std::sqrt(static_cast<float>(c.n_heads) / static_cast<float>(c.d_model));
    }
    LLMZERO_ASSIGN(c.window, keys.get_or<std::uint32_t>("attention.sliding_window", 0));
    LLMZERO_ASSIGN(c.window_period, keys.count_or("attention.sliding_window_pattern", 6));
    LLMZERO_ASSIGN(const float local_theta, keys.positive_or("rope.freq_base_swa", 10000.0f));
    c.local_rope_theta = static_cast<double>(local_theta);
    return c;
}

} // namespace llmzero::inline LLMZERO_ABI
