// Products of 16 tokens at once with 4-bit weights: the core and its VFP multiply at the same time, with four tokens
// and with twelve.
//
// A double that is a whole number has 53 bits, and a sum of 32 products has 16: three tokens are one double
//     x = x_0 + 2^16 * x_1 + 2^32 * x_2,    |x_i| <= 127,
// and its product with a weight is three products in one instruction, every second cycle. A weight n in [-8, 7] stands
// as 264 + n, which takes one and a half instructions to make of four bits. With the sum of the group's x, times 264,
// taken off and 2^52 + 2^15 * (1 + 2^16 + 2^32) added at the end, the double's bits are
//     upper word 0x4330 | s_2 + 2^15,    lower word s_1 + 2^15 | s_0 + 2^15,
// where |s_i| <= 8 * 127 * 32 < 2^15. Before that, |sum| <= 271 * 127 * 32 * (2^32 + 2^16 + 1) < 2^53. So every
// operation is exact, in any rounding mode.
//
//     for three strips, group by group; for four rows: weights become doubles;
//         for each block: products; sums become floats, meet their scales as in a stream, and are added to totals
//
// Of 2048 multiply-accumulates the core does 512 and the VFP 1536, in 704 + 40 of the 1150 instructions and 1040 cycles
// of its pipe. By the timing model, cycles for a multiply-accumulate with two blocks: products 0.60, totals 0.18,
// weights to doubles 0.08, the rest 0.02; in all 0.89 with 576 columns and 0.91 with 1536, where four tokens alone take
// 0.97. A tenth of that is waiting for lines that left the first cache. The model counts a vector operation of the VFP,
// of which there are some among the totals, as one cycle: counted as four, 0.89 becomes 0.90.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_ARM1176

#    include <llmzero/kernels/arm1176_activations.hpp>
#    include <llmzero/kernels/arm1176_quantise.hpp>
#    include <llmzero/kernels/arm1176_streams.hpp>
#    include <llmzero/kernels/arm1176_tile.hpp>
#    include <llmzero/kernels/kernel_set.hpp>

#    include <algorithm>
#    include <bit>
#    include <cstddef>
#    include <cstdint>
#    include <cstring>

namespace llmzero::inline LLMZERO_ABI::kernels::arm1176 {

inline constexpr std::size_t block_tokens = 16;
inline constexpr std::size_t most_blocks = 2; // at once, so that their activations stay in the first cache

// 32 activations of 16 tokens: of four as in activation_quad, of the others token 4 + 3p + i is x_i of the double p.
struct alignas(32) activation_block {
    std::int32_t unused[4];
    std::int32_t start[4];
    std::int32_t factor[16][4];
    double packed[32][4]; // in the order of packed_column()
    double correction[4]; // added at the end
    float scale[16];
    float sum[16];
};
static_assert(sizeof(activation_block) == 1472 && sizeof(activation_block) <= block_tokens * sizeof(activation_group));

// The place of a column among packed ones: of each eight the same code of both halfwords, one after the other.
constexpr std::size_t packed_column(std::size_t column) {
    return column / 8 * 8 + column % 4 * 2 + column / 4 % 2;
}

// What a loop keeps of four rows of a strip and a group.
struct alignas(32) block_work {
    std::uint32_t words[16];  // as they stand in the tile
    std::int32_t sums[4][4];  // [row, token]
    double packed_sums[4][4]; // [row, three tokens]
    double weights[2][32][2]; // [pair, column, row]
};
static_assert(sizeof(block_work) == 1280);

// The codes of one halfword of a word's weights, from the factors that were made of them.
inline void codes_of(const std::int32_t * factor, std::size_t half, std::int32_t (&code)[4]) {
    const auto lane = [&](std::size_t i) {
        return static_cast<std::int32_t>(static_cast<std::int16_t>(factor[i] >> 16 * half));
    };
    code[3] = lane(0);
    code[2] = (lane(1) + code[3]) >> 4;
    code[1] = (lane(2) + 16 * code[2]) >> 8;
    code[0] = (lane(3) + code[1]) >> 4;
}

// The double of three codes: what is above 1.5 * 2^52.
inline double packed(std::int32_t x0, std::int32_t x1, std::int32_t x2) {
    const std::int32_t low = x0 + x1 * 65536;
    const auto high = static_cast<std::uint32_t>(0x43380000 + x2 + (low >> 31));
    return std::bit_cast<double>(std::uint64_t{high} << 32 | static_cast<std::uint32_t>(low)) - 0x1.8p52;
}

// Puts groups(16) of as many tokens together.
inline void arrange_block(const activation_group * groups, activation_block & out) {
    for (std::size_t t = 0; t < 4; ++t) {
        out.unused[t] = 0;
        out.start[t] = groups[t].start;
        for (std::size_t k = 0; k < 16; ++k) {
            out.factor[k][t] = groups[t].factor[k];
        }
    }
    for (std::size_t t = 0; t < block_tokens; ++t) {
        // Sums of four tokens are 2^12 too high, those of doubles are not.
        out.scale[t] = t < 4 ? groups[t].scale : 4096.0f * groups[t].scale;
        out.sum[t] = groups[t].sum;
    }
    for (std::size_t p = 0; p < 4; ++p) {
        const activation_group * const three = groups + 4 + 3 * p;
        double * to = &out.packed[0][p];
        double sum = 0.0;
        for (std::size_t w = 0; w < 4; ++w, to += 8 * 4) {
            LLMZERO_UNROLL
            for (std::size_t half = 0; half < 2; ++half) {
                std::int32_t code[3][4];
                LLMZERO_UNROLL
                for (std::size_t i = 0; i < 3; ++i) {
                    codes_of(three[i].factor + 4 * w, half, code[i]);
                }
                LLMZERO_UNROLL
                for (std::size_t k = 0; k < 4; ++k) {
                    const double x = packed(code[0][k], code[1][k], code[2][k]);
                    to[(2 * k + half) * 4] = x; // see packed_column()
                    sum += x;
                }
            }
        }
        out.correction[p] = 0x1p52 + 0x1p15 * (1 + 0x1p16 + 0x1p32) - 264.0 * sum;
    }
}

// x [n_blocks * 16, cols] as blocks [n_groups][n_blocks].
inline void prepare_blocks(const float * x, std::size_t cols, std::size_t n_blocks, activation_block * out) {
    for (std::size_t g = 0; g < cols / group_size; ++g) {
        for (std::size_t b = 0; b < n_blocks; ++b, ++out) {
            activation_group groups[block_tokens];
            for (std::size_t t = 0; t < block_tokens; ++t) {
                quantise_group(activation_kind::nibble_safe, x + (b * block_tokens + t) * cols + g * group_size,
                               groups[t]);
            }
            arrange_block(groups, *out);
        }
    }
}

// Totals of a token: four are `distance` floats apart, the next four `step` floats behind.
template <std::size_t distance>
inline void gather_rows(const float * from, std::size_t step, std::size_t n, float * to) {
    for (std::size_t r = 0; r < n; r += 4, from += step) {
        const float four[] = {from[0], from[distance], from[2 * distance], from[3 * distance]};
        LLMZERO_UNROLL
        for (std::size_t i = 0; i < 4; ++i) {
            to[r + i] = four[i];
        }
    }
}

// Rows [first_row, end_row) by at most most_blocks of tokens: x [n_groups][n_blocks]; y [16 * n_blocks], vectors
// y_stride floats apart.
inline void multiply_blocks(const packed_view & w, std::size_t first_row, std::size_t end_row,
                            const activation_block * x, std::size_t n_blocks, float * y, std::size_t y_stride) {
    constexpr std::size_t rows = 3 * tile_shape::strip_rows(); // at once
    constexpr std::size_t of_quad = 4 * block_tokens;          // totals
    auto * const loop = has_offset(w.format) ? multiply_blocks_4_f32_offset : multiply_blocks_4_f32;
    const std::size_t n_groups = w.cols / group_size;
    block_work work;
    alignas(32) float totals[rows / 4 * most_blocks * of_quad]; // [quad of rows, block] of [4, 4] and [4, 12]
    for (std::size_t row = first_row; row < end_row;) {
        const tile_shape shape(w, row);
        const std::size_t in_tile = row % shape.rows();
        const std::size_t before = in_tile % rows;
        const std::size_t n_rows = std::min(end_row - row, rows - before);
        const std::byte * strips = w.data + tile_at(w, row) + shape.strip_at(in_tile - before);
        std::memset(totals, 0, sizeof totals);
        for (std::size_t g = 0; g < n_groups; ++g, strips += shape.group_bytes()) {
            loop(x + g * n_blocks, strips, totals, &work, n_blocks);
        }
        for (std::size_t t = 0; t < n_blocks * block_tokens; ++t) {
            const std::size_t i = t % block_tokens;
            const float * const from = totals + t / block_tokens * of_quad;
            float all[rows];
            if (i < 4) {
                gather_rows<4>(from + i, n_blocks * of_quad, rows, all);
            } else {
                gather_rows<12>(from + 12 + i, n_blocks * of_quad, rows, all);
            }
            std::memcpy(y + t * y_stride + row, all + before, n_rows * sizeof(float));
        }
        row += n_rows;
    }
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::arm1176

#endif
