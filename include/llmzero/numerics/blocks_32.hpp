// The blocks of 32 weights of GGUF files: their layout in bits, and how each is unpacked. Layouts are those of
// ggml-common.h, values those of its reference dequantisation, to the last bit.
#pragma once

#include <llmzero/base/byte_reader.hpp>
#include <llmzero/base/f16.hpp>
#include <llmzero/numerics/four_bytes.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace llmzero::inline LLMZERO_ABI {

// Blocks lie in files at any even offset, so all members are bytes.
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

//   | d (f16) | 16 bytes of nibbles |                                   w[i] = d * iq4_nl_values[nibble[i]]
struct block_iq4_nl {
    std::uint8_t d[2];
    std::uint8_t nibbles[16];
};
static_assert(sizeof(block_iq4_nl) == 18);

// What the nibbles of IQ4_NL stand for: steps that are finer near zero, where most weights are (kvalues_iq4nl of
// ggml-common.h).
inline constexpr std::int8_t iq4_nl_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                  1,    13,   25,  38,  53,  69,  89,  113};

namespace detail {

inline float load_f16(const std::uint8_t * bytes) {
    return f16_to_f32(load_little_endian<std::uint16_t>(bytes));
}

// The block at `bytes`, where it lies.
template <class Block> inline const Block & block_at(const std::byte * bytes) {
    static_assert(alignof(Block) == 1);
    return *reinterpret_cast<const Block *>(bytes);
}

// code[i] = nibble[i] - minus
inline void unpack_nibbles(const std::uint8_t * nibbles, std::uint32_t minus, std::int8_t * code) {
    for (std::size_t i = 0; i < 16; i += 4) {
        const std::uint32_t four = load_four(nibbles + i);
        store_four(code + i, less_in_each_byte(four & in_each_byte(15), minus));
        store_four(code + i + 16, less_in_each_byte(four >> 4 & in_each_byte(15), minus));
    }
}

// The same with a fifth bit from `high`.
inline void unpack_five_bits(const std::uint8_t * nibbles, const std::uint8_t * high, std::uint32_t minus,
                             std::int8_t * code) {
    const std::uint32_t bits = load_four(high);
    for (std::size_t i = 0; i < 16; i += 4) {
        const std::uint32_t four = load_four(nibbles + i);
        const std::uint32_t low_bits = spread_four_bits(bits >> i & 15u) << 4;
        const std::uint32_t high_bits = spread_four_bits(bits >> (i + 16) & 15u) << 4;
        store_four(code + i, less_in_each_byte((four & in_each_byte(15)) | low_bits, minus));
        store_four(code + i + 16, less_in_each_byte((four >> 4 & in_each_byte(15)) | high_bits, minus));
    }
}

inline void unpack_q8_0(const std::byte * bytes, weight_group * group) {
    const auto & block = block_at<block_q8_0>(bytes);
    set_scales(load_f16(block.d), 0.0f, group);
    std::memcpy(group->code, block.q, sizeof block.q);
}

inline void unpack_q4_0(const std::byte * bytes, weight_group * group) {
    const auto & block = block_at<block_q4_0>(bytes);
    set_scales(load_f16(block.d), 0.0f, group);
    unpack_nibbles(block.nibbles, 8, group->code);
}

inline void unpack_q4_1(const std::byte * bytes, weight_group * group) {
    const auto & block = block_at<block_q4_1>(bytes);
    set_scales(load_f16(block.d), load_f16(block.m), group);
    unpack_nibbles(block.nibbles, 0, group->code);
}

inline void unpack_q5_0(const std::byte * bytes, weight_group * group) {
    const auto & block = block_at<block_q5_0>(bytes);
    set_scales(load_f16(block.d), 0.0f, group);
    unpack_five_bits(block.nibbles, block.high, 16, group->code);
}

inline void unpack_q5_1(const std::byte * bytes, weight_group * group) {
    const auto & block = block_at<block_q5_1>(bytes);
    set_scales(load_f16(block.d), load_f16(block.m), group);
    unpack_five_bits(block.nibbles, block.high, 0, group->code);
}

inline void unpack_iq4_nl(const std::byte * bytes, weight_group * group) {
    const auto & block = block_at<block_iq4_nl>(bytes);
    set_scales(load_f16(block.d), 0.0f, group);
    for (std::size_t i = 0; i < 16; ++i) {
        group->code[i] = iq4_nl_values[block.nibbles[i] & 15];
        group->code[i + 16] = iq4_nl_values[block.nibbles[i] >> 4];
    }
}

} // namespace detail

} // namespace llmzero::inline LLMZERO_ABI
