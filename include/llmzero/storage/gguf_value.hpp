// The values in a GGUF file's metadata, read with their types checked: no value is ever looked at as
// something that the file does not say it is.
//
// An entry is a view of bytes that the gguf_file has validated: strings and arrays lie inside the file, and
// booleans are 0 or 1. Errors (malformed) name the key, what was found and expected, and the offset.
#pragma once

#include <llmzero/base/byte_reader.hpp>
#include <llmzero/storage/gguf_types.hpp>

#include <cmath>
#include <concepts>
#include <iterator>
#include <limits>

namespace llmzero::inline LLMZERO_ABI {

namespace detail {

// Any integer that GGUF stores, without loss.
struct gguf_integer {
    std::uint64_t bits = 0; // two's complement
    bool is_negative = false;

    template <class T> [[nodiscard]] bool fits() const {
        return is_negative ? std::in_range<T>(static_cast<std::int64_t>(bits)) : std::in_range<T>(bits);
    }
};

template <class T> [[nodiscard]] gguf_integer widened(const std::byte * at) {
    const T value = load_little_endian<T>(at);
    if constexpr (std::signed_integral<T>) {
        return {static_cast<std::uint64_t>(std::int64_t{value}), value < 0};
    } else {
        return {std::uint64_t{value}, false};
    }
}

// `type` must be an integer type.
[[nodiscard]] inline gguf_integer load_integer(gguf_type type, const std::byte * at) {
    switch (type) {
    case gguf_type::u8: return widened<std::uint8_t>(at);
    case gguf_type::i8: return widened<std::int8_t>(at);
    case gguf_type::u16: return widened<std::uint16_t>(at);
    case gguf_type::i16: return widened<std::int16_t>(at);
    case gguf_type::u32: return widened<std::uint32_t>(at);
    case gguf_type::i32: return widened<std::int32_t>(at);
    case gguf_type::u64: return widened<std::uint64_t>(at);
    case gguf_type::i64: return widened<std::int64_t>(at);
    default: return {};
    }
}

template <std::integral T>
[[nodiscard]] result<T> narrowed(gguf_integer value, std::string_view key, std::uint64_t offset) {
    if (value.fits<T>()) {
        return static_cast<T>(value.bits);
    }
    constexpr auto lowest = static_cast<long long>(std::numeric_limits<T>::min());
    constexpr auto highest = static_cast<unsigned long long>(std::numeric_limits<T>::max());
    if (value.is_negative) {
        return error(error_code::malformed, "key %s is %lld, expected %lld to %llu (at offset %llu)",
                     quoted(key).c_str(), static_cast<long long>(value.bits), lowest, highest, printable(offset));
    }
    return error(error_code::malformed, "key %s is %llu, expected %lld to %llu (at offset %llu)", quoted(key).c_str(),
                 printable(value.bits), lowest, highest, printable(offset));
}

} // namespace detail

// What an array is asked for as.
enum class gguf_array_kind : std::uint8_t {
    integers, // any integer type
    floats,   // f32
    bools,
    strings,
    bytes, // u8 or i8
};

[[nodiscard]] constexpr const char * name_of(gguf_array_kind kind) {
    switch (kind) {
    case gguf_array_kind::integers: return "integers";
    case gguf_array_kind::floats: return "f32";
    case gguf_array_kind::bools: return "bool";
    case gguf_array_kind::strings: return "strings";
    case gguf_array_kind::bytes: return "u8 or i8";
    }
    return "unknown";
}

// The strings of an array, one after the other:  for (std::string_view text : array.strings())
// They have no common length, so there is no access by number.
class gguf_strings {
public:
    class iterator {
    public:
        using value_type = std::string_view;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::forward_iterator_tag;

        iterator() = default;
        iterator(const std::byte * at, std::size_t left) : at_(at), left_(left) {}

        [[nodiscard]] std::string_view operator*() const {
            return {reinterpret_cast<const char *>(at_) + sizeof(std::uint64_t), length()};
        }
        iterator & operator++() {
            at_ += sizeof(std::uint64_t) + length();
            --left_;
            return *this;
        }
        iterator operator++(int) {
            const iterator before = *this;
            ++*this;
            return before;
        }
        [[nodiscard]] bool operator==(const iterator & other) const { return left_ == other.left_; }

    private:
        [[nodiscard]] std::size_t length() const {
            return static_cast<std::size_t>(load_little_endian<std::uint64_t>(at_));
        }

        const std::byte * at_ = nullptr;
        std::size_t left_ = 0;
    };

    gguf_strings(const std::byte * first, std::size_t count) : first_(first), count_(count) {}
    [[nodiscard]] std::size_t size() const { return count_; }
    [[nodiscard]] iterator begin() const { return {first_, count_}; }
    [[nodiscard]] iterator end() const { return {nullptr, 0}; }

private:
    const std::byte * first_;
    std::size_t count_;
};

// A view of an array whose element type has been checked. Access by number needs i < size(), and the
// accessor that belongs to the kind that was asked for.
class gguf_array {
public:
    gguf_array(std::string_view key, gguf_type element_type, std::size_t count, std::span<const std::byte> payload,
               std::uint64_t offset)
        : key_(key), payload_(payload), count_(count), offset_(offset), element_type_(element_type) {}

    [[nodiscard]] std::string_view key() const { return key_; }
    [[nodiscard]] gguf_type element_type() const { return element_type_; }
    [[nodiscard]] std::size_t size() const { return count_; }
    [[nodiscard]] std::uint64_t offset() const { return offset_; } // of the first element, from the file's start

    // integers: the i-th as a T, or an error when T cannot hold it.
    template <std::integral T>
    requires(!std::same_as<T, bool>) [[nodiscard]] result<T> integer(std::size_t i) const {
        const std::size_t at = i * size_of(element_type_);
        return detail::narrowed<T>(detail::load_integer(element_type_, payload_.data() + at), key_, offset_ + at);
    }
    // floats
    [[nodiscard]] float real(std::size_t i) const {
        return load_little_endian<float>(payload_.data() + i * sizeof(float));
    }
    // bools
    [[nodiscard]] bool flag(std::size_t i) const { return payload_[i] != std::byte{0}; }
    // strings
    [[nodiscard]] gguf_strings strings() const { return {payload_.data(), count_}; }
    // bytes; for the other kinds, the elements as they lie in the file
    [[nodiscard]] std::span<const std::byte> bytes() const { return payload_; }

private:
    std::string_view key_;
    std::span<const std::byte> payload_;
    std::size_t count_;
    std::uint64_t offset_;
    gguf_type element_type_;
};

// One key with its value.
struct gguf_entry {
    std::string_view key;
    gguf_type type = gguf_type::u8;
    gguf_type element_type = gguf_type::u8; // of an array
    std::size_t count = 1;                  // elements of an array; 1 for everything else
    std::span<const std::byte> payload;     // the number, the string's bytes, or the array's elements
    std::uint64_t offset = 0;               // of the payload, from the file's start

    // The value as any integer type (whatever width it is stored in), float or double (f32 or f64), bool, or
    // std::string_view; an error when it is of another kind or out of range.
    template <class T> [[nodiscard]] result<T> as() const {
        if constexpr (std::same_as<T, bool>) {
            if (type == gguf_type::boolean) {
                return payload[0] != std::byte{0};
            }
            return wrong_type("a bool");
        } else if constexpr (std::integral<T>) {
            if (is_integer(type)) {
                return detail::narrowed<T>(detail::load_integer(type, payload.data()), key, offset);
            }
            return wrong_type("an integer");
        } else if constexpr (std::floating_point<T>) {
            if (type == gguf_type::f32) {
                return static_cast<T>(load_little_endian<float>(payload.data()));
            }
            if (type == gguf_type::f64) {
                const double value = load_little_endian<double>(payload.data());
                if (std::isfinite(value) && std::fabs(value) > static_cast<double>(std::numeric_limits<T>::max())) {
                    return error(error_code::malformed, "key %s is %g, which is too large (at offset %llu)",
                                 quoted(key).c_str(), value, detail::printable(offset));
                }
                return static_cast<T>(value);
            }
            return wrong_type("a floating point number");
        } else {
            static_assert(std::same_as<T, std::string_view>, "integers, float, double, bool or std::string_view");
            if (type == gguf_type::string) {
                return as_text(payload);
            }
            return wrong_type("a string");
        }
    }

    [[nodiscard]] result<gguf_array> as_array(gguf_array_kind kind) const {
        if (type != gguf_type::array) {
            return error(error_code::malformed, "key %s is of type %s, expected an array of %s (at offset %llu)",
                         quoted(key).c_str(), name_of(type), name_of(kind), detail::printable(offset));
        }
        if (!is_kind(element_type, kind)) {
            return error(error_code::malformed, "key %s is an array of %s, expected an array of %s (at offset %llu)",
                         quoted(key).c_str(), name_of(element_type), name_of(kind), detail::printable(offset));
        }
        return gguf_array(key, element_type, count, payload, offset);
    }

private:
    [[nodiscard]] static bool is_kind(gguf_type element, gguf_array_kind kind) {
        switch (kind) {
        case gguf_array_kind::integers: return is_integer(element);
        case gguf_array_kind::floats: return element == gguf_type::f32;
        case gguf_array_kind::bools: return element == gguf_type::boolean;
        case gguf_array_kind::strings: return element == gguf_type::string;
        case gguf_array_kind::bytes: return element == gguf_type::u8 || element == gguf_type::i8;
        }
        return false;
    }

    [[nodiscard]] error wrong_type(const char * expected) const {
        return error(error_code::malformed, "key %s is of type %s, expected %s (at offset %llu)", quoted(key).c_str(),
                     name_of(type), expected, detail::printable(offset));
    }
};

} // namespace llmzero::inline LLMZERO_ABI
