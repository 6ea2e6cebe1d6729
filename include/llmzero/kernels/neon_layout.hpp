// The layout of matrices for NEON: tiles of 16 rows for quantised formats, rows for the others. Compiled for every
// machine.
//
//     matrix | tile | tile | ...               of 16 rows each; what the last one has too many is zeros
//     tile   | block | block | ...             of one group of 32 columns each, or with halves of 8 (the last may have
//                                              fewer)
//     block  | scales [16 rows] | offsets [16 rows], if the format has them | group | ...
//     group  | half_scales i8 [2][16 rows], half_offsets i8 [2][16 rows], if the format has them | stored lines |
//
// Scales and offsets are halves, or floats in q8_offset, q5_offset and q4_offset. A line of 64 bytes holds four columns
// of 16 rows, so that a vector of 16 bytes is four rows: byte 4 * row + j of line k, from 0 to 7, is of column 4 * k +
// j. It is the code itself with 8 bits, else code - lowest_code, an unsigned number. Bits of stored lines, each from
// the lowest up:
//     8 bits:  lines 0 to 7.
//     6 bits:  lines 0, 1, 2, each in 6 bits and above it 2 bits of line 3, the lowest first; lines 4, 5, 6 and 7
//     alike. 5 bits:  line 0 and bits 2-4 of line 5; line 1, bit 1 of line 7 and bits 0-1 of line 5; line 2 and bits
//     2-4 of
//              line 6; line 3, bit 0 of line 7 and bits 0-1 of line 6; line 4 and bits 2-4 of line 7.
//     4 bits:  lines 0 to 3, line k with line k + 4 in bits 4-7.
// All parts begin at multiples of 16 bytes. Bits of a weight:
//     q8  8.5   q8_offset  10   q5  5.5   q5_offset  7   q8_halves  6.56
//     q4  4.5   q4_offset  6    q4_halves  4.56          q4_halves_offset  5.13
#pragma once

#include <llmzero/base/f16.hpp>
#include <llmzero/kernels/dense.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/numerics/four_bytes.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace llmzero::inline LLMZERO_ABI::kernels::neon {

struct tile_shape {
    static constexpr std::size_t rows = 16;
    static constexpr std::size_t line_bytes = 64;
    static constexpr std::size_t lines = 8; // of a group, each 4 columns

    packed_format format;

    [[nodiscard]] constexpr bool has_wide_scales() const { return has_offset(format) && !has_halves(format); }
    [[nodiscard]] constexpr std::size_t stored_lines() const { // as many as a code has bits
        return has_nibbles(format) ? 4u : has_five_bits(format) ? 5u : has_six_bits(format) ? 6u : 8u;
    }
    // What is added to a code, so that it is not negative; with 8 bits nothing.
    [[nodiscard]] constexpr int bias() const {
        if (has_nibbles(format)) {
            return -lowest_nibble(format);
        }
        return has_six_bits(format) ? 32 : format == packed_format::q5 ? 16 : 0;
    }

    [[nodiscard]] constexpr std::size_t groups_in_block() const { return has_halves(format) ? 8 : 1; }
    [[nodiscard]] constexpr std::size_t scale_bytes() const { return has_wide_scales() ? 4 : 2; } // of a row
    [[nodiscard]] constexpr std::size_t header_bytes() const {
        return rows * scale_bytes() * (has_offset(format) ? 2 : 1);
    }
    [[nodiscard]] constexpr std::size_t factor_bytes() const {
        return has_halves(format) ? rows * 2 * (has_offset(format) ? 2 : 1) : 0;
    }
    [[nodiscard]] constexpr std::size_t group_bytes() const { return factor_bytes() + stored_lines() * line_bytes; }
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
};

namespace detail {

using llmzero::detail::in_each_byte;
using llmzero::detail::load_four;
using llmzero::detail::store_four;

// `count` bits of each byte, from bit `from` on, moved to bit `to`.
constexpr std::uint32_t moved_bits(std::uint32_t word, unsigned from, unsigned count, unsigned to) {
    return (word >> from & in_each_byte((1u << count) - 1u)) << to;
}

// The stored lines of a row [stored_lines()] from its lines [8], and back; a word is four columns.
inline void join_lines(const tile_shape & shape, const std::uint32_t * line, std::uint32_t * stored) {
    const std::size_t n = shape.stored_lines();
    if (n == 4) {
        for (std::size_t k = 0; k < 4; ++k) {
            stored[k] = line[k] | line[k + 4] << 4;
        }
    } else if (n == 5) {
        stored[0] = line[0] | moved_bits(line[5], 2, 3, 5);
        stored[1] = line[1] | moved_bits(line[7], 1, 1, 5) | moved_bits(line[5], 0, 2, 6);
        stored[2] = line[2] | moved_bits(line[6], 2, 3, 5);
        stored[3] = line[3] | moved_bits(line[7], 0, 1, 5) | moved_bits(line[6], 0, 2, 6);
        stored[4] = line[4] | moved_bits(line[7], 2, 3, 5);
    } else if (n == 6) {
        for (unsigned k = 0; k < 6; ++k) {
            stored[k] = line[k / 3 * 4 + k % 3] | moved_bits(line[k / 3 * 4 + 3], k % 3 * 2, 2, 6);
        }
    } else {
        std::memcpy(stored, line, tile_shape::lines * sizeof *line);
    }
}

inline void split_lines(const tile_shape & shape, const std::uint32_t * stored, std::uint32_t * line) {
    const std::size_t n = shape.stored_lines();
    if (n == 4) {
        for (std::size_t k = 0; k < 4; ++k) {
            line[k] = moved_bits(stored[k], 0, 4, 0);
            line[k + 4] = moved_bits(stored[k], 4, 4, 0);
        }
    } else if (n == 5) {
        for (std::size_t k = 0; k < 5; ++k) {
            line[k] = moved_bits(stored[k], 0, 5, 0);
        }
        line[5] = moved_bits(stored[0], 5, 3, 2) | moved_bits(stored[1], 6, 2, 0);
        line[6] = moved_bits(stored[2], 5, 3, 2) | moved_bits(stored[3], 6, 2, 0);
        line[7] = moved_bits(stored[4], 5, 3, 2) | moved_bits(stored[1], 5, 1, 1) | moved_bits(stored[3], 5, 1, 0);
    } else if (n == 6) {
        for (std::size_t h = 0; h < 2; ++h, stored += 3, line += 4) {
            line[3] = 0;
            for (unsigned k = 0; k < 3; ++k) {
                line[k] = moved_bits(stored[k], 0, 6, 0);
                line[3] |= moved_bits(stored[k], 6, 2, 2 * k);
            }
        }
    } else {
        std::memcpy(line, stored, tile_shape::lines * sizeof *line);
    }
}

// The codes of a group, at the place of its row in the first stored line.
inline void pack_codes(const tile_shape & shape, const std::int8_t * code, std::byte * to) {
    std::uint32_t line[tile_shape::lines];
    std::uint32_t stored[tile_shape::lines];
    for (std::size_t k = 0; k < tile_shape::lines; ++k) {
        // Adds the bias in each byte, whose carries go nowhere.
        const std::uint32_t word = load_four(code + 4 * k);
        const std::uint32_t bias = in_each_byte(static_cast<std::uint32_t>(shape.bias()));
        line[k] = ((word & in_each_byte(0x7f)) + bias) ^ (word & in_each_byte(0x80));
    }
    join_lines(shape, line, stored);
    for (std::size_t k = 0; k < shape.stored_lines(); ++k) {
        store_four(to + k * tile_shape::line_bytes, stored[k]);
    }
}

inline void unpack_codes(const tile_shape & shape, const std::byte * from, std::int8_t * code) {
    std::uint32_t stored[tile_shape::lines] = {};
    std::uint32_t line[tile_shape::lines];
    for (std::size_t k = 0; k < shape.stored_lines(); ++k) {
        stored[k] = load_four(from + k * tile_shape::line_bytes);
    }
    split_lines(shape, stored, line);
    for (std::size_t i = 0; i < group_size; ++i) {
        const auto byte = static_cast<std::int8_t>(line[i / 4] >> (8 * (i % 4)) & 255u);
        code[i] = static_cast<std::int8_t>(byte - shape.bias());
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

inline void pack_row(const packed_view & into, std::size_t row, const void * source) {
    if (!is_quantised(into.format)) {
        return dense::pack_row(into, row, source);
    }
    const tile_shape shape{into.format};
    const std::size_t n_groups = into.cols / group_size;
    std::byte * const tile = into.data + row / tile_shape::rows * shape.tile_bytes(n_groups);
    const std::size_t r = row % tile_shape::rows;
    const auto * groups = static_cast<const weight_group *>(source);
    for (std::size_t g = 0; g < n_groups; ++g, ++groups) {
        if (g % shape.groups_in_block() == 0) {
            std::byte * const scale = tile + shape.block_at(g) + r * shape.scale_bytes();
            detail::store_scale(shape, groups->scale, scale);
            if (has_offset(shape.format)) {
                detail::store_scale(shape, groups->offset, scale + tile_shape::rows * shape.scale_bytes());
            }
        }
        std::byte * const group = tile + shape.group_at(g);
        for (std::size_t h = 0; has_halves(shape.format) && h < 2; ++h) {
            group[h * tile_shape::rows + r] = static_cast<std::byte>(groups->half_scale[h]);
            if (has_offset(shape.format)) {
                group[(2 + h) * tile_shape::rows + r] = static_cast<std::byte>(groups->half_offset[h]);
            }
        }
        detail::pack_codes(shape, groups->code, group + shape.factor_bytes() + 4 * r);
    }
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
        detail::unpack_codes(shape, group + shape.factor_bytes() + 4 * r, unpacked.code);
        dequantise(unpacked, out);
    }
}

// Products with 8 bits take no more instructions.
inline bool gains_by_sketch(packed_format) {
    return false;
}

inline constexpr packed_layout layout = {"neon", packed_bytes, pad, pack_row, unpack_row, gains_by_sketch};

} // namespace llmzero::inline LLMZERO_ABI::kernels::neon
