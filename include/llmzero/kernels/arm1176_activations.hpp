// Activations as the ARM1176's products want them. A 16-bit lane of a word of weights carries two 8-bit, three 5-bit or
// four 4-bit weights at once, or two 6-bit weights and 4 bits of a third, and the factors that it is multiplied with
// are made so that what does not belong cancels. All forms are exact in wrapping 32-bit arithmetic.
//
// 8 bits. A halfword is h = 256 * b1 + u0 with u0 = b0 + 128, so with activations x1, x0:
//     h * x1 + (h & 0x00FF) * (256 * x0 - x1) = 256 * (b1 * x1 + b0 * x0 + 128 * x0)
// for |x| <= 127; the sum over a group starts at -256 * 128 * sum(x0).
//     4 weights: 1 AND, 2 SMLAD. Halfword h of word w holds the weights from 4w + 2h on.
//
// 5 bits. A halfword is h = 2048 * n2 + 64 * u1 + u0 with n2 in two's complement, u = n + 16:
//     h * x2 + (h & 0x07FF) * (32 * x1 - x2) + (h << 5 & 0x03E0) * (64 * x0 - x1) = 2048 * (n2 * x2 + u1 * x1 + u0 *
//     x0)
// for |x| <= 127; the sum starts at -2048 * 16 * sum(x1 + x0).
//     6 weights: 2 AND, 3 SMLAD. Halfword h of word w holds the weights from 6w + 3h on; the sixth word has weights 30
//     and 31 as n2 of its halfwords.
//
// 4 bits. A halfword is h = 4096 * n3 + 256 * u2 + 16 * u1 + u0 with n3 in two's complement, u = n + 8:
//     h * x3 + (h & 0x0FFF) * (16 * x2 - x3) + (h & 0x00FF) * (256 * x1 - 16 * x2)
//       + (h << 8 & 0x0F00) * (16 * x0 - x1) = 4096 * (n3 * x3 + u2 * x2 + u1 * x1 + u0 * x0)
// for |x| <= 127 and -2048 <= 16 * x1 - x2 < 2048; the sum starts at -4096 * 8 * sum(x2 + x1 + x0).
//     8 weights: 3 AND, 4 SMLAD. Halfword h of word w holds the weights from 8w + 4h on.
//
// 6 bits. 16 weights are 8 in each half of three words, h0 to h2, h = 1024 * a + 16 * b + r with a in two's complement,
// b = n + 32. The r, of 4 bits each, are two more weights c and d, offset by 32 too: r0 is c / 4, r1 is d / 4, and
// r2 = 4 * (d % 4) + c % 4. With activations xa, xb, xc, xd:
//     h * xa + (h & 0x03FF) * (64 * xb - xa) = 1024 * (a * xa + b * xb) + 64 * r * xb
//     (h0 << 6 & 0x03C0) * (64 * xc - xb0), (h1 << 6 & 0x03C0) * (64 * xd - xb1): 4096 * (r0 * xc + r1 * xd)
//     (h2 << 6 & 0x03C0) * (4 * xd - xb2) + (h2 << 6 & 0x00C0) * (16 * xc - 4 * xd): the rest of c and d
// for |x| <= 127; the sum starts at -1024 * 32 * sum(xb + xc + xd).
//     16 weights: 7 AND, 10 SMLAD. Word w has weights 4w + 1 and 4w + 3 as a, 4w and 4w + 2 as b; 13 and 15 are d, 12
//     and 14 are c.
#pragma once

#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <cstddef>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI::kernels::arm1176 {

// 32 activations, in three cache lines. `factor` has two lanes in a word, in the order in which they are used: for each
// word of weights the factors of the formulas above from left to right.
struct alignas(8) activation_group {
    std::int32_t factor[16];
    std::int32_t start;         // what the sum of products starts from
    float scale;                // of the sum as it stands there: a power of two is taken out, see sum_shift()
    std::int32_t half_start[2]; // the same for each half
    float small_scale;          // 2^48 * scale of the integers, for streams with scales of 16 bits
    float sum;                  // scale * sum of the integers
    float half_sum[2];
};
static_assert(sizeof(activation_group) == 96);

// The same of four tokens, for streams that multiply a tile with all four: each number beside those of the others.
struct activation_quad {
    std::int32_t half_start[2][4];
    std::int32_t start[4];
    std::int32_t factor[16][4];
    float scale[4];
    float small_scale[4];
    float sum[4];
    float half_sum[2][4];
};
static_assert(sizeof(activation_quad) == 4 * sizeof(activation_group));

// 32 activations for products with 6 bits, which take more factors; where there are 6 bits there are factors of halves.
struct alignas(8) sixes_group {
    std::int32_t factor[20];
    float scale;
    std::int32_t half_start[2];
    std::int32_t unused;
};
static_assert(sizeof(sixes_group) == sizeof(activation_group));

struct sixes_quad {
    std::int32_t half_start[2][4];
    std::int32_t factor[20][4];
    float scale[4];
    std::int32_t unused[4];
};
static_assert(sizeof(sixes_quad) == sizeof(activation_quad));

// Sums of products stand this many bits too high.
constexpr int sum_shift(activation_kind kind) {
    return kind == activation_kind::eight    ? 8
           : kind == activation_kind::sixes  ? 10
           : kind == activation_kind::threes ? 11
                                             : 12;
}

// Puts the token's group into its place of four.
inline void insert_group(const activation_group & from, std::size_t token, activation_quad & into) {
    for (std::size_t i = 0; i < 16; ++i) {
        into.factor[i][token] = from.factor[i];
    }
    into.start[token] = from.start;
    into.scale[token] = from.scale;
    into.small_scale[token] = from.small_scale;
    into.sum[token] = from.sum;
    for (std::size_t h = 0; h < 2; ++h) {
        into.half_start[h][token] = from.half_start[h];
        into.half_sum[h][token] = from.half_sum[h];
    }
}
inline void insert_group(const sixes_group & from, std::size_t token, sixes_quad & into) {
    for (std::size_t i = 0; i < 20; ++i) {
        into.factor[i][token] = from.factor[i];
    }
    into.scale[token] = from.scale;
    into.unused[token] = 0;
    for (std::size_t h = 0; h < 2; ++h) {
        into.half_start[h][token] = from.half_start[h];
    }
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::arm1176
