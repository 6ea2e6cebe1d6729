// Kernels in plain C++, written so that gcc and clang vectorise them for whatever they compile for. Also the
// reference for every other kernel set: integer parts must agree exactly with these.
//
// Layout: rows one after the other as packed_row.hpp draws them. The codes of a group are 32 bytes, or 16 of nibbles
// (code - lowest): byte i holds code i in bits 0-3 and code i + 16 in bits 4-7. Bytes of a group, bits of a weight:
//     q8  36, 9     q8_offset  40, 10     q8_halves  36.5, 9.125
//     q4  20, 5     q4_offset  24, 6      q4_halves  20.5, 5.125     q4_halves_offset  21, 5.25
// A prepared vector is a stream of activation_groups: codes are widened once, so that the inner loop is one
// multiply-add of 16-bit pairs (pmaddwd, smlal, smlad).
#pragma once

#include <llmzero/kernels/dense.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/kernels/loops.hpp>
#include <llmzero/kernels/packed_row.hpp>
#include <llmzero/numerics/quantise.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace llmzero::inline LLMZERO_ABI::kernels::portable {

struct activation_group {
    float scale;
    float sum; // scale * sum of all codes
    std::int16_t half_sum[2];
    std::int16_t code[group_size];
};

constexpr std::size_t code_bytes(packed_format format) {
    return has_nibbles(format) ? group_size / 2 : group_size;
}
constexpr std::size_t bytes_of_row(packed_format format, std::size_t cols) {
    return row_bytes(format, cols / group_size, code_bytes(format));
}

// The codes of one packed group, widened.
template <packed_format format, class Code> inline void unpack_codes(const std::byte * codes, Code * code) {
    const auto * bytes = reinterpret_cast<const std::uint8_t *>(codes);
    if constexpr (has_nibbles(format)) {
        constexpr int lowest = lowest_nibble(format);
        LLMZERO_VECTORISE
        for (std::size_t i = 0; i < group_size / 2; ++i) {
            code[i] = static_cast<Code>((bytes[i] & 15) + lowest);
        }
        LLMZERO_VECTORISE
        for (std::size_t i = 0; i < group_size / 2; ++i) {
            code[i + group_size / 2] = static_cast<Code>((bytes[i] >> 4) + lowest);
        }
    } else {
        LLMZERO_VECTORISE
        for (std::size_t i = 0; i < group_size; ++i) {
            code[i] = static_cast<std::int8_t>(bytes[i]);
        }
    }
}

// Codes times the factors of their halves: at most 32 * 128.
inline void scale_halves(const group_scales & scales, std::int16_t * code) {
    LLMZERO_VECTORISE
    for (std::size_t i = 0; i < half_size; ++i) {
        code[i] = static_cast<std::int16_t>(code[i] * scales.half_scale[0]);
    }
    LLMZERO_VECTORISE
    for (std::size_t i = half_size; i < group_size; ++i) {
        code[i] = static_cast<std::int16_t>(code[i] * scales.half_scale[1]);
    }
}

// The integer part of a group's product: |sum| <= 32 * 128 * 127, or with halves 32 * 32 * 128 * 127 < 2^24, which a
// float holds exactly.
inline std::int32_t integer_dot(const std::int16_t * a, const std::int16_t * b) {
    std::int32_t sum = 0;
    LLMZERO_VECTORISE
    for (std::size_t i = 0; i < group_size; ++i) {
        sum += static_cast<std::int32_t>(a[i]) * static_cast<std::int32_t>(b[i]);
    }
    return sum;
}

// One row by `tile` tokens: each group of weights is unpacked once and multiplied with every token.
template <packed_format format, std::size_t tile>
inline void multiply_row(const std::byte * row, std::size_t n_groups, const activation_group * x, float * y,
                         std::size_t y_stride) {
    float total[tile] = {};
    for_groups<format>(row, n_groups, code_bytes(format),
                       [&](std::size_t g, const group_scales & scales, const std::byte * codes) {
                           std::int16_t code[group_size];
                           unpack_codes<format>(codes, code);
                           if constexpr (has_halves(format)) {
                               scale_halves(scales, code);
                           }
                           for (std::size_t t = 0; t < tile; ++t) {
                               const activation_group & a = x[t * n_groups + g];
                               const std::int32_t sum = integer_dot(code, a.code);
                               total[t] = multiply_add(static_cast<float>(sum), scales.scale * a.scale, total[t]);
                               total[t] = add_offset<format>(scales, a, total[t]);
                           }
                       });
    for (std::size_t t = 0; t < tile; ++t) {
        y[t * y_stride] = total[t];
    }
}

inline void multiply(const packed_view & w, std::size_t first_row, std::size_t end_row, const std::byte * prepared,
                     std::size_t n_tokens, float * y, std::size_t y_stride) {
    if (!is_quantised(w.format)) {
        return dense::multiply(w, first_row, end_row, prepared, n_tokens, y, y_stride);
    }
    constexpr std::size_t tile = 4;
    const auto * x = reinterpret_cast<const activation_group *>(prepared);
    const std::size_t n_groups = w.cols / group_size;
    with_format(w.format, [&]<packed_format format>() {
        for_rows_and_tokens<tile>(first_row, end_row, n_tokens, [&]<std::size_t n>(std::size_t row, std::size_t token) {
            multiply_row<format, n>(w.data + row * bytes_of_row(format, w.cols), n_groups, x + token * n_groups,
                                    y + token * y_stride + row, y_stride);
        });
    });
}

inline std::uint64_t packed_bytes(packed_format format, std::size_t rows, std::size_t cols) {
    return is_quantised(format) ? std::uint64_t{rows} * bytes_of_row(format, cols)
                                : dense::packed_bytes(format, rows, cols);
}

inline void pad(const packed_view &) {}

inline void pack_row(const packed_view & into, std::size_t row, const void * source) {
    if (!is_quantised(into.format)) {
        return dense::pack_row(into, row, source);
    }
    const packed_format format = into.format;
    pack_groups(format, static_cast<const weight_group *>(source), into.cols / group_size, code_bytes(format),
                into.data + row * bytes_of_row(format, into.cols), [format](const weight_group & from, std::byte * to) {
                    if (!has_nibbles(format)) {
                        std::memcpy(to, from.code, group_size);
                        return;
                    }
                    const int lowest = lowest_nibble(format);
                    for (std::size_t i = 0; i < group_size / 2; ++i) {
                        const int nibbles = (from.code[i] - lowest) | (from.code[i + group_size / 2] - lowest) << 4;
                        to[i] = static_cast<std::byte>(nibbles);
                    }
                });
}

inline void unpack_row(const packed_view & from, std::size_t row, float * out) {
    if (!is_quantised(from.format)) {
        return dense::unpack_row(from, row, out);
    }
    with_format(from.format, [&]<packed_format format>() {
        unpack_groups<format>(from.data + row * bytes_of_row(format, from.cols), from.cols / group_size,
                              code_bytes(format), out, unpack_codes<format, std::int8_t>);
    });
}

inline activation_kind kind_for(packed_format format) {
    return is_quantised(format) ? activation_kind::eight : activation_kind::floats;
}

inline std::size_t activation_bytes(activation_kind kind, std::size_t cols) {
    return kind == activation_kind::floats ? cols * sizeof(float) : cols / group_size * sizeof(activation_group);
}

inline void prepare(activation_kind kind, const float * x, std::size_t cols, std::size_t n_tokens, std::byte * out) {
    if (kind == activation_kind::floats) {
        std::memcpy(out, x, n_tokens * cols * sizeof(float));
        return;
    }
    auto * groups = reinterpret_cast<activation_group *>(out);
    for (std::size_t g = 0; g < n_tokens * cols / group_size; ++g) {
        activation_group & group = groups[g];
        group.scale = quantise_group(kind, x + g * group_size, group.code);
        std::int32_t sum[2] = {};
        for (std::size_t i = 0; i < group_size; ++i) {
            sum[i / half_size] += group.code[i];
        }
        group.sum = group.scale * static_cast<float>(sum[0] + sum[1]);
        group.half_sum[0] = static_cast<std::int16_t>(sum[0]); // at most 16 * 127
        group.half_sum[1] = static_cast<std::int16_t>(sum[1]);
    }
}

// Where vectors are wide, unpacking nibbles takes longer than multiplying bytes.
inline bool gains_by_sketch(packed_format) {
    return false;
}

inline constexpr packed_layout layout = {"portable", packed_bytes, pad, pack_row, unpack_row, gains_by_sketch};

// As measured on a PC (AVX2) by llmzero-bench --products --rows 8192 --cols 512 --tokens 1 (and 4).
inline float time_of_four(packed_format format) {
    return is_quantised(format) ? 2.7f : 3.8f;
}

inline constexpr kernel_set set = {
    layout, "portable", kind_for, activation_bytes, prepare, multiply, dense::attend, false, time_of_four, 16, true,
};

} // namespace llmzero::inline LLMZERO_ABI::kernels::portable
