// Blocks of random and extreme bytes, and what their weights are: read off the tables of the format one weight at a
// time, in double.
#pragma once

#include <llmzero/numerics/blocks.hpp>

#include "support/numbers.hpp"

#include <cmath>
#include <cstring>
#include <doctest/doctest.h>
#include <vector>

namespace block_cases {

using llmzero::tensor_type;

// One weight of a block: its integer, and the scale and offset that apply to it.
struct block_weight {
    double scale;
    double offset;
    int code;
};

inline std::uint32_t u16(const std::uint8_t * bytes) {
    return bytes[0] + 256u * bytes[1];
}

// Where the half-precision numbers of a block are; a type without an offset has none at `offset`.
struct half_places {
    int scale;
    int offset;
};

inline half_places halves_of(tensor_type type) {
    switch (type) {
    case tensor_type::q4_1:
    case tensor_type::q5_1:
    case tensor_type::q4_k:
    case tensor_type::q5_k: return {0, 2};
    case tensor_type::q2_k: return {80, 82};
    case tensor_type::q3_k: return {108, -1};
    case tensor_type::q6_k: return {208, -1};
    default: return {0, -1};
    }
}

// Bits are counted from the lowest of the first byte, as in a little-endian number of any length.
inline int bit(const std::uint8_t * bytes, unsigned i) {
    return bytes[i / 8] >> (i % 8) & 1;
}

inline int nibble_of_32(const std::uint8_t * bytes, unsigned i) {
    return i < 16 ? bytes[i] % 16 : bytes[i - 16] / 16;
}

inline int nibble_of_64(const std::uint8_t * bytes, unsigned i) {
    const std::uint8_t byte = bytes[i / 64 * 32 + i % 32];
    return i % 64 < 32 ? byte % 16 : byte / 16;
}

inline int two_bits_of_128(const std::uint8_t * bytes, unsigned i) {
    constexpr int divisor[] = {1, 4, 16, 64};
    return bytes[i / 128 * 32 + i % 32] / divisor[i % 128 / 32] % 4;
}

// The twelve bytes of Q4_K and Q5_K: eight scales, then eight mins, as ggml's get_scale_min_k4 defines them.
inline void six_bit_pairs(const std::uint8_t * s, int * scales, int * mins) {
    for (int j = 0; j < 4; ++j) {
        scales[j] = s[j] % 64;
        mins[j] = s[j + 4] % 64;
        scales[j + 4] = s[j + 8] % 16 + s[j] / 64 * 16;
        mins[j + 4] = s[j + 8] / 16 + s[j + 4] / 64 * 16;
    }
}

// The twelve bytes of Q3_K, as ggml's dequantize_row_q3_K takes them apart: 32-bit words.
inline void six_bit_scales(const std::uint8_t * s, int * scales) {
    for (int j = 0; j < 4; ++j) {
        scales[j] = s[j] % 16 + s[8 + j] % 4 * 16 - 32;
        scales[4 + j] = s[4 + j] % 16 + s[8 + j] / 4 % 4 * 16 - 32;
        scales[8 + j] = s[j] / 16 + s[8 + j] / 16 % 4 * 16 - 32;
        scales[12 + j] = s[4 + j] / 16 + s[8 + j] / 64 * 16 - 32;
    }
}

// Weight i of the block; scales that are no finite halves are taken as 0, since the formula is about the codes then.
inline block_weight reference(tensor_type type, const std::uint8_t * block, unsigned i) {
    const half_places places = halves_of(type);
    const auto half = [block](int at) {
        const std::uint32_t bits = at < 0 ? 0 : u16(block + at);
        return support::is_finite_half(bits) ? support::finite_half(bits) : 0.0;
    };
    const double d = half(places.scale);
    const double m = half(places.offset);
    int scales[16];
    int mins[8];
    switch (type) {
    case tensor_type::q4_0: return {d, 0, nibble_of_32(block + 2, i) - 8};
    case tensor_type::q4_1: return {d, m, nibble_of_32(block + 4, i)};
    case tensor_type::q5_0: return {d, 0, nibble_of_32(block + 6, i) + 16 * bit(block + 2, i) - 16};
    case tensor_type::q5_1: return {d, m, nibble_of_32(block + 8, i) + 16 * bit(block + 4, i)};
    case tensor_type::q8_0: return {d, 0, block[2 + i] < 128 ? block[2 + i] : block[2 + i] - 256};
    case tensor_type::iq4_nl: {
        constexpr int values[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
        return {d, 0, values[nibble_of_32(block + 2, i)]};
    }
    case tensor_type::q2_k:
        return {d * (block[i / 16] % 16), -m * (block[i / 16] / 16), two_bits_of_128(block + 16, i)};
    case tensor_type::q3_k: {
        six_bit_scales(block + 96, scales);
        const int high = block[i % 32] >> (i / 32) & 1;
        return {d * scales[i / 16], 0, two_bits_of_128(block + 32, i) - (high != 0 ? 0 : 4)};
    }
    case tensor_type::q4_k: {
        six_bit_pairs(block + 4, scales, mins);
        return {d * scales[i / 32], -m * mins[i / 32], nibble_of_64(block + 16, i)};
    }
    case tensor_type::q5_k: {
        six_bit_pairs(block + 4, scales, mins);
        const int high = block[16 + i % 32] >> (i / 32) & 1;
        return {d * scales[i / 32], -m * mins[i / 32], nibble_of_64(block + 48, i) + 16 * high};
    }
    case tensor_type::q6_k: {
        const int scale = block[192 + i / 16] < 128 ? block[192 + i / 16] : block[192 + i / 16] - 256;
        const std::uint8_t byte = block[i / 128 * 64 + i % 64];
        const int low = i % 128 < 64 ? byte % 16 : byte / 16;
        return {d * scale, 0, low + 16 * two_bits_of_128(block + 128, i) - 32};
    }
    default: return {std::nan(""), 0, 0};
    }
}

// In float, as ggml rounds it: the product first, then the sum.
inline float value_of(const block_weight & weight) {
    const volatile auto product = static_cast<float>(weight.scale * weight.code);
    const volatile auto sum = static_cast<float>(static_cast<double>(product) + weight.offset);
    return sum;
}

inline bool has_finite_scales(tensor_type type, const std::uint8_t * block) {
    const half_places places = halves_of(type);
    return support::is_finite_half(u16(block + places.scale)) &&
           (places.offset < 0 || support::is_finite_half(u16(block + places.offset)));
}

// What the type's unpacker makes of the block, against reference().
inline void check_block(const llmzero::block_type & type, const std::uint8_t * bytes) {
    const std::uint32_t n = llmzero::info_of(type.type).block_size;
    llmzero::weight_group groups[9];
    for (llmzero::weight_group & group : groups) {
        group.scale = group.offset = 77.0f;
        std::memset(group.code, 0x55, sizeof group.code);
        std::memset(group.half_scale, 0x55, sizeof group.half_scale);
        std::memset(group.half_offset, 0x55, sizeof group.half_offset);
    }
    const llmzero::weight_group untouched = groups[8];
    type.unpack(reinterpret_cast<const std::byte *>(bytes), groups);
    CHECK(std::memcmp(&groups[n / llmzero::group_size], &untouched, sizeof untouched) == 0);
    const bool is_finite = has_finite_scales(type.type, bytes);
    for (unsigned i = 0; i < n; ++i) {
        const block_weight expected = reference(type.type, bytes, i);
        const llmzero::weight_group & group = groups[i / llmzero::group_size];
        const std::size_t half = i % llmzero::group_size / llmzero::half_size;
        REQUIRE(group.code[i % llmzero::group_size] == expected.code);
        if (is_finite) {
            REQUIRE(static_cast<double>(group.scale) * group.half_scale[half] == expected.scale);
            REQUIRE(static_cast<double>(group.offset) * group.half_offset[half] == expected.offset);
        }
        if (!has_halves(type.packed)) {
            REQUIRE(group.half_scale[half] == 1);
            REQUIRE(group.half_offset[half] == 1);
        }
    }
    if (!is_finite) {
        return;
    }
    std::vector<float> weights(n + 1, 77.0f);
    llmzero::unpack(type, reinterpret_cast<const std::byte *>(bytes), n, weights.data());
    for (unsigned i = 0; i < n; ++i) {
        REQUIRE(weights[i] == value_of(reference(type.type, bytes, i)));
    }
    CHECK(weights[n] == 77.0f);
}

// Random bytes at any address, and extremes.
inline void check_type(tensor_type id) {
    const llmzero::block_type * type = llmzero::find_block_type(id);
    REQUIRE(type != nullptr);
    CAPTURE(std::string(llmzero::name_of(id)));
    support::numbers random(2);
    const std::size_t bytes = llmzero::info_of(id).block_bytes;
    for (std::size_t n = 0; n < 400; ++n) {
        // A buffer of the block's own size behind `shift` bytes: a sanitizer sees what lies beyond it.
        const std::size_t shift = n % 8;
        std::vector<std::uint8_t> memory(shift + bytes);
        for (std::uint8_t & byte : memory) {
            byte = static_cast<std::uint8_t>(random.bits());
        }
        check_block(*type, memory.data() + shift);
    }
    for (const int fill : {0x00, 0xff, 0x80, 0x7f, 0x0f, 0xf0}) {
        // Scales as the fill has them (0xffff is a NaN), then the smallest, largest, subnormal and negative ones.
        for (const int scale : {-1, 0x0001, 0x03ff, 0x0400, 0x7bff, 0xfbff, 0x8001, 0x8000, 0x3c00}) {
            std::vector<std::uint8_t> block(bytes, static_cast<std::uint8_t>(fill));
            const half_places places = halves_of(id);
            for (const int at : {places.scale, places.offset}) {
                if (scale >= 0 && at >= 0) {
                    block[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(scale & 255);
                    block[static_cast<std::size_t>(at) + 1] = static_cast<std::uint8_t>(scale >> 8);
                }
            }
            check_block(*type, block.data());
        }
    }
}

} // namespace block_cases
