// Attention in NEON: scores are products of a query with four keys at a time (neon_dense.hpp), weights come from an
// exponential of four at a time, and sums of values stay in registers, up to 32 elements of a head.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_NEON

#    include <llmzero/kernels/dense.hpp>
#    include <llmzero/kernels/kernel_set.hpp>
#    include <llmzero/kernels/neon_dense.hpp>
#    include <llmzero/kernels/neon_vectors.hpp>
#    include <llmzero/numerics/math.hpp>
#    include <llmzero/numerics/quantise.hpp>

#    include <algorithm>
#    include <arm_neon.h>
#    include <cstddef>
#    include <cstdint>
#    include <iterator>

namespace llmzero::inline LLMZERO_ABI::kernels::neon {

namespace detail {

// n_vectors times four of them.
template <std::size_t n_vectors> LLMZERO_ALWAYS_INLINE void load_values(const float * from, float32x4_t * to) {
    LLMZERO_UNROLL
    for (std::size_t v = 0; v < n_vectors; ++v) {
        to[v] = vld1q_f32(from + 4 * v);
    }
}
template <std::size_t n_vectors> LLMZERO_ALWAYS_INLINE void load_values(const std::int8_t * from, float32x4_t * to) {
    LLMZERO_UNROLL
    for (std::size_t v = 0; v < n_vectors; v += 2) {
        const int16x8_t eight = vmovl_s8(vld1_s8(from + 4 * v));
        to[v] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(eight)));
        to[v + 1] = vcvtq_f32_s32(vmovl_s16(vget_high_s16(eight)));
    }
}

// e^x for x <= 0 with a relative error below 2e-7, as fast_exp(): below -87.3 it is 0, NaN gives NaN.
LLMZERO_ALWAYS_INLINE float32x4_t exp_of(float32x4_t x) {
    const float32x4_t least = vdupq_n_f32(-87.3f);
    const uint32x4_t is_tiny = vcltq_f32(x, least);
    x = vmaxq_f32(least, x);
    const float32x4_t magic = vdupq_n_f32(llmzero::detail::to_whole); // adding it rounds
    const float32x4_t shifted = vfmaq_f32(magic, x, vdupq_n_f32(1.44269504f));
    const float32x4_t k = vsubq_f32(shifted, magic);
    float32x4_t r = vfmsq_f32(x, k, vdupq_n_f32(0.693359375f));
    r = vfmsq_f32(r, k, vdupq_n_f32(-2.12194440e-4f));
    float32x4_t sum = vdupq_n_f32(1.0f / 5040.0f);
    constexpr float factors[] = {1.0f / 720.0f, 1.0f / 120.0f, 1.0f / 24.0f, 1.0f / 6.0f, 0.5f, 1.0f, 1.0f};
    LLMZERO_UNROLL
    for (std::size_t i = 0; i < std::size(factors); ++i) {
        sum = vfmaq_f32(vdupq_n_f32(factors[i]), sum, r);
    }
    // The low bits of to_whole are zeros.
    const int32x4_t exponent = vshlq_n_s32(vaddq_s32(vreinterpretq_s32_f32(shifted), vdupq_n_s32(127)), 23);
    const float32x4_t power = vmulq_f32(sum, vreinterpretq_f32_s32(exponent));
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(power), is_tiny));
}

// As softmax(), but the weights are left to be divided by their sum, which is returned.
inline float weigh(float * x, std::size_t n) {
    const float largest = *std::max_element(x, x + n);
    const float32x4_t shift = vdupq_n_f32(largest);
    float32x4_t sums = vdupq_n_f32(0.0f);
    const std::size_t whole = n / 4 * 4;
    for (std::size_t i = 0; i < whole; i += 4) {
        const float32x4_t weight = exp_of(vsubq_f32(vld1q_f32(x + i), shift));
        vst1q_f32(x + i, weight);
        sums = vaddq_f32(sums, weight);
    }
    float sum = neon::sum_of_lanes(sums);
    for (std::size_t i = whole; i < n; ++i) {
        x[i] = fast_exp(x[i] - largest);
        sum += x[i];
    }
    return sum;
}

// out(4 * n_vectors) = sum of weight[t] * values[t], elements head_dim apart.
template <std::size_t n_vectors, class Value>
inline void add_values(const float * weight, const Value * values, std::size_t n, std::size_t head_dim, float * out) {
    float32x4_t sum[n_vectors];
    LLMZERO_UNROLL
    for (std::size_t v = 0; v < n_vectors; ++v) {
        sum[v] = vdupq_n_f32(0.0f);
    }
    for (std::size_t t = 0; t < n; ++t) {
        const float32x4_t w = vdupq_n_f32(weight[t]);
        float32x4_t value[n_vectors];
        load_values<n_vectors>(values + t * head_dim, value);
        LLMZERO_UNROLL
        for (std::size_t v = 0; v < n_vectors; ++v) {
            sum[v] = vfmaq_f32(sum[v], w, value[v]);
        }
    }
    LLMZERO_UNROLL
    for (std::size_t v = 0; v < n_vectors; ++v) {
        vst1q_f32(out + 4 * v, sum[v]);
    }
}

template <class Value>
inline void add_all_values(const float * weight, const Value * values, std::size_t n, std::size_t head_dim,
                           float * out) {
    std::size_t i = 0;
    for (; i + 32 <= head_dim; i += 32) {
        add_values<8>(weight, values + i, n, head_dim, out + i);
    }
    for (; i + 8 <= head_dim; i += 8) {
        add_values<2>(weight, values + i, n, head_dim, out + i);
    }
    for (; i < head_dim; ++i) {
        out[i] = 0.0f;
        for (std::size_t t = 0; t < n; ++t) {
            out[i] += weight[t] * static_cast<float>(values[t * head_dim + i]);
        }
    }
}

// A query times a key of 8 bits.
inline float dot_codes(const float * q, const std::int8_t * codes, std::size_t n) {
    float32x4_t sum[2] = {vdupq_n_f32(0.0f), vdupq_n_f32(0.0f)};
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        float32x4_t code[2];
        load_values<2>(codes + i, code);
        sum[0] = vfmaq_f32(sum[0], vld1q_f32(q + i), code[0]);
        sum[1] = vfmaq_f32(sum[1], vld1q_f32(q + i + 4), code[1]);
    }
    float rest = 0.0f;
    for (; i < n; ++i) {
        rest = __builtin_fmaf(q[i], static_cast<float>(codes[i]), rest);
    }
    return neon::sum_of_lanes(vaddq_f32(sum[0], sum[1])) + rest;
}

inline void score(const float * q, const kv_rows & keys, std::size_t n, std::size_t head_dim, float scale,
                  const float * bias, float * scores) {
    if (keys.f32 != nullptr) {
        const auto * const rows = reinterpret_cast<const std::byte *>(keys.f32);
        std::size_t t = 0;
        for (; t + 4 <= n; t += 4) {
            dot_products<packed_format::f32, 4, 1>(rows + t * head_dim * sizeof(float), head_dim, q, scores + t, 0);
        }
        for (; t < n; ++t) {
            dot_products<packed_format::f32, 1, 1>(rows + t * head_dim * sizeof(float), head_dim, q, scores + t, 0);
        }
    }
    for (std::size_t t = 0; t < n; ++t) {
        const float found =
            keys.f32 != nullptr ? scores[t] : dot_codes(q, keys.codes + t * head_dim, head_dim) * keys.scales[t];
        scores[t] = bias == nullptr ? found * scale : found * scale + bias[t];
    }
}

} // namespace detail

inline void attend(const float * q, std::size_t n_heads, const kv_rows & keys, const kv_rows & values, std::size_t n,
                   std::size_t head_dim, float scale, const float * bias, float * scores, float * out) {
    for (std::size_t h = 0; h < n_heads; ++h, q += head_dim, out += head_dim) {
        detail::score(q, keys, n, head_dim, scale, bias == nullptr ? bias : bias + h * n, scores);
        const float share = 1.0f / detail::weigh(scores, n);
        for (std::size_t t = 0; t < n; ++t) {
            scores[t] *= values.f32 != nullptr ? share : share * values.scales[t];
        }
        if (values.f32 != nullptr) {
            detail::add_all_values(scores, values.f32, n, head_dim, out);
        } else {
            detail::add_all_values(scores, values.codes, n, head_dim, out);
        }
    }
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::neon

#endif
