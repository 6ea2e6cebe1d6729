// Products with quantised weights in AVX2 and FMA: 8 rows in a vector, one group of 32 columns at a time.
//
// A product of bytes takes unsigned ones, u, and signed ones, x, and adds two neighbours in 16 bits (VPMADDUBSW). As
// many of these are added up as 16 bits hold for certain: 8 with 4 bits, 4 with 5 bits and half a group, 2 with 6 bits.
// Weights of 8 bits become their magnitudes and lend x their signs, for sums of up to 2 * 128 * 127. Vector
// instructions for 256 weights and one token (tokens after the first need no unpacking):
//     q4  8 products, 8 broadcasts, 7 sums, 12 to unpack, 6 to scale         q8  8 x 6 and 6 to scale
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_X86

#    include <llmzero/kernels/kernel_set.hpp>
#    include <llmzero/kernels/x86_activations.hpp>
#    include <llmzero/kernels/x86_layout.hpp>

#    include <cstddef>
#    include <cstdint>
#    include <cstring>
#    include <immintrin.h>

namespace llmzero::inline LLMZERO_ABI::kernels::x86::avx2 {

inline constexpr std::size_t vector_rows = 8;

namespace detail {

LLMZERO_FOR_AVX2 LLMZERO_ALWAYS_INLINE __m256i load(const std::byte * from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from));
}

// Four columns, for every row.
LLMZERO_FOR_AVX2 LLMZERO_ALWAYS_INLINE __m256i broadcast_four(const std::int8_t * codes) {
    std::int32_t word;
    std::memcpy(&word, codes, sizeof word);
    return _mm256_set1_epi32(word);
}

// The scales of 8 rows, or their offsets.
template <packed_format format> LLMZERO_FOR_AVX2 LLMZERO_ALWAYS_INLINE __m256 load_scales(const std::byte * from) {
    if constexpr (tile_shape{format}.has_wide_scales()) {
        return _mm256_loadu_ps(reinterpret_cast<const float *>(from));
    } else {
        return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i *>(from)));
    }
}

// The factors of 8 rows.
LLMZERO_FOR_AVX2 LLMZERO_ALWAYS_INLINE __m256 load_factors(const std::byte * from) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(from))));
}

// Line k of 8 rows: codes and their bias; of 8 bits the codes alone. `strip` is where its first byte lies.
template <packed_format format>
LLMZERO_FOR_AVX2 LLMZERO_ALWAYS_INLINE __m256i load_line(const std::byte * strip, int k) {
    constexpr std::size_t line = tile_shape::line_bytes;
    constexpr tile_shape shape{format};
    if constexpr (!shape.has_split_bytes()) {
        return _mm256_xor_si256(load(strip + static_cast<std::size_t>(k) * line), _mm256_set1_epi8(-128));
    } else {
        const __m256i both = load(strip + (shape.high_lines() + static_cast<std::size_t>(k % 4)) * line);
        const __m256i low = _mm256_and_si256(k < 4 ? both : _mm256_srli_epi16(both, 4), _mm256_set1_epi8(15));
        if constexpr (shape.high_lines() == 1) {
            const __m256i high = load(strip);
            const __m256i moved = k < 4 ? _mm256_slli_epi16(high, 4 - k) : _mm256_srli_epi16(high, k - 4);
            return _mm256_or_si256(low, _mm256_and_si256(moved, _mm256_set1_epi8(0x10)));
        } else if constexpr (shape.high_lines() == 2) {
            const __m256i high = load(strip + static_cast<std::size_t>(k / 4) * line);
            const int at = k % 4 * 2;
            const __m256i moved = at <= 4 ? _mm256_slli_epi16(high, 4 - at) : _mm256_srli_epi16(high, at - 4);
            return _mm256_or_si256(low, _mm256_and_si256(moved, _mm256_set1_epi8(0x30)));
        } else {
            return low;
        }
    }
}

// Products that are added up in 16 bits.
constexpr int products_at_once(packed_format format) {
    return has_nibbles(format) && !has_halves(format)     ? 8
           : has_nibbles(format) || has_five_bits(format) ? 4
           : has_six_bits(format)                         ? 2
                                                          : 1;
}

// log2(bias / 8); only where there is a bias.
constexpr int bias_shift(packed_format format) {
    return has_six_bits(format) ? 2 : has_five_bits(format) ? 1 : 0;
}
constexpr bool has_bias(packed_format format) {
    return tile_shape{format}.has_split_bytes() && tile_shape{format}.bias() != 0;
}

// What a group's sums begin with, the same for all rows: h is the half, or 2 for both.
template <packed_format format>
LLMZERO_FOR_AVX2 LLMZERO_ALWAYS_INLINE __m256i first_sum(const activation_group & x, int h) {
    if constexpr (!has_bias(format)) {
        return _mm256_setzero_si256();
    } else {
        const std::int32_t minus8 = h == 2 ? x.minus8[0] + x.minus8[1] : x.minus8[h];
        return _mm256_set1_epi32(minus8 * (1 << bias_shift(format)));
    }
}

// The exact sums of a group's products, for 8 rows and each token; with halves times the factors, as floats that hold
// them exactly.
template <packed_format format, std::size_t n_tokens>
LLMZERO_FOR_AVX2 LLMZERO_ALWAYS_INLINE void sum_group(const std::byte * strip, const __m256 * factor,
                                                      const activation_group * x, std::size_t n_groups, __m256 * sum) {
    constexpr int at_once = products_at_once(format);
    constexpr int chain = has_halves(format) ? 4 : 8; // lines that are added up in 32 bits
    const __m256i ones = _mm256_set1_epi16(1);
    LLMZERO_UNROLL
    for (int first = 0; first < 8; first += chain) {
        __m256i wide[n_tokens];
        LLMZERO_UNROLL
        for (std::size_t t = 0; t < n_tokens; ++t) {
            wide[t] = first_sum<format>(x[t * n_groups], chain == 8 ? 2 : first / 4);
        }
        LLMZERO_UNROLL
        for (int k = first; k < first + chain; k += at_once) {
            __m256i narrow[n_tokens];
            LLMZERO_UNROLL
            for (int i = 0; i < at_once; ++i) {
                const __m256i w = load_line<format>(strip, k + i);
                const __m256i magnitude = _mm256_abs_epi8(w);
                LLMZERO_UNROLL
                for (std::size_t t = 0; t < n_tokens; ++t) {
                    const __m256i four = broadcast_four(x[t * n_groups].code + 4 * (k + i));
                    const __m256i product = tile_shape{format}.has_split_bytes()
                                                ? _mm256_maddubs_epi16(w, four)
                                                : _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(four, w));
                    narrow[t] = i == 0 ? product : _mm256_add_epi16(narrow[t], product);
                }
            }
            LLMZERO_UNROLL
            for (std::size_t t = 0; t < n_tokens; ++t) {
                wide[t] = _mm256_add_epi32(wide[t], _mm256_madd_epi16(narrow[t], ones));
            }
        }
        LLMZERO_UNROLL
        for (std::size_t t = 0; t < n_tokens; ++t) {
            const __m256 part = _mm256_cvtepi32_ps(wide[t]);
            if constexpr (!has_halves(format)) {
                sum[t] = part;
            } else {
                sum[t] = first == 0 ? _mm256_mul_ps(part, factor[0]) : _mm256_fmadd_ps(part, factor[1], sum[t]);
            }
        }
    }
}

// Adds a group's products to the totals of 8 rows, the first of them `row`, for each token.
template <packed_format format, std::size_t n_tokens>
LLMZERO_FOR_AVX2 LLMZERO_ALWAYS_INLINE void add_group(const std::byte * block, const std::byte * group, std::size_t row,
                                                      const activation_group * x, std::size_t n_groups,
                                                      __m256 * total) {
    constexpr tile_shape shape{format};
    const __m256 scale = load_scales<format>(block + row * shape.scale_bytes());
    __m256 factor[2] = {};
    if constexpr (has_halves(format)) {
        factor[0] = load_factors(group + row);
        factor[1] = load_factors(group + tile_shape::rows + row);
    }
    __m256 sum[n_tokens];
    sum_group<format, n_tokens>(group + shape.row_in_group(row), factor, x, n_groups, sum);
    LLMZERO_UNROLL
    for (std::size_t t = 0; t < n_tokens; ++t) {
        const activation_group & a = x[t * n_groups];
        total[t] = _mm256_fmadd_ps(sum[t], _mm256_mul_ps(scale, _mm256_set1_ps(a.scale)), total[t]);
        if constexpr (has_offset(format)) {
            const __m256 offset = load_scales<format>(block + (tile_shape::rows + row) * shape.scale_bytes());
            if constexpr (!has_halves(format)) {
                total[t] = _mm256_fmadd_ps(offset, _mm256_set1_ps(a.sum), total[t]);
            } else { // the sums of the halves, exact as floats
                const __m256 first = _mm256_set1_ps(static_cast<float>(a.minus8[0]) * -0.125f);
                const __m256 second = _mm256_set1_ps(static_cast<float>(a.minus8[1]) * -0.125f);
                const __m256 f0 = load_factors(group + 2 * tile_shape::rows + row);
                const __m256 f1 = load_factors(group + 3 * tile_shape::rows + row);
                const __m256 both = _mm256_fmadd_ps(f1, second, _mm256_mul_ps(f0, first));
                total[t] = _mm256_fmadd_ps(both, _mm256_mul_ps(offset, _mm256_set1_ps(a.scale)), total[t]);
            }
        }
    }
}

} // namespace detail

// y(32, n_tokens) = tile x, for the tokens of x [n_tokens, n_groups]; y [n_tokens][32], of which the rows from
// first_row up to end_row are computed, and some beside them.
template <packed_format format, std::size_t n_tokens>
LLMZERO_FOR_AVX2 inline void multiply_tile(const std::byte * tile, std::size_t first_row, std::size_t end_row,
                                           const activation_group * x, std::size_t n_groups, float * y) {
    constexpr tile_shape shape{format};
    constexpr std::size_t all = tile_shape::rows;
    first_row = first_row / vector_rows * vector_rows;
    if constexpr (n_tokens == 1) { // through the tile as it lies in memory
        alignas(32) float total[all] = {};
        for (std::size_t g = 0; g < n_groups; ++g) {
            for (std::size_t row = first_row; row < end_row; row += vector_rows) {
                __m256 sum = _mm256_load_ps(total + row);
                detail::add_group<format, 1>(tile + shape.block_at(g), tile + shape.group_at(g), row, x + g, n_groups,
                                             &sum);
                _mm256_store_ps(total + row, sum);
            }
        }
        std::memcpy(y, total, sizeof total);
    } else {
        for (std::size_t row = first_row; row < end_row; row += vector_rows) {
            __m256 total[n_tokens];
            LLMZERO_UNROLL
            for (std::size_t t = 0; t < n_tokens; ++t) {
                total[t] = _mm256_setzero_ps();
            }
            for (std::size_t g = 0; g < n_groups; ++g) {
                detail::add_group<format, n_tokens>(tile + shape.block_at(g), tile + shape.group_at(g), row, x + g,
                                                    n_groups, total);
            }
            LLMZERO_UNROLL
            for (std::size_t t = 0; t < n_tokens; ++t) {
                _mm256_storeu_ps(y + t * all + row, total[t]);
            }
        }
    }
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::x86::avx2

#endif
