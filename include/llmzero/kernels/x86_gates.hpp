// Gated activations for the x86 kernels, eight elements at a time: gate(n) becomes act(gate) * up, with the bits of
// numerics/swiglu.hpp and gelu.hpp, whose operations they are, one by one.
//
// AVX2 without FMA: a fused product would round differently. A program that is compiled for FMA as a whole has vectors
// of that width in those headers already, and their roundings; there nothing is to be gained.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_X86

#    include <llmzero/base/config.hpp>
#    include <llmzero/numerics/gelu.hpp>
#    include <llmzero/numerics/math.hpp>
#    include <llmzero/numerics/swiglu.hpp>

#    include <bit>
#    include <cstddef>
#    include <cstdint>
#    include <immintrin.h>

namespace llmzero::inline LLMZERO_ABI::kernels::x86 {

#    if defined(__FP_FAST_FMAF)

inline constexpr auto & swiglu = llmzero::swiglu;
inline constexpr auto & geglu = llmzero::geglu;

#    else

namespace detail {

enum class gate_kind { silu, gelu };

// As bounded_exp().
LLMZERO_FOR_AVX2_ONLY LLMZERO_ALWAYS_INLINE __m256 bounded_exp_of(__m256 x) {
    namespace constant = llmzero::detail::exponential;
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i bound = _mm256_set1_epi32(std::bit_cast<std::int32_t>(87.3f));
    const __m256i magnitude = _mm256_min_epi32(_mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff)), bound);
    const __m256i sign = _mm256_andnot_si256(_mm256_set1_epi32(0x7fffffff), bits);
    x = _mm256_castsi256_ps(_mm256_or_si256(magnitude, sign));

    const __m256 to_integer = _mm256_set1_ps(constant::to_integer);
    __m256 k = _mm256_add_ps(_mm256_mul_ps(x, _mm256_set1_ps(constant::log2_e)), to_integer);
    const __m256i exponent = _mm256_sub_epi32(_mm256_castps_si256(k), _mm256_castps_si256(to_integer));
    k = _mm256_sub_ps(k, to_integer);
    const __m256 r = _mm256_sub_ps(_mm256_sub_ps(x, _mm256_mul_ps(k, _mm256_set1_ps(constant::ln2_high))),
                                   _mm256_mul_ps(k, _mm256_set1_ps(constant::ln2_low)));
    __m256 q[5];
    LLMZERO_UNROLL
    for (std::size_t i = 0; i < 5; ++i) {
        q[i] = _mm256_set1_ps(constant::factors[i]);
    }
    const __m256 square = _mm256_mul_ps(r, r);
    const __m256 high = _mm256_add_ps(_mm256_add_ps(_mm256_mul_ps(q[3], r), q[2]), _mm256_mul_ps(square, q[4]));
    const __m256 low = _mm256_add_ps(_mm256_add_ps(_mm256_mul_ps(q[1], r), q[0]), _mm256_mul_ps(square, high));
    const __m256 mantissa = _mm256_add_ps(_mm256_add_ps(r, _mm256_mul_ps(square, low)), _mm256_set1_ps(1.0f));
    const __m256i power = _mm256_slli_epi32(_mm256_add_epi32(exponent, _mm256_set1_epi32(127)), 23);
    return _mm256_mul_ps(mantissa, _mm256_castsi256_ps(power));
}

template <gate_kind kind>
LLMZERO_FOR_AVX2_ONLY inline void multiply_gates(float * gate, const float * up, std::size_t n) {
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m256 x = _mm256_loadu_ps(gate + i);
        __m256 power;
        if constexpr (kind == gate_kind::silu) {
            power = _mm256_xor_ps(x, _mm256_set1_ps(-0.0f));
        } else {
            const __m256 cubic = _mm256_set1_ps(llmzero::detail::gelu_cubic);
            const __m256 linear = _mm256_set1_ps(llmzero::detail::gelu_linear);
            power = _mm256_mul_ps(x, _mm256_add_ps(_mm256_mul_ps(_mm256_mul_ps(x, x), cubic), linear));
        }
        const __m256 value = _mm256_div_ps(x, _mm256_add_ps(_mm256_set1_ps(1.0f), bounded_exp_of(power)));
        _mm256_storeu_ps(gate + i, _mm256_mul_ps(value, _mm256_loadu_ps(up + i)));
    }
    if constexpr (kind == gate_kind::silu) {
        llmzero::swiglu(gate + i, up + i, n - i);
    } else {
        llmzero::geglu(gate + i, up + i, n - i);
    }
}

} // namespace detail

inline void swiglu(float * gate, const float * up, std::size_t n) {
    detail::multiply_gates<detail::gate_kind::silu>(gate, up, n);
}
inline void geglu(float * gate, const float * up, std::size_t n) {
    detail::multiply_gates<detail::gate_kind::gelu>(gate, up, n);
}

#    endif

} // namespace llmzero::inline LLMZERO_ABI::kernels::x86

#endif
