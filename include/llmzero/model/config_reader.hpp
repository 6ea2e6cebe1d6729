// Reads the metadata that describes one architecture: keys "<architecture>.<what>", each checked where it is read.
//
// Errors: malformed (a key is missing, of another type, or out of range), unsupported (its value asks for something
// that the library does not compute).
#pragma once

#include <llmzero/model/config.hpp>
#include <llmzero/storage/gguf.hpp>

#include <cmath>
#include <cstdint>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI::detail {

// Limits above which a number in a file is a mistake rather than a model. They keep every product of two
// widths within 32 bits of elements times 32 bits of bytes.
inline constexpr std::uint32_t max_width = 1u << 20;
inline constexpr std::uint32_t max_context = 1u << 27;

class config_reader {
public:
    config_reader(const gguf_file & file, std::string_view architecture) : file_(file), architecture_(architecture) {}

    [[nodiscard]] const gguf_file & file() const { return file_; }
    [[nodiscard]] std::string_view architecture() const { return architecture_; }

    // A count in [1, limit].
    [[nodiscard]] result<std::uint32_t> count(const char * what, std::uint32_t limit = max_width) const {
        const short_name key = name(what);
        LLMZERO_CHECK(refuse_array(key));
        LLMZERO_ASSIGN(const auto value, file_.get<std::uint32_t>(key));
        return in_range(key, value, limit);
    }
    [[nodiscard]] result<std::uint32_t> count_or(const char * what, std::uint32_t fallback) const {
        const short_name key = name(what);
        LLMZERO_CHECK(refuse_array(key));
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
    // Any value of type T (see gguf_entry::as).
    template <class T> [[nodiscard]] result<T> get_or(const char * what, T fallback) const {
        return file_.get_or<T>(name(what), fallback);
    }

    // Refuses a key that changes what a model computes, unless its value is the one that changes nothing.
    [[nodiscard]] status refuse_unless(const char * what, double neutral) const {
        const short_name key = name(what);
        const gguf_entry * entry = file_.find(key);
        if (entry == nullptr) {
            return success();
        }
        double value = 0;
        if (is_integer(entry->type)) {
            LLMZERO_ASSIGN(const auto integer, entry->as<std::int64_t>());
            value = static_cast<double>(integer);
        } else {
            LLMZERO_ASSIGN(value, entry->as<double>());
        }
        if (value == neutral) {
            return success();
        }
        return error(error_code::unsupported, "key %s is %g, which is not supported; expected %g (at offset %llu)",
                     quoted(key).c_str(), value, neutral, printable(entry->offset));
    }

    [[nodiscard]] short_name name(const char * what) const {
        return short_name("%.*s.%s", static_cast<int>(architecture_.size()), architecture_.data(), what);
    }
    [[nodiscard]] bool has(const char * what) const { return file_.find(name(what)) != nullptr; }

    // A sentence about a key's value, with the place where it is stored.
    [[nodiscard]] error wrong(const short_name & key, const char * found_and_expected) const {
        const gguf_entry * entry = file_.find(key);
        return error(error_code::malformed, "key %s %s (at offset %llu)", quoted(key).c_str(), found_and_expected,
                     printable(entry != nullptr ? entry->offset : 0));
    }

private:
    // Some architectures have layers of different shapes, and write a count for each.
    [[nodiscard]] status refuse_array(const short_name & key) const {
        const gguf_entry * entry = file_.find(key);
        if (entry == nullptr || entry->type != gguf_type::array) {
            return success();
        }
        return error(error_code::unsupported,
                     "key %s is an array of %zu, one for each layer; layers of different shapes are not supported, "
                     "expected one number (at offset %llu)",
                     quoted(key).c_str(), entry->count, printable(entry->offset));
    }
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

// What all architectures have: the widths ...
[[nodiscard]] inline status read_widths(const config_reader & keys, model_config & c) {
    LLMZERO_ASSIGN(c.context, keys.count("context_length", max_context));
    LLMZERO_ASSIGN(c.d_model, keys.count("embedding_length"));
    LLMZERO_ASSIGN(c.n_layers, keys.count("block_count"));
    LLMZERO_ASSIGN(c.d_ff, keys.count("feed_forward_length"));
    LLMZERO_ASSIGN(c.rms_epsilon, keys.positive("attention.layer_norm_rms_epsilon"));
    if (c.n_layers > keys.file().tensors().size()) {
        return keys.wrong(keys.name("block_count"),
                          short_name("is %lu, but the file has only %zu tensors",
                                     static_cast<unsigned long>(c.n_layers), keys.file().tensors().size())
                              .c_str());
    }
    return success();
}

// ... and the heads.
[[nodiscard]] inline status read_heads(const config_reader & keys, model_config & c) {
    LLMZERO_ASSIGN(c.n_heads, keys.count("attention.head_count"));
    LLMZERO_ASSIGN(c.n_kv_heads, keys.count_or("attention.head_count_kv", c.n_heads));
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
    if (c.d_query() / c.n_heads != c.head_dim || c.d_query() > max_width) {
        return keys.wrong(keys.name("attention.head_count"),
                          short_name("times key_length is %llu, expected at most %lu",
                                     static_cast<unsigned long long>(c.n_heads) * c.head_dim,
                                     static_cast<unsigned long>(max_width))
                              .c_str());
    }
    c.attention_scale = 1.0f / std::sqrt(static_cast<float>(c.head_dim));
    return success();
}

} // namespace llmzero::inline LLMZERO_ABI::detail
