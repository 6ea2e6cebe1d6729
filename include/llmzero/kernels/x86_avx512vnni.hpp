// Products with quantised weights in AVX-512 with VNNI: 16 rows in a vector, one group of 32 columns at a time.
//
// VPDPBUSD multiplies four unsigned bytes with four signed ones and adds all products to 32 bits: a line of weights
// (x86_layout.hpp) by four columns, 64 products. Vector instructions for the 512 weights of a strip and one token, of
// which the unpacking is done once for all tokens of a tile:
//     q4  8 products, 12 to unpack, 8 to add up and scale      q8  8 products, 8 to add up and scale
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

namespace llmzero::inline LLMZERO_ABI::kernels::x86::avx512vnni {

namespace detail {

LLMZERO_FOR_AVX512VNNI LLMZERO_ALWAYS_INLINE __m512i load(const std::byte * from) {
    return _mm512_loadu_si512(from);
}

// Unmasked, gcc 12 takes what these leave undefined on purpose for a mistake (its bug 105593).
LLMZERO_FOR_AVX512VNNI LLMZERO_ALWAYS_INLINE __m512 to_floats(__m512i integers) {
    return _mm512_maskz_cvtepi32_ps(0xffff, integers);
}

#    if defined(__clang__)
using shift_count = unsigned;
#    else
using shift_count = int;
#    endif

// Four columns, for every row.
LLMZERO_FOR_AVX512VNNI LLMZERO_ALWAYS_INLINE __m512i broadcast_four(const std::int8_t * codes) {
    std::int32_t word;
    std::memcpy(&word, codes, sizeof word);
    return _mm512_set1_epi32(word);
}

// The scales of a strip, or its offsets.
template <packed_format format>
LLMZERO_FOR_AVX512VNNI LLMZERO_ALWAYS_INLINE __m512 load_scales(const std::byte * from) {
    if constexpr (tile_shape{format}.has_wide_scales()) {
        return _mm512_loadu_ps(from);
    } else {
        return _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from)));
    }
}

// The factors of a strip.
LLMZERO_FOR_AVX512VNNI LLMZERO_ALWAYS_INLINE __m512 load_factors(const std::byte * from) {
    return to_floats(_mm512_maskz_cvtepi8_epi32(0xffff, _mm_loadu_si128(reinterpret_cast<const __m128i *>(from))));
}

// The lines of a strip: codes and their bias.
template <packed_format format>
LLMZERO_FOR_AVX512VNNI LLMZERO_ALWAYS_INLINE void load_lines(const std::byte * strip, __m512i * w) {
    constexpr std::size_t line = tile_shape::line_bytes;
    constexpr tile_shape shape{format};
    if constexpr (!shape.has_split_bytes()) {
        LLMZERO_UNROLL
        for (std::size_t k = 0; k < 8; ++k) {
            w[k] = load(strip + k * line);
        }
        return;
    }
    const __m512i nibble = _mm512_set1_epi8(15);
    LLMZERO_UNROLL
    for (std::size_t k = 0; k < 4; ++k) {
        const __m512i both = load(strip + (shape.high_lines() + k) * line);
        w[k] = _mm512_and_si512(both, nibble);
        w[k + 4] = _mm512_and_si512(_mm512_srli_epi16(both, 4), nibble);
    }
    constexpr int or_masked = 0xf8; // a | (b & c), as VPTERNLOG has it
    if constexpr (shape.high_lines() == 1) {
        const __m512i high = load(strip);
        const __m512i bit = _mm512_set1_epi8(0x10);
        LLMZERO_UNROLL
        for (shift_count k = 0; k < 8; ++k) {
            const __m512i moved = k < 4 ? _mm512_slli_epi16(high, 4 - k) : _mm512_srli_epi16(high, k - 4);
            w[k] = _mm512_ternarylogic_epi32(w[k], moved, bit, or_masked);
        }
    } else if constexpr (shape.high_lines() == 2) {
        const __m512i bits = _mm512_set1_epi8(0x30);
        LLMZERO_UNROLL
        for (std::size_t k = 0; k < 8; ++k) {
            const __m512i high = load(strip + k / 4 * line);
            const auto at = static_cast<shift_count>(k % 4 * 2);
            const __m512i moved = at <= 4 ? _mm512_slli_epi16(high, 4 - at) : _mm512_srli_epi16(high, at - 4);
            w[k] = _mm512_ternarylogic_epi32(w[k], moved, bits, or_masked);
        }
    }
}

// log2(bias / 8); only where there is a bias.
constexpr unsigned bias_shift(packed_format format) {
    return has_six_bits(format) ? 2 : has_five_bits(format) ? 1 : has_nibbles(format) ? 0 : 4;
}

// The exact sum of the products of a half with one token, without the bias.
template <packed_format format>
LLMZERO_FOR_AVX512VNNI LLMZERO_ALWAYS_INLINE __m512i sum_half(const __m512i * w, const activation_group & x,
                                                              std::size_t h) {
    __m512i sum = _mm512_setzero_si512();
    if constexpr (tile_shape{format}.bias() != 0) {
        sum = _mm512_maskz_slli_epi32(0xffff, _mm512_set1_epi32(x.minus8[h]), bias_shift(format));
    }
    LLMZERO_UNROLL
    for (std::size_t k = 4 * h; k < 4 * h + 4; ++k) {
        sum = _mm512_dpbusd_epi32(sum, w[k], broadcast_four(x.code + 4 * k));
    }
    return sum;
}

// Adds a group's products to the totals of a strip, the first of whose rows is `row`, for each token.
template <packed_format format, std::size_t n_tokens>
LLMZERO_FOR_AVX512VNNI LLMZERO_ALWAYS_INLINE void add_group(const std::byte * block, const std::byte * group,
                                                            std::size_t row, const activation_group * x,
                                                            std::size_t n_groups, __m512 * total) {
    constexpr tile_shape shape{format};
    constexpr std::size_t all = tile_shape::rows;
    __m512i w[8];
    load_lines<format>(group + shape.row_in_group(row), w);
    const __m512 scale = load_scales<format>(block + row * shape.scale_bytes());
    __m512 offset = {};
    __m512 factor[4] = {}; // half_scale[2], half_offset[2]
    if constexpr (has_offset(format)) {
        offset = load_scales<format>(block + (all + row) * shape.scale_bytes());
    }
    if constexpr (has_halves(format)) {
        LLMZERO_UNROLL
        for (std::size_t h = 0; h < (has_offset(format) ? 4 : 2); ++h) {
            factor[h] = load_factors(group + h * all + row);
        }
    }
    LLMZERO_UNROLL
    for (std::size_t t = 0; t < n_tokens; ++t) {
        const activation_group & a = x[t * n_groups];
        const __m512i first = sum_half<format>(w, a, 0);
        const __m512i second = sum_half<format>(w, a, 1);
        const __m512 x_scale = _mm512_set1_ps(a.scale);
        if constexpr (!has_halves(format)) {
            const __m512 sum = to_floats(_mm512_add_epi32(first, second));
            total[t] = _mm512_fmadd_ps(sum, _mm512_mul_ps(scale, x_scale), total[t]);
            if constexpr (has_offset(format)) {
                total[t] = _mm512_fmadd_ps(offset, _mm512_set1_ps(a.sum), total[t]);
            }
        } else { // with their factors the sums are below 2^24 and so exact as floats
            const __m512 sum =
                _mm512_fmadd_ps(to_floats(second), factor[1], _mm512_mul_ps(to_floats(first), factor[0]));
            total[t] = _mm512_fmadd_ps(sum, _mm512_mul_ps(scale, x_scale), total[t]);
            if constexpr (has_offset(format)) {
                const __m512 x_first = _mm512_set1_ps(static_cast<float>(a.minus8[0]) * -0.125f);
                const __m512 x_second = _mm512_set1_ps(static_cast<float>(a.minus8[1]) * -0.125f);
                const __m512 both = _mm512_fmadd_ps(factor[3], x_second, _mm512_mul_ps(factor[2], x_first));
                total[t] = _mm512_fmadd_ps(both, _mm512_mul_ps(offset, x_scale), total[t]);
            }
        }
    }
}

} // namespace detail

// y(32, n_tokens) = tile x, for the tokens of x [n_tokens, n_groups]; y [n_tokens][32], of which the strips with the
// rows from first_row up to end_row are computed.
template <packed_format format, std::size_t n_tokens>
LLMZERO_FOR_AVX512VNNI inline void multiply_tile(const std::byte * tile, std::size_t first_row, std::size_t end_row,
                                                 const activation_group * x, std::size_t n_groups, float * y) {
    constexpr tile_shape shape{format};
    constexpr std::size_t all = tile_shape::rows;
    constexpr std::size_t strip = tile_shape::strip_rows;
    if constexpr (n_tokens == 1) { // through the tile as it lies in memory
        if (first_row < strip && end_row > strip) {
            __m512 total[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
            for (std::size_t g = 0; g < n_groups; ++g) {
                const std::byte * const block = tile + shape.block_at(g);
                const std::byte * const group = tile + shape.group_at(g);
                detail::add_group<format, 1>(block, group, 0, x + g, n_groups, total);
                detail::add_group<format, 1>(block, group, strip, x + g, n_groups, total + 1);
            }
            _mm512_storeu_ps(y, total[0]);
            _mm512_storeu_ps(y + strip, total[1]);
            return;
        }
    }
    for (std::size_t row = first_row / strip * strip; row < end_row; row += strip) {
        __m512 total[n_tokens];
        LLMZERO_UNROLL
        for (std::size_t t = 0; t < n_tokens; ++t) {
            total[t] = _mm512_setzero_ps();
        }
        for (std::size_t g = 0; g < n_groups; ++g) {
            detail::add_group<format, n_tokens>(tile + shape.block_at(g), tile + shape.group_at(g), row, x + g,
                                                n_groups, total);
        }
        LLMZERO_UNROLL
        for (std::size_t t = 0; t < n_tokens; ++t) {
            _mm512_storeu_ps(y + t * all + row, total[t]);
        }
    }
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::x86::avx512vnni

#endif
