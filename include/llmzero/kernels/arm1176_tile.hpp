// How the ARM1176 keeps a matrix: tiles of 96 rows, each a stream that the loops of arm1176_streams.hpp read from front
// to back. The last tile has as many strips as it needs, filled up with rows of zeros.
//
//     tile     | group | group | ... | units: f32 [rows] |
//     group    | strip of 16 rows | strip | ... |
//     strip    | scales: f16 [16] or f32 [16] | factors | offsets | codes of all pairs of rows |
//     factors  | with halves of each pair of rows: i16 [2] of the first half, of the second half |
//     offsets  | f32 [16], with halves f32 [16] of the first half, of the second half |
//     codes    | words of the first block: row 0, row 1, row 0, ... | of the next block | ... |
//
// A block is as many words as meet the factors that are loaded at once: one word of each row with 4 to 6 bits, two
// with 8 bits. The factors are read upwards for one pair of rows and downwards for the next, so every second pair has
// its blocks in reverse order.
//
// The taller a tile is, the less often the activations have to be fetched, which leave the first cache under the stream
// of weights.
//
// Scales of 16 bits are halves of the file times a power of two, which makes the row's largest at least 2^14 and less
// than 2^15: all are then normal numbers, which take three instructions to convert. What undoes this is the row's unit.
// Units stand in tiles of 16-bit scales only. An offset is that of the codes as they are stored, which are less by 8 or
// 16 than those of the format where these begin at 0.
#pragma once

#include <llmzero/base/f16.hpp>
#include <llmzero/kernels/arm1176_activations.hpp>
#include <llmzero/kernels/arm1176_codes.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/kernels/loops.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace llmzero::inline LLMZERO_ABI::kernels::arm1176 {

constexpr activation_kind kind_for(packed_format format) {
    return !is_quantised(format)   ? activation_kind::floats
           : has_nibbles(format)   ? has_halves(format) ? activation_kind::nibble_halves : activation_kind::nibble_safe
           : has_five_bits(format) ? activation_kind::threes
           : has_six_bits(format)  ? activation_kind::sixes
                                   : activation_kind::eight;
}

// The numbers of the drawing above, for one format.
struct tile_shape {
    constexpr explicit tile_shape(packed_format of, std::size_t n_rows = rows())
        : format(of), height(whole_strips(n_rows)) {}
    // Of the tile that has this row.
    constexpr tile_shape(const packed_view & w, std::size_t row)
        : tile_shape(w.format, std::min(rows(), w.rows - row / rows() * rows())) {}

    [[nodiscard]] constexpr bool has_wide_scales() const {
        return has_nibbles(format) || has_six_bits(format) || has_offset(format);
    }
    [[nodiscard]] static constexpr std::size_t rows() { return 96; } // of all tiles but the last, which may have less
    [[nodiscard]] static constexpr std::size_t strip_rows() { return 16; }
    [[nodiscard]] constexpr std::size_t words() const { // of a row in a group
        return has_nibbles(format) ? 4 : has_five_bits(format) || has_six_bits(format) ? 6 : 8;
    }
    [[nodiscard]] constexpr std::size_t block_words() const { return words() < 8 ? 1 : 2; }
    [[nodiscard]] constexpr std::size_t n_blocks() const { return words() / block_words(); }
    [[nodiscard]] constexpr std::size_t n_offsets() const { // of a row in a group
        return !has_offset(format) ? 0 : has_halves(format) ? 2 : 1;
    }
    [[nodiscard]] constexpr std::size_t factors_at() const { return strip_rows() * (has_wide_scales() ? 4 : 2); }
    [[nodiscard]] constexpr std::size_t offsets_at() const {
        return factors_at() + (has_halves(format) ? strip_rows() * 4 : 0);
    }
    [[nodiscard]] constexpr std::size_t scale_bytes() const { // of a strip, with factors and offsets
        return offsets_at() + n_offsets() * strip_rows() * 4;
    }
    [[nodiscard]] constexpr std::size_t strip_bytes() const { return scale_bytes() + strip_rows() * words() * 4; }
    [[nodiscard]] constexpr std::size_t group_bytes() const { return height / strip_rows() * strip_bytes(); }
    [[nodiscard]] constexpr std::size_t unit_bytes() const { return has_wide_scales() ? 0 : height * 4; }
    [[nodiscard]] constexpr std::size_t tile_bytes(std::size_t n_groups) const {
        return n_groups * group_bytes() + unit_bytes();
    }
    [[nodiscard]] static constexpr std::size_t whole_strips(std::size_t n_rows) { // as many rows or more
        return (n_rows + strip_rows() - 1) / strip_rows() * strip_rows();
    }
    // Streams look ahead by the scales of a strip and its first words, rows by those of their place in the next group.
    [[nodiscard]] constexpr std::size_t bytes_behind() const { return strip_at(rows() - 1) + scale_bytes() + 32; }

    // Places of a row: in a group its scale, the factor and the offset of a half, a word; in the tile its unit.
    [[nodiscard]] constexpr std::size_t strip_at(std::size_t row) const { return row / strip_rows() * strip_bytes(); }
    [[nodiscard]] constexpr std::size_t pair_at(std::size_t row) const { // its words
        return strip_at(row) + scale_bytes() + row % strip_rows() / 2 * words() * 8;
    }
    [[nodiscard]] constexpr std::size_t scale_at(std::size_t row) const {
        return strip_at(row) + row % strip_rows() * (has_wide_scales() ? 4 : 2);
    }
    [[nodiscard]] constexpr std::size_t factor_at(std::size_t row, std::size_t half) const {
        return strip_at(row) + factors_at() + row % strip_rows() / 2 * 8 + 4 * half + row % 2 * 2;
    }
    [[nodiscard]] constexpr std::size_t offset_at(std::size_t row, std::size_t half) const {
        return strip_at(row) + offsets_at() + (half * strip_rows() + row % strip_rows()) * 4;
    }
    [[nodiscard]] constexpr std::size_t word_at(std::size_t row, std::size_t word) const {
        const std::size_t block = word / block_words();
        const std::size_t place = row / 2 % 2 == 0 ? block : n_blocks() - 1 - block;
        return pair_at(row) + place * block_words() * 8 + word % block_words() * 8 + row % 2 * 4;
    }
    [[nodiscard]] constexpr std::size_t unit_at(std::size_t row, std::size_t n_groups) const {
        return n_groups * group_bytes() + row * 4;
    }

    packed_format format;
    std::size_t height; // rows of this tile
};

// Where the tile begins that has this row.
inline std::size_t tile_at(const packed_view & w, std::size_t row) {
    return row / tile_shape::rows() * tile_shape(w.format).tile_bytes(w.cols / group_size);
}

namespace detail {

template <class T> inline T load_at(const std::byte * from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}
template <class T> inline void store_at(std::byte * to, T value) {
    std::memcpy(to, &value, sizeof value);
}

// What a sum in a stream is to be multiplied with beside the scales, as a power of two. Scales of 16 bits stand as
// floats 2^112 too low and meet activations of 2^48; without factors of halves the sum is as many bits too high as its
// kind says. Factors of halves bring the sum down to its value; where scales are wide they then meet a scale of the
// kind.
constexpr int unit_exponent(packed_format format) {
    return 112 - 48 - (has_halves(format) ? 0 : sum_shift(kind_for(format)));
}
constexpr float wide_scale_unit(packed_format format) {
    return has_halves(format) ? static_cast<float>(1 << sum_shift(kind_for(format))) : 1.0f;
}

inline float power_of_two(int exponent) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(127 + exponent) << 23);
}

// k, so that the largest |scale| * 2^k is in [2^14, 2^15); 0 for a row of zeros.
inline int row_exponent(const weight_group * groups, std::size_t n_groups) {
    std::uint32_t largest = 0; // without their signs floats are in the order of their bits
    for (std::size_t g = 0; g < n_groups; ++g) {
        const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(groups[g].scale) & 0x7fffffffu;
        largest = magnitude > largest ? magnitude : largest;
    }
    const int exponent = static_cast<int>(largest >> 23) - 127;
    return std::bit_cast<float>(largest) > 0x1p-60f && exponent < 60 ? 14 - exponent : 0;
}

constexpr int offset_shift(packed_format format) { // what stored codes are less by
    return format == packed_format::q4_offset ? 8 : format == packed_format::q5_offset ? 16 : 0;
}

} // namespace detail

inline std::uint64_t tiled_bytes(packed_format format, std::size_t rows, std::size_t cols) {
    const tile_shape shape(format);
    const std::size_t n_groups = cols / group_size;
    const std::size_t in_last = rows % shape.rows();
    const std::uint64_t whole_tiles = rows / shape.rows() * std::uint64_t{shape.tile_bytes(n_groups)};
    const std::size_t last_tile = in_last == 0 ? 0 : tile_shape(format, in_last).tile_bytes(n_groups);
    return rows == 0 ? 0 : whole_tiles + last_tile + shape.bytes_behind();
}

// The rows that fill up the last tile, and what streams look ahead at: zeros.
inline void pad_tiles(const packed_view & into) {
    if (into.rows > 0) {
        const auto end = static_cast<std::size_t>(tiled_bytes(into.format, into.rows, into.cols));
        const std::size_t whole_tiles = tile_at(into, into.rows);
        std::memset(into.data + whole_tiles, 0, end - whole_tiles);
    }
}

namespace detail {

template <packed_format format>
inline void pack_tile_row(const packed_view & into, std::size_t row, const weight_group * groups) {
    constexpr tile_shape shape(format);
    const tile_shape in(into, row);
    const std::size_t n_groups = into.cols / group_size;
    std::byte * const tile = into.data + tile_at(into, row);
    row %= shape.rows();
    const int exponent = shape.has_wide_scales() ? 0 : row_exponent(groups, n_groups);
    if (!shape.has_wide_scales()) {
        store_at(tile + in.unit_at(row, n_groups), power_of_two(unit_exponent(format) - exponent));
    }
    for (std::size_t g = 0; g < n_groups; ++g) {
        const weight_group & from = groups[g];
        std::byte * const to = tile + g * in.group_bytes();
        if (shape.has_wide_scales()) {
            store_at(to + shape.scale_at(row), from.scale * wide_scale_unit(format));
        } else {
            store_at(to + shape.scale_at(row), f32_to_f16(from.scale * power_of_two(exponent)));
        }
        for (std::size_t h = 0; h < 2 && has_halves(format); ++h) {
            // SMULW takes 16 bits off: these, and those that the sum is too high.
            constexpr int shift = 16 - sum_shift(kind_for(format));
            store_at(to + shape.factor_at(row, h), static_cast<std::int16_t>(from.half_scale[h] * (1 << shift)));
        }
        std::uint32_t words[8];
        pack_words<format>(from.code, words);
        // Four rows on, words are in the same order again.
        std::byte * const codes = to + shape.pair_at(row / 4 * 4) - shape.pair_at(0) + row % 2 * 4;
        for (std::size_t w = 0; w < shape.words(); ++w) {
            store_at(codes + (row % 4 < 2 ? shape.word_at(0, w) : shape.word_at(2, w)), words[w]);
        }
        for (std::size_t h = 0; h < shape.n_offsets(); ++h) {
            const float moved = from.scale * static_cast<float>(offset_shift(format));
            store_at(to + shape.offset_at(row, h), from.offset * static_cast<float>(from.half_offset[h]) + moved);
        }
    }
}

} // namespace detail

inline void pack_tile_row(const packed_view & into, std::size_t row, const weight_group * groups) {
    with_format(into.format, [&]<packed_format format>() { detail::pack_tile_row<format>(into, row, groups); });
}

inline void unpack_tile_row(const packed_view & from, std::size_t row, float * out) {
    const tile_shape shape(from, row);
    const std::size_t n_groups = from.cols / group_size;
    const std::byte * const tile = from.data + tile_at(from, row);
    row %= shape.rows();
    float unit = 1.0f / detail::wide_scale_unit(from.format);
    if (!shape.has_wide_scales()) {
        unit = detail::load_at<float>(tile + shape.unit_at(row, n_groups)) *
               detail::power_of_two(-detail::unit_exponent(from.format));
    }
    for (std::size_t g = 0; g < n_groups; ++g, out += group_size) {
        const std::byte * const at = tile + g * shape.group_bytes();
        const float stored = shape.has_wide_scales()
                                 ? detail::load_at<float>(at + shape.scale_at(row))
                                 : f16_to_f32(detail::load_at<std::uint16_t>(at + shape.scale_at(row)));
        std::uint32_t words[8];
        for (std::size_t w = 0; w < shape.words(); ++w) {
            words[w] = detail::load_at<std::uint32_t>(at + shape.word_at(row, w));
        }
        std::int8_t code[group_size];
        detail::unpack_words(from.format, words, code);
        float scale[2] = {stored * unit, stored * unit};
        float offset[2] = {};
        for (std::size_t h = 0; h < 2; ++h) {
            if (has_halves(from.format)) {
                const int shift = 16 - sum_shift(kind_for(from.format));
                const int factor = detail::load_at<std::int16_t>(at + shape.factor_at(row, h)) / (1 << shift);
                scale[h] *= static_cast<float>(factor);
            }
            if (has_offset(from.format)) {
                offset[h] = detail::load_at<float>(at + shape.offset_at(row, has_halves(from.format) ? h : 0));
            }
        }
        for (std::size_t i = 0; i < group_size; ++i) {
            const std::size_t h = i / half_size;
            out[i] = rounded_product(scale[h], static_cast<float>(code[i])) + offset[h];
        }
    }
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::arm1176
