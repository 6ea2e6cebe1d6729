// The blocks of 256 weights of GGUF files ("K types"): their layout in bits, and how each is unpacked. Layouts are
// those of ggml-common.h, values those of its reference dequantisation, to the last bit.
//
// A block has one or two half-precision numbers, and small integers that they are multiplied with to give the scales
// and offsets of 32 or 16 weights. Such a product has at most 19 significant bits, so it is exact in float.
//
// The codes of 32 neighbouring weights lie in 32 neighbouring bytes, in the same bits of each.
#pragma once

#include <llmzero/numerics/blocks_32.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace llmzero::inline LLMZERO_ABI {

//   | 16 bytes: scale[j] in bits 0-3, min[j] in 4-7 | 2 x 32 bytes | d (f16) | dmin (f16) |
//   Bits 2k, 2k + 1 of byte i of the n-th 32 hold q of weight 128 n + 32 k + i.
//   w[i] = d * scale[i / 16] * q[i] - dmin * min[i / 16]
struct block_q2_k {
    std::uint8_t scales[16];
    std::uint8_t q[64];
    std::uint8_t d[2];
    std::uint8_t dmin[2];
};
static_assert(sizeof(block_q2_k) == 84);

//   | high: bit g of byte i is bit 2 of weight 32 g + i | 2 x 32 bytes as in Q2_K | 12 bytes of scales | d (f16) |
//   Scales have six bits: scale[j] bits 0-3 in byte j % 8, its low half for j < 8, and bits 4-5 in bits 2 (j / 4) and
//   the next of byte 8 + j % 4.
//   w[i] = d * (scale[i / 16] - 32) * (q[i] - 4)
struct block_q3_k {
    std::uint8_t high[32];
    std::uint8_t q[64];
    std::uint8_t scales[12];
    std::uint8_t d[2];
};
static_assert(sizeof(block_q3_k) == 110);

//   | d (f16) | dmin (f16) | 12 bytes of scales | 4 x 32 bytes of nibbles |
//   Byte i of the n-th 32 holds q of weight 64 n + i in bits 0-3, of weight 64 n + 32 + i in bits 4-7.
//   Scales and mins have six bits. For j < 4: scale[j] in bits 0-5 of byte j, min[j] in those of byte j + 4. Else bits
//   0-3 are in byte j + 4, of scale[j] below and of min[j] above, and bits 4-5 in bits 6-7 of bytes j - 4 and j.
//   w[i] = d * scale[i / 32] * q[i] - dmin * min[i / 32]
struct block_q4_k {
    std::uint8_t d[2];
    std::uint8_t dmin[2];
    std::uint8_t scales[12];
    std::uint8_t nibbles[128];
};
static_assert(sizeof(block_q4_k) == 144);

//   | d (f16) | dmin (f16) | 12 bytes of scales | high: bit g of byte i is bit 4 of weight 32 g + i | nibbles |
//   The rest is as in Q4_K.
struct block_q5_k {
    std::uint8_t d[2];
    std::uint8_t dmin[2];
    std::uint8_t scales[12];
    std::uint8_t high[32];
    std::uint8_t nibbles[128];
};
static_assert(sizeof(block_q5_k) == 176);

//   | 2 x 64 bytes of nibbles | 2 x 32 bytes of high bits | 16 scales (i8) | d (f16) |
//   Of weight 128 n + 32 k + i, bits 0-3 are in byte 32 (k % 2) + i of the n-th 64, its low half for k < 2; bits 4-5
//   are bits 2k, 2k + 1 of byte i of the n-th 32.
//   w[i] = d * scale[i / 16] * (q[i] - 32)
struct block_q6_k {
    std::uint8_t nibbles[128];
    std::uint8_t high[64];
    std::uint8_t scales[16];
    std::uint8_t d[2];
};
static_assert(sizeof(block_q6_k) == 210);

namespace detail {

inline constexpr std::size_t groups_in_256 = 256 / group_size;

// The scale and the min of group `j` of a Q4_K or Q5_K block.
struct scale_and_min {
    int scale;
    int min;
};
inline scale_and_min unpack_scale_and_min(const std::uint8_t * scales, std::size_t j) {
    if (j < 4) {
        return {scales[j] & 63, scales[j + 4] & 63};
    }
    return {(scales[j + 4] & 15) | (scales[j - 4] >> 6) << 4, (scales[j + 4] >> 4) | (scales[j] >> 6) << 4};
}

// Scale `j` of 16 of a Q3_K block.
inline int unpack_q3_k_scale(const std::uint8_t * scales, std::size_t j) {
    const int low = scales[j % 8] >> (j < 8 ? 0 : 4) & 15;
    const int high = scales[8 + j % 4] >> (2 * (j / 4)) & 3;
    return (low | high << 4) - 32;
}

inline void unpack_q2_k(const std::byte * bytes, weight_group * groups) {
    const auto & block = block_at<block_q2_k>(bytes);
    for (std::size_t g = 0; g < groups_in_256; ++g) {
        weight_group & group = groups[g];
        group.scale = load_f16(block.d);
        group.offset = -load_f16(block.dmin);
        for (std::size_t h = 0; h < 2; ++h) {
            group.half_scale[h] = static_cast<std::int8_t>(block.scales[2 * g + h] & 15);
            group.half_offset[h] = static_cast<std::int8_t>(block.scales[2 * g + h] >> 4);
        }
        const std::uint8_t * q = block.q + 32 * (g / 4);
        for (std::size_t i = 0; i < group_size; i += 4) {
            store_four(group.code + i, load_four(q + i) >> (2 * (g % 4)) & in_each_byte(3));
        }
    }
}

inline void unpack_q3_k(const std::byte * bytes, weight_group * groups) {
    const auto & block = block_at<block_q3_k>(bytes);
    for (std::size_t g = 0; g < groups_in_256; ++g) {
        weight_group & group = groups[g];
        set_scales(load_f16(block.d), 0.0f, &group);
        for (std::size_t h = 0; h < 2; ++h) {
            group.half_scale[h] = static_cast<std::int8_t>(unpack_q3_k_scale(block.scales, 2 * g + h));
        }
        const std::uint8_t * q = block.q + 32 * (g / 4);
        for (std::size_t i = 0; i < group_size; i += 4) {
            const std::uint32_t low = load_four(q + i) >> (2 * (g % 4)) & in_each_byte(3);
            const std::uint32_t high = load_four(block.high + i) >> g & in_each_byte(1);
            store_four(group.code + i, less_in_each_byte(low | high << 2, 4));
        }
    }
}

// The offset is rounded by nothing, and -(dmin * min) added is dmin * min subtracted.
inline void unpack_q4_k_scales(const std::uint8_t * d, const std::uint8_t * dmin, const std::uint8_t * scales,
                               std::size_t g, weight_group & group) {
    const scale_and_min factors = unpack_scale_and_min(scales, g);
    set_scales(load_f16(d) * static_cast<float>(factors.scale), -(load_f16(dmin) * static_cast<float>(factors.min)),
               &group);
}

inline void unpack_q4_k(const std::byte * bytes, weight_group * groups) {
    const auto & block = block_at<block_q4_k>(bytes);
    for (std::size_t g = 0; g < groups_in_256; ++g) {
        unpack_q4_k_scales(block.d, block.dmin, block.scales, g, groups[g]);
        const std::uint8_t * nibbles = block.nibbles + 32 * (g / 2);
        for (std::size_t i = 0; i < group_size; i += 4) {
            store_four(groups[g].code + i, load_four(nibbles + i) >> (4 * (g % 2)) & in_each_byte(15));
        }
    }
}

inline void unpack_q5_k(const std::byte * bytes, weight_group * groups) {
    const auto & block = block_at<block_q5_k>(bytes);
    for (std::size_t g = 0; g < groups_in_256; ++g) {
        unpack_q4_k_scales(block.d, block.dmin, block.scales, g, groups[g]);
        const std::uint8_t * nibbles = block.nibbles + 32 * (g / 2);
        for (std::size_t i = 0; i < group_size; i += 4) {
            const std::uint32_t low = load_four(nibbles + i) >> (4 * (g % 2)) & in_each_byte(15);
            const std::uint32_t high = load_four(block.high + i) >> g & in_each_byte(1);
            store_four(groups[g].code + i, low | high << 4);
        }
    }
}

inline void unpack_q6_k(const std::byte * bytes, weight_group * groups) {
    const auto & block = block_at<block_q6_k>(bytes);
    for (std::size_t g = 0; g < groups_in_256; ++g) {
        weight_group & group = groups[g];
        set_scales(load_f16(block.d), 0.0f, &group);
        std::memcpy(group.half_scale, block.scales + 2 * g, 2);
        const std::size_t k = g % 4;
        const std::uint8_t * nibbles = block.nibbles + 64 * (g / 4) + 32 * (k % 2);
        const std::uint8_t * bits = block.high + 32 * (g / 4);
        for (std::size_t i = 0; i < group_size; i += 4) {
            const std::uint32_t low = load_four(nibbles + i) >> (4 * (k / 2)) & in_each_byte(15);
            const std::uint32_t high = load_four(bits + i) >> (2 * k) & in_each_byte(3);
            store_four(group.code + i, less_in_each_byte(low | high << 4, 32));
        }
    }
}

} // namespace detail

} // namespace llmzero::inline LLMZERO_ABI
