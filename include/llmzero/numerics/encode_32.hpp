// Weights into the blocks of 32 of GGUF files: Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL. Layouts: blocks_32.hpp.
//
// The searches (encode_fit.hpp) look for the least squared error of the weights. Scales are rounded to half precision
// before the codes are chosen, so that the codes suit the scale that is stored. A scale beyond half precision is
// stored as its largest finite number.
#pragma once

#include <llmzero/base/byte_reader.hpp>
#include <llmzero/base/f16.hpp>
#include <llmzero/numerics/blocks_32.hpp>
#include <llmzero/numerics/encode_fit.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace llmzero::inline LLMZERO_ABI {

namespace detail {

// Stores `value` as a finite half and returns what was stored.
inline float store_f16(float value, std::uint8_t * bytes) {
    constexpr float largest = 65504.0f;
    const float finite = value > largest ? largest : value < -largest ? -largest : value;
    const std::uint16_t half = f32_to_f16(finite);
    bytes[0] = static_cast<std::uint8_t>(half & 0xffu);
    bytes[1] = static_cast<std::uint8_t>(half >> 8);
    return f16_to_f32(half);
}

// codes(32) of 0..15
inline void pack_nibbles(const int * codes, std::uint8_t * nibbles) {
    for (int i = 0; i < 16; ++i) {
        nibbles[i] = static_cast<std::uint8_t>(codes[i] | codes[i + 16] << 4);
    }
}

// codes(32) of 0..31
inline void pack_five_bits(const int * codes, std::uint8_t * nibbles, std::uint8_t * high) {
    std::uint32_t bits = 0;
    for (int i = 0; i < 16; ++i) {
        nibbles[i] = static_cast<std::uint8_t>((codes[i] & 15) | (codes[i + 16] & 15) << 4);
    }
    for (unsigned i = 0; i < 32; ++i) {
        bits |= (static_cast<std::uint32_t>(codes[i]) >> 4 & 1u) << i;
    }
    for (unsigned i = 0; i < 4; ++i) {
        high[i] = static_cast<std::uint8_t>(bits >> (8 * i) & 0xffu);
    }
}

// Signed codes for one block, and their scale, stored at `d`. // x(32), codes(32)
inline void encode_signed(const float * x, code_range range, scale_search search, std::uint8_t * d, int * codes) {
    const float scale = store_f16(fit_scale(x, 32, range, search), d);
    round_to_codes(x, 32, scale, 0.0f, range, codes);
}

// Codes from 0 for one block, their scale and offset, stored at `d` and `m`. // x(32), codes(32)
inline void encode_unsigned(const float * x, float highest, scale_search search, std::uint8_t * d, std::uint8_t * m,
                            int * codes) {
    const scale_and_offset fit = fit_scale_and_offset(x, 32, highest, search, false);
    const float scale = store_f16(fit.scale, d);
    const float offset = store_f16(fit.offset, m);
    round_to_codes(x, 32, scale, offset, {0.0f, highest}, codes);
}

inline void encode_q8_0(const float * x, std::byte * to) {
    block_q8_0 block;
    int codes[32];
    encode_signed(x, {-127.0f, 127.0f}, {-7.0f, 0.5f, 16}, block.d, codes);
    for (int i = 0; i < 32; ++i) {
        block.q[i] = static_cast<std::uint8_t>(codes[i] & 0xff);
    }
    std::memcpy(to, &block, sizeof block);
}

inline void encode_q4_0(const float * x, std::byte * to) {
    block_q4_0 block;
    int codes[32];
    encode_signed(x, {-8.0f, 7.0f}, {-1.5f, 0.25f, 13}, block.d, codes);
    for (int & code : codes) {
        code += 8;
    }
    pack_nibbles(codes, block.nibbles);
    std::memcpy(to, &block, sizeof block);
}

inline void encode_q4_1(const float * x, std::byte * to) {
    block_q4_1 block;
    int codes[32];
    encode_unsigned(x, 15.0f, {-2.0f, 0.25f, 16}, block.d, block.m, codes);
    pack_nibbles(codes, block.nibbles);
    std::memcpy(to, &block, sizeof block);
}

inline void encode_q5_0(const float * x, std::byte * to) {
    block_q5_0 block;
    int codes[32];
    encode_signed(x, {-16.0f, 15.0f}, {-2.5f, 0.25f, 16}, block.d, codes);
    for (int & code : codes) {
        code += 16;
    }
    pack_five_bits(codes, block.nibbles, block.high);
    std::memcpy(to, &block, sizeof block);
}

inline void encode_q5_1(const float * x, std::byte * to) {
    block_q5_1 block;
    int codes[32];
    encode_unsigned(x, 31.0f, {-3.0f, 0.375f, 16}, block.d, block.m, codes);
    pack_five_bits(codes, block.nibbles, block.high);
    std::memcpy(to, &block, sizeof block);
}

// The position in iq4_nl_values of the one nearest to x: how many of the midpoints between neighbours lie below x.
inline int nearest_iq4_nl(float x) {
    int position = 0;
    for (std::size_t i = 1; i < 16; ++i) {
        const float midpoint = 0.5f * static_cast<float>(iq4_nl_values[i - 1] + iq4_nl_values[i]);
        position += x > midpoint ? 1 : 0;
    }
    return position;
}

// As fit_scale(), with the values of IQ4_NL for codes. // x(32)
inline float fit_iq4_nl(const float * x) {
    constexpr int tries = 8; // the largest weight is put from 14 below to 10.5 above the largest value
    constexpr float first = -14.0f;
    constexpr float step = 3.5f;
    float largest = 0.0f;
    for (std::size_t i = 0; i < 32; ++i) {
        const float magnitude = x[i] < 0.0f ? -x[i] : x[i];
        largest = magnitude > largest ? magnitude : largest;
    }
    if (largest < 1e-30f) {
        return 0.0f;
    }
    float best_scale = 0.0f;
    float best_fit = 0.0f;
    for (const float end : {127.0f, 113.0f, -127.0f, -113.0f}) {
        const float sign = end > 0.0f ? 1.0f : -1.0f;
        for (int n_try = 0; n_try < tries; ++n_try) {
            const float inverse = (end + sign * (first + step * static_cast<float>(n_try))) / largest;
            float product = 0.0f;
            float square = 0.0f;
            for (std::size_t i = 0; i < 32; ++i) {
                const float value = static_cast<float>(iq4_nl_values[nearest_iq4_nl(x[i] * inverse)]);
                product += x[i] * value;
                square += value * value;
            }
            const float fit = product * (product / square); // no value is zero
            if (fit > best_fit) {
                best_fit = fit;
                best_scale = product / square;
            }
        }
    }
    return best_scale;
}

inline void encode_iq4_nl(const float * x, std::byte * to) {
    block_iq4_nl block;
    const float scale = store_f16(fit_iq4_nl(x), block.d);
    const float inverse = scale != 0.0f ? 1.0f / scale : 0.0f;
    int codes[32];
    for (std::size_t i = 0; i < 32; ++i) {
        codes[i] = nearest_iq4_nl(x[i] * inverse);
    }
    pack_nibbles(codes, block.nibbles);
    std::memcpy(to, &block, sizeof block);
}

} // namespace detail

} // namespace llmzero::inline LLMZERO_ABI
