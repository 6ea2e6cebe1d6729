// One row of a tile by one vector, for products of scattered rows: where a stream would multiply the whole tile. The
// same sums of integers, converted and added in the same order as in arm1176_streams.hpp, so that the results have the
// same bits.
//
// A row's words lie in every second place of its pair, and a group apart from those of its next group: a line or two of
// weights and one of scales for each group, of which the next group's are fetched while one is multiplied. Under the
// timing model a weight of a row that has to come from memory takes 4 to 6 cycles.
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

inline void fetch_line(const std::byte * at) {
    // From the line's first bytes: a burst that begins elsewhere takes twice as long.
    __builtin_prefetch(std::bit_cast<const std::byte *>(std::bit_cast<std::uintptr_t>(at) & ~std::uintptr_t{31}));
}

} // namespace detail

// The product of one row of a tile.
template <packed_format format>
inline float multiply_row(const std::byte * tile, std::size_t row, const detail::group_of<format> * x,
                          std::size_t n_groups) {
    constexpr tile_shape shape(format);
    constexpr std::size_t parts = has_halves(format) ? 2 : 1;
    constexpr std::size_t words = shape.words() / parts;
    constexpr std::size_t factors_of_word = has_nibbles(format) ? 4 : shape.words() == 6 ? 3 : 2;
    const std::byte * group = tile;
    float total = 0.0f;
    for (std::size_t g = 0; g < n_groups; ++g, ++x, group += shape.group_bytes()) {
        const std::byte * const next = group + shape.group_bytes(); // at the end, what lies behind the tile's groups
        const std::size_t pair_at = shape.scale_bytes() + row / 2 * shape.words() * 8;
        detail::fetch_line(next + shape.scale_at(row));
        detail::fetch_line(next + pair_at);
        float converted[parts];
        for (std::size_t part = 0; part < parts; ++part) {
            std::int32_t sum = 0;
            if constexpr (parts == 1) {
                sum = x->start;
            } else {
                sum = x->half_start[part];
            }
            const std::int32_t * factor = x->factor + (has_six_bits(format) ? part : 0);
            if (part + 1 == parts && shape.words() > 4) {
                detail::fetch_line(next + pair_at + shape.words() * 8 - 4);
            }
            for (std::size_t w = part * words; w < (part + 1) * words; ++w) {
                const auto word = detail::load_at<std::uint32_t>(group + shape.word_at(row, w));
                sum = detail::word_product<format>(word, factor + w * factors_of_word, (w + 1) % words == 0, sum);
            }
            if constexpr (has_halves(format)) {
                const auto factor_of_half = detail::load_at<std::int16_t>(group + shape.factor_at(row, part));
                sum = __smlawb(sum, factor_of_half, 0);
            }
            converted[part] = static_cast<float>(sum);
        }
        float scale = detail::row_scale<format>(group + shape.scale_at(row));
        if constexpr (shape.has_wide_scales()) {
            scale *= x->scale;
        } else {
            scale *= x->small_scale;
        }
        total += (parts == 1 ? converted[0] : converted[0] + converted[parts - 1]) * scale;
        if constexpr (has_offset(format)) {
            for (std::size_t h = 0; h < shape.n_offsets(); ++h) {
                const auto offset = detail::load_at<float>(group + shape.offset_at(row, h));
                total += offset * (has_halves(format) ? x->half_sum[h] : x->sum);
            }
        }
    }
    return shape.has_wide_scales() ? total : total * detail::load_at<float>(tile + shape.unit_at(row, n_groups));
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::arm1176

#endif
