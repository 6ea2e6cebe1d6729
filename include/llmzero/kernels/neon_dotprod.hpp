// Products with quantised weights in NEON with the dot products of ARMv8.2: SDOT multiplies 16 bytes and adds four
// products each to 32 bits, which is 4 rows by 4 columns of a line (neon_layout.hpp) with a word of activations.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_DOTPROD

#    include <llmzero/kernels/kernel_set.hpp>
#    include <llmzero/kernels/neon_activations.hpp>
#    include <llmzero/kernels/neon_layout.hpp>
#    include <llmzero/kernels/neon_scale.hpp>
#    include <llmzero/kernels/neon_vectors.hpp>

#    include <arm_neon.h>
#    include <cstddef>
#    include <cstdint>

namespace llmzero::inline LLMZERO_ABI::kernels::neon::dotprod {

namespace detail {

// The sum of half h, added to `sum`, for 4 rows; x: the codes of the half.
LLMZERO_FOR_DOTPROD LLMZERO_ALWAYS_INLINE int32x4_t add_half(int32x4_t sum, const int8x16_t (&w)[8], std::size_t h,
                                                             int8x16_t x) {
    sum = vdotq_laneq_s32(sum, w[4 * h], x, 0);
    sum = vdotq_laneq_s32(sum, w[4 * h + 1], x, 1);
    sum = vdotq_laneq_s32(sum, w[4 * h + 2], x, 2);
    return vdotq_laneq_s32(sum, w[4 * h + 3], x, 3);
}

// What a sum begins with, to end without the bias of the codes.
template <packed_format format> LLMZERO_FOR_DOTPROD LLMZERO_ALWAYS_INLINE int32x4_t first_sum(std::int32_t x_sum) {
    return unbiased<format>(vdupq_n_s32(0), x_sum);
}

template <packed_format format>
LLMZERO_FOR_DOTPROD LLMZERO_ALWAYS_INLINE group_sums sum_group(const int8x16_t (&w)[8], const activation_group & a) {
    const int8x16_t x[2] = {load_codes(a.code), load_codes(a.code + half_size)};
    group_sums sums{};
    if constexpr (has_halves(format)) {
        sums.half[0] = add_half(first_sum<format>(a.half_sum[0]), w, 0, x[0]);
        sums.half[1] = add_half(first_sum<format>(a.half_sum[1]), w, 1, x[1]);
    } else {
        const int32x4_t first = add_half(first_sum<format>(a.half_sum[0] + a.half_sum[1]), w, 0, x[0]);
        sums.half[0] = add_half(first, w, 1, x[1]);
    }
    return sums;
}

} // namespace detail

// y(16, n_tokens) = tile x, for the tokens of x [n_tokens, n_groups]; y [n_tokens][16].
template <packed_format format, std::size_t n_tokens>
LLMZERO_FOR_DOTPROD inline void multiply_tile(const std::byte * tile, const activation_group * x, std::size_t n_groups,
                                              float * y) {
    constexpr tile_shape shape{format};
    constexpr std::size_t vectors = tile_shape::rows / vector_rows;
    constexpr std::size_t at_once = n_tokens == 1 ? vectors : 1; // one token: through the tile as it lies in memory
    for (std::size_t first = 0; first < vectors; first += at_once) {
        float32x4_t total[at_once * n_tokens];
        LLMZERO_UNROLL
        for (std::size_t i = 0; i < at_once * n_tokens; ++i) {
            total[i] = vdupq_n_f32(0.0f);
        }
        for (std::size_t g = 0; g < n_groups; ++g) {
            const std::byte * const block = tile + shape.block_at(g);
            const std::byte * const group = tile + shape.group_at(g);
            LLMZERO_UNROLL
            for (std::size_t i = 0; i < at_once; ++i) {
                const std::size_t v = first + i;
                int8x16_t w[8];
                load_lines<format>(group + shape.factor_bytes() + 16 * v, w);
                const row_scales scales = load_row_scales<format>(block, group, v * vector_rows);
                LLMZERO_UNROLL
                for (std::size_t t = 0; t < n_tokens; ++t) {
                    const activation_group & a = x[t * n_groups + g];
                    float32x4_t & sum = total[i * n_tokens + t];
                    sum = add_scaled<format>(sum, detail::sum_group<format>(w, a), scales, a);
                }
            }
        }
        LLMZERO_UNROLL
        for (std::size_t i = 0; i < at_once * n_tokens; ++i) {
            vst1q_f32(y + i % n_tokens * tile_shape::rows + (first + i / n_tokens) * vector_rows, total[i]);
        }
    }
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::neon::dotprod

#endif
