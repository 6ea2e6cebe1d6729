// The vocabulary of the GGUF format: value types, the limits put on files, tensor descriptions, and the
// rules for names and shapes that reader and writer share. Source: ggml-org/ggml, docs/gguf.md.
//
// A GGUF file, version 2 or 3, little-endian, without alignment before the data:
//
//     "GGUF"  u32 version  u64 n_tensors  u64 n_entries
//     n_entries times:  string key   u32 value type    value
//     n_tensors times:  string name  u32 n_dims  u64 shape[n_dims]  u32 tensor type  u64 offset
//     padding to a multiple of general.alignment (default 32); offsets count from here
//     the tensors' data, each at an aligned offset
//
//     string: u64 length, bytes      array: u32 element type, u64 count, elements
#pragma once

#include <llmzero/base/checked.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/storage/tensor_type.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

enum class gguf_type : std::uint32_t {
    u8 = 0,
    i8 = 1,
    u16 = 2,
    i16 = 3,
    u32 = 4,
    i32 = 5,
    f32 = 6,
    boolean = 7, // one byte, 0 or 1
    string = 8,
    array = 9,
    u64 = 10,
    i64 = 11,
    f64 = 12,
};
inline constexpr std::uint32_t gguf_type_count = 13;

[[nodiscard]] constexpr const char * name_of(gguf_type type) {
    constexpr const char * names[gguf_type_count] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                                     "bool", "string", "array", "u64", "i64", "f64"};
    const auto id = static_cast<std::uint32_t>(type);
    return id < gguf_type_count ? names[id] : "unknown";
}

// Bytes of a value; 0 for strings and arrays, whose length is in the file.
[[nodiscard]] constexpr std::size_t size_of(gguf_type type) {
    constexpr std::size_t sizes[gguf_type_count] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    const auto id = static_cast<std::uint32_t>(type);
    return id < gguf_type_count ? sizes[id] : 0;
}

[[nodiscard]] constexpr bool is_integer(gguf_type type) {
    switch (type) {
    case gguf_type::u8:
    case gguf_type::i8:
    case gguf_type::u16:
    case gguf_type::i16:
    case gguf_type::u32:
    case gguf_type::i32:
    case gguf_type::u64:
    case gguf_type::i64: return true;
    default: return false;
    }
}

// What a file may ask for. The first group is the format's own; the second keeps a hostile file from taking
// memory and time, far above what real models hold (262 144 tokens in 8 MB, 1000 tensors, 60 keys).
struct gguf_limits {
    std::uint64_t max_key_bytes = 65535;
    std::uint64_t max_tensor_name_bytes = 64;
    std::uint64_t max_alignment = 65536;

    std::uint64_t max_header_bytes = std::uint64_t{64} << 20; // all that stands before the tensors' data
    std::uint64_t max_entries = 65536;
    std::uint64_t max_tensors = 65536;
    std::uint64_t max_string_bytes = std::uint64_t{16} << 20;
    std::uint64_t max_array_elements = std::uint64_t{16} << 20;

    // How much of a file that is not mapped is read first, after which it doubles: enough for a small vocabulary.
    std::uint64_t first_read_bytes = std::uint64_t{256} << 10;
};

inline constexpr std::string_view gguf_magic = "GGUF";
inline constexpr std::string_view gguf_alignment_key = "general.alignment";
inline constexpr std::uint32_t gguf_default_alignment = 32;
inline constexpr std::uint32_t gguf_version = 3; // what the writer writes
inline constexpr std::size_t gguf_max_dims = 4;

struct gguf_tensor {
    std::string_view name;
    std::uint32_t n_dims = 0;
    std::array<std::uint64_t, gguf_max_dims> shape = {1, 1, 1, 1}; // fastest dimension first, 1 beyond n_dims
    tensor_type type = tensor_type::f32;
    std::uint64_t offset = 0; // of the data, from the file's start
    std::uint64_t bytes = 0;  // of the data

    // The tensor as a matrix: // [rows, cols]
    [[nodiscard]] std::size_t cols() const { return static_cast<std::size_t>(shape[0]); }
    [[nodiscard]] std::size_t rows() const { return static_cast<std::size_t>(shape[1] * shape[2] * shape[3]); }
    [[nodiscard]] std::uint64_t row_bytes() const {
        const tensor_type_info & info = info_of(type);
        return shape[0] / info.block_size * info.block_bytes;
    }
};

namespace detail {

constexpr unsigned long long printable(std::uint64_t value) {
    return static_cast<unsigned long long>(value);
}

// Checks a key's text; `offset` is where the key stands in the file.
[[nodiscard]] inline status check_gguf_key(std::string_view key, const gguf_limits & limits, std::uint64_t offset) {
    if (key.empty()) {
        return error(error_code::malformed, "a key is empty (at offset %llu)", printable(offset));
    }
    if (key.size() > limits.max_key_bytes) {
        return error(error_code::malformed, "key %s has %zu bytes, expected at most %llu (at offset %llu)",
                     quoted(key).c_str(), key.size(), printable(limits.max_key_bytes), printable(offset));
    }
    for (const char c : key) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 32 || byte > 126) {
            return error(error_code::malformed,
                         "key %s holds the byte 0x%02x, expected printable ASCII (at offset %llu)", quoted(key).c_str(),
                         unsigned{byte}, printable(offset));
        }
    }
    return success();
}

[[nodiscard]] inline status check_gguf_alignment(std::uint64_t alignment, const gguf_limits & limits,
                                                 std::uint64_t offset) {
    if (!std::has_single_bit(alignment) || alignment > limits.max_alignment) {
        return error(error_code::malformed,
                     "key 'general.alignment' is %llu, expected a power of two, at most %llu (at offset %llu)",
                     printable(alignment), printable(limits.max_alignment), printable(offset));
    }
    return success();
}

// Checks name, shape and type of a tensor, and computes its size in bytes; `offset` is where its
// description stands in the file. Every product is checked before the next one is formed.
[[nodiscard]] inline status complete_gguf_tensor(gguf_tensor & tensor, std::uint32_t type_id,
                                                 const gguf_limits & limits, std::uint64_t offset) {
    const quoted name(tensor.name);
    if (tensor.name.empty()) {
        return error(error_code::malformed, "a tensor has an empty name (at offset %llu)", printable(offset));
    }
    if (tensor.name.size() > limits.max_tensor_name_bytes) {
        return error(error_code::malformed,
                     "the name of tensor %s has %zu bytes, expected at most %llu (at offset %llu)", name.c_str(),
                     tensor.name.size(), printable(limits.max_tensor_name_bytes), printable(offset));
    }
    if (tensor.n_dims < 1 || tensor.n_dims > gguf_max_dims) {
        return error(error_code::malformed, "tensor %s has %lu dimensions, expected 1 to 4 (at offset %llu)",
                     name.c_str(), static_cast<unsigned long>(tensor.n_dims), printable(offset));
    }
    std::uint64_t elements = 1;
    for (std::size_t i = 0; i < gguf_max_dims; ++i) {
        const auto product = checked_multiply(elements, tensor.shape[i]);
        if (tensor.shape[i] == 0 || !product || !std::in_range<std::int64_t>(*product)) {
            return error(error_code::malformed,
                         "tensor %s has the shape (%llu, %llu, %llu, %llu), expected dimensions of at least 1 and a "
                         "product below 2^63 (at offset %llu)",
                         name.c_str(), printable(tensor.shape[0]), printable(tensor.shape[1]),
                         printable(tensor.shape[2]), printable(tensor.shape[3]), printable(offset));
        }
        elements = *product;
    }
    const tensor_type_info * info = find_tensor_type(type_id);
    if (info == nullptr) {
        return error(error_code::unsupported, "tensor %s has the type %lu, which is not a known type (at offset %llu)",
                     name.c_str(), static_cast<unsigned long>(type_id), printable(offset));
    }
    tensor.type = info->type;
    if (tensor.shape[0] % info->block_size != 0) {
        return error(error_code::malformed,
                     "tensor %s of type %s has rows of %llu weights, expected a multiple of %lu (at offset %llu)",
                     name.c_str(), info->name, printable(tensor.shape[0]), static_cast<unsigned long>(info->block_size),
                     printable(offset));
    }
    const auto bytes = checked_multiply(elements / info->block_size, std::uint64_t{info->block_bytes});
    if (!bytes || !std::in_range<std::int64_t>(*bytes)) {
        return error(error_code::malformed, "tensor %s of type %s with %llu weights is too large (at offset %llu)",
                     name.c_str(), info->name, printable(elements), printable(offset));
    }
    tensor.bytes = *bytes;
    if (!to_size(tensor.shape[0]) || !to_size(elements / tensor.shape[0])) {
        return error(error_code::unsupported,
                     "tensor %s has %llu rows of %llu weights, more than this machine can count (at offset %llu)",
                     name.c_str(), printable(elements / tensor.shape[0]), printable(tensor.shape[0]),
                     printable(offset));
    }
    return success();
}

// Sorts the numbers 0..n-1 of named things by name, equal names by number: a table for binary search, in
// which duplicates are neighbours. name_at(i) gives the i-th name.
template <class NameAt> void sort_by_name(std::span<std::uint32_t> order, const NameAt & name_at) {
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = static_cast<std::uint32_t>(i);
    }
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        const int compared = name_at(a).compare(name_at(b));
        return compared != 0 ? compared < 0 : a < b;
    });
}

// The position in `order` of the first name that also stands before it, or order.size().
template <class NameAt>
[[nodiscard]] std::size_t find_duplicate(std::span<const std::uint32_t> order, const NameAt & name_at) {
    for (std::size_t i = 1; i < order.size(); ++i) {
        if (name_at(order[i]) == name_at(order[i - 1])) {
            return i;
        }
    }
    return order.size();
}

// The number of the thing with this name, or `none`.
template <class NameAt>
[[nodiscard]] std::size_t find_by_name(std::span<const std::uint32_t> order, std::string_view name, std::size_t none,
                                       const NameAt & name_at) {
    const auto found = std::lower_bound(order.begin(), order.end(), name,
                                        [&](std::uint32_t i, std::string_view wanted) { return name_at(i) < wanted; });
    return found != order.end() && name_at(*found) == name ? *found : none;
}

} // namespace detail

} // namespace llmzero::inline LLMZERO_ABI
