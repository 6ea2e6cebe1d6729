// One row of a tile by one vector, for products of scattered rows: where a stream would multiply the whole tile. The
// same sums of integers, converted and added in the same order as in arm1176_streams.hpp, so that the results have the
// same bits.
//
// A row's words lie in every second place of its pair, and a group apart from those of its next group: two or three
// lines for each group, of which the next group's are fetched while one is multiplied. Under the timing model a weight
// of a row that has to come from memory takes 10 cycles, as much as five in a stream (2048 rows of 576 weights, every
// 37th).
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_ARM1176

#    include <llmzero/kernels/arm1176_activations.hpp>
#    include <llmzero/kernels/arm1176_tile.hpp>
#    include <llmzero/kernels/kernel_set.hpp>

#    include <arm_acle.h>
#    include <bit>
#    include <cstddef>
#    include <cstdint>
#    include <type_traits>

namespace llmzero::inline LLMZERO_ABI::kernels::arm1176 {

namespace detail {

// How a vector is prepared for a format.
template <packed_format format>
using group_of = std::conditional_t<has_six_bits(format), sixes_group, activation_group>;

// sum + the products of one word of weights (arm1176_activations.hpp), of which `factor` has the first; is_last: the
// word is the last of its sum.
template <packed_format format>
inline std::int32_t word_product(std::uint32_t word, const std::int32_t * factor, bool is_last, std::int32_t sum) {
    const auto product = [&sum](std::uint32_t lanes_of_weights, std::int32_t lanes_of_factors) {
        sum = __smlad(static_cast<int16x2_t>(lanes_of_weights), lanes_of_factors, sum);
    };
    product(word, factor[0]);
    if constexpr (has_nibbles(format)) {
        product(word & 0x0fff0fffu, factor[1]);
        product(word & 0x00ff00ffu, factor[2]);
        product(word << 8 & 0x0f000f00u, factor[3]);
    } else if constexpr (has_five_bits(format)) {
        if (!is_last) { // the last word has one weight in each lane
            product(word & 0x07ff07ffu, factor[1]);
            product(word << 5 & 0x03e003e0u, factor[2]);
        }
    } else if constexpr (has_six_bits(format)) {
        product(word & 0x03ff03ffu, factor[1]);
        product(word << 6 & 0x03c003c0u, factor[2]);
        if (is_last) {
            product(word << 6 & 0x00c000c0u, factor[3]);
        }
    } else {
        product(word & 0x00ff00ffu, factor[1]);
    }
    return sum;
}

// A scale as the streams have it: a half's bits in a float's places, its exponent less by 112.
template <packed_format format> inline float row_scale(const std::byte * at) {
    if constexpr (tile_shape(format).has_wide_scales()) {
        return load_at<float>(at);
    } else {
        const std::int32_t half = load_at<std::int16_t>(at);
        return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 13 & ~0x70000000u);
    }
}

// A PLD past the first 8 bytes of a line takes twice as long. In assembly, because compilers put the offset into a
// register, which the timing model does not follow.
template <std::size_t offset> inline void fetch(const std::byte * from) {
    __asm__ volatile("pld [%0, %1]" : : "r"(from), "i"(offset));
}

} // namespace detail

// The product of one row of a tile; is_reversed: of a pair whose blocks stand in reverse order; is_whole: of a tile
// with all 96 rows, whose distances are constants that stand in the PLDs.
template <packed_format format, bool is_reversed, bool is_whole>
inline float multiply_row_of_pair(const tile_shape & in, const std::byte * tile, std::size_t row,
                                  const detail::group_of<format> * x, std::size_t n_groups) {
    constexpr tile_shape shape(format);
    const std::size_t group_bytes = is_whole ? shape.group_bytes() : in.group_bytes();
    constexpr std::size_t parts = has_halves(format) ? 2 : 1;
    constexpr std::size_t words = shape.words() / parts;
    constexpr std::size_t factors_of_word = has_nibbles(format) ? 4 : shape.words() == 6 ? 3 : 2;
    constexpr std::size_t like = is_reversed ? 2 : 0; // a row whose words lie alike in their pair
    constexpr std::size_t first_word = shape.word_at(like, 0) < shape.word_at(like, shape.words() - 1)
                                           ? shape.word_at(like, 0)
                                           : shape.word_at(like, shape.words() - shape.block_words());
    // A row's words begin in the first 8 bytes of a line, or past its middle.
    constexpr std::size_t line = 32;
    constexpr std::size_t in_line = first_word % line;
    static_assert(shape.strip_bytes() % line == 0 && shape.scale_bytes() % line == 0);
    const std::byte * codes = tile + shape.word_at(row, 0) - shape.word_at(like, 0) + first_word;
    const std::size_t scale_in_line = shape.scale_at(row) % line;
    const std::byte * scales = tile + (shape.scale_at(row) - scale_in_line);
    float total = 0.0f;
    for (std::size_t g = 0; g < n_groups; ++g, ++x, codes += group_bytes) {
        // Of the next group; at the end, of what lies behind those of the tile.
        constexpr std::size_t distance = is_whole ? shape.group_bytes() - in_line : 0;
        const std::byte * const fetched = is_whole ? codes : codes + group_bytes - in_line;
        detail::fetch<distance>(fetched);
        static_cast<void>(*reinterpret_cast<const volatile std::uint32_t *>(scales + group_bytes));
        float converted[parts];
        LLMZERO_LANES
        for (std::size_t part = 0; part < parts; ++part) {
            if (part + 1 == parts && shape.words() > 4) {
                detail::fetch<distance + line>(fetched);
            }
            std::int32_t sum = 0;
            if constexpr (parts == 1) {
                sum = x->start;
            } else {
                sum = x->half_start[part];
            }
            const std::int32_t * const factor = x->factor + (has_six_bits(format) ? part : 0);
            LLMZERO_LANES
            for (std::size_t n = 0; n < words; ++n) {
                const std::size_t w = part * words + n;
                const auto word = detail::load_at<std::uint32_t>(codes + (shape.word_at(like, w) - first_word));
                sum = detail::word_product<format>(word, factor + w * factors_of_word, n + 1 == words, sum);
            }
            if constexpr (has_halves(format)) {
                const std::size_t factor_at = shape.factor_at(row, part) - shape.scale_at(row);
                const auto factor_of_half = detail::load_at<std::int16_t>(scales + scale_in_line + factor_at);
                sum = __smlawb(sum, factor_of_half, 0);
            }
            converted[part] = static_cast<float>(sum);
        }
        float scale = detail::row_scale<format>(scales + scale_in_line);
        if constexpr (shape.has_wide_scales()) {
            scale *= x->scale;
        } else {
            scale *= x->small_scale;
        }
        if constexpr (has_offset(format)) {
            for (std::size_t h = 0; h < shape.n_offsets(); ++h) {
                const std::size_t offset_at = shape.offset_at(row, h) - shape.scale_at(row);
                const auto offset = detail::load_at<float>(scales + scale_in_line + offset_at);
                total += offset * (has_halves(format) ? x->half_sum[h] : x->sum);
            }
        }
        total += (parts == 1 ? converted[0] : converted[0] + converted[parts - 1]) * scale;
        scales += group_bytes;
    }
    return shape.has_wide_scales() ? total : total * detail::load_at<float>(tile + in.unit_at(row, n_groups));
}

template <packed_format format>
inline float multiply_row(const tile_shape & in, const std::byte * tile, std::size_t row,
                          const detail::group_of<format> * x, std::size_t n_groups) {
    const bool is_reversed = row / 2 % 2 != 0;
    if (in.height == tile_shape::rows()) {
        return is_reversed ? multiply_row_of_pair<format, true, true>(in, tile, row, x, n_groups)
                           : multiply_row_of_pair<format, false, true>(in, tile, row, x, n_groups);
    }
    return is_reversed ? multiply_row_of_pair<format, true, false>(in, tile, row, x, n_groups)
                       : multiply_row_of_pair<format, false, false>(in, tile, row, x, n_groups);
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::arm1176

#endif
