// The configuration of T5 models, as GGUF files describe it. Source of the keys: ggml-org/llama.cpp,
// src/llama-model.cpp.
#pragma once

#include <llmzero/model/config.hpp>
#include <llmzero/model/config_reader.hpp>
#include <llmzero/model/relative_bias.hpp>

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

inline result<model_config> read_t5_config(const gguf_file & file, std::string_view architecture,
                                           std::uint32_t n_vocab) {
    const detail::config_reader keys(file, architecture);
    model_config c;
    c.n_vocab = n_vocab;
    LLMZERO_CHECK(detail::read_widths(keys, c));
    LLMZERO_CHECK(detail::read_heads(keys, c));
    if (c.n_kv_heads != c.n_heads) {
        return keys.wrong(keys.name("attention.head_count_kv"),
                          short_name("is %lu, expected head_count, which is %lu",
                                     static_cast<unsigned long>(c.n_kv_heads), static_cast<unsigned long>(c.n_heads))
                              .c_str());
    }
    c.attention_scale = 1; // scores are not divided by sqrt(head_dim): that is part of the weights since training
    // Trained for that many tokens on either side.
    c.context = std::min(2 * c.context, detail::max_context);
    c.n_encoder_layers = c.n_layers;
    LLMZERO_ASSIGN(c.n_layers, keys.count_or("decoder_block_count", c.n_encoder_layers));
    if (c.n_layers > file.tensors().size()) {
        return keys.wrong(keys.name("decoder_block_count"),
                          short_name("is %lu, but the file has only %zu tensors",
                                     static_cast<unsigned long>(c.n_layers), file.tensors().size())
                              .c_str());
    }
    LLMZERO_ASSIGN(c.n_buckets, keys.count("attention.relative_buckets_count", relative_bias::max_buckets));
    if (c.n_buckets < relative_bias::min_buckets) {
        return keys.wrong(keys.name("attention.relative_buckets_count"),
                          short_name("is %lu, expected %lu to %lu", static_cast<unsigned long>(c.n_buckets),
                                     static_cast<unsigned long>(relative_bias::min_buckets),
                                     static_cast<unsigned long>(relative_bias::max_buckets))
                              .c_str());
    }
    const short_name start = keys.name("decoder_start_token_id");
    LLMZERO_ASSIGN(const auto start_id, file.get_or<std::uint32_t>(start, 0)); // <pad>, with which T5 was trained
    if (start_id >= n_vocab) {
        return keys.wrong(start, short_name("is %lu, expected 0 to %lu", static_cast<unsigned long>(start_id),
                                            static_cast<unsigned long>(n_vocab - 1))
                                     .c_str());
    }
    c.decoder_start = static_cast<token_id>(start_id);
    return c;
}

} // namespace llmzero::inline LLMZERO_ABI
