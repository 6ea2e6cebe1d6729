// Products with float weights (F32, F16, BF16) in NEON: rows one after the other, as dense.hpp packs them.
//
// A row times a token is two sums of four lanes each, and what is left over one by one. Four rows by one token, or one
// row by four tokens, go together: eight sums hide the latency of an addition.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_NEON

#    include <llmzero/kernels/dense.hpp>
#    include <llmzero/kernels/kernel_set.hpp>
#    include <llmzero/kernels/neon_vectors.hpp>

#    include <algorithm>
#    include <arm_neon.h>
#    include <cstddef>
#    include <cstdint>

namespace llmzero::inline LLMZERO_ABI::kernels::neon {

namespace detail {

template <packed_format format>
LLMZERO_ALWAYS_INLINE float32x4_t load_four_floats(const std::byte * row, std::size_t i) {
    if constexpr (format == packed_format::f32) {
        return vld1q_f32(reinterpret_cast<const float *>(row) + i);
    } else {
        const uint16x4_t halves = vld1_u16(reinterpret_cast<const std::uint16_t *>(row) + i);
        return format == packed_format::f16 ? halves_to_floats(halves)
                                            : vreinterpretq_f32_u32(vshlq_n_u32(vmovl_u16(halves), 16));
    }
}

} // namespace detail

// y[t * y_stride + r] = row r of w(n_rows, n) times x[t], for n_rows = 1 or n_tokens = 1.
template <packed_format format, std::size_t n_rows, std::size_t n_tokens>
inline void dot_products(const std::byte * w, std::size_t n, const float * x, float * y, std::size_t y_stride) {
    constexpr std::size_t at_once = n_rows * n_tokens;
    constexpr std::size_t lanes = 4;
    const std::size_t row_bytes = n * dense::element_bytes(format);
    float32x4_t sum[at_once][2];
    LLMZERO_UNROLL
    for (std::size_t a = 0; a < at_once; ++a) {
        sum[a][0] = sum[a][1] = vdupq_n_f32(0.0f);
    }
    std::size_t i = 0;
    for (; i + 2 * lanes <= n; i += 2 * lanes) {
        LLMZERO_UNROLL
        for (std::size_t a = 0; a < at_once; ++a) {
            LLMZERO_UNROLL
            for (std::size_t half = 0; half < 2; ++half) {
                const std::size_t at = i + half * lanes;
                const float32x4_t weights = detail::load_four_floats<format>(w + (n_rows == 1 ? 0 : a) * row_bytes, at);
                const float32x4_t values = vld1q_f32(x + (n_tokens == 1 ? 0 : a) * n + at);
                sum[a][half] = vfmaq_f32(sum[a][half], weights, values);
            }
        }
    }
    for (std::size_t a = 0; a < at_once; ++a) {
        const std::byte * const row = w + (n_rows == 1 ? 0 : a) * row_bytes;
        const float * const values = x + (n_tokens == 1 ? 0 : a) * n;
        float rest = 0.0f;
        for (std::size_t j = i; j < n; ++j) {
            rest = __builtin_fmaf(dense::element<format>(row, j), values[j], rest);
        }
        y[n_rows == 1 ? a * y_stride : a] = sum_of_lanes(vaddq_f32(sum[a][0], sum[a][1])) + rest;
    }
}

// y(rows) = W(rows, cols) x for each token, some rows at a time: they stay in a cache while the tokens pass, four of
// which stay in the nearest one.
template <packed_format format>
inline void multiply_floats(const packed_view & w, std::size_t first_row, std::size_t end_row, const float * x,
                            std::size_t n_tokens, float * y, std::size_t y_stride) {
    constexpr std::size_t rows_at_once = 16;
    constexpr std::size_t together = 4;
    const std::size_t row_bytes = w.cols * dense::element_bytes(format);
    for (std::size_t first = first_row; first < end_row; first += rows_at_once) {
        const std::size_t end = std::min(first + rows_at_once, end_row);
        std::size_t t = 0;
        for (; t + together <= n_tokens; t += together) {
            for (std::size_t row = first; row < end; ++row) {
                dot_products<format, 1, together>(w.data + row * row_bytes, w.cols, x + t * w.cols,
                                                  y + t * y_stride + row, y_stride);
            }
        }
        for (; t < n_tokens; ++t) {
            std::size_t row = first;
            for (; row + together <= end; row += together) {
                dot_products<format, together, 1>(w.data + row * row_bytes, w.cols, x + t * w.cols,
                                                  y + t * y_stride + row, y_stride);
            }
            for (; row < end; ++row) {
                dot_products<format, 1, 1>(w.data + row * row_bytes, w.cols, x + t * w.cols, y + t * y_stride + row,
                                           y_stride);
            }
        }
    }
}

inline void multiply_floats(const packed_view & w, std::size_t first_row, std::size_t end_row,
                            const std::byte * prepared, std::size_t n_tokens, float * y, std::size_t y_stride) {
    const auto * const x = reinterpret_cast<const float *>(prepared);
    switch (w.format) {
    case packed_format::f32:
        return multiply_floats<packed_format::f32>(w, first_row, end_row, x, n_tokens, y, y_stride);
    case packed_format::f16:
        return multiply_floats<packed_format::f16>(w, first_row, end_row, x, n_tokens, y, y_stride);
    default: return multiply_floats<packed_format::bf16>(w, first_row, end_row, x, n_tokens, y, y_stride);
    }
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::neon

#endif
