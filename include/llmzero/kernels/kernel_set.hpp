// The interface between models and instruction sets: a kernel_set is a table of functions, one table for
// each instruction set. A model knows nothing else of the machine.
//
//     file's blocks -> weight_group -> pack_row -> packed matrix -> multiply
//
// Weights are packed once, when a model is loaded, into the layout that the set's multiply() reads in one
// forward stream. Activations are quantised once with prepare() and shared by all rows.
#pragma once

#include <llmzero/base/config.hpp>
#include <llmzero/numerics/gelu.hpp>
#include <llmzero/numerics/swiglu.hpp>

#include <cstddef>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

// What a packed matrix holds. Every type of a file becomes one of these without a second rounding.
enum class packed_format : std::uint8_t {
    f32,  // floats
    f16,  // halves, as in the file
    bf16, // bfloat16, as in the file
    // Groups of 32; without an offset the scale is a half-precision number, as in files.
    q8,        // scale * code, code in [-128, 127]
    q8_offset, // scale * code + offset
    q5,        // scale * code, code in [-16, 15]
    q5_offset, // scale * code + offset, code in [0, 31]
    q4,        // scale * code, code in [-8, 7]
    q4_offset, // scale * code + offset, code in [0, 15]
    // With a factor of 8 bits for each half of a group, and one scale and offset for 8 groups (weight_group.hpp):
    q8_halves,        // (scale * half_scale) * code, code in [-32, 31]
    q4_halves,        // (scale * half_scale) * code, code in [-8, 7]
    q4_halves_offset, // (scale * half_scale) * code + offset * half_offset, code in [-8, 7]
};

// True where pack_row() takes weight_groups, false where it takes the file's floats.
constexpr bool is_quantised(packed_format format) {
    return format >= packed_format::q8;
}
constexpr bool has_offset(packed_format format) {
    return format == packed_format::q8_offset || format == packed_format::q5_offset ||
           format == packed_format::q4_offset || format == packed_format::q4_halves_offset;
}
constexpr bool has_halves(packed_format format) {
    return format >= packed_format::q8_halves;
}
constexpr bool has_nibbles(packed_format format) {
    return format == packed_format::q4 || format == packed_format::q4_offset || format == packed_format::q4_halves ||
           format == packed_format::q4_halves_offset;
}
constexpr bool has_five_bits(packed_format format) {
    return format == packed_format::q5 || format == packed_format::q5_offset;
}
constexpr bool has_six_bits(packed_format format) {
    return format == packed_format::q8_halves;
}
// The lowest code of a format with nibbles; the highest is 15 more.
constexpr int lowest_nibble(packed_format format) {
    return format == packed_format::q4_offset ? 0 : -8;
}

// How activations must look for a format. Matrices that share an input vector share its preparation when
// they agree on this.
enum class activation_kind : std::uint8_t {
    floats,        // as they are
    eight,         // groups of 32 integers x in [-127, 127] with a scale
    nibble_safe,   // the same, and -2048 <= 16 * x[4i + 1] - x[4i + 2] < 2048: what the ARM1176's 4-bit products can
                   // carry
    threes,        // as eight, arranged for products with three weights of 5 bits at once
    sixes,         // as eight, arranged for products with weights of 6 bits
    nibble_halves, // as nibble_safe, arranged for weights with factors of halves
};
inline constexpr std::size_t activation_kinds = 6;

constexpr bool has_nibble_limit(activation_kind kind) {
    return kind == activation_kind::nibble_safe || kind == activation_kind::nibble_halves;
}

// A matrix W(rows, cols) in a kernel set's own layout. Points into memory that somebody else owns.
struct packed_view {
    packed_format format;
    std::size_t rows;
    std::size_t cols; // a multiple of 32 when quantised
    std::byte * data; // aligned to a cache line
};

// The keys or values of one head for positions 0..n-1, as the KV cache stores them.
struct kv_rows {
    const float * f32 = nullptr;         // [n, head_dim], or
    const std::int8_t * codes = nullptr; // [n, head_dim] with
    const float * scales = nullptr;      // [n]
};

// How a kernel set's matrices lie in memory: a part of it that needs no instruction set, so that every machine can
// write what another reads.
struct packed_layout {
    const char * layout_name; // sets that read the same layout share it

    // Bytes of a packed matrix of `rows` x `cols`, which are less than 2^32 and at most 2^20; whole tiles of rows, so
    // that one row may take as much as several.
    std::uint64_t (*packed_bytes)(packed_format format, std::size_t rows, std::size_t cols);

    // Writes what belongs to no row, before the first is packed.
    void (*pad)(const packed_view & into);

    // Writes one row. `source` is weight_group[cols / 32] for quantised formats, float[cols] for f32 and
    // uint16_t[cols] for f16 and bf16 (unaligned, little endian, as in the file). Rows may come in any order.
    void (*pack_row)(const packed_view & into, std::size_t row, const void * source);

    // The row as floats [cols], for embedding tables. Exact but for the last bits of offsets, which a set may have
    // moved by a multiple of the scale, and of scales below 2^-29 of the row's largest.
    void (*unpack_row)(const packed_view & from, std::size_t row, float * out);

    // Whether the set's products with q4 are so much faster than with this format that they may go first where only the
    // largest elements of a product are wanted (numerics/largest_rows.hpp). Files are packed accordingly.
    bool (*gains_by_sketch)(packed_format format);
};

struct kernel_set : packed_layout {
    const char * name;

    activation_kind (*kind_for)(packed_format format);
    // Bytes that each prepared vector of `cols` elements takes.
    std::size_t (*activation_bytes)(activation_kind kind, std::size_t cols);
    // Quantises x [n_tokens, cols] into `out` (aligned to a cache line), arranged for products with all of them.
    void (*prepare)(activation_kind kind, const float * x, std::size_t cols, std::size_t n_tokens, std::byte * out);

    // y(rows) = W(rows, cols) x(cols) for rows [first_row, end_row) and the `n_tokens` vectors that were prepared
    // together; results lie `y_stride` floats apart. The result for a token does not depend on the other tokens, nor on
    // the range of rows: same bits always.
    void (*multiply)(const packed_view & w, std::size_t first_row, std::size_t end_row, const std::byte * prepared,
                     std::size_t n_tokens, float * y, std::size_t y_stride);

    // Attention of query heads that share keys and values, over n positions: out = softmax(scale * q K^T + bias) V.
    // q, out [n_heads, head_dim]; bias [n_heads, n], or nullptr for none; scores [n_heads, n] is scratch.
    void (*attend)(const float * q, std::size_t n_heads, const kv_rows & keys, const kv_rows & values, std::size_t n,
                   std::size_t head_dim, float scale, const float * bias, float * scores, float * out);

    // Whether attend() is much faster with keys and values of 8 bits.
    bool gains_by_eight_bit_kv;

    // Time of multiply() with four tokens in that with one, about: from 1, where weights have to come from memory, to
    // 4. A guess that only decides whether tokens are verified together (generation/drafting.hpp).
    float (*time_of_four)(packed_format format);

    // Threads share the rows of a product in multiples of this: whole tiles, whatever the format, and whole cache lines
    // of results.
    std::size_t shared_rows = 16;

    // Whether prepare() of several tokens is that of each one by itself, activation_bytes() apart: threads may share
    // it.
    bool prepares_apart = false;

    // Multiplications and additions of a product in a nanosecond, about. A guess that only decides what is worth
    // sharing.
    std::uint32_t macs_in_ns = 4;

    // gate(n) becomes silu(gate) * up or gelu(gate) * up; every set's have the same bits.
    void (*swiglu)(float * gate, const float * up, std::size_t n) = llmzero::swiglu;
    void (*geglu)(float * gate, const float * up, std::size_t n) = llmzero::geglu;
};

} // namespace llmzero::inline LLMZERO_ABI
