// Products with quantised weights in NEON, for cores without dot products: 4 rows by 4 columns in a vector of weights,
// one group of 32 columns at a time.
//
// SMULL and SMLAL multiply 8 bytes and add to 16 bits, in which the 8 products of a lane, one from each line, have
// room: 8 * 15 * 127 with 4 bits, 8 * 31 * 127 with 5 bits, and 4 * 63 * 127 in a half with 6 bits; of 8 bits there is
// room for two, 2 * 128 * 127, which SADALP then adds to 32 bits. Pairs of sums are added at the end of the group or
// half.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_NEON

#    include <llmzero/kernels/kernel_set.hpp>
#    include <llmzero/kernels/neon_activations.hpp>
#    include <llmzero/kernels/neon_layout.hpp>
#    include <llmzero/kernels/neon_scale.hpp>
#    include <llmzero/kernels/neon_vectors.hpp>

#    include <arm_neon.h>
#    include <cstddef>
#    include <cstdint>
#    include <cstring>

namespace llmzero::inline LLMZERO_ABI::kernels::neon::smull {

namespace detail {

// Four columns of x, for every row: AArch64 has instructions for upper halves of vectors alone, ARMv7 for any half.
#    if defined(__aarch64__)
using columns = int8x16_t;
inline constexpr std::size_t vectors_together = 2; // with several tokens
template <int lane> LLMZERO_ALWAYS_INLINE columns broadcast(int32x4_t four) {
    return vreinterpretq_s8_s32(vdupq_laneq_s32(four, lane));
}
LLMZERO_ALWAYS_INLINE int16x8_t multiply_low(int8x16_t w, columns x) {
    return vmull_s8(vget_low_s8(w), vget_low_s8(x));
}
LLMZERO_ALWAYS_INLINE int16x8_t multiply_high(int8x16_t w, columns x) {
    return vmull_high_s8(w, x);
}
LLMZERO_ALWAYS_INLINE int16x8_t add_low(int16x8_t sum, int8x16_t w, columns x) {
    return vmlal_s8(sum, vget_low_s8(w), vget_low_s8(x));
}
LLMZERO_ALWAYS_INLINE int16x8_t add_high(int16x8_t sum, int8x16_t w, columns x) {
    return vmlal_high_s8(sum, w, x);
}
#    else
using columns = int8x8_t;
inline constexpr std::size_t vectors_together = 1;
template <int lane> LLMZERO_ALWAYS_INLINE columns broadcast(int32x4_t four) {
    return vreinterpret_s8_s32(vdup_lane_s32(lane < 2 ? vget_low_s32(four) : vget_high_s32(four), lane % 2));
}
LLMZERO_ALWAYS_INLINE int16x8_t multiply_low(int8x16_t w, columns x) {
    return vmull_s8(vget_low_s8(w), x);
}
LLMZERO_ALWAYS_INLINE int16x8_t multiply_high(int8x16_t w, columns x) {
    return vmull_s8(vget_high_s8(w), x);
}
LLMZERO_ALWAYS_INLINE int16x8_t add_low(int16x8_t sum, int8x16_t w, columns x) {
    return vmlal_s8(sum, vget_low_s8(w), x);
}
LLMZERO_ALWAYS_INLINE int16x8_t add_high(int16x8_t sum, int8x16_t w, columns x) {
    return vmlal_s8(sum, vget_high_s8(w), x);
}
#    endif

LLMZERO_ALWAYS_INLINE void load_columns(const std::int8_t * code, columns (&x)[8]) {
    LLMZERO_UNROLL
    for (std::size_t h = 0; h < 2; ++h) {
        const int32x4_t four = vreinterpretq_s32_s8(load_codes(code + h * half_size));
        x[4 * h] = broadcast<0>(four);
        x[4 * h + 1] = broadcast<1>(four);
        x[4 * h + 2] = broadcast<2>(four);
        x[4 * h + 3] = broadcast<3>(four);
    }
}

// The sums of the products of lines first to end - 1, for 4 rows.
template <packed_format format, std::size_t first, std::size_t end>
LLMZERO_ALWAYS_INLINE int32x4_t sum_lines(const int8x16_t (&w)[8], const columns (&x)[8]) {
    constexpr std::size_t at_once = tile_shape{format}.stored_lines() == 8 ? 2 : end - first;
    int32x4_t low = {};
    int32x4_t high = {};
    LLMZERO_UNROLL
    for (std::size_t from = first; from < end; from += at_once) {
        int16x8_t narrow_low = multiply_low(w[from], x[from]);
        int16x8_t narrow_high = multiply_high(w[from], x[from]);
        LLMZERO_UNROLL
        for (std::size_t k = from + 1; k < from + at_once; ++k) {
            narrow_low = add_low(narrow_low, w[k], x[k]);
            narrow_high = add_high(narrow_high, w[k], x[k]);
        }
        low = from == first ? vpaddlq_s16(narrow_low) : vpadalq_s16(low, narrow_low);
        high = from == first ? vpaddlq_s16(narrow_high) : vpadalq_s16(high, narrow_high);
    }
    return add_pairs(low, high);
}

template <packed_format format>
LLMZERO_ALWAYS_INLINE group_sums sum_group(const int8x16_t (&w)[8], const columns (&x)[8], const activation_group & a) {
    group_sums sums{};
    if constexpr (has_halves(format)) {
        sums.half[0] = unbiased<format>(sum_lines<format, 0, 4>(w, x), a.half_sum[0]);
        sums.half[1] = unbiased<format>(sum_lines<format, 4, 8>(w, x), a.half_sum[1]);
    } else {
        sums.half[0] = unbiased<format>(sum_lines<format, 0, 8>(w, x), a.half_sum[0] + a.half_sum[1]);
    }
    return sums;
}

} // namespace detail

// y(16) = tile x, through the tile as it lies in memory.
template <packed_format format>
inline void multiply_one(const std::byte * tile, const activation_group * x, std::size_t n_groups, float * y) {
    constexpr tile_shape shape{format};
    constexpr std::size_t vectors = tile_shape::rows / vector_rows;
    float32x4_t total[vectors];
    LLMZERO_UNROLL
    for (std::size_t v = 0; v < vectors; ++v) {
        total[v] = vdupq_n_f32(0.0f);
    }
    for (std::size_t g = 0; g < n_groups; ++g) {
        const std::byte * const block = tile + shape.block_at(g);
        const std::byte * const group = tile + shape.group_at(g);
        detail::columns columns[8];
        detail::load_columns(x[g].code, columns);
        LLMZERO_UNROLL_VECTORS
        for (std::size_t v = 0; v < vectors; ++v) {
            int8x16_t w[8];
            load_lines<format>(group + shape.factor_bytes() + 16 * v, w);
            const row_scales scales = load_row_scales<format>(block, group, v * vector_rows);
            total[v] = add_scaled<format>(total[v], detail::sum_group<format>(w, columns, x[g]), scales, x[g]);
        }
    }
    LLMZERO_UNROLL
    for (std::size_t v = 0; v < vectors; ++v) {
        vst1q_f32(y + v * vector_rows, total[v]);
    }
}

// y(16, n_tokens) = tile x, a few vectors of rows at a time: codes are unpacked once for all tokens, and columns copied
// once for all vectors.
template <packed_format format, std::size_t n_tokens>
inline void multiply_several(const std::byte * tile, const activation_group * x, std::size_t n_groups, float * y) {
    constexpr tile_shape shape{format};
    constexpr std::size_t vectors = tile_shape::rows / vector_rows;
    constexpr std::size_t together = detail::vectors_together;
    for (std::size_t first = 0; first < vectors; first += together) {
        float32x4_t total[n_tokens][together];
        for (std::size_t t = 0; t < n_tokens; ++t) {
            for (std::size_t v = 0; v < together; ++v) {
                total[t][v] = vdupq_n_f32(0.0f);
            }
        }
        for (std::size_t g = 0; g < n_groups; ++g) {
            const std::byte * const group = tile + shape.group_at(g);
            int8x16_t w[together][8];
            row_scales scales[together];
            LLMZERO_UNROLL
            for (std::size_t v = 0; v < together; ++v) {
                load_lines<format>(group + shape.factor_bytes() + 16 * (first + v), w[v]);
                scales[v] = load_row_scales<format>(tile + shape.block_at(g), group, (first + v) * vector_rows);
            }
            LLMZERO_KEEP_LOOP
            for (std::size_t t = 0; t < n_tokens; ++t) {
                const activation_group & a = x[t * n_groups + g];
                detail::columns columns[8];
                detail::load_columns(a.code, columns);
                LLMZERO_UNROLL
                for (std::size_t v = 0; v < together; ++v) {
                    const group_sums sums = detail::sum_group<format>(w[v], columns, a);
                    total[t][v] = add_scaled<format>(total[t][v], sums, scales[v], a);
                }
            }
        }
        for (std::size_t t = 0; t < n_tokens; ++t) {
            for (std::size_t v = 0; v < together; ++v) {
                vst1q_f32(y + t * tile_shape::rows + (first + v) * vector_rows, total[t][v]);
            }
        }
    }
}

// y(16, n_tokens) = tile x, for the tokens of x [n_tokens, n_groups]; y [n_tokens][16].
template <packed_format format, std::size_t n_tokens>
inline void multiply_tile(const std::byte * tile, const activation_group * x, std::size_t n_groups, float * y) {
    if constexpr (n_tokens == 1) {
        multiply_one<format>(tile, x, n_groups, y);
    } else {
        multiply_several<format, n_tokens>(tile, x, n_groups, y);
    }
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::neon::smull

#endif
