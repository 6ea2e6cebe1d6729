// Kernels in plain C++, written so that gcc and clang vectorise them for whatever they compile for. Also the
// reference for every other kernel set: integer parts must agree exactly with these.
//
// Layout: rows one after the other; a row is a stream of groups, each a header (group_header.hpp) and its codes.
//     q8, q8_offset, q8_halves                      | header | 32 codes i8                   |
//     q4, q4_offset, q4_halves, q4_halves_offset    | header | 16 bytes of code - the lowest |
// Nibbles: byte i holds code i in bits 0-3 and code i + 16 in bits 4-7.
// A prepared vector is a stream of activation_groups: codes are widened once, so that the inner loop is one
// multiply-add of 16-bit pairs (pmaddwd, smlal, smlad).
#pragma once

#include <llmzero/kernels/dense.hpp>
#include <llmzero/kernels/group_header.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/kernels/loops.hpp>
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

constexpr std::size_t group_bytes(packed_format format) {
    return header_bytes(format) + (has_nibbles(format) ? group_size / 2 : group_size);
}

// The codes of one packed group, widened.
template <packed_format format> inline void unpack_codes(const std::byte * group, std::int16_t * code) {
    const auto * bytes = reinterpret_cast<const std::uint8_t *>(group + header_bytes(format));
    if constexpr (has_nibbles(format)) {
        constexpr int lowest = lowest_nibble(format);
        LLMZERO_VECTORISE
        for (std::size_t i = 0; i < group_size / 2; ++i) {
            code[i] = static_cast<std::int16_t>((bytes[i] & 15) + lowest);
        }
        LLMZERO_VECTORISE
        for (std::size_t i = 0; i < group_size / 2; ++i) {
            code[i + group_size / 2] = static_cast<std::int16_t>((bytes[i] >> 4) + lowest);
        }
    } else {
        LLMZERO_VECTORISE
        for (std::size_t i = 0; i < group_size; ++i) {
            code[i] = static_cast<std::int8_t>(bytes[i]);
        }
    }
}

// sum of a(n) * b(n)
template <std::size_t n = group_size> inline std::int32_t integer_dot(const std::int16_t * a, const std::int16_t * b) {
    std::int32_t sum = 0;
    LLMZERO_VECTORISE
    for (std::size_t i = 0; i < n; ++i) {
        sum += static_cast<std::int32_t>(a[i]) * static_cast<std::int32_t>(b[i]);
    }
    return sum;
}

// Adds the product of one group of weights with one of activations. The integer part is at most 32 * 128 * 127, or with
// halves 32 * 32 * 127 * 128 < 2^24: exact in float.
template <packed_format format>
inline float add_product(const group_header & w, const std::int16_t * code, const activation_group & a, float total) {
    if constexpr (has_halves(format)) {
        const std::int32_t sum = w.half_scale[0] * integer_dot<half_size>(code, a.code) +
                                 w.half_scale[1] * integer_dot<half_size>(code + half_size, a.code + half_size);
        total = multiply_add(static_cast<float>(sum), w.scale * a.scale, total);
        if constexpr (has_offset(format)) {
            const std::int32_t offsets = w.half_offset[0] * a.half_sum[0] + w.half_offset[1] * a.half_sum[1];
            total = multiply_add(static_cast<float>(offsets), w.offset * a.scale, total);
        }
    } else {
        total = multiply_add(static_cast<float>(integer_dot(code, a.code)), w.scale * a.scale, total);
        if constexpr (has_offset(format)) {
            total = multiply_add(w.offset, a.sum, total);
        }
    }
    return total;
}

// One row by `tile` tokens: each group of weights is unpacked once and multiplied with every token.
template <packed_format format, std::size_t tile>
inline void multiply_row(const std::byte * row, std::size_t n_groups, const activation_group * x, float * y,
                         std::size_t y_stride) {
    float total[tile] = {};
    for (std::size_t g = 0; g < n_groups; ++g, row += group_bytes(format)) {
        const group_header header = read_header<format>(row);
        std::int16_t code[group_size];
        unpack_codes<format>(row, code);
        for (std::size_t t = 0; t < tile; ++t) {
            total[t] = add_product<format>(header, code, x[t * n_groups + g], total[t]);
        }
    }
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
            multiply_row<format, n>(w.data + row * n_groups * group_bytes(format), n_groups, x + token * n_groups,
                                    y + token * y_stride + row, y_stride);
        });
    });
}

inline std::size_t packed_bytes(packed_format format, std::size_t rows, std::size_t cols) {
    return is_quantised(format) ? rows * (cols / group_size) * group_bytes(format)
                                : dense::packed_bytes(format, rows, cols);
}

inline void pack_row(const packed_view & into, std::size_t row, const void * source) {
    if (!is_quantised(into.format)) {
        return dense::pack_row(into, row, source);
    }
    const auto * groups = static_cast<const weight_group *>(source);
    const std::size_t n_groups = into.cols / group_size;
    const std::size_t bytes = group_bytes(into.format);
    const std::size_t header = header_bytes(into.format);
    std::byte * to = into.data + row * n_groups * bytes;
    for (std::size_t g = 0; g < n_groups; ++g, to += bytes) {
        const weight_group & from = groups[g];
        write_header(into.format, from, to);
        if (!has_nibbles(into.format)) {
            std::memcpy(to + header, from.code, group_size);
            continue;
        }
        const int lowest = lowest_nibble(into.format);
        for (std::size_t i = 0; i < group_size / 2; ++i) {
            const int nibbles = (from.code[i] - lowest) | (from.code[i + group_size / 2] - lowest) << 4;
            to[header + i] = static_cast<std::byte>(nibbles);
        }
    }
}

template <packed_format format> inline void unpack_row_as(const packed_view & from, std::size_t row, float * out) {
    const std::size_t n_groups = from.cols / group_size;
    const std::byte * data = from.data + row * n_groups * group_bytes(format);
    for (std::size_t g = 0; g < n_groups; ++g, data += group_bytes(format)) {
        std::int16_t code[group_size];
        unpack_codes<format>(data, code);
        weight_group group;
        read_scales<format>(data, group);
        for (std::size_t i = 0; i < group_size; ++i) {
            group.code[i] = static_cast<std::int8_t>(code[i]);
        }
        dequantise(group, out + g * group_size);
    }
}

inline void unpack_row(const packed_view & from, std::size_t row, float * out) {
    if (!is_quantised(from.format)) {
        return dense::unpack_row(from, row, out);
    }
    with_format(from.format, [&]<packed_format format>() { unpack_row_as<format>(from, row, out); });
}

inline activation_kind kind_for(packed_format format) {
    return is_quantised(format) ? activation_kind::eight : activation_kind::floats;
}

inline std::size_t activation_bytes(activation_kind kind, std::size_t cols) {
    return kind == activation_kind::floats ? cols * sizeof(float) : cols / group_size * sizeof(activation_group);
}

inline void prepare(activation_kind kind, const float * x, std::size_t cols, std::byte * out) {
    if (kind == activation_kind::floats) {
        std::memcpy(out, x, cols * sizeof(float));
        return;
    }
    auto * groups = reinterpret_cast<activation_group *>(out);
    for (std::size_t g = 0; g < cols / group_size; ++g) {
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

inline constexpr kernel_set set = {
    "portable", packed_bytes, pack_row, unpack_row, kind_for, activation_bytes, prepare, multiply, dense::attend,
};

} // namespace llmzero::inline LLMZERO_ABI::kernels::portable
