// Attention in AVX2 and FMA: scores are products of a query with four keys at a time (x86_dense.hpp), weights come from
// an exponential of eight at a time, and sums of values stay in registers, up to 64 elements of a head.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_X86

#    include <llmzero/kernels/dense.hpp>
#    include <llmzero/kernels/kernel_set.hpp>
#    include <llmzero/kernels/x86_dense.hpp>
#    include <llmzero/numerics/math.hpp>

#    include <algorithm>
#    include <cstddef>
#    include <cstdint>
#    include <immintrin.h>
#    include <iterator>

namespace llmzero::inline LLMZERO_ABI::kernels::x86 {

namespace detail {

LLMZERO_FOR_AVX2 LLMZERO_ALWAYS_INLINE __m256 eight_values(const float * from) {
    return _mm256_loadu_ps(from);
}
LLMZERO_FOR_AVX2 LLMZERO_ALWAYS_INLINE __m256 eight_values(const std::int8_t * from) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(from))));
}

// e^x for x <= 0 with a relative error below 2e-7, as fast_exp(): below -87.3 it is 0, NaN gives NaN.
LLMZERO_FOR_AVX2 LLMZERO_ALWAYS_INLINE __m256 exp_of(__m256 x) {
    const __m256 least = _mm256_set1_ps(-87.3f);
    const __m256 is_tiny = _mm256_cmp_ps(x, least, _CMP_LT_OQ);
    x = _mm256_max_ps(least, x); // of two of which one is a NaN, the second
    const __m256 k =
        _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 r = _mm256_fnmadd_ps(k, _mm256_set1_ps(0.693359375f), x);
    r = _mm256_fnmadd_ps(k, _mm256_set1_ps(-2.12194440e-4f), r);
    __m256 sum = _mm256_set1_ps(1.0f / 5040.0f);
    constexpr float factors[] = {1.0f / 720.0f, 1.0f / 120.0f, 1.0f / 24.0f, 1.0f / 6.0f, 0.5f, 1.0f, 1.0f};
    LLMZERO_UNROLL
    for (std::size_t i = 0; i < std::size(factors); ++i) {
        sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(factors[i]));
    }
    const __m256i exponent = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(k), _mm256_set1_epi32(127)), 23);
    return _mm256_andnot_ps(is_tiny, _mm256_mul_ps(sum, _mm256_castsi256_ps(exponent)));
}

// As softmax(), but the weights are left to be divided by their sum, which is returned.
LLMZERO_FOR_AVX2 inline float weigh(float * x, std::size_t n) {
    const float largest = *std::max_element(x, x + n);
    const __m256 shift = _mm256_set1_ps(largest);
    __m256 sums = _mm256_setzero_ps();
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m256 weight = exp_of(_mm256_sub_ps(_mm256_loadu_ps(x + i), shift));
        _mm256_storeu_ps(x + i, weight);
        sums = _mm256_add_ps(sums, weight);
    }
    float sum = sum_of_lanes(sums);
    for (; i < n; ++i) {
        x[i] = fast_exp(x[i] - largest);
        sum += x[i];
    }
    return sum;
}

// out(8 * n_vectors) = sum of weight[t] * values[t], elements head_dim apart.
template <std::size_t n_vectors, class Value>
LLMZERO_FOR_AVX2 inline void add_values(const float * weight, const Value * values, std::size_t n, std::size_t head_dim,
                                        float * out) {
    __m256 sum[n_vectors];
    LLMZERO_UNROLL
    for (std::size_t v = 0; v < n_vectors; ++v) {
        sum[v] = _mm256_setzero_ps();
    }
    for (std::size_t t = 0; t < n; ++t) {
        const __m256 w = _mm256_set1_ps(weight[t]);
        LLMZERO_UNROLL
        for (std::size_t v = 0; v < n_vectors; ++v) {
            sum[v] = _mm256_fmadd_ps(w, eight_values(values + t * head_dim + 8 * v), sum[v]);
        }
    }
    LLMZERO_UNROLL
    for (std::size_t v = 0; v < n_vectors; ++v) {
        _mm256_storeu_ps(out + 8 * v, sum[v]);
    }
}

template <class Value>
inline void add_all_values(const float * weight, const Value * values, std::size_t n, std::size_t head_dim,
                           float * out) {
    std::size_t i = 0;
    for (; i + 64 <= head_dim; i += 64) {
        add_values<8>(weight, values + i, n, head_dim, out + i);
    }
    for (; i + 16 <= head_dim; i += 16) {
        add_values<2>(weight, values + i, n, head_dim, out + i);
    }
    for (; i + 8 <= head_dim; i += 8) {
        add_values<1>(weight, values + i, n, head_dim, out + i);
    }
    for (; i < head_dim; ++i) {
        out[i] = 0.0f;
        for (std::size_t t = 0; t < n; ++t) {
            out[i] += weight[t] * static_cast<float>(values[t * head_dim + i]);
        }
    }
}

// A query times a key of 8 bits.
LLMZERO_FOR_AVX2 inline float dot_codes(const float * q, const std::int8_t * codes, std::size_t n) {
    __m256 sum[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        sum[0] = _mm256_fmadd_ps(_mm256_loadu_ps(q + i), eight_values(codes + i), sum[0]);
        sum[1] = _mm256_fmadd_ps(_mm256_loadu_ps(q + i + 8), eight_values(codes + i + 8), sum[1]);
    }
    float rest = 0.0f;
    for (; i < n; ++i) {
        rest = __builtin_fmaf(q[i], static_cast<float>(codes[i]), rest);
    }
    return sum_of_lanes(_mm256_add_ps(sum[0], sum[1])) + rest;
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

} // namespace llmzero::inline LLMZERO_ABI::kernels::x86

#endif
