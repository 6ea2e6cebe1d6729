// Kernels for NEON, on AArch64 and ARMv7: those with dot products run where the processor has them (neon_cpu.hpp). They
// share a layout (neon_layout.hpp), the activations (neon_activations.hpp) and what becomes of sums (neon_scale.hpp);
// sums of a group are exact integers, and results the same bits.
//
// Instructions of the loop over groups for one weight and one token, counted as they run under qemu in what gcc 12
// makes at -O3 for a Cortex-A53 and a Cortex-A7, with one token and with four; of them 0.125 are SMULL and SMLAL, or
// 0.0625 SDOT:
//
//                       neon, AArch64    neon, ARMv7     dotprod
//                       one    four      one    four     one    four
//     q8                0.33   0.36      0.45   0.48     0.18   0.14
//     q8_offset         0.34   0.39      0.50   0.50     0.19   0.16
//     q5                0.39   0.34      0.49   0.47     0.28   0.19
//     q5_offset         0.38   0.34      0.52   0.45     0.28   0.19
//     q4                0.33   0.33      0.44   0.46     0.21   0.18
//     q4_offset         0.31   0.33      0.45   0.44     0.21   0.18
//     q8_halves         0.52   0.45      0.77   0.64     0.39   0.24
//     q4_halves         0.47   0.44      0.65   0.62     0.32   0.23
//     q4_halves_offset  0.67   0.53      0.97   0.81     0.47   0.31
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

// By instructions 3.3 to 4.1, and 1 where weights come from memory more slowly than that.
inline float time_of_four(packed_format) {
    return 3.0f;
}

inline constexpr kernel_set set = {
    layout, "neon", kind_for,     activation_bytes, prepare, neon::detail::multiply<tiles>,
    attend, false,  time_of_four, tile_shape::rows, true,    2,
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

// By instructions 2.6 to 3.4.
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
