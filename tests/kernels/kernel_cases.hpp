// Matrices and vectors for the tests of kernels, and what their products are in double.
#pragma once

#include <llmzero/base/f16.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/numerics/quantise.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include "support/numbers.hpp"

#include <cmath>
#include <cstring>
#include <doctest/doctest.h>
#include <vector>

namespace kernel_cases {

using llmzero::activation_kind;
using llmzero::group_size;
using llmzero::kernel_set;
using llmzero::packed_format;
using llmzero::packed_view;
using llmzero::weight_group;

inline constexpr packed_format formats[] = {
    packed_format::f32,       packed_format::f16,       packed_format::bf16,      packed_format::q8,
    packed_format::q8_offset, packed_format::q5,        packed_format::q5_offset, packed_format::q4,
    packed_format::q4_offset, packed_format::q8_halves, packed_format::q4_halves, packed_format::q4_halves_offset};

struct code_range {
    int low;
    int high;
};

inline code_range codes_of(packed_format format) {
    switch (format) {
    case packed_format::q4:
    case packed_format::q4_halves:
    case packed_format::q4_halves_offset: return {-8, 7};
    case packed_format::q4_offset: return {0, 15};
    case packed_format::q5: return {-16, 15};
    case packed_format::q5_offset: return {0, 31};
    case packed_format::q8_halves: return {-32, 31};
    default: return {-128, 127};
    }
}

// Half of them at the ends of the range.
inline std::int8_t random_code(code_range range, support::numbers & random) {
    const std::uint32_t choice = random.bits() % 4;
    return static_cast<std::int8_t>(choice == 0   ? range.low
                                    : choice == 1 ? range.high
                                                  : random.integer(range.low, range.high));
}

// Scale, offset and codes as a format may have them.
inline weight_group random_group(packed_format format, support::numbers & random) {
    weight_group group{};
    group.scale = random.normal() * 0.01f;
    group.offset = has_offset(format) ? random.normal() * 0.05f : 0.0f;
    if (has_halves(format) || !has_offset(format)) {
        group.scale = llmzero::f16_to_f32(llmzero::f32_to_f16(group.scale));
    }
    if (has_halves(format)) {
        group.offset = llmzero::f16_to_f32(llmzero::f32_to_f16(group.offset));
        for (std::size_t h = 0; h < 2; ++h) {
            group.half_scale[h] = random_code({-128, 127}, random);
            group.half_offset[h] = has_offset(format) ? random_code({-128, 127}, random) : std::int8_t{1};
        }
    }
    for (std::int8_t & code : group.code) {
        code = random_code(codes_of(format), random);
    }
    return group;
}

// Whether a weight came back: exactly, or where the format has offsets up to what moving the offset by a multiple of
// the scale may round away.
inline bool same_weight(packed_format format, const weight_group & group, std::size_t i, float found, float expected) {
    if (!has_offset(format)) {
        return found == expected;
    }
    const std::size_t h = i / llmzero::half_size;
    const float moved = 32.0f * std::fabs(group.scale * static_cast<float>(group.half_scale[h])) +
                        std::fabs(group.offset * static_cast<float>(group.half_offset[h]));
    return std::fabs(found - expected) <= 0x1p-22f * moved;
}

// W(rows, cols) as it comes from a file, and its values.
struct matrix {
    packed_format format;
    std::size_t rows;
    std::size_t cols;
    std::vector<weight_group> groups; // [rows, cols / 32] of quantised formats
    std::vector<std::uint8_t> bytes;  // [1 + rows * cols * element size] of the others, from the second on: unaligned
    std::vector<float> values;        // [rows, cols]

    [[nodiscard]] std::size_t element_bytes() const { return format == packed_format::f32 ? 4 : 2; }
    [[nodiscard]] const void * row(std::size_t r) const {
        return is_quantised(format) ? static_cast<const void *>(groups.data() + r * (cols / group_size))
                                    : static_cast<const void *>(bytes.data() + 1 + r * cols * element_bytes());
    }
};

inline matrix random_matrix(packed_format format, std::size_t rows, std::size_t cols, support::numbers & random) {
    matrix made{format, rows, cols, {}, {}, std::vector<float>(rows * cols)};
    if (is_quantised(format)) {
        made.groups.resize(rows * cols / group_size);
        float * to = made.values.data();
        for (std::size_t g = 0; g < made.groups.size(); ++g) {
            weight_group & group = made.groups[g];
            group = random_group(format, random);
            if (has_halves(format) && g % (cols / group_size) % 8 != 0) { // of the same block as the one before it
                group.scale = made.groups[g - 1].scale;
                group.offset = made.groups[g - 1].offset;
            }
            dequantise(group, to);
            to += group_size;
        }
        return made;
    }
    made.bytes.resize(1 + rows * cols * made.element_bytes());
    std::uint8_t * to = made.bytes.data() + 1;
    for (float & value : made.values) {
        const float wanted = random.normal() * 0.05f;
        const std::uint16_t half = llmzero::f32_to_f16(wanted);
        const std::uint16_t brain = llmzero::f32_to_bf16(wanted);
        value = format == packed_format::f32   ? wanted
                : format == packed_format::f16 ? llmzero::f16_to_f32(half)
                                               : llmzero::bf16_to_f32(brain);
        const std::uint32_t bits = format == packed_format::f32   ? std::bit_cast<std::uint32_t>(wanted)
                                   : format == packed_format::f16 ? half
                                                                  : brain;
        for (std::size_t i = 0; i < made.element_bytes(); ++i) {
            *to++ = static_cast<std::uint8_t>(bits >> (8 * i) & 255u); // little endian, as in a file
        }
    }
    return made;
}

// A packed matrix between two cache lines of guard bytes.
class packed {
public:
    packed(const kernel_set & set, const matrix & w, bool last_row_first = false) {
        const auto bytes = static_cast<std::size_t>(set.packed_bytes(w.format, w.rows, w.cols));
        auto memory = llmzero::heap_array<std::byte>::create(guard + bytes + guard);
        REQUIRE(memory);
        memory_ = std::move(*memory);
        std::memset(memory_.data(), 0x5a, memory_.size());
        view_ = {w.format, w.rows, w.cols, memory_.data() + guard};
        for (std::size_t i = 0; i < w.rows; ++i) {
            const std::size_t r = last_row_first ? w.rows - 1 - i : i;
            set.pack_row(view_, r, w.row(r));
        }
    }
    [[nodiscard]] const packed_view & view() const { return view_; }
    [[nodiscard]] std::vector<std::byte> content() const {
        return {memory_.data() + guard, memory_.data() + memory_.size() - guard};
    }
    [[nodiscard]] bool is_guarded() const {
        for (std::size_t i = 0; i < guard; ++i) {
            if (memory_[i] != std::byte{0x5a} || memory_[memory_.size() - 1 - i] != std::byte{0x5a}) {
                return false;
            }
        }
        return true;
    }

private:
    static constexpr std::size_t guard = llmzero::cache_line_bytes;
    llmzero::heap_array<std::byte> memory_;
    packed_view view_{};
};

// x [n_tokens, cols], prepared as the set wants it for the format.
class prepared_vectors {
public:
    prepared_vectors(const kernel_set & set, packed_format format, const std::vector<float> & x, std::size_t cols) {
        const activation_kind kind = set.kind_for(format);
        const std::size_t n_tokens = x.size() / cols;
        auto memory = llmzero::heap_array<std::byte>::create(set.activation_bytes(kind, cols) * n_tokens);
        REQUIRE(memory);
        memory_ = std::move(*memory);
        set.prepare(kind, x.data(), cols, n_tokens, memory_.data());
    }
    [[nodiscard]] const std::byte * data() const { return memory_.data(); }

private:
    llmzero::heap_array<std::byte> memory_;
};

struct exact_product {
    double value;
    double magnitude; // the sum of the absolute products
};

// One row times one vector, with the activations quantised as the set does it: only the rounding of floats is left to
// differ.
inline exact_product exact(const kernel_set & set, const matrix & w, std::size_t row, const float * x) {
    exact_product sum{0, 0};
    const auto add = [&sum](double product) {
        sum.value += product;
        sum.magnitude += std::fabs(product);
    };
    if (!is_quantised(w.format)) {
        for (std::size_t i = 0; i < w.cols; ++i) {
            add(static_cast<double>(w.values[row * w.cols + i]) * static_cast<double>(x[i]));
        }
        return sum;
    }
    for (std::size_t g = 0; g < w.cols / group_size; ++g) {
        const weight_group & group = w.groups[row * (w.cols / group_size) + g];
        std::int16_t code[group_size];
        const auto scale =
            static_cast<double>(llmzero::quantise_group(set.kind_for(w.format), x + g * group_size, code));
        for (std::size_t i = 0; i < group_size; ++i) {
            const std::size_t h = i / llmzero::half_size;
            add(static_cast<double>(group.scale) * group.half_scale[h] * group.code[i] * scale * code[i]);
            add(static_cast<double>(group.offset) * group.half_offset[h] * scale * code[i]);
        }
    }
    return sum;
}

inline std::vector<float> random_vectors(std::size_t n, support::numbers & random) {
    std::vector<float> x(n);
    for (float & value : x) {
        value = random.normal();
    }
    return x;
}

} // namespace kernel_cases
