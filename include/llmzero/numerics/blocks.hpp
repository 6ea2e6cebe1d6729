// The quantised blocks of GGUF files: their layout in bits, and how each is unpacked.
//
// A new type is one struct, one unpacker and one line in `block_types`. Layouts are those of ggml-common.h,
// values those of its reference dequantisation, to the last bit.
#pragma once

#include <llmzero/base/byte_reader.hpp>
#include <llmzero/base/f16.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/numerics/weight_group.hpp>
#include <llmzero/storage/tensor_type.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace llmzero::inline LLMZERO_ABI {

// Blocks lie in files at any even offset, so they are copied out before they are read: all members are bytes.
//
// Nibbles: byte i holds weight i in bits 0-3 and weight i + 16 in bits 4-7.

//   | d (f16) | q0..q31 (i8) |                                          w[i] = d * q[i]
struct block_q8_0 {
    std::uint8_t d[2];
    std::uint8_t q[32];
};
static_assert(sizeof(block_q8_0) == 34);

//   | d (f16) | 16 bytes of nibbles |                                   w[i] = d * (nibble[i] - 8)
struct block_q4_0 {
    std::uint8_t d[2];
    std::uint8_t nibbles[16];
};
static_assert(sizeof(block_q4_0) == 18);

//   | d (f16) | m (f16) | 16 bytes of nibbles |                         w[i] = d * nibble[i] + m
struct block_q4_1 {
    std::uint8_t d[2];
    std::uint8_t m[2];
    std::uint8_t nibbles[16];
};
static_assert(sizeof(block_q4_1) == 20);

//   | d (f16) | high: bit i is bit 4 of weight i | 16 bytes of nibbles |   w[i] = d * (q[i] - 16)
struct block_q5_0 {
    std::uint8_t d[2];
    std::uint8_t high[4];
    std::uint8_t nibbles[16];
};
static_assert(sizeof(block_q5_0) == 22);

//   | d (f16) | m (f16) | high | 16 bytes of nibbles |                  w[i] = d * q[i] + m
struct block_q5_1 {
    std::uint8_t d[2];
    std::uint8_t m[2];
    std::uint8_t high[4];
    std::uint8_t nibbles[16];
};
static_assert(sizeof(block_q5_1) == 24);

namespace detail {

inline float load_f16(const std::uint8_t * bytes) {
    return f16_to_f32(load_little_endian<std::uint16_t>(bytes));
}

// code[i] = nibble[i] - minus
inline void unpack_nibbles(const std::uint8_t * nibbles, int minus, std::int8_t * code) {
    for (int i = 0; i < 16; ++i) {
        code[i] = static_cast<std::int8_t>((nibbles[i] & 15) - minus);
        code[i + 16] = static_cast<std::int8_t>((nibbles[i] >> 4) - minus);
    }
}

// The same with a fifth bit from `high`.
inline void unpack_five_bits(const std::uint8_t * nibbles, const std::uint8_t * high, int minus, std::int8_t * code) {
    const auto bits = load_little_endian<std::uint32_t>(high);
    for (unsigned i = 0; i < 16; ++i) {
        const auto low_bit = static_cast<int>(bits >> i & 1u);
        const auto high_bit = static_cast<int>(bits >> (i + 16u) & 1u);
        code[i] = static_cast<std::int8_t>(((nibbles[i] & 15) | low_bit << 4) - minus);
        code[i + 16] = static_cast<std::int8_t>(((nibbles[i] >> 4) | high_bit << 4) - minus);
    }
}

inline void unpack_q8_0(const std::byte * bytes, weight_group * group) {
    block_q8_0 block;
    std::memcpy(&block, bytes, sizeof block);
    group->scale = load_f16(block.d);
    group->offset = 0.0f;
    std::memcpy(group->code, block.q, sizeof block.q);
}

inline void unpack_q4_0(const std::byte * bytes, weight_group * group) {
    block_q4_0 block;
    std::memcpy(&block, bytes, sizeof block);
    group->scale = load_f16(block.d);
    group->offset = 0.0f;
    unpack_nibbles(block.nibbles, 8, group->code);
}

inline void unpack_q4_1(const std::byte * bytes, weight_group * group) {
    block_q4_1 block;
    std::memcpy(&block, bytes, sizeof block);
    group->scale = load_f16(block.d);
    group->offset = load_f16(block.m);
    unpack_nibbles(block.nibbles, 0, group->code);
}

inline void unpack_q5_0(const std::byte * bytes, weight_group * group) {
    block_q5_0 block;
    std::memcpy(&block, bytes, sizeof block);
    group->scale = load_f16(block.d);
    group->offset = 0.0f;
    unpack_five_bits(block.nibbles, block.high, 16, group->code);
}

inline void unpack_q5_1(const std::byte * bytes, weight_group * group) {
    block_q5_1 block;
    std::memcpy(&block, bytes, sizeof block);
    group->scale = load_f16(block.d);
    group->offset = load_f16(block.m);
    unpack_five_bits(block.nibbles, block.high, 0, group->code);
}

} // namespace detail

// How a type of a file is unpacked, and what it becomes at run time.
struct block_type {
    tensor_type type;
    packed_format packed;
    // One block into block_size / 32 groups; nullptr for types whose elements are floats.
    void (*unpack)(const std::byte * block, weight_group * groups);
};

// The types that the library can compute with.
inline constexpr block_type block_types[] = {
    {tensor_type::f32, packed_format::f32, nullptr},
    {tensor_type::f16, packed_format::f16, nullptr},
    {tensor_type::bf16, packed_format::bf16, nullptr},
    {tensor_type::q8_0, packed_format::q8, detail::unpack_q8_0},
    {tensor_type::q4_0, packed_format::q4, detail::unpack_q4_0},
    {tensor_type::q4_1, packed_format::q4_offset, detail::unpack_q4_1},
    {tensor_type::q5_0, packed_format::q8, detail::unpack_q5_0},
    {tensor_type::q5_1, packed_format::q8_offset, detail::unpack_q5_1},
};

// nullptr for a type that cannot be computed with.
inline const block_type * find_block_type(tensor_type type) {
    for (const block_type & entry : block_types) {
        if (entry.type == type) {
            return &entry;
        }
    }
    return nullptr;
}

// "F32, F16, ...": what find_block_type() knows, for messages.
struct block_type_names {
    block_type_names() {
        std::size_t n = 0;
        for (const block_type & entry : block_types) {
            for (const char * c = n == 0 ? "" : ", "; *c != 0 && n + 1 < sizeof text; ++c) {
                text[n++] = *c;
            }
            for (const char * c = info_of(entry.type).name; *c != 0 && n + 1 < sizeof text; ++c) {
                text[n++] = *c;
            }
        }
        text[n] = 0;
    }
    char text[160];
};

// Unpacks `n` weights (a whole number of blocks) that lie at `bytes` into weights[n].
inline void unpack(const block_type & type, const std::byte * bytes, std::size_t n, float * weights) {
    if (type.unpack == nullptr) {
        for (std::size_t i = 0; i < n; ++i) {
            if (type.packed == packed_format::f32) {
                weights[i] = load_little_endian<float>(bytes + 4 * i);
            } else {
                const auto half = load_little_endian<std::uint16_t>(bytes + 2 * i);
                weights[i] = type.packed == packed_format::f16 ? f16_to_f32(half) : bf16_to_f32(half);
            }
        }
        return;
    }
    constexpr std::size_t max_groups = 8; // the largest block has 256 weights
    const tensor_type_info & info = info_of(type.type);
    weight_group groups[max_groups];
    for (std::size_t done = 0; done < n; done += info.block_size, bytes += info.block_bytes) {
        type.unpack(bytes, groups);
        for (std::size_t g = 0; g < info.block_size / group_size; ++g) {
            dequantise(groups[g], weights + done + g * group_size);
        }
    }
}

} // namespace llmzero::inline LLMZERO_ABI
