// The shape of a model, read from a file's metadata and checked.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/numerics/rope.hpp>
#include <llmzero/storage/gguf.hpp>
#include <llmzero/tokenizer/token.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

struct model_config {
    std::uint32_t n_vocab = 0;
    std::uint32_t d_model = 0;
    std::uint32_t d_ff = 0;
    std::uint32_t n_layers = 0;
    std::uint32_t n_heads = 0;
    std::uint32_t n_kv_heads = 0; // divides n_heads
    std::uint32_t head_dim = 0;   // may differ from d_model / n_heads
    std::uint32_t context = 0;    // tokens that the model was trained for
    float rms_epsilon = 0;

    rope_pairs pairs = rope_pairs::neighbours;
    std::uint32_t n_rotated = 0; // elements of a head that rope turns; even, at most head_dim
    double rope_theta = 10000;
    double rope_scale = 1; // positions are multiplied by this: 1 / factor of linear scaling

    // Models with an encoder (T5): n_layers are the decoder's, and the context is for source and answer together.
    std::uint32_t n_encoder_layers = 0; // 0: there is no encoder
    std::uint32_t n_buckets = 0;        // of relative positions
    token_id decoder_start = 0;         // stands before the first token of an answer

    [[nodiscard]] bool has_encoder() const { return n_encoder_layers != 0; }
    // Widths of the query and of the key (and value) vectors of one token.
    [[nodiscard]] std::uint32_t d_query() const { return n_heads * head_dim; }
    [[nodiscard]] std::uint32_t d_kv() const { return n_kv_heads * head_dim; }
};

// A metadata key or a tensor's name, put together without allocation: name("blk.%u.attn_q.weight", 3).
class short_name {
public:
    LLMZERO_PRINTF(2, 3)
    explicit short_name(const char * format, ...) {
        std::va_list arguments;
        va_start(arguments, format);
        std::vsnprintf(text_, sizeof text_, format, arguments);
        va_end(arguments);
    }
    operator std::string_view() const { return text_; }
    [[nodiscard]] const char * c_str() const { return text_; }

private:
    char text_[96];
};

namespace detail {

// Limits above which a number in a file is a mistake rather than a model. They keep every product of two
// widths within 32 bits of elements times 32 bits of bytes.
inline constexpr std::uint32_t max_width = 1u << 20;
inline constexpr std::uint32_t max_context = 1u << 27;

// The metadata of one architecture: keys are "<architecture>.<what>".
class config_reader {
public:
    config_reader(const gguf_file & file, std::string_view architecture) : file_(file), architecture_(architecture) {}

    // A count in [1, limit].
    [[nodiscard]] result<std::uint32_t> count(const char * what, std::uint32_t limit = max_width) const {
        const short_name key = name(what);
        LLMZERO_ASSIGN(const auto value, file_.get<std::uint32_t>(key));
        return in_range(key, value, limit);
    }
    [[nodiscard]] result<std::uint32_t> count_or(const char * what, std::uint32_t fallback) const {
        const short_name key = name(what);
        LLMZERO_ASSIGN(const auto value, file_.get_or<std::uint32_t>(key, fallback));
        return in_range(key, value, max_width);
    }
    // A number that is finite and above 0.
    [[nodiscard]] result<float> positive(const char * what) const {
        const short_name key = name(what);
        LLMZERO_ASSIGN(const auto value, file_.get<float>(key));
        return is_positive(key, value);
    }
    [[nodiscard]] result<float> positive_or(const char * what, float fallback) const {
        const short_name key = name(what);
        LLMZERO_ASSIGN(const auto value, file_.get_or<float>(key, fallback));
        return is_positive(key, value);
    }
    [[nodiscard]] short_name name(const char * what) const {
        return short_name("%.*s.%s", static_cast<int>(architecture_.size()), architecture_.data(), what);
    }
    [[nodiscard]] bool has(const char * what) const { return file_.find(name(what)) != nullptr; }

    // A sentence about a key's value, with the place where it is stored.
    [[nodiscard]] error wrong(const short_name & key, const char * found_and_expected) const {
        const gguf_entry * entry = file_.find(key);
        return error(error_code::malformed, "key %s %s (at offset %llu)", quoted(key).c_str(), found_and_expected,
                     static_cast<unsigned long long>(entry != nullptr ? entry->offset : 0));
    }

private:
    [[nodiscard]] result<std::uint32_t> in_range(const short_name & key, std::uint32_t value,
                                                 std::uint32_t limit) const {
        if (value < 1 || value > limit) {
            return wrong(key, short_name("is %lu, expected 1 to %lu", static_cast<unsigned long>(value),
                                         static_cast<unsigned long>(limit))
                                  .c_str());
        }
        return value;
    }
    [[nodiscard]] result<float> is_positive(const short_name & key, float value) const {
        if (!std::isfinite(value) || value <= 0) {
            return wrong(key,
                         short_name("is %g, expected a finite number above 0", static_cast<double>(value)).c_str());
        }
        return value;
    }

    const gguf_file & file_;
    std::string_view architecture_;
};

} // namespace detail

// The shape of a llama-like model of this architecture (the prefix of its keys).
inline result<model_config> read_config(const gguf_file & file, std::string_view architecture, rope_pairs pairs,
                                        std::uint32_t n_vocab) {
    const detail::config_reader keys(file, architecture);
    model_config c;
    c.n_vocab = n_vocab;
    c.pairs = pairs;
    LLMZERO_ASSIGN(c.context, keys.count("context_length", detail::max_context));
    LLMZERO_ASSIGN(c.d_model, keys.count("embedding_length"));
    LLMZERO_ASSIGN(c.n_layers, keys.count("block_count"));
    LLMZERO_ASSIGN(c.d_ff, keys.count("feed_forward_length"));
    LLMZERO_ASSIGN(c.n_heads, keys.count("attention.head_count"));
    LLMZERO_ASSIGN(c.n_kv_heads, keys.count_or("attention.head_count_kv", c.n_heads));
    LLMZERO_ASSIGN(c.rms_epsilon, keys.positive("attention.layer_norm_rms_epsilon"));
    if (c.n_layers > file.tensors().size()) {
        return keys.wrong(keys.name("block_count"),
                          short_name("is %lu, but the file has only %zu tensors",
                                     static_cast<unsigned long>(c.n_layers), file.tensors().size())
                              .c_str());
    }
    if (c.n_heads % c.n_kv_heads != 0) {
        return keys.wrong(keys.name("attention.head_count_kv"),
                          short_name("is %lu, expected a divisor of head_count, which is %lu",
                                     static_cast<unsigned long>(c.n_kv_heads), static_cast<unsigned long>(c.n_heads))
                              .c_str());
    }
    if (!keys.has("attention.key_length") && c.d_model % c.n_heads != 0) {
        return keys.wrong(keys.name("embedding_length"),
                          short_name("is %lu, expected a multiple of head_count, which is %lu",
                                     static_cast<unsigned long>(c.d_model), static_cast<unsigned long>(c.n_heads))
                              .c_str());
    }
    LLMZERO_ASSIGN(c.head_dim, keys.count_or("attention.key_length", c.d_model / c.n_heads));
    LLMZERO_ASSIGN(const std::uint32_t value_length, keys.count_or("attention.value_length", c.head_dim));
    if (value_length != c.head_dim) {
        return keys.wrong(keys.name("attention.value_length"),
                          short_name("is %lu, expected key_length, which is %lu",
                                     static_cast<unsigned long>(value_length), static_cast<unsigned long>(c.head_dim))
                              .c_str());
    }
    if (c.d_query() / c.n_heads != c.head_dim || c.d_query() > detail::max_width) {
        return keys.wrong(keys.name("attention.head_count"),
                          short_name("times key_length is %llu, expected at most %lu",
                                     static_cast<unsigned long long>(c.n_heads) * c.head_dim,
                                     static_cast<unsigned long>(detail::max_width))
                              .c_str());
    }
    LLMZERO_ASSIGN(c.n_rotated, keys.count_or("rope.dimension_count", c.head_dim));
    if (c.n_rotated > c.head_dim || c.n_rotated % 2 != 0) {
        const char * const key = keys.has("rope.dimension_count") ? "rope.dimension_count" : "attention.key_length";
        return keys.wrong(keys.name(key),
                          short_name("is %lu, expected an even number up to the head's size, which is %lu",
                                     static_cast<unsigned long>(c.n_rotated), static_cast<unsigned long>(c.head_dim))
                              .c_str());
    }
    LLMZERO_ASSIGN(const float theta, keys.positive_or("rope.freq_base", 10000.0f));
    c.rope_theta = static_cast<double>(theta);
    // Old files have a factor without a type, or under another name; both mean linear scaling.
    const char * const factor_key = keys.has("rope.scale_linear") ? "rope.scale_linear" : "rope.scaling.factor";
    LLMZERO_ASSIGN(const auto scaling, file.get_or<std::string_view>(keys.name("rope.scaling.type"),
                                                                     keys.has(factor_key) ? "linear" : "none"));
    if (scaling == "linear") {
        LLMZERO_ASSIGN(const float factor, keys.positive(factor_key));
        c.rope_scale = 1.0 / static_cast<double>(factor);
    } else if (scaling != "none") {
        const short_name key = keys.name("rope.scaling.type");
        return error(error_code::unsupported, "key %s is %s, expected 'none' or 'linear' (at offset %llu)",
                     quoted(key).c_str(), quoted(scaling).c_str(), detail::printable(file.find(key)->offset));
    }
    return c;
}

// The same, as architectures are listed with (model.hpp).
template <rope_pairs pairs>
result<model_config> read_config(const gguf_file & file, std::string_view architecture, std::uint32_t n_vocab) {
    return read_config(file, architecture, pairs, n_vocab);
}

} // namespace llmzero::inline LLMZERO_ABI
