// The loops that kernel sets have in common: from a format known at run time to code compiled for it, and over rows
// and tokens in tiles.
#pragma once

#include <llmzero/kernels/kernel_set.hpp>

#include <cstddef>

namespace llmzero::inline LLMZERO_ABI::kernels {

// Calls run.operator()<format>() for a quantised format.
template <class Run> inline void with_format(packed_format format, const Run & run) {
    switch (format) {
    case packed_format::q8: return run.template operator()<packed_format::q8>();
    case packed_format::q8_offset: return run.template operator()<packed_format::q8_offset>();
    case packed_format::q5: return run.template operator()<packed_format::q5>();
    case packed_format::q5_offset: return run.template operator()<packed_format::q5_offset>();
    case packed_format::q4: return run.template operator()<packed_format::q4>();
    case packed_format::q4_offset: return run.template operator()<packed_format::q4_offset>();
    case packed_format::q8_halves: return run.template operator()<packed_format::q8_halves>();
    case packed_format::q4_halves: return run.template operator()<packed_format::q4_halves>();
    case packed_format::q4_halves_offset: return run.template operator()<packed_format::q4_halves_offset>();
    default: return;
    }
}

// Calls run.operator()<n>(row, token) for every row and for n tokens at once, n = tile or, for those that are left, 1.
// Rows outside: a row is read from memory once for all tokens.
template <std::size_t tile, class Run>
inline void for_rows_and_tokens(std::size_t first_row, std::size_t end_row, std::size_t n_tokens, const Run & run) {
    for (std::size_t row = first_row; row < end_row; ++row) {
        std::size_t token = 0;
        for (; token + tile <= n_tokens; token += tile) {
            run.template operator()<tile>(row, token);
        }
        for (; token < n_tokens; ++token) {
            run.template operator()<1>(row, token);
        }
    }
}

} // namespace llmzero::inline LLMZERO_ABI::kernels
