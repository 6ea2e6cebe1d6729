// Kernels for the ARM1176: ARMv6 with its SIMD32 instructions, of which SMLAD does two 16-bit products a cycle.
//
// What is multiplied with what is in arm1176_activations.hpp and, for prompts, in arm1176_block.hpp; how matrices lie
// in memory in arm1176_layout.hpp and arm1176_tile.hpp, and the loops themselves, in assembly, in arm1176_streams.hpp.
// Sums of a group are exact integers; they become floats and meet their scales as in the portable kernels, so that
// products without offsets have the same bits there and here as long as both quantise the activations alike.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_ARM1176

#    include <llmzero/kernels/arm1176_activations.hpp>
#    include <llmzero/kernels/arm1176_attention.hpp>
#    include <llmzero/kernels/arm1176_block.hpp>
#    include <llmzero/kernels/arm1176_gates.hpp>
#    include <llmzero/kernels/arm1176_layout.hpp>
#    include <llmzero/kernels/arm1176_quantise.hpp>
#    include <llmzero/kernels/arm1176_row.hpp>
#    include <llmzero/kernels/arm1176_streams.hpp>
#    include <llmzero/kernels/arm1176_tile.hpp>
#    include <llmzero/kernels/dense.hpp>
#    include <llmzero/kernels/kernel_set.hpp>
#    include <llmzero/kernels/loops.hpp>
#    include <llmzero/numerics/quantise.hpp>

#    include <algorithm>
#    include <cstddef>
#    include <cstdint>
#    include <cstring>

namespace llmzero::inline LLMZERO_ABI::kernels::arm1176 {

// Multiplies the first n_rows of each tile of tile_rows, whole strips, with a vector: y [n_tiles, n_rows].
using stream_function = void(const void * x, const void * tiles, float * y, std::size_t n_groups, std::size_t n_tiles,
                             std::size_t tile_bytes, std::size_t n_rows, std::size_t tile_rows);

inline stream_function * stream_for(packed_format format) {
    switch (format) {
    case packed_format::q8: return stream_8_f16;
    case packed_format::q8_offset: return stream_8_f32_offset;
    case packed_format::q5: return stream_5_f16;
    case packed_format::q5_offset: return stream_5_f32_offset;
    case packed_format::q4_offset: return stream_4_f32_offset;
    case packed_format::q8_halves: return stream_6_halves_f32;
    case packed_format::q4_halves: return stream_4_halves_f32;
    case packed_format::q4_halves_offset: return stream_4_halves_f32_offset;
    default: return stream_4_f32;
    }
}

// Multiplies a strip of a tile, whose groups are group_bytes apart, with four vectors: y [4, rows of a strip], vectors
// y_stride floats apart.
using quad_function = void(const void * x, const void * strip, float * y, std::size_t n_groups, std::size_t y_stride,
                           const void * units, std::size_t group_bytes);

inline quad_function * quad_stream_for(packed_format format) {
    switch (format) {
    case packed_format::q8: return quad_stream_8_f16;
    case packed_format::q8_offset: return quad_stream_8_f32_offset;
    case packed_format::q5: return quad_stream_5_f16;
    case packed_format::q5_offset: return quad_stream_5_f32_offset;
    case packed_format::q4_offset: return quad_stream_4_f32_offset;
    case packed_format::q8_halves: return quad_stream_6_halves_f32;
    case packed_format::q4_halves: return quad_stream_4_halves_f32;
    case packed_format::q4_halves_offset: return quad_stream_4_halves_f32_offset;
    default: return quad_stream_4_f32;
    }
}

// Some rows of a tile: y [n_rows]. A row alone takes as long as about five in a stream.
inline void multiply_partial(const tile_shape & shape, const std::byte * tile, std::size_t first_row,
                             std::size_t n_rows, const std::byte * x, std::size_t n_groups, float * y) {
    const std::size_t n_streamed = shape.whole_strips(first_row + n_rows);
    if (n_rows * 8 <= n_streamed) {
        with_format(shape.format, [&]<packed_format format>() {
            const auto * const groups = reinterpret_cast<const detail::group_of<format> *>(x);
            for (std::size_t r = 0; r < n_rows; ++r) {
                y[r] = multiply_row<format>(shape, tile, first_row + r, groups, n_groups);
            }
        });
    } else {
        float all[tile_shape::rows()];
        stream_for(shape.format)(x, tile, all, n_groups, 1, 0, n_streamed, shape.height);
        std::memcpy(y, all + first_row, n_rows * sizeof(float));
    }
}

// Rows [first_row, end_row) by one token, which streams through all whole tiles at once. Apart from what several tokens
// take, which would only fill the instruction cache.
LLMZERO_NOINLINE inline void multiply_one(const packed_view & w, std::size_t first_row, std::size_t end_row,
                                          const std::byte * x, float * y) {
    constexpr std::size_t rows = tile_shape::rows();
    const std::size_t n_groups = w.cols / group_size;
    const std::size_t tile_bytes = tile_shape(w.format).tile_bytes(n_groups);
    const std::byte * tile = w.data + first_row / rows * tile_bytes;
    for (std::size_t row = first_row; row < end_row;) {
        const std::size_t in_tile = row % rows;
        std::size_t n_rows = std::min(end_row - row, rows - in_tile);
        std::size_t n_tiles = 1;
        if (n_rows < rows) {
            multiply_partial(tile_shape(w, row), tile, in_tile, n_rows, x, n_groups, y + row);
        } else {
            n_tiles = (end_row - row) / rows;
            n_rows = n_tiles * rows;
            stream_for(w.format)(x, tile, y + row, n_groups, n_tiles, tile_bytes, rows, rows);
        }
        row += n_rows;
        tile += n_tiles * tile_bytes;
    }
}

// The same by four tokens. All of their activations stay in the caches while the weights stream by.
inline void multiply_four(const packed_view & w, std::size_t first_row, std::size_t end_row, const std::byte * x,
                          float * y, std::size_t y_stride) {
    const std::size_t n_groups = w.cols / group_size;
    for (std::size_t row = first_row; row < end_row;) {
        const tile_shape shape(w, row);
        const std::size_t in_tile = row % shape.rows();
        const std::size_t in_strip = in_tile % shape.strip_rows();
        const std::size_t n_rows = std::min(end_row - row, shape.strip_rows() - in_strip);
        const std::byte * const tile = w.data + tile_at(w, row);
        const std::byte * const strip = tile + shape.strip_at(in_tile);
        const std::byte * const units = tile + shape.unit_at(in_tile - in_strip, n_groups);
        if (n_rows == shape.strip_rows()) {
            quad_stream_for(w.format)(x, strip, y + row, n_groups, y_stride, units, shape.group_bytes());
        } else {
            float all[4][tile_shape::strip_rows()];
            quad_stream_for(w.format)(x, strip, all[0], n_groups, tile_shape::strip_rows(), units, shape.group_bytes());
            for (std::size_t t = 0; t < 4; ++t) {
                std::memcpy(y + t * y_stride + row, all[t] + in_strip, n_rows * sizeof(float));
            }
        }
        row += n_rows;
    }
}

// How many blocks of tokens from the t-th on go through a matrix together.
constexpr std::size_t n_blocks_from(std::size_t t, std::size_t n_tokens, activation_kind kind) {
    return kind == activation_kind::nibble_safe ? std::min((n_tokens - t) / block_tokens, most_blocks) : 0;
}

// Tokens go through the matrix in blocks where there are 4 bits, then four at a time, what is left of them one at a
// time.
inline void multiply(const packed_view & w, std::size_t first_row, std::size_t end_row, const std::byte * prepared,
                     std::size_t n_tokens, float * y, std::size_t y_stride) {
    if (!is_quantised(w.format)) {
        return dense::multiply(w, first_row, end_row, prepared, n_tokens, y, y_stride);
    }
    if (n_tokens == 1) {
        return multiply_one(w, first_row, end_row, prepared, y);
    }
    const std::size_t n_groups = w.cols / group_size;
    std::size_t t = 0;
    for (std::size_t n; (n = n_blocks_from(t, n_tokens, kind_for(w.format))) > 0; t += n * block_tokens) {
        multiply_blocks(w, first_row, end_row, reinterpret_cast<const activation_block *>(prepared), n,
                        y + t * y_stride, y_stride);
        prepared += n * block_tokens * n_groups * sizeof(activation_group);
    }
    for (; t + 4 <= n_tokens; t += 4, prepared += n_groups * sizeof(activation_quad)) {
        multiply_four(w, first_row, end_row, prepared, y + t * y_stride, y_stride);
    }
    for (; t < n_tokens; ++t, prepared += n_groups * sizeof(activation_group)) {
        multiply_one(w, first_row, end_row, prepared, y + t * y_stride);
    }
}

inline std::size_t activation_bytes(activation_kind kind, std::size_t cols) {
    return kind == activation_kind::floats ? cols * sizeof(float) : cols / group_size * sizeof(activation_group);
}

// Each four tokens become Quad [n_groups], each of the rest Group [n_groups].
template <class Group, class Quad>
inline void prepare_groups(activation_kind kind, const float * x, std::size_t cols, std::size_t n_tokens,
                           std::byte * out) {
    const std::size_t n_groups = cols / group_size;
    const std::size_t in_quads = n_tokens / 4 * 4;
    for (std::size_t t = 0; t < n_tokens; ++t) {
        std::byte * const to = out + (t < in_quads ? t / 4 * 4 : t) * n_groups * sizeof(Group);
        for (std::size_t g = 0; g < n_groups; ++g, x += group_size) {
            if (t < in_quads) {
                Group group;
                quantise_group(kind, x, group);
                insert_group(group, t % 4, reinterpret_cast<Quad *>(to)[g]);
            } else {
                quantise_group(kind, x, reinterpret_cast<Group *>(to)[g]);
            }
        }
    }
}

inline void prepare(activation_kind kind, const float * x, std::size_t cols, std::size_t n_tokens, std::byte * out) {
    if (kind == activation_kind::floats) {
        std::memcpy(out, x, n_tokens * cols * sizeof(float));
    } else if (kind == activation_kind::sixes) {
        prepare_groups<sixes_group, sixes_quad>(kind, x, cols, n_tokens, out);
    } else {
        const std::size_t bytes = activation_bytes(kind, cols);
        std::size_t t = 0;
        for (std::size_t n; (n = n_blocks_from(t, n_tokens, kind)) > 0; t += n * block_tokens) {
            prepare_blocks(x + t * cols, cols, n, reinterpret_cast<activation_block *>(out + t * bytes));
        }
        prepare_groups<activation_group, activation_quad>(kind, x + t * cols, cols, n_tokens - t, out + t * bytes);
    }
}

// By the timing model, for matrices that come from memory: bench/pizero/per-token 1 2 llmzero-bench --products
// --format NAME --rows 4096 --cols 512 --tokens 1 (and 4) -r @.
inline float time_of_four(packed_format format) {
    switch (format) {
    case packed_format::q8: return 2.1f;
    case packed_format::q8_offset: return 1.9f;
    case packed_format::q5: return 2.6f;
    case packed_format::q5_offset: return 2.2f;
    case packed_format::q4: return 2.9f;
    case packed_format::q4_offset: return 2.8f;
    case packed_format::q8_halves: return 2.9f;
    case packed_format::q4_halves: return 3.0f;
    case packed_format::q4_halves_offset: return 2.6f;
    default: return 3.4f;
    }
}

inline constexpr kernel_set set = {
    layout, "arm1176", kind_for, activation_bytes, prepare, multiply, attend, true, time_of_four,
    16,     false,     4,        swiglu,           geglu,
};

} // namespace llmzero::inline LLMZERO_ABI::kernels::arm1176

#endif
