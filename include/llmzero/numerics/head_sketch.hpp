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

namespace llmzero::inline LLMZERO_ABI {

namespace detail {

// 32 weights as integers: weight = unit * value, up to `rounding` each.
struct integer_group {
    std::int32_t value[group_size]; // |value| <= 8192, so that 32 squares fit into 32 bits
    std::int32_t largest;           // by magnitude, with its sign
    double unit;
    double rounding;
    double largest_part; // of what is added up to a weight: itself, or its product and offset apart
};

inline std::int32_t largest_of(const std::int32_t * value) { // by magnitude, with its sign
    std::int32_t low = 0;
    std::int32_t high = 0;
    for (std::size_t i = 0; i < group_size; ++i) {
        low = value[i] < low ? value[i] : low;
        high = value[i] > high ? value[i] : high;
    }
    return -low > high ? low : high;
}

inline void as_integers(const float * weights, integer_group & out) {
    constexpr float most = 8192.0f;
    const auto largest = std::bit_cast<float>(largest_magnitude(weights));
    const bool is_usual = largest > 1e-30f && largest < 1e30f;
    const float inverse = is_usual ? most / largest : 0.0f;
    for (std::size_t i = 0; i < group_size; ++i) {
        const float scaled = is_usual ? weights[i] * inverse : 0.0f;
        out.value[i] = static_cast<std::int32_t>(scaled < 0 ? scaled - 0.5f : scaled + 0.5f);
    }
    out.largest = largest_of(out.value);
    out.unit = is_usual ? static_cast<double>(largest / most) : 0.0;
    out.rounding = is_usual ? 0.51 * out.unit : static_cast<double>(largest);
    out.largest_part = static_cast<double>(largest);
}

inline void as_integers(const weight_group & group, bool has_offsets, integer_group & out) {
    if (has_offsets) {
        float weights[group_size];
        dequantise(group, weights);
        as_integers(weights, out);
        for (std::size_t h = 0; h < 2; ++h) { // codes have at most 32 values to each side of those that are stored
            const float product = group.scale * static_cast<float>(group.half_scale[h]);
            const float offset = group.offset * static_cast<float>(group.half_offset[h]);
            out.largest_part = std::max(out.largest_part, static_cast<double>(128.0f * std::fabs(product)) +
                                                              static_cast<double>(std::fabs(offset)));
        }
        return;
    }
    for (std::size_t i = 0; i < group_size; ++i) {
        out.value[i] = group.code[i] * group.half_scale[i / half_size];
    }
    out.largest = largest_of(out.value);
    out.unit = static_cast<double>(group.scale);
    out.rounding = 0;
    out.largest_part = std::fabs(out.unit * out.largest);
}

struct squared_norms {
    double lost;  // |w - w4|^2
    double whole; // |w|^2
};

// The sketch of a group: the weight that is largest becomes -8, which is the code furthest from 0.
inline squared_norms sketch_group(const integer_group & from, weight_group & to) {
    constexpr float largest_half = 65504.0f;
    const auto wanted = static_cast<float>(from.unit * from.largest / -8.0);
    const float scale = f16_to_f32(f32_to_f16(std::clamp(wanted, -largest_half, largest_half)));
    set_scales(scale, 0.0f, &to);
    const std::int32_t inverse = from.largest == 0 ? 0 : -8 * (1 << 24) / from.largest;
    std::uint32_t squares = 0; // of values
    std::int32_t products = 0;
    std::int32_t code_squares = 0;
    for (std::size_t i = 0; i < group_size; ++i) {
        const std::int32_t value = from.value[i];
        const std::int32_t code = std::min((value * inverse + (1 << 23)) >> 24, std::int32_t{7});
        to.code[i] = static_cast<std::int8_t>(code);
        squares += static_cast<std::uint32_t>(value * value);
        products += value * code;
        code_squares += code * code;
    }
    const double whole = from.unit * from.unit * static_cast<double>(squares);
    const double s = static_cast<double>(scale);
    const double lost = whole - 2 * from.unit * s * products + s * s * code_squares;
    return {std::max(lost, 0.0), whole};
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

    // A row of the head, as pack_row() takes it: weight_groups of quantised formats, else floats.
    void add_row(const packed_layout & layout, packed_format of, std::size_t row, const weight_group * groups) {
        row_norms norms;
        detail::integer_group integers;
        for (std::size_t g = 0; g < row_.size(); ++g) {
            detail::as_integers(groups[g], has_offset(of), integers);
            norms.add(integers, detail::sketch_group(integers, row_[g]));
        }
        finish_row(layout, row, norms);
    }
    void add_row(const packed_layout & layout, std::size_t row, const float * weights) {
        row_norms norms;
        detail::integer_group integers;
        for (std::size_t g = 0; g < row_.size(); ++g) {
            detail::as_integers(weights + g * group_size, integers);
            norms.add(integers, detail::sketch_group(integers, row_[g]));
        }
        finish_row(layout, row, norms);
    }

    [[nodiscard]] bool empty() const { return matrix_.empty(); }
    [[nodiscard]] const packed_matrix & matrix() const { return matrix_; } // (n_vocab, d_model)
    [[nodiscard]] const float * errors() const { return errors_.data(); }  // [n_vocab]
    [[nodiscard]] float largest_error() const { return largest_error_; }

private:
    struct row_norms {
        double lost = 0;
        double rounding = 0;
        double whole = 0;
        double magnitude = 0;

        void add(const detail::integer_group & from, const detail::squared_norms & found) {
            constexpr auto n = static_cast<double>(group_size);
            lost += found.lost;
            whole += found.whole;
            rounding += n * from.rounding * from.rounding;
            magnitude += n * from.largest_part * from.largest_part;
        }
        // Rounded upwards.
        [[nodiscard]] float bound() const {
            const double rounded = std::sqrt(rounding);
            return static_cast<float>(1.0001 * std::max({std::sqrt(lost) + rounded, (std::sqrt(whole) + rounded) / 16,
                                                         std::sqrt(magnitude) / 64}));
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
