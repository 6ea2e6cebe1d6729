// The layout of the ARM1176's matrices: tiles (arm1176_tile.hpp) for quantised formats, rows for the others. Compiled
// for every machine.
#pragma once

#include <llmzero/kernels/arm1176_tile.hpp>
#include <llmzero/kernels/dense.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <cstddef>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI::kernels::arm1176 {

inline std::uint64_t packed_bytes(packed_format format, std::size_t rows, std::size_t cols) {
    return is_quantised(format) ? tiled_bytes(format, rows, cols) : dense::packed_bytes(format, rows, cols);
}

inline void pad(const packed_view & into) {
    if (is_quantised(into.format)) {
        pad_tiles(into);
    }
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

// The 4-bit form takes 1.3 cycles a weight; the forms of 6 and 8 bits, and floats, from 1.9 on.
inline bool gains_by_sketch(packed_format format) {
    return !has_nibbles(format) && !has_five_bits(format);
}

inline constexpr packed_layout layout = {"arm1176", packed_bytes, pad, pack_row, unpack_row, gains_by_sketch};

} // namespace llmzero::inline LLMZERO_ABI::kernels::arm1176
