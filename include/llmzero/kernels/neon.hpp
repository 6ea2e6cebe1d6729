// Kernels for NEON, on AArch64 and ARMv7: those with dot products run where the processor has them (neon_cpu.hpp). They
// share a layout (neon_layout.hpp), the activations (neon_activations.hpp) and what becomes of sums (neon_scale.hpp);
// sums of a group are exact integers, and results the same bits.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_NEON

#    include <llmzero/kernels/kernel_set.hpp>
#    include <llmzero/kernels/loops.hpp>
#    include <llmzero/kernels/neon_activations.hpp>
#    include <llmzero/kernels/neon_attention.hpp>
#    include <llmzero/kernels/neon_cpu.hpp>
#    include <llmzero/kernels/neon_dense.hpp>
#    include <llmzero/kernels/neon_dotprod.hpp>
#    include <llmzero/kernels/neon_layout.hpp>
#    include <llmzero/kernels/neon_smull.hpp>

#    include <algorithm>
#    include <cstddef>
#    include <cstring>

namespace llmzero::inline LLMZERO_ABI::kernels::neon {

namespace detail {

// n_tokens of a tile: y [n_tokens, y_stride], where the tile's first row belongs.
template <class Tiles, packed_format format, std::size_t n_tokens>
inline void multiply_rows(const std::byte * tile, std::size_t first_row, std::size_t end_row,
                          const activation_group * x, std::size_t n_groups, float * y, std::size_t y_stride) {
    float all[n_tokens * tile_shape::rows];
    Tiles::template multiply<format, n_tokens>(tile, x, n_groups, all);
    for (std::size_t t = 0; t < n_tokens; ++t) {
        std::memcpy(y + t * y_stride + first_row, all + t * tile_shape::rows + first_row,
                    (end_row - first_row) * sizeof(float));
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
    constexpr std::size_t together = 4;
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

namespace smull {

struct tiles {
    template <packed_format format, std::size_t n_tokens>
    static void multiply(const std::byte * tile, const activation_group * x, std::size_t n_groups, float * y) {
        multiply_tile<format, n_tokens>(tile, x, n_groups, y);
    }
};

// By instructions about 3.5, but weights come from memory.
inline float time_of_four(packed_format) {
    return 3.0f;
}

inline constexpr kernel_set set = {
    layout, "neon", kind_for,     activation_bytes, prepare, neon::detail::multiply<tiles>,
    attend, false,  time_of_four, tile_shape::rows, true,    1,
};

} // namespace smull

#    if LLMZERO_HAS_DOTPROD

namespace dotprod {

struct tiles {
    template <packed_format format, std::size_t n_tokens>
    static void multiply(const std::byte * tile, const activation_group * x, std::size_t n_groups, float * y) {
        multiply_tile<format, n_tokens>(tile, x, n_groups, y);
    }
};

inline bool runs_here() {
    return detect().dotprod;
}

// As without dot products.
inline float time_of_four(packed_format) {
    return 2.5f;
}

inline constexpr kernel_set set = {
    layout, "dotprod", kind_for,     activation_bytes, prepare, neon::detail::multiply<tiles>,
    attend, false,     time_of_four, tile_shape::rows, true,    8,
};

} // namespace dotprod

#    endif

} // namespace llmzero::inline LLMZERO_ABI::kernels::neon

#endif
