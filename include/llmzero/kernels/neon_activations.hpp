// Activations for the NEON kernels: groups of 32 codes of 8 bits, with what undoes the bias of the weights' codes
// (neon_layout.hpp): a sum of (code + bias) * x is too large by bias * sum(x).
//
// The same codes and scales as quantise_group() makes; its integer sums are exact in any order, and its float
// operations are the same. (NEON of ARMv7 takes subnormal numbers for 0, which become the code 0 in both.)
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_NEON

#    include <llmzero/kernels/kernel_set.hpp>
#    include <llmzero/numerics/math.hpp>
#    include <llmzero/numerics/quantise.hpp>
#    include <llmzero/numerics/weight_group.hpp>

#    include <arm_neon.h>
#    include <bit>
#    include <cstddef>
#    include <cstdint>
#    include <cstring>

namespace llmzero::inline LLMZERO_ABI::kernels::neon {

struct activation_group {
    float scale;
    float sum;                // scale * sum of all codes
    std::int32_t half_sum[2]; // of the codes of each half
    std::int8_t code[group_size];
};

namespace detail {

using llmzero::detail::best_of;
using llmzero::detail::can_be_scaled;
using llmzero::detail::factor_step;
using llmzero::detail::group_choice;
using llmzero::detail::group_fit;
using llmzero::detail::n_tries;
using llmzero::detail::scaled_limit;
using llmzero::detail::to_whole;
using llmzero::detail::wide_factor;

inline constexpr std::size_t eights = group_size / 8;

// Four of scale_group()'s integers.
LLMZERO_ALWAYS_INLINE int16x4_t scaled_integers(const float * x, float32x4_t factor) {
    const float32x4_t magic = vdupq_n_f32(to_whole);
#    if defined(__FP_FAST_FMAF) // then multiply_add() rounds once
    const float32x4_t shifted = vfmaq_f32(magic, vld1q_f32(x), factor);
#    else
    const float32x4_t shifted = vaddq_f32(vmulq_f32(vld1q_f32(x), factor), magic);
#    endif
    return vmovn_s32(vreinterpretq_s32_f32(shifted)); // the low bits of to_whole are zeros
}

// Eight of rounded_code().
LLMZERO_ALWAYS_INLINE int16x8_t rounded_codes(int16x8_t x, std::int16_t factor) {
    const int16x4_t f = vdup_n_s16(factor);
    return vcombine_s16(vrshrn_n_s32(vmull_s16(vget_low_s16(x), f), 16),
                        vrshrn_n_s32(vmull_s16(vget_high_s16(x), f), 16));
}

LLMZERO_ALWAYS_INLINE int32x4_t add_products(int32x4_t sum, int16x8_t a, int16x8_t b) {
    return vmlal_s16(vmlal_s16(sum, vget_low_s16(a), vget_low_s16(b)), vget_high_s16(a), vget_high_s16(b));
}

LLMZERO_ALWAYS_INLINE std::int32_t sum_of_lanes(int32x4_t v) {
    const int32x2_t two = vadd_s32(vget_low_s32(v), vget_high_s32(v));
    return vget_lane_s32(vpadd_s32(two, two), 0);
}

// As choose_factor(): x the 32 integers.
LLMZERO_ALWAYS_INLINE group_choice choose_factor_of(const int16x8_t (&x)[eights], float unit) {
    group_fit fits[n_tries];
    LLMZERO_UNROLL
    for (std::size_t n = 0; n < n_tries; ++n) {
        const auto factor = static_cast<std::int16_t>(wide_factor - factor_step * static_cast<std::int32_t>(n));
        int32x4_t product = vdupq_n_s32(0);
        int32x4_t square = vdupq_n_s32(0);
        LLMZERO_UNROLL
        for (std::size_t i = 0; i < eights; ++i) {
            const int16x8_t code = rounded_codes(x[i], factor);
            product = add_products(product, x[i], code);
            square = add_products(square, code, code);
        }
        fits[n] = {sum_of_lanes(product), sum_of_lanes(square)};
    }
    return best_of(fits, wide_factor, unit);
}

inline void prepare_group(const float * x, activation_group & out) {
    uint32x4_t largest_of = vdupq_n_u32(0);
    LLMZERO_UNROLL
    for (std::size_t i = 0; i < group_size; i += 4) { // without their signs floats are in the order of their bits
        largest_of = vmaxq_u32(largest_of, vandq_u32(vreinterpretq_u32_f32(vld1q_f32(x + i)), vdupq_n_u32(0x7fffffff)));
    }
    uint32x2_t two = vmax_u32(vget_low_u32(largest_of), vget_high_u32(largest_of));
    two = vpmax_u32(two, two);
    const std::uint32_t bits = vget_lane_u32(two, 0);
    if (!can_be_scaled(bits)) {
        out = {};
        return;
    }
    const auto largest = std::bit_cast<float>(bits);
    const float32x4_t factor = vdupq_n_f32(scaled_limit / largest);
    int16x8_t integers[eights];
    LLMZERO_UNROLL
    for (std::size_t i = 0; i < eights; ++i) {
        integers[i] = vcombine_s16(scaled_integers(x + 8 * i, factor), scaled_integers(x + 8 * i + 4, factor));
    }
    const group_choice choice = choose_factor_of(integers, largest / scaled_limit);
    int16x8_t code[eights];
    LLMZERO_UNROLL
    for (std::size_t i = 0; i < eights; ++i) {
        code[i] = rounded_codes(integers[i], static_cast<std::int16_t>(choice.factor));
        vst1_s8(out.code + 8 * i, vmovn_s16(code[i]));
    }
    static_assert(eights == 4);
    out.half_sum[0] = sum_of_lanes(vpaddlq_s16(vaddq_s16(code[0], code[1])));
    out.half_sum[1] = sum_of_lanes(vpaddlq_s16(vaddq_s16(code[2], code[3])));
    out.scale = choice.scale;
    out.sum = choice.scale * static_cast<float>(out.half_sum[0] + out.half_sum[1]);
}

} // namespace detail

inline activation_kind kind_for(packed_format format) {
    return is_quantised(format) ? activation_kind::eight : activation_kind::floats;
}

inline std::size_t activation_bytes(activation_kind kind, std::size_t cols) {
    return kind == activation_kind::floats ? cols * sizeof(float) : cols / group_size * sizeof(activation_group);
}

inline void prepare(activation_kind kind, const float * x, std::size_t cols, std::size_t n_tokens, std::byte * out) {
    if (kind == activation_kind::floats) {
        std::memcpy(out, x, n_tokens * cols * sizeof(float));
        return;
    }
    auto * const groups = reinterpret_cast<activation_group *>(out);
    for (std::size_t g = 0; g < n_tokens * cols / group_size; ++g) {
        detail::prepare_group(x + g * group_size, groups[g]);
    }
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::neon

#endif
