// Activations for the x86 kernels: groups of 32 codes of 8 bits, with what undoes the bias of the weights' codes
// (x86_layout.hpp): a sum of (code + bias) * x is too large by bias * sum(x).
//
// Made with AVX2, the same codes and scales as quantise_group() makes; its integer sums are exact in any order, and its
// float operations are the same.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_X86

#    include <llmzero/kernels/kernel_set.hpp>
#    include <llmzero/numerics/math.hpp>
#    include <llmzero/numerics/quantise.hpp>
#    include <llmzero/numerics/weight_group.hpp>

#    include <bit>
#    include <cstddef>
#    include <cstdint>
#    include <cstring>
#    include <immintrin.h>

namespace llmzero::inline LLMZERO_ABI::kernels::x86 {

struct activation_group {
    float scale;
    float sum;              // scale * sum of all codes
    std::int32_t minus8[2]; // -8 * sum of the codes of each half
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

// Eight of scale_group()'s integers, as 32 bits.
LLMZERO_FOR_AVX2_ONLY LLMZERO_ALWAYS_INLINE __m256i scaled_integers(const float * x, __m256 factor) {
    const __m256 magic = _mm256_set1_ps(to_whole);
#    if defined(__FP_FAST_FMAF) // then multiply_add() rounds once
    const __m256 shifted = _mm256_fmadd_ps(_mm256_loadu_ps(x), factor, magic);
#    else
    const __m256 shifted = _mm256_add_ps(_mm256_mul_ps(_mm256_loadu_ps(x), factor), magic);
#    endif
    return _mm256_sub_epi32(_mm256_castps_si256(shifted), _mm256_castps_si256(magic));
}

// Sixteen of rounded_code(): the upper half of x * factor, and one more where the lower is half or above.
LLMZERO_FOR_AVX2_ONLY LLMZERO_ALWAYS_INLINE __m256i rounded_codes(__m256i x, std::int32_t factor) {
    const __m256i f = _mm256_set1_epi16(static_cast<std::int16_t>(factor));
    return _mm256_add_epi16(_mm256_mulhi_epi16(x, f), _mm256_srli_epi16(_mm256_mullo_epi16(x, f), 15));
}

// The sums of four vectors of eight integers.
LLMZERO_FOR_AVX2_ONLY LLMZERO_ALWAYS_INLINE __m128i four_sums(const __m256i (&v)[4]) {
    const __m256i pairs =
        _mm256_hadd_epi32(_mm256_hadd_epi32(v[0], v[1]), _mm256_hadd_epi32(v[2], v[3])); // of each half of the lanes
    return _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
}

// As choose_factor(): x the 32 integers, 16 in each vector.
LLMZERO_FOR_AVX2_ONLY LLMZERO_ALWAYS_INLINE group_choice choose_factor_of(__m256i low, __m256i high, float unit) {
    static_assert(n_tries == 4);
    __m256i products[n_tries];
    __m256i squares[n_tries];
    LLMZERO_UNROLL
    for (std::size_t n = 0; n < n_tries; ++n) {
        const std::int32_t factor = wide_factor - factor_step * static_cast<std::int32_t>(n);
        const __m256i a = rounded_codes(low, factor);
        const __m256i b = rounded_codes(high, factor);
        products[n] = _mm256_add_epi32(_mm256_madd_epi16(low, a), _mm256_madd_epi16(high, b));
        squares[n] = _mm256_add_epi32(_mm256_madd_epi16(a, a), _mm256_madd_epi16(b, b));
    }
    std::int32_t product[n_tries];
    std::int32_t square[n_tries];
    _mm_storeu_si128(reinterpret_cast<__m128i *>(product), four_sums(products));
    _mm_storeu_si128(reinterpret_cast<__m128i *>(square), four_sums(squares));
    group_fit fits[n_tries];
    for (std::size_t n = 0; n < n_tries; ++n) {
        fits[n] = {product[n], square[n]};
    }
    return best_of(fits, wide_factor, unit);
}

LLMZERO_FOR_AVX2_ONLY inline void prepare_group(const float * x, activation_group & out) {
    const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
    __m256i largest_of = _mm256_setzero_si256();
    LLMZERO_UNROLL
    for (std::size_t i = 0; i < group_size; i += 8) { // without their signs floats are in the order of their bits
        const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(x + i));
        largest_of = _mm256_max_epu32(largest_of, _mm256_and_si256(bits, magnitude));
    }
    __m128i four = _mm_max_epu32(_mm256_castsi256_si128(largest_of), _mm256_extracti128_si256(largest_of, 1));
    four = _mm_max_epu32(four, _mm_shuffle_epi32(four, 0x4e));
    four = _mm_max_epu32(four, _mm_shuffle_epi32(four, 0xb1));
    const auto bits = static_cast<std::uint32_t>(_mm_cvtsi128_si32(four));
    if (!can_be_scaled(bits)) {
        out = {};
        return;
    }
    const auto largest = std::bit_cast<float>(bits);
    const __m256 factor = _mm256_set1_ps(scaled_limit / largest);
    // Packing goes by halves of the vectors, which the permutation puts in order.
    const __m256i low =
        _mm256_permute4x64_epi64(_mm256_packs_epi32(scaled_integers(x, factor), scaled_integers(x + 8, factor)), 0xd8);
    const __m256i high = _mm256_permute4x64_epi64(
        _mm256_packs_epi32(scaled_integers(x + 16, factor), scaled_integers(x + 24, factor)), 0xd8);
    const group_choice choice = choose_factor_of(low, high, largest / scaled_limit);
    const __m256i codes = _mm256_permute4x64_epi64(
        _mm256_packs_epi16(rounded_codes(low, choice.factor), rounded_codes(high, choice.factor)), 0xd8);
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(out.code), codes);
    // Sums of eight bytes, made positive by 128 each.
    const __m256i eights = _mm256_sad_epu8(_mm256_xor_si256(codes, _mm256_set1_epi8(-128)), _mm256_setzero_si256());
    std::int64_t eight[4];
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(eight), eights);
    const auto first = static_cast<std::int32_t>(eight[0] + eight[1]) - 16 * 128;
    const auto second = static_cast<std::int32_t>(eight[2] + eight[3]) - 16 * 128;
    out.scale = choice.scale;
    out.sum = choice.scale * static_cast<float>(first + second);
    out.minus8[0] = -8 * first;
    out.minus8[1] = -8 * second;
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

} // namespace llmzero::inline LLMZERO_ABI::kernels::x86

#endif
