// A cheap stand-in for the output head, and how far it may be wrong: the same matrix rounded to 4 bits, in the format
// whose products cost least, and for each row a bound of what the rounding took. largest_rows.hpp finds the largest
// logits with it.
//
// For a row w of the head, w4 of the sketch, and prepared activations x of the head's kind, x4 of the sketch's:
//
//     w.x - w4.x4 = (w - w4).x4 + w.(x - x4)      so by Cauchy-Schwarz
//     |w.x - w4.x4| <= |w - w4| |x4| + |w| |x - x4|
//
// Both products are rounded: by less than n_groups + 16 times 2^-20 of magnitude(w) |x|, which leaves a kernel 16 times
// what sums in float need. magnitude(w) is |w|, and where scales and offsets of opposite signs meet the norm of both
// apart. One number stands for all three norms of a row:
//
//     error >= |w - w4|      error >= |w| / 16      error >= magnitude(w) / 64
//
// so that |y - y4| <= error * reach(x), with reach() from the activations alone. 4 bits are about 8 % of a row's norm
// off, more than a sixteenth.
#pragma once

#include <llmzero/base/f16.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/numerics/packed_matrix.hpp>
#include <llmzero/numerics/quantise.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

namespace detail {

inline constexpr std::size_t at_once = 4; // more than that fits into no small core's registers

// 32 weights as integers of 16 bits: weight = unit * half_scale * value, up to `rounding` each.
template <class integer> struct integer_group {
    const integer * value; // [group_size]
    // Products with a value are below 8192 by magnitude, so that 32 squares of them fit into 32 bits.
    const std::int8_t * half_scale; // [2]
    double unit;
    double rounding;
    double largest_part; // of what is added up to a weight: its product and offset apart; or 0 for itself
};

// The value that is largest by magnitude, with its half's factor.
template <class integer> inline std::int32_t largest_of(const integer_group<integer> & group) {
    std::int32_t largest = 0;
    for (std::size_t h = 0; h < 2; ++h) {
        const integer * const value = group.value + h * half_size;
        std::int32_t low = 0;
        std::int32_t high = 0;
        for (std::size_t i = 0; i < half_size; i += at_once) {
            LLMZERO_LANES
            for (std::size_t lane = 0; lane < at_once; ++lane) {
                const std::int32_t v = value[i + lane];
                low = v < low ? v : low;
                high = v > high ? v : high;
            }
        }
        const std::int32_t outermost = (-low > high ? low : high) * group.half_scale[h];
        largest = std::abs(outermost) > std::abs(largest) ? outermost : largest;
    }
    return largest;
}

// Sums of squares.
struct squared_norms {
    double whole;        // |w|^2
    double lost;         // |w - w4|^2, where integers and the scale were not rounded
    double rounding;     // what integers and the scale may lose, of each weight
    double largest_part; // of each weight
};

// The sketch of a group: the weight that is largest becomes -8, which is the code furthest from 0.
template <class integer> inline squared_norms sketch_group(const integer_group<integer> & from, weight_group & to) {
    constexpr float largest_half = 65504.0f;
    constexpr std::int32_t one = 1 << 24; // a step of the sketch
    constexpr int shift = 12;             // what is left of a step, so that squares fit
    const std::int32_t largest = largest_of(from);
    const double wanted = from.unit * largest * -0.125;
    const float scale = f16_to_f32(f32_to_f16(std::clamp(static_cast<float>(wanted), -largest_half, largest_half)));
    set_scales(scale, 0.0f, &to);
    // Not as integers, whose quotient takes a core without a divider longer.
    const auto inverse = largest == 0 ? 0 : static_cast<std::int32_t>(-8.0f * one / static_cast<float>(largest));
    std::int32_t rests = 0;
    std::uint32_t all_squares = 0; // of products with the factors
    for (std::size_t h = 0; h < 2; ++h) {
        // Of zeros, with any factor, too much.
        const std::uint32_t steps =
            static_cast<std::uint32_t>(inverse) * static_cast<std::uint32_t>(from.half_scale[h]);
        const integer * const value = from.value + h * half_size;
        std::int8_t * const out = to.code + h * half_size;
        std::int32_t squares = 0;
        for (std::size_t i = 0; i < half_size; i += at_once) {
            std::int32_t scaled[at_once];
            std::int32_t code[at_once];
            LLMZERO_LANES
            for (std::size_t lane = 0; lane < at_once; ++lane) {
                const std::int32_t v = value[i + lane];
                scaled[lane] = static_cast<std::int32_t>(static_cast<std::uint32_t>(v) * steps);
                squares += v * v;
            }
            LLMZERO_LANES
            for (std::size_t lane = 0; lane < at_once; ++lane) {
                code[lane] = std::min((scaled[lane] + one / 2) >> 24, std::int32_t{7});
            }
            LLMZERO_LANES
            for (std::size_t lane = 0; lane < at_once; ++lane) {
                out[i + lane] = static_cast<std::int8_t>(code[lane]);
                const auto rest = static_cast<std::int16_t>((scaled[lane] - code[lane] * one) >> shift);
                rests += rest * rest;
            }
        }
        all_squares += static_cast<std::uint32_t>(squares * (from.half_scale[h] * from.half_scale[h]));
    }
    // Values times the error of their inverse, what was shifted out, and codes times the error of the scale.
    constexpr double rounding_of_rest = 8192.0 / one + 1.0 / (1 << (24 - shift));
    const double rounding =
        from.rounding + std::fabs(wanted) * rounding_of_rest + 8 * std::fabs(wanted - static_cast<double>(scale));
    const double step = wanted / (1 << (24 - shift));
    const double largest_part = std::max(from.largest_part, 8 * std::fabs(wanted));
    return {from.unit * from.unit * all_squares, step * step * rests, rounding * rounding, largest_part * largest_part};
}

// Floats as integers; `value` has room for them.
inline integer_group<std::int16_t> as_integers(const float * weights, std::int16_t * value) {
    static constexpr std::int8_t ones[] = {1, 1};
    constexpr float most = 8192.0f;
    const auto largest = std::bit_cast<float>(largest_magnitude(weights));
    const bool is_usual = largest > 1e-30f && largest < 1e30f;
    const float inverse = is_usual ? most / largest : 0.0f;
    for (std::size_t i = 0; i < group_size; ++i) {
        const float scaled = is_usual ? rounded_product(weights[i], inverse) : 0.0f;
        value[i] = static_cast<std::int16_t>(scaled < 0 ? scaled - 0.5f : scaled + 0.5f);
    }
    const double unit = is_usual ? static_cast<double>(largest / most) : 0.0;
    const double rounding = is_usual ? 0.51 * unit : static_cast<double>(largest);
    return {value, ones, unit, rounding, static_cast<double>(largest)};
}

// Of formats with offsets, whose codes have at most 32 values to each side of those that are stored.
inline double largest_part_of(const weight_group & group) {
    double largest = 0;
    for (std::size_t h = 0; h < 2; ++h) {
        const float product = group.scale * static_cast<float>(group.half_scale[h]);
        const float offset = group.offset * static_cast<float>(group.half_offset[h]);
        largest = std::max(largest,
                           static_cast<double>(128.0f * std::fabs(product)) + static_cast<double>(std::fabs(offset)));
    }
    return largest;
}

} // namespace detail

class head_sketch {
public:
    static constexpr packed_format format = packed_format::q4;

    head_sketch() = default;

    static std::uint64_t bytes_needed(const packed_layout & layout, std::size_t rows, std::size_t cols) {
        return layout.packed_bytes(format, rows, cols) + std::uint64_t{rows} * sizeof(float) +
               cols / group_size * sizeof(weight_group);
    }
    // Whether there can be one.
    static bool fits(std::size_t cols) { return cols > 0 && cols % group_size == 0; }

    static result<head_sketch> create(const packed_layout & layout, std::size_t rows, std::size_t cols) {
        head_sketch made;
        LLMZERO_ASSIGN(made.matrix_, packed_matrix::create(layout, format, rows, cols));
        LLMZERO_ASSIGN(made.errors_, heap_array<float>::create_for_overwrite(rows));
        LLMZERO_ASSIGN(made.row_, heap_array<weight_group>::create(cols / group_size));
        return made;
    }

    // One that was made before: matrix (rows, cols), errors [rows].
    static head_sketch of(packed_matrix matrix, heap_array<float> errors) {
        head_sketch made;
        for (const float error : errors.span()) {
            made.largest_error_ = std::max(made.largest_error_, error);
        }
        made.matrix_ = std::move(matrix);
        made.errors_ = std::move(errors);
        return made;
    }

    // A row of the head, as pack_row() takes it: weight_groups of quantised formats, else floats.
    void add_row(const packed_layout & layout, packed_format of, std::size_t row, const weight_group * groups) {
        row_norms norms;
        for (std::size_t g = 0; g < row_.size(); ++g) {
            const weight_group & from = groups[g];
            if (!has_offset(of)) {
                norms.add(
                    detail::sketch_group(detail::integer_group<std::int8_t>{from.code, from.half_scale,
                                                                            static_cast<double>(from.scale), 0, 0},
                                         row_[g]));
                continue;
            }
            float weights[group_size];
            std::int16_t value[group_size];
            dequantise(from, weights);
            detail::integer_group integers = detail::as_integers(weights, value);
            integers.largest_part = std::max(integers.largest_part, detail::largest_part_of(from));
            norms.add(detail::sketch_group(integers, row_[g]));
        }
        finish_row(layout, row, norms);
    }
    void add_row(const packed_layout & layout, std::size_t row, const float * weights) {
        row_norms norms;
        for (std::size_t g = 0; g < row_.size(); ++g) {
            std::int16_t value[group_size];
            norms.add(detail::sketch_group(detail::as_integers(weights + g * group_size, value), row_[g]));
        }
        finish_row(layout, row, norms);
    }

    [[nodiscard]] bool empty() const { return matrix_.empty(); }
    [[nodiscard]] const packed_matrix & matrix() const { return matrix_; } // (n_vocab, d_model)
    [[nodiscard]] const float * errors() const { return errors_.data(); }  // [n_vocab]
    [[nodiscard]] float largest_error() const { return largest_error_; }

private:
    struct row_norms {
        detail::squared_norms sum{};

        void add(const detail::squared_norms & group) {
            constexpr auto n = static_cast<double>(group_size);
            sum.whole += group.whole;
            sum.lost += group.lost;
            sum.rounding += n * group.rounding;
            sum.largest_part += n * group.largest_part;
        }
        // Rounded upwards.
        [[nodiscard]] float bound() const {
            const double rounding = std::sqrt(sum.rounding);
            const double lost = std::sqrt(sum.lost) + rounding;
            const double whole = std::sqrt(sum.whole) + rounding;
            return static_cast<float>(1.0001 * std::max({lost, whole / 16, std::sqrt(sum.largest_part) / 64}));
        }
    };

    void finish_row(const packed_layout & layout, std::size_t row, const row_norms & norms) {
        layout.pack_row(matrix_.view(), row, row_.data());
        errors_[row] = norms.bound();
        largest_error_ = std::max(largest_error_, errors_[row]);
    }

    packed_matrix matrix_;
    heap_array<float> errors_;
    heap_array<weight_group> row_; // that is being packed
    float largest_error_ = 0;
};

// What the errors of a sketch are multiplied with, from the activations x [cols], and what the largest product of any
// of its rows, and each part of one, is below.
struct sketch_reach {
    float factor;
    float limit;
};

namespace detail {

// x as a kernel set prepares it.
inline void prepared_values(activation_kind kind, const float * x, float * out) { // [group_size]
    if (kind == activation_kind::floats) {
        std::copy_n(x, group_size, out);
        return;
    }
    std::int16_t code[group_size];
    const float scale = quantise_group(kind, x, code);
    for (std::size_t i = 0; i < group_size; ++i) {
        out[i] = scale * static_cast<float>(code[i]);
    }
}

} // namespace detail

// For products with a head of activations of the kind `of_head`, and with its sketch. Not finite where x is not.
inline sketch_reach reach_of(activation_kind of_head, activation_kind of_sketch, const float * x, std::size_t cols) {
    double squares[3] = {}; // of x as the head has it, as the sketch has it, of their difference
    for (std::size_t i = 0; i < cols; i += group_size) {
        float a[group_size];
        float b[group_size];
        detail::prepared_values(of_head, x + i, a);
        detail::prepared_values(of_sketch, x + i, b);
        float sum[3] = {};
        for (std::size_t j = 0; j < group_size; ++j) {
            sum[0] += a[j] * a[j];
            sum[1] += b[j] * b[j];
            sum[2] += (a[j] - b[j]) * (a[j] - b[j]);
        }
        for (std::size_t n = 0; n < 3; ++n) {
            squares[n] += static_cast<double>(sum[n]);
        }
    }
    const double of_both = std::sqrt(squares[0]) + std::sqrt(squares[1]);
    const double rounding = 0x1p-20 * static_cast<double>(cols / group_size + 16);
    const double factor = std::sqrt(squares[1]) + 16 * std::sqrt(squares[2]) + 64 * rounding * of_both;
    return {static_cast<float>(1.0001 * factor), static_cast<float>(64.0 * of_both)};
}

} // namespace llmzero::inline LLMZERO_ABI
