// Weights into the blocks of 256 of GGUF files: Q2_K, Q3_K, Q4_K, Q5_K, Q6_K. Layouts: blocks_256.hpp; how scales and
// codes are found: encode_fit_256.hpp.
#pragma once

#include <llmzero/numerics/blocks_256.hpp>
#include <llmzero/numerics/encode_32.hpp>
#include <llmzero/numerics/encode_fit.hpp>
#include <llmzero/numerics/encode_fit_256.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace llmzero::inline LLMZERO_ABI {

namespace detail {

// ---- Packing: codes(256) of 0.. ----

// Two bits of each code, as Q2_K and Q3_K keep them.
inline void pack_two_bits(const int * codes, std::uint8_t * q) {
    std::memset(q, 0, 64);
    for (std::size_t i = 0; i < weights_in_256; ++i) {
        const std::size_t group = i / 32;
        q[32 * (group / 4) + i % 32] |= static_cast<std::uint8_t>((codes[i] & 3) << (2 * (group % 4)));
    }
}

// Bit `bit` of each code: bit g of byte i is that of weight 32 g + i.
inline void pack_one_bit(const int * codes, int bit, std::uint8_t * high) {
    std::memset(high, 0, 32);
    for (std::size_t i = 0; i < weights_in_256; ++i) {
        high[i % 32] |= static_cast<std::uint8_t>((codes[i] >> bit & 1) << (i / 32));
    }
}

// The low four bits of each code, as Q4_K and Q5_K keep them.
inline void pack_nibbles_256(const int * codes, std::uint8_t * nibbles) {
    for (std::size_t i = 0; i < weights_in_256 / 2; ++i) {
        const int * pair = codes + 64 * (i / 32) + i % 32;
        nibbles[i] = static_cast<std::uint8_t>((pair[0] & 15) | (pair[32] & 15) << 4);
    }
}

// The six-bit factors of Q4_K and Q5_K: 8 for d, 8 for dmin.
inline void pack_scales_and_mins(const unsigned_256 & fit, std::uint8_t * scales) {
    for (std::size_t j = 0; j < 4; ++j) {
        const auto scale = static_cast<unsigned>(fit.factor[j]);
        const auto min = static_cast<unsigned>(fit.min[j]);
        const auto scale_4 = static_cast<unsigned>(fit.factor[j + 4]);
        const auto min_4 = static_cast<unsigned>(fit.min[j + 4]);
        scales[j] = static_cast<std::uint8_t>(scale | scale_4 >> 4 << 6);
        scales[j + 4] = static_cast<std::uint8_t>(min | min_4 >> 4 << 6);
        scales[j + 8] = static_cast<std::uint8_t>((scale_4 & 15u) | (min_4 & 15u) << 4);
    }
}

// The six-bit factors of Q3_K: 16 for d, stored with 32 added.
inline void pack_q3_k_scales(const signed_256 & fit, std::uint8_t * scales) {
    std::memset(scales, 0, 12);
    for (std::size_t j = 0; j < max_runs; ++j) {
        const auto stored = static_cast<unsigned>(static_cast<int>(fit.factor[j]) + 32);
        scales[j % 8] |= static_cast<std::uint8_t>((stored & 15u) << (j < 8 ? 0 : 4));
        scales[8 + j % 4] |= static_cast<std::uint8_t>((stored >> 4) << (2 * (j / 4)));
    }
}

inline void codes_of(const signed_256 & fit, const signed_form & form, const float * x, int * codes) {
    for (std::size_t run = 0; run < max_runs; ++run) {
        round_to_codes(x + 16 * run, 16, fit.scale(run), 0.0f, form.codes, codes + 16 * run);
    }
    for (std::size_t i = 0; i < weights_in_256; ++i) {
        codes[i] -= static_cast<int>(form.codes.lowest);
    }
}

inline void codes_of(const unsigned_256 & fit, const unsigned_form & form, const float * x, int * codes) {
    for (std::size_t run = 0; run < form.n_runs(); ++run) {
        const std::size_t first = form.run * run;
        round_to_codes(x + first, form.run, fit.scale(run), fit.offset(run), form.codes, codes + first);
    }
}

inline void encode_q2_k(const float * x, std::byte * to) {
    constexpr unsigned_form form = {16, {0.0f, 3.0f}, {0.0f, 15.0f}, {-0.9f, 0.1f, 16}};
    const unsigned_256 fit = fit_unsigned_256(x, form);
    int codes[weights_in_256];
    codes_of(fit, form, x, codes);
    block_q2_k block;
    for (std::size_t run = 0; run < max_runs; ++run) {
        block.scales[run] =
            static_cast<std::uint8_t>(static_cast<int>(fit.factor[run]) | static_cast<int>(fit.min[run]) << 4);
    }
    pack_two_bits(codes, block.q);
    store_f16(fit.d, block.d);
    store_f16(fit.dmin, block.dmin);
    std::memcpy(to, &block, sizeof block);
}

inline void encode_q3_k(const float * x, std::byte * to) {
    constexpr signed_form form = {{-4.0f, 3.0f}, {-32.0f, 31.0f}, {-1.0f, 0.125f, 16}};
    const signed_256 fit = fit_signed_256(x, form);
    int codes[weights_in_256];
    codes_of(fit, form, x, codes);
    block_q3_k block;
    pack_one_bit(codes, 2, block.high);
    pack_two_bits(codes, block.q);
    pack_q3_k_scales(fit, block.scales);
    store_f16(fit.d, block.d);
    std::memcpy(to, &block, sizeof block);
}

inline void encode_q4_k(const float * x, std::byte * to) {
    constexpr unsigned_form form = {32, {0.0f, 15.0f}, {0.0f, 63.0f}, {-2.0f, 0.25f, 12}};
    const unsigned_256 fit = fit_unsigned_256(x, form);
    int codes[weights_in_256];
    codes_of(fit, form, x, codes);
    block_q4_k block;
    store_f16(fit.d, block.d);
    store_f16(fit.dmin, block.dmin);
    pack_scales_and_mins(fit, block.scales);
    pack_nibbles_256(codes, block.nibbles);
    std::memcpy(to, &block, sizeof block);
}

inline void encode_q5_k(const float * x, std::byte * to) {
    constexpr unsigned_form form = {32, {0.0f, 31.0f}, {0.0f, 63.0f}, {-3.0f, 0.5f, 12}};
    const unsigned_256 fit = fit_unsigned_256(x, form);
    int codes[weights_in_256];
    codes_of(fit, form, x, codes);
    block_q5_k block;
    store_f16(fit.d, block.d);
    store_f16(fit.dmin, block.dmin);
    pack_scales_and_mins(fit, block.scales);
    pack_one_bit(codes, 4, block.high);
    pack_nibbles_256(codes, block.nibbles);
    std::memcpy(to, &block, sizeof block);
}

inline void encode_q6_k(const float * x, std::byte * to) {
    constexpr signed_form form = {{-32.0f, 31.0f}, {-128.0f, 127.0f}, {-3.0f, 0.375f, 12}};
    const signed_256 fit = fit_signed_256(x, form);
    int codes[weights_in_256];
    codes_of(fit, form, x, codes);
    block_q6_k block;
    std::memset(&block, 0, sizeof block);
    for (std::size_t i = 0; i < weights_in_256; ++i) {
        const std::size_t half = i / 128;
        const std::size_t k = i % 128 / 32;
        const auto code = static_cast<unsigned>(codes[i]);
        block.nibbles[64 * half + 32 * (k % 2) + i % 32] |= static_cast<std::uint8_t>((code & 15u) << (4 * (k / 2)));
        block.high[32 * half + i % 32] |= static_cast<std::uint8_t>((code >> 4) << (2 * k));
    }
    for (std::size_t run = 0; run < max_runs; ++run) {
        block.scales[run] = static_cast<std::uint8_t>(static_cast<int>(fit.factor[run]) & 0xff);
    }
    store_f16(fit.d, block.d);
    std::memcpy(to, &block, sizeof block);
}

} // namespace detail

} // namespace llmzero::inline LLMZERO_ABI
