// Kernels for x86-64 beyond what every such processor has, in one program with the portable ones: which of them can run
// is found out when it runs (x86_cpu.hpp). They share a layout (x86_layout.hpp) and the activations
// (x86_activations.hpp); sums of a group are exact integers in all of them.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_X86

#    include <llmzero/kernels/kernel_set.hpp>
#    include <llmzero/kernels/loops.hpp>
#    include <llmzero/kernels/x86_activations.hpp>
#    include <llmzero/kernels/x86_attention.hpp>
#    include <llmzero/kernels/x86_avx2.hpp>
#    include <llmzero/kernels/x86_avx512vnni.hpp>
#    include <llmzero/kernels/x86_cpu.hpp>
#    include <llmzero/kernels/x86_dense.hpp>
#    include <llmzero/kernels/x86_gates.hpp>
#    include <llmzero/kernels/x86_layout.hpp>

#    include <algorithm>
#    include <cstddef>
#    include <cstring>

namespace llmzero::inline LLMZERO_ABI::kernels::x86 {

namespace detail {

// n_tokens of a tile: y [n_tokens, y_stride], where the tile's first row belongs.
template <class Tiles, packed_format format, std::size_t n_tokens>
inline void multiply_rows(const std::byte * tile, std::size_t first_row, std::size_t end_row,
                          const activation_group * x, std::size_t n_groups, float * y, std::size_t y_stride) {
    alignas(64) float all[n_tokens * tile_shape::rows];
    Tiles::template multiply<format, n_tokens>(tile, first_row, end_row, x, n_groups, all);
    const bool is_whole = end_row - first_row == tile_shape::rows;
    for (std::size_t t = 0; t < n_tokens; ++t) {
        float * const to = y + t * y_stride;
        if (is_whole) { // a copy of known length is no call
            std::memcpy(to, all + t * tile_shape::rows, tile_shape::rows * sizeof(float));
        } else {
            std::memcpy(to + first_row, all + t * tile_shape::rows + first_row, (end_row - first_row) * sizeof(float));
        }
    }
}

// A tile is read from memory once for all tokens.
template <class Tiles>
inline void multiply(const packed_view & w, std::size_t first_row, std::size_t end_row, const std::byte * prepared,
                     std::size_t n_tokens, float * y, std::size_t y_stride) {
    if (!is_quantised(w.format)) {
        return multiply_floats(w, first_row, end_row, prepared, n_tokens, y, y_stride);
    }
    constexpr std::size_t rows = tile_shape::rows;
    constexpr std::size_t together = Tiles::tokens;
    const std::size_t n_groups = w.cols / group_size;
    const auto * const x = reinterpret_cast<const activation_group *>(prepared);
    with_format(w.format, [&]<packed_format format>() {
        for (std::size_t row = first_row; row < end_row;) {
            const std::size_t in_tile = row % rows;
            const std::size_t end = std::min(rows, in_tile + (end_row - row));
            const std::byte * const tile = w.data + row / rows * tile_shape{format}.tile_bytes(n_groups);
            float * const to = y + (row - in_tile);
            std::size_t t = 0;
            for (; t + together <= n_tokens; t += together) {
                multiply_rows<Tiles, format, together>(tile, in_tile, end, x + t * n_groups, n_groups,
                                                       to + t * y_stride, y_stride);
            }
            for (; t < n_tokens; ++t) {
                multiply_rows<Tiles, format, 1>(tile, in_tile, end, x + t * n_groups, n_groups, to + t * y_stride,
                                                y_stride);
            }
            row += end - in_tile;
        }
    });
}

} // namespace detail

namespace avx2 {

struct tiles {
    static constexpr std::size_t tokens = 4; // together

    template <packed_format format, std::size_t n_tokens>
    static void multiply(const std::byte * tile, std::size_t first_row, std::size_t end_row, const activation_group * x,
                         std::size_t n_groups, float * y) {
        multiply_tile<format, n_tokens>(tile, first_row, end_row, x, n_groups, y);
    }
};

inline bool runs_here() {
    return detect().avx2;
}

// Between matrices from a cache, by llmzero-bench --products --rows 8192 --cols 512 --tokens 1 (and 4), and from
// memory.
inline float time_of_four(packed_format format) {
    return is_quantised(format) ? 3.0f : 2.0f;
}

inline constexpr kernel_set set = {
    layout, "avx2", kind_for,     activation_bytes, prepare, x86::detail::multiply<tiles>,
    attend, false,  time_of_four, tile_shape::rows, true,    30,
    swiglu, geglu,
};

} // namespace avx2

namespace avx512vnni {

struct tiles {
    static constexpr std::size_t tokens = 4; // together

    template <packed_format format, std::size_t n_tokens>
    static void multiply(const std::byte * tile, std::size_t first_row, std::size_t end_row, const activation_group * x,
                         std::size_t n_groups, float * y) {
        multiply_tile<format, n_tokens>(tile, first_row, end_row, x, n_groups, y);
    }
};

inline bool runs_here() {
    return detect().avx512vnni;
}

// As with AVX2.
inline float time_of_four(packed_format) {
    return 2.0f;
}

inline constexpr kernel_set set = {
    layout, "avx512vnni", kind_for,     activation_bytes, prepare, x86::detail::multiply<tiles>,
    attend, false,        time_of_four, tile_shape::rows, true,    60,
    swiglu, geglu,
};

} // namespace avx512vnni

} // namespace llmzero::inline LLMZERO_ABI::kernels::x86

#endif
