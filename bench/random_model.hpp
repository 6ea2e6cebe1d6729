// Models with random weights, of the shape and type of real ones: speed and memory do not depend on what the
// weights are, so a benchmark needs no download. The text that such a model writes is noise.
//
// A model is a GGUF file in memory, made with the library's own writer, and loaded like any other.
#pragma once

#include <llmzero/base/f16.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/generation/random.hpp>
#include <llmzero/numerics/blocks.hpp>
#include <llmzero/storage/gguf_writer.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct model_shape {
    const char * name;
    std::uint32_t d_model;
    std::uint32_t d_ff;
    std::uint32_t n_layers;
    std::uint32_t n_heads;
    std::uint32_t n_kv_heads;
    std::uint32_t n_vocab;
    std::uint32_t context;
};

// Llama models with one matrix for embedding and output. Sources: the config of karpathy/llama2.c's stories15M;
// config.json of HuggingFaceTB/SmolLM2-135M.
inline constexpr model_shape shapes[] = {
    {"stories15m", 288, 768, 6, 6, 6, 32000, 256},
    {"smollm2-135m", 576, 1536, 30, 9, 3, 49152, 8192},
};

namespace detail {

inline void store_f16(float value, std::byte * to) {
    const std::uint16_t half = llmzero::f32_to_f16(value);
    to[0] = static_cast<std::byte>(half & 0xffu);
    to[1] = static_cast<std::byte>(half >> 8);
}

// Random blocks of one type. Numbers are about as large as in a trained model (a few hundredths), so that nothing
// overflows or becomes subnormal on its way through many layers.
inline std::vector<std::byte> random_blocks(llmzero::tensor_type type, std::size_t count,
                                            llmzero::random_generator & random) {
    const llmzero::tensor_type_info & info = llmzero::info_of(type);
    std::vector<std::byte> blocks(count * info.block_bytes);
    for (std::byte & b : blocks) {
        b = static_cast<std::byte>(random.next() & 0xffu);
    }
    for (std::size_t i = 0; i < count; ++i) {
        std::byte * const block = blocks.data() + i * info.block_bytes;
        const float small = 0.08f * random.next_float() - 0.04f;
        switch (type) {
        case llmzero::tensor_type::f32: {
            const auto bits = std::bit_cast<std::uint32_t>(small);
            for (unsigned b = 0; b < 4; ++b) {
                block[b] = static_cast<std::byte>(bits >> (8 * b) & 0xffu);
            }
            break;
        }
        case llmzero::tensor_type::f16: store_f16(small, block); break;
        case llmzero::tensor_type::bf16: {
            const std::uint16_t half = llmzero::f32_to_bf16(small);
            block[0] = static_cast<std::byte>(half & 0xffu);
            block[1] = static_cast<std::byte>(half >> 8);
            break;
        }
        case llmzero::tensor_type::q8_0: store_f16(0.0003f, block); break;
        case llmzero::tensor_type::q4_0: store_f16(0.005f, block); break;
        case llmzero::tensor_type::q5_0: store_f16(0.0025f, block); break;
        case llmzero::tensor_type::q4_1:
            store_f16(0.005f, block);
            store_f16(-0.0375f, block + 2);
            break;
        case llmzero::tensor_type::q5_1:
            store_f16(0.0025f, block);
            store_f16(-0.03875f, block + 2);
            break;
        default: break; // not in random_types
        }
    }
    return blocks;
}

} // namespace detail

// The types that random weights can have.
inline constexpr llmzero::tensor_type random_types[] = {
    llmzero::tensor_type::q8_0, llmzero::tensor_type::q4_0, llmzero::tensor_type::q4_1, llmzero::tensor_type::q5_0,
    llmzero::tensor_type::q5_1, llmzero::tensor_type::f32,  llmzero::tensor_type::f16,  llmzero::tensor_type::bf16,
};

// The bytes of a GGUF file: all matrices of `type`, but the embedding (which is also the output) of `head_type`;
// norms are f32. The same arguments give the same bytes.
[[nodiscard]] inline llmzero::result<llmzero::heap_array<std::byte>>
random_gguf(const model_shape & shape, llmzero::tensor_type type, llmzero::tensor_type head_type) {
    using llmzero::tensor_type;
    llmzero::gguf_writer writer;
    const std::string name = std::string(shape.name) + " (random weights)";
    LLMZERO_CHECK(writer.add("general.architecture", "llama"));
    LLMZERO_CHECK(writer.add("general.name", std::string_view(name)));
    LLMZERO_CHECK(writer.add("llama.context_length", shape.context));
    LLMZERO_CHECK(writer.add("llama.embedding_length", shape.d_model));
    LLMZERO_CHECK(writer.add("llama.block_count", shape.n_layers));
    LLMZERO_CHECK(writer.add("llama.feed_forward_length", shape.d_ff));
    LLMZERO_CHECK(writer.add("llama.attention.head_count", shape.n_heads));
    LLMZERO_CHECK(writer.add("llama.attention.head_count_kv", shape.n_kv_heads));
    LLMZERO_CHECK(writer.add("llama.attention.layer_norm_rms_epsilon", 1e-5f));

    // <unk>, <s>, </s>, a token for each byte, and words.
    std::vector<std::string> pieces = {"<unk>", "<s>", "</s>"};
    std::vector<std::int32_t> kinds = {2, 3, 3};
    for (unsigned byte = 0; byte < 256; ++byte) {
        char text[8];
        std::snprintf(text, sizeof text, "<0x%02X>", byte);
        pieces.emplace_back(text);
        kinds.push_back(6);
    }
    while (pieces.size() < shape.n_vocab) {
        pieces.push_back("\xe2\x96\x81w" + std::to_string(pieces.size())); // U+2581 stands for a space
        kinds.push_back(1);
    }
    const std::vector<float> scores(pieces.size(), 0.0f);
    LLMZERO_CHECK(writer.add("tokenizer.ggml.model", "llama"));
    LLMZERO_CHECK(writer.add_array("tokenizer.ggml.tokens", pieces));
    LLMZERO_CHECK(writer.add_array("tokenizer.ggml.scores", scores));
    LLMZERO_CHECK(writer.add_array("tokenizer.ggml.token_type", kinds));
    LLMZERO_CHECK(writer.add("tokenizer.ggml.unknown_token_id", std::uint32_t{0}));
    LLMZERO_CHECK(writer.add("tokenizer.ggml.bos_token_id", std::uint32_t{1}));
    LLMZERO_CHECK(writer.add("tokenizer.ggml.eos_token_id", std::uint32_t{2}));

    struct described {
        tensor_type type;
        std::uint64_t elements;
    };
    std::vector<described> tensors;
    const auto add = [&](const std::string & tensor, tensor_type of, std::uint32_t cols, std::uint32_t rows) {
        const std::array<std::uint64_t, 2> dims = {cols, rows};
        tensors.push_back({of, std::uint64_t{cols} * (rows == 0 ? 1 : rows)});
        return writer.add_tensor(tensor, std::span(dims).first(rows == 0 ? 1 : 2), of);
    };
    const std::uint32_t d_kv = shape.d_model / shape.n_heads * shape.n_kv_heads;
    LLMZERO_CHECK(add("token_embd.weight", head_type, shape.d_model, shape.n_vocab));
    LLMZERO_CHECK(add("output_norm.weight", tensor_type::f32, shape.d_model, 0));
    for (std::uint32_t layer = 0; layer < shape.n_layers; ++layer) {
        const std::string block = "blk." + std::to_string(layer) + ".";
        LLMZERO_CHECK(add(block + "attn_norm.weight", tensor_type::f32, shape.d_model, 0));
        LLMZERO_CHECK(add(block + "attn_q.weight", type, shape.d_model, shape.d_model));
        LLMZERO_CHECK(add(block + "attn_k.weight", type, shape.d_model, d_kv));
        LLMZERO_CHECK(add(block + "attn_v.weight", type, shape.d_model, d_kv));
        LLMZERO_CHECK(add(block + "attn_output.weight", type, shape.d_model, shape.d_model));
        LLMZERO_CHECK(add(block + "ffn_norm.weight", tensor_type::f32, shape.d_model, 0));
        LLMZERO_CHECK(add(block + "ffn_gate.weight", type, shape.d_model, shape.d_ff));
        LLMZERO_CHECK(add(block + "ffn_up.weight", type, shape.d_model, shape.d_ff));
        LLMZERO_CHECK(add(block + "ffn_down.weight", type, shape.d_ff, shape.d_model));
    }

    // The blocks repeat after a prime number of them, so that neighbouring rows differ.
    llmzero::random_generator random(1);
    constexpr std::size_t period = 4099;
    const std::vector<std::byte> matrices = detail::random_blocks(type, period, random);
    const std::vector<std::byte> head = detail::random_blocks(head_type, period, random);
    std::vector<std::byte> ones(period * sizeof(float));
    for (std::size_t i = 0; i < ones.size(); i += sizeof(float)) {
        ones[i + 2] = std::byte{0x80}; // 1.0f, little endian
        ones[i + 3] = std::byte{0x3f};
    }

    LLMZERO_ASSIGN(const std::uint64_t file_bytes, writer.file_bytes());
    const auto size = llmzero::to_size(file_bytes);
    if (!size) {
        return llmzero::error(llmzero::error_code::out_of_memory, "the model does not fit into this machine's memory");
    }
    LLMZERO_ASSIGN(auto file, llmzero::heap_array<std::byte>::create(*size));
    std::size_t written = 0;
    const auto sink = [&](std::span<const std::byte> bytes) {
        std::memcpy(file.data() + written, bytes.data(), bytes.size()); // as many as file_bytes() said
        written += bytes.size();
        return llmzero::success();
    };
    const auto fill = [&](std::size_t tensor, llmzero::gguf_sink data) -> llmzero::status {
        const llmzero::tensor_type_info & info = llmzero::info_of(tensors[tensor].type);
        const bool is_norm = tensors[tensor].elements == shape.d_model;
        const std::vector<std::byte> & from = tensor == 0 ? head : is_norm ? ones : matrices;
        for (std::uint64_t left = tensors[tensor].elements / info.block_size * info.block_bytes; left > 0;) {
            const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left, from.size()));
            LLMZERO_CHECK(data(std::span(from).first(n)));
            left -= n;
        }
        return llmzero::success();
    };
    LLMZERO_CHECK(writer.write(sink, fill));
    return file;
}

} // namespace bench
