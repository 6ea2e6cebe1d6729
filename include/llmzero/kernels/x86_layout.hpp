// The layout of matrices for x86 from AVX2 on: tiles of 32 rows for quantised formats, rows for the others. Compiled
// for every machine.
//
//     matrix | tile | tile | ...               of 32 rows each; what the last one has too many is zeros
//     tile   | block | block | ...             of one group of 32 columns each, or with halves of 8 (the last may have
//                                              fewer)
//     block  | scales [32 rows] | offsets [32 rows], if the format has them | group | ...
//     group  | half_scales i8 [2][32 rows], half_offsets i8 [2][32 rows], if the format has them | strip | strip |
//     strip  | high bits | codes |             of 16 rows
//
// Scales and offsets are halves, or floats in q8_offset, q5_offset and q4_offset. A code is stored as code -
// lowest_code, an unsigned number u. A line of 64 bytes holds four columns of 16 rows, which is what one product of
// bytes takes: byte 4 * row + j of line k is of column 4 * k + j.
//     8 bits:  lines 0 to 7.
//     4 bits:  lines 0 to 3, line k with line k + 4 in bits 4-7.
//     5 bits:  one line of high bits, whose bit k is bit 4 of line k; then as 4 bits.
//     6 bits:  two lines of high bits: bits 2k and 2k + 1 of the first are bits 4 and 5 of line k, those of the second
//              of line k + 4; then as 4 bits.
// All parts begin at cache lines. Bits of a weight:
//     q8  8.5   q8_offset  10   q5  5.5   q5_offset  7   q8_halves  6.56
//     q4  4.5   q4_offset  6    q4_halves  4.56          q4_halves_offset  5.13
#pragma once

#include <llmzero/base/f16.hpp>
#include <llmzero/kernels/dense.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/kernels/loops.hpp>
#include <llmzero/numerics/four_bytes.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace llmzero::inline LLMZERO_ABI::kernels::x86 {

struct tile_shape {
    static constexpr std::size_t rows = 32;
    static constexpr std::size_t strip_rows = 16;
    static constexpr std::size_t line_bytes = 64;
    static constexpr std::size_t lines = 8; // of a group, each 4 columns

    packed_format format;

    [[nodiscard]] constexpr bool has_wide_scales() const { return has_offset(format) && !has_halves(format); }
    [[nodiscard]] constexpr bool has_split_bytes() const {
        return has_nibbles(format) || has_five_bits(format) || has_six_bits(format);
    }
    [[nodiscard]] constexpr std::size_t high_lines() const {
        return has_six_bits(format) ? 2u : has_five_bits(format) ? 1u : 0u;
    }
    // What is added to a code, so that it is not negative.
    [[nodiscard]] constexpr int bias() const {
        if (has_nibbles(format)) {
            return -lowest_nibble(format);
        }
        return has_six_bits(format) ? 32 : !has_five_bits(format) ? 128 : has_offset(format) ? 0 : 16;
    }

    [[nodiscard]] constexpr std::size_t groups_in_block() const { return has_halves(format) ? 8 : 1; }
    [[nodiscard]] constexpr std::size_t scale_bytes() const { return has_wide_scales() ? 4 : 2; } // of a row
    [[nodiscard]] constexpr std::size_t header_bytes() const {
        return rows * scale_bytes() * (has_offset(format) ? 2 : 1);
    }
    [[nodiscard]] constexpr std::size_t factor_bytes() const {
        return has_halves(format) ? rows * 2 * (has_offset(format) ? 2 : 1) : 0;
    }
    [[nodiscard]] constexpr std::size_t strip_bytes() const {
        return (high_lines() + (has_split_bytes() ? lines / 2 : lines)) * line_bytes;
    }
    [[nodiscard]] constexpr std::size_t group_bytes() const {
        return factor_bytes() + rows / strip_rows * strip_bytes();
    }
    [[nodiscard]] constexpr std::size_t tile_bytes(std::size_t n_groups) const {
        return (n_groups + groups_in_block() - 1) / groups_in_block() * header_bytes() + n_groups * group_bytes();
    }

    // Where things are in a tile.
    [[nodiscard]] constexpr std::size_t block_at(std::size_t g) const {
        return g / groups_in_block() * (header_bytes() + groups_in_block() * group_bytes());
    }
    [[nodiscard]] constexpr std::size_t group_at(std::size_t g) const {
        return block_at(g) + header_bytes() + g % groups_in_block() * group_bytes();
    }
    [[nodiscard]] constexpr std::size_t row_in_group(std::size_t row) const { // of its first four bytes in a line
        return factor_bytes() + row / strip_rows * strip_bytes() + row % strip_rows * 4;
    }
};

namespace detail {

using llmzero::detail::in_each_byte;
using llmzero::detail::load_four;
using llmzero::detail::store_four;

// The codes of a group, at the place of its row in the first line; four columns are a word.
template <packed_format format> inline void pack_codes(const std::int8_t * code, std::byte * to) {
    constexpr tile_shape shape{format};
    constexpr std::size_t line = tile_shape::line_bytes;
    constexpr std::uint32_t bias = in_each_byte(static_cast<std::uint32_t>(shape.bias()));
    std::uint32_t words[tile_shape::lines];
    for (std::size_t k = 0; k < tile_shape::lines; ++k) {
        // Adds the bias in each byte, whose carries go nowhere.
        const std::uint32_t word = load_four(code + 4 * k);
        words[k] = ((word & in_each_byte(0x7f)) + (bias & in_each_byte(0x7f))) ^ ((word ^ bias) & in_each_byte(0x80));
    }
    if constexpr (!shape.has_split_bytes()) {
        for (std::size_t k = 0; k < tile_shape::lines; ++k) {
            store_four(to + k * line, words[k]);
        }
        return;
    }
    std::uint32_t high[2] = {};
    for (std::size_t k = 0; k < tile_shape::lines; ++k) {
        const std::uint32_t rest = words[k] >> 4 & in_each_byte(3);
        if constexpr (shape.high_lines() == 1) {
            high[0] |= rest << k;
        } else {
            high[k / 4] |= rest << (k % 4 * 2);
        }
    }
    for (std::size_t n = 0; n < shape.high_lines(); ++n, to += line) {
        store_four(to, high[n]);
    }
    for (std::size_t k = 0; k < tile_shape::lines / 2; ++k) {
        store_four(to + k * line, (words[k] & in_each_byte(15)) | (words[k + 4] & in_each_byte(15)) << 4);
    }
}

inline void unpack_codes(const tile_shape & shape, const std::byte * from, std::int8_t * code) {
    constexpr std::size_t line = tile_shape::line_bytes;
    const std::byte * const codes = from + shape.high_lines() * line;
    for (std::size_t i = 0; i < group_size; ++i) {
        const std::size_t k = i / 4;
        const std::size_t j = i % 4;
        int u = std::to_integer<int>(codes[(shape.has_split_bytes() ? k % 4 : k) * line + j]);
        if (shape.has_split_bytes()) {
            u = (k < 4 ? u : u >> 4) & 15;
        }
        if (shape.high_lines() == 1) {
            u |= (std::to_integer<int>(from[j]) >> k & 1) << 4;
        } else if (shape.high_lines() == 2) {
            u |= (std::to_integer<int>(from[k / 4 * line + j]) >> (k % 4 * 2) & 3) << 4;
        }
        code[i] = static_cast<std::int8_t>(u - shape.bias());
    }
}

inline void store_scale(const tile_shape & shape, float value, std::byte * to) {
    if (shape.has_wide_scales()) {
        std::memcpy(to, &value, sizeof value);
    } else {
        const std::uint16_t half = f32_to_f16(value);
        std::memcpy(to, &half, sizeof half);
    }
}

inline float load_scale(const tile_shape & shape, const std::byte * from) {
    if (shape.has_wide_scales()) {
        float value;
        std::memcpy(&value, from, sizeof value);
        return value;
    }
    std::uint16_t half;
    std::memcpy(&half, from, sizeof half);
    return f16_to_f32(half);
}

} // namespace detail

inline std::uint64_t packed_bytes(packed_format format, std::size_t rows, std::size_t cols) {
    if (!is_quantised(format)) {
        return dense::packed_bytes(format, rows, cols);
    }
    const std::uint64_t n_tiles = (std::uint64_t{rows} + tile_shape::rows - 1) / tile_shape::rows;
    return n_tiles * tile_shape{format}.tile_bytes(cols / group_size);
}

// The rows that the last tile has too many.
inline void pad(const packed_view & into) {
    if (is_quantised(into.format) && into.rows % tile_shape::rows != 0) {
        const std::size_t bytes = tile_shape{into.format}.tile_bytes(into.cols / group_size);
        std::memset(into.data + into.rows / tile_shape::rows * bytes, 0, bytes);
    }
}

namespace detail {

// Row r of a tile.
template <packed_format format>
inline void pack_row_of_tile(const weight_group * groups, std::size_t n_groups, std::size_t r, std::byte * tile) {
    constexpr tile_shape shape{format};
    for (std::size_t g = 0; g < n_groups; ++g, ++groups) {
        if (g % shape.groups_in_block() == 0) {
            std::byte * const scale = tile + shape.block_at(g) + r * shape.scale_bytes();
            store_scale(shape, groups->scale, scale);
            if (has_offset(format)) {
                store_scale(shape, groups->offset, scale + tile_shape::rows * shape.scale_bytes());
            }
        }
        std::byte * const group = tile + shape.group_at(g);
        for (std::size_t h = 0; has_halves(format) && h < 2; ++h) {
            group[h * tile_shape::rows + r] = static_cast<std::byte>(groups->half_scale[h]);
            if (has_offset(format)) {
                group[(2 + h) * tile_shape::rows + r] = static_cast<std::byte>(groups->half_offset[h]);
            }
        }
        pack_codes<format>(groups->code, group + shape.row_in_group(r));
    }
}

} // namespace detail

// Compiled for each format: a model waits for it when it is loaded.
inline void pack_row(const packed_view & into, std::size_t row, const void * source) {
    if (!is_quantised(into.format)) {
        return dense::pack_row(into, row, source);
    }
    const std::size_t n_groups = into.cols / group_size;
    std::byte * const tile = into.data + row / tile_shape::rows * tile_shape{into.format}.tile_bytes(n_groups);
    with_format(into.format, [&]<packed_format format>() {
        detail::pack_row_of_tile<format>(static_cast<const weight_group *>(source), n_groups, row % tile_shape::rows,
                                         tile);
    });
}

inline void unpack_row(const packed_view & from, std::size_t row, float * out) {
    if (!is_quantised(from.format)) {
        return dense::unpack_row(from, row, out);
    }
    const tile_shape shape{from.format};
    const std::size_t n_groups = from.cols / group_size;
    const std::byte * const tile = from.data + row / tile_shape::rows * shape.tile_bytes(n_groups);
    const std::size_t r = row % tile_shape::rows;
    for (std::size_t g = 0; g < n_groups; ++g, out += group_size) {
        const std::byte * const scale = tile + shape.block_at(g) + r * shape.scale_bytes();
        const std::byte * const group = tile + shape.group_at(g);
        weight_group unpacked;
        set_scales(detail::load_scale(shape, scale),
                   has_offset(shape.format) ? detail::load_scale(shape, scale + tile_shape::rows * shape.scale_bytes())
                                            : 0.0f,
                   &unpacked);
        for (std::size_t h = 0; has_halves(shape.format) && h < 2; ++h) {
            unpacked.half_scale[h] = static_cast<std::int8_t>(group[h * tile_shape::rows + r]);
            if (has_offset(shape.format)) {
                unpacked.half_offset[h] = static_cast<std::int8_t>(group[(2 + h) * tile_shape::rows + r]);
            }
        }
        detail::unpack_codes(shape, group + shape.row_in_group(r), unpacked.code);
        dequantise(unpacked, out);
    }
}

// Products with 8 bits are as fast.
inline bool gains_by_sketch(packed_format) {
    return false;
}

inline constexpr packed_layout layout = {"x86", packed_bytes, pad, pack_row, unpack_row, gains_by_sketch};

} // namespace llmzero::inline LLMZERO_ABI::kernels::x86
