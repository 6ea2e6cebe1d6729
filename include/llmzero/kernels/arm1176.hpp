// Kernels for the ARM1176: ARMv6 with its SIMD32 instructions, of which SMLAD does two 16-bit products a cycle.
//
// What is multiplied with what is in arm1176_activations.hpp, how matrices lie in memory in arm1176_tile.hpp, and the
// loops themselves, in assembly, in arm1176_streams.hpp. Sums of a group are exact integers; they become floats and
// meet their scales as in the portable kernels, so that products without offsets have the same bits there and here as
// long as both quantise the activations alike.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_ARM1176

#    include <llmzero/kernels/arm1176_activations.hpp>
#    include <llmzero/kernels/arm1176_streams.hpp>
#    include <llmzero/kernels/arm1176_tile.hpp>
#    include <llmzero/kernels/dense.hpp>
#    include <llmzero/kernels/kernel_set.hpp>
#    include <llmzero/numerics/quantise.hpp>

#    include <algorithm>
#    include <cstddef>
#    include <cstdint>
#    include <cstring>

namespace llmzero::inline LLMZERO_ABI::kernels::arm1176 {

// Multiplies tiles with a vector: y [n_tiles, rows of a tile], offsets left out.
using stream_function = void(const void * x, const void * tiles, float * y, std::size_t n_groups, std::size_t n_tiles,
                             std::size_t tile_bytes);

inline stream_function * stream_for(packed_format format) {
    switch (format) {
    case packed_format::q8: return stream_8_f16;
    case packed_format::q8_offset: return stream_8_f32;
    case packed_format::q5: return stream_5_f16;
    case packed_format::q5_offset: return stream_5_f32;
    case packed_format::q8_halves: return stream_8_halves_f16;
    case packed_format::q4_halves:
    case packed_format::q4_halves_offset: return stream_4_halves_f32;
    default: return stream_4_f32;
    }
}

// The offsets of one row times the sums of the activations that they belong to.
inline float offset_product(packed_format format, const std::byte * offsets, const activation_group * x,
                            std::size_t n_groups) {
    float sum = 0.0f;
    for (std::size_t g = 0; g < n_groups; ++g) {
        if (has_halves(format)) {
            sum = multiply_add(detail::load_at<float>(offsets + 8 * g), x[g].half_sum[0], sum);
            sum = multiply_add(detail::load_at<float>(offsets + 8 * g + 4), x[g].half_sum[1], sum);
        } else {
            sum = multiply_add(detail::load_at<float>(offsets + 4 * g), x[g].sum, sum);
        }
    }
    return sum;
}

// y(rows) += offsets(rows) * x for rows of one tile.
inline void add_offsets(const tile_shape & shape, const std::byte * tile, std::size_t first_row, std::size_t n_rows,
                        const activation_group * x, std::size_t n_groups, float * y) {
    for (std::size_t r = 0; r < n_rows && has_offset(shape.format); ++r) {
        y[r] += offset_product(shape.format, tile + shape.offsets_at(first_row + r, n_groups), x, n_groups);
    }
}

// Some rows of a tile: y [n_rows].
inline void multiply_partial(const tile_shape & shape, const std::byte * tile, std::size_t first_row,
                             std::size_t n_rows, const activation_group * x, std::size_t n_groups, float * y) {
    float all[32];
    stream_for(shape.format)(x, tile, all, n_groups, 1, 0);
    std::memcpy(y, all + first_row, n_rows * sizeof(float));
    add_offsets(shape, tile, first_row, n_rows, x, n_groups, y);
}

// One token streams through all tiles at once. Of several, each goes through a tile while that is in the caches.
inline void multiply(const packed_view & w, std::size_t first_row, std::size_t end_row, const std::byte * prepared,
                     std::size_t n_tokens, float * y, std::size_t y_stride) {
    if (!is_quantised(w.format)) {
        return dense::multiply(w, first_row, end_row, prepared, n_tokens, y, y_stride);
    }
    const tile_shape shape(w.format);
    const std::size_t rows = shape.rows();
    const std::size_t n_groups = w.cols / group_size;
    const std::size_t tile_bytes = shape.tile_bytes(n_groups);
    stream_function * const stream = stream_for(w.format);
    const std::byte * tile = w.data + first_row / rows * tile_bytes;
    const auto * const x = reinterpret_cast<const activation_group *>(prepared);
    for (std::size_t row = first_row; row < end_row;) {
        const std::size_t in_tile = row % rows;
        std::size_t n_rows = std::min(end_row - row, rows - in_tile);
        std::size_t n_tiles = 1;
        if (n_rows == rows && n_tokens == 1) {
            n_tiles = (end_row - row) / rows;
            n_rows = n_tiles * rows;
        }
        for (std::size_t t = 0; t < n_tokens; ++t) {
            float * const to = y + t * y_stride + row;
            if (n_rows < rows) {
                multiply_partial(shape, tile, in_tile, n_rows, x + t * n_groups, n_groups, to);
                continue;
            }
            stream(x + t * n_groups, tile, to, n_groups, n_tiles, tile_bytes);
            for (std::size_t n = 0; n < n_tiles && has_offset(w.format); ++n) {
                add_offsets(shape, tile + n * tile_bytes, 0, rows, x + t * n_groups, n_groups, to + n * rows);
            }
        }
        row += n_rows;
        tile += n_tiles * tile_bytes;
    }
}

inline std::uint64_t packed_bytes(packed_format format, std::size_t rows, std::size_t cols) {
    return is_quantised(format) ? tiled_bytes(format, rows, cols) : dense::packed_bytes(format, rows, cols);
}

inline void pack_row(const packed_view & into, std::size_t row, const void * source) {
    if (!is_quantised(into.format)) {
        return dense::pack_row(into, row, source);
    }
    pack_tile_row(into, row, static_cast<const weight_group *>(source));
}

inline void unpack_row(const packed_view & from, std::size_t row, float * out) {
    if (!is_quantised(from.format)) {
        return dense::unpack_row(from, row, out);
    }
    unpack_tile_row(from, row, out);
}

inline std::size_t activation_bytes(activation_kind kind, std::size_t cols) {
    return kind == activation_kind::floats ? cols * sizeof(float) : cols / group_size * sizeof(activation_group);
}

inline void prepare(activation_kind kind, const float * x, std::size_t cols, std::byte * out) {
    if (kind == activation_kind::floats) {
        std::memcpy(out, x, cols * sizeof(float));
        return;
    }
    auto * groups = reinterpret_cast<activation_group *>(out);
    for (std::size_t g = 0; g < cols / group_size; ++g) {
        std::int16_t code[group_size];
        const float scale = quantise_group(kind, x + g * group_size, code);
        arrange_group(kind, code, scale, groups[g]);
    }
}

inline constexpr kernel_set set = {
    "arm1176", packed_bytes, pack_row, unpack_row, kind_for, activation_bytes, prepare, multiply, dense::attend,
};

} // namespace llmzero::inline LLMZERO_ABI::kernels::arm1176

#endif
