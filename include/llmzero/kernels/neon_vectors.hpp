// What AArch64 and ARMv7 have different instructions for, and the loads of weights and scales that both products with
// quantised weights share.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_NEON

#    include <llmzero/kernels/kernel_set.hpp>
#    include <llmzero/kernels/neon_layout.hpp>

#    include <arm_neon.h>
#    include <cstddef>
#    include <cstdint>
#    include <cstring>

namespace llmzero::inline LLMZERO_ABI::kernels::neon {

inline constexpr std::size_t vector_rows = 4; // in a vector of sums

// Sums of neighbours: two of a, then two of b.
LLMZERO_ALWAYS_INLINE int32x4_t add_pairs(int32x4_t a, int32x4_t b) {
#    if defined(__aarch64__)
    return vpaddq_s32(a, b);
#    else
    return vcombine_s32(vpadd_s32(vget_low_s32(a), vget_high_s32(a)), vpadd_s32(vget_low_s32(b), vget_high_s32(b)));
#    endif
}

LLMZERO_ALWAYS_INLINE float sum_of_lanes(float32x4_t v) {
    const float32x2_t two = vadd_f32(vget_low_f32(v), vget_high_f32(v));
    return vget_lane_f32(vpadd_f32(two, two), 0);
}

LLMZERO_ALWAYS_INLINE float32x4_t halves_to_floats(uint16x4_t halves) {
#    if defined(__aarch64__)
    return vcvt_f32_f16(vreinterpret_f16_u16(halves));
#    else // for which gcc wants -mfp16-format
    float32x4_t floats;
    __asm__("vcvt.f32.f16 %q0, %P1" : "=w"(floats) : "w"(halves));
    return floats;
#    endif
}

LLMZERO_ALWAYS_INLINE int8x16_t load_codes(const void * from) {
    return vld1q_s8(static_cast<const std::int8_t *>(from));
}

// The scales of 4 rows, or their offsets.
template <packed_format format> LLMZERO_ALWAYS_INLINE float32x4_t load_scales(const std::byte * from) {
    if constexpr (tile_shape{format}.has_wide_scales()) {
        return vld1q_f32(reinterpret_cast<const float *>(from));
    } else {
        return halves_to_floats(vld1_u16(reinterpret_cast<const std::uint16_t *>(from)));
    }
}

// The factors of 4 rows.
LLMZERO_ALWAYS_INLINE int32x4_t load_factors(const std::byte * from) {
    std::int32_t word;
    std::memcpy(&word, from, sizeof word);
    return vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(word)))));
}

// The eight lines of 4 rows as neon_layout.hpp stores them, codes with their bias; `from` is where the first byte lies.
template <packed_format format> LLMZERO_ALWAYS_INLINE void load_lines(const std::byte * from, int8x16_t (&line)[8]) {
    constexpr std::size_t n = tile_shape{format}.stored_lines();
    if constexpr (n == 8) {
        LLMZERO_UNROLL
        for (std::size_t k = 0; k < 8; ++k) {
            line[k] = load_codes(from + k * tile_shape::line_bytes);
        }
        return;
    }
    uint8x16_t stored[n];
    LLMZERO_UNROLL
    for (std::size_t k = 0; k < n; ++k) {
        stored[k] = vreinterpretq_u8_s8(load_codes(from + k * tile_shape::line_bytes));
    }
    const uint8x16_t mask = vdupq_n_u8(n == 4 ? 15 : n == 5 ? 31 : 63);
    if constexpr (n == 4) {
        LLMZERO_UNROLL
        for (std::size_t k = 0; k < 4; ++k) {
            line[k] = vreinterpretq_s8_u8(vandq_u8(stored[k], mask));
            line[k + 4] = vreinterpretq_s8_u8(vshrq_n_u8(stored[k], 4));
        }
    } else if constexpr (n == 5) { // an insertion keeps the bits above what it inserts
        const uint8x16_t five = vsriq_n_u8(vshrq_n_u8(stored[0], 3), stored[1], 6);
        const uint8x16_t six = vsriq_n_u8(vshrq_n_u8(stored[2], 3), stored[3], 6);
        const uint8x16_t top = vsriq_n_u8(vshrq_n_u8(stored[4], 3), vshlq_n_u8(stored[1], 2), 6);
        line[5] = vreinterpretq_s8_u8(five);
        line[6] = vreinterpretq_s8_u8(six);
        line[7] = vreinterpretq_s8_u8(vsriq_n_u8(top, vshlq_n_u8(stored[3], 2), 7));
        LLMZERO_UNROLL
        for (std::size_t k = 0; k < 5; ++k) {
            line[k] = vreinterpretq_s8_u8(vandq_u8(stored[k], mask));
        }
    } else {
        LLMZERO_UNROLL
        for (std::size_t h = 0; h < 2; ++h) {
            const uint8x16_t * const three = stored + 3 * h;
            const uint8x16_t top = vsriq_n_u8(vshrq_n_u8(three[2], 2), three[1], 4);
            line[4 * h + 3] = vreinterpretq_s8_u8(vsriq_n_u8(top, three[0], 6));
            LLMZERO_UNROLL
            for (std::size_t k = 0; k < 3; ++k) {
                line[4 * h + k] = vreinterpretq_s8_u8(vandq_u8(three[k], mask));
            }
        }
    }
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::neon

#endif
