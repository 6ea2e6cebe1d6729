// Kernels for the ARM1176: ARMv6 with its SIMD32 instructions, of which SMLAD does two 16-bit products a cycle.
//
// A 16-bit lane carries two 8-bit or four 4-bit weights at once, and the activations are prepared so that what
// does not belong cancels. Both forms are exact in wrapping 32-bit arithmetic.
//
// 8 bits. A halfword is h = 256 * b1 + u0 with u0 = b0 + 128, so with activations x1, x0:
//     h * x1 + (h & 0x00FF) * (256 * x0 - x1) = 256 * (b1 * x1 + b0 * x0 + 128 * x0)
// for |x| <= 127; the sum over a group starts at -256 * 128 * sum(x0).
//     4 weights: 1 AND, 2 SMLAD.
//
// 4 bits. A halfword is h = 4096 * n3 + 256 * u2 + 16 * u1 + u0 with n3 in two's complement, u = n + 8:
//     h * x3 + (h & 0x0FFF) * (16 * x2 - x3) + (h & 0x00FF) * (256 * x1 - 16 * x2)
//       + (h << 8 & 0x0F00) * (16 * x0 - x1) = 4096 * (n3 * x3 + u2 * x2 + u1 * x1 + u0 * x0)
// for |x| <= 127 and |16 * x1 - x2| < 2048; the sum starts at -4096 * 8 * sum(x2 + x1 + x0).
//     8 weights: 3 AND, 4 SMLAD.
//
// Layout: rows one after the other as packed_row.hpp draws them. The codes of a group are 8 words of 2 halfwords of 2
// weights, or with nibbles 4 words of 2 halfwords of 4 weights, little endian. Bytes of a group, bits of a weight:
//     q8  36, 9     q8_offset  40, 10     q8_halves  36.5, 9.125
//     q4  20, 5     q4_offset  24, 6      q4_halves  20.5, 5.125     q4_halves_offset  21, 5.25
// A prepared vector is a stream of groups of 88 bytes, see activation_group.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_ARM1176

#    include <llmzero/kernels/dense.hpp>
#    include <llmzero/kernels/kernel_set.hpp>
#    include <llmzero/kernels/loops.hpp>
#    include <llmzero/kernels/packed_row.hpp>
#    include <llmzero/numerics/quantise.hpp>
#    include <llmzero/numerics/weight_group.hpp>

#    include <arm_acle.h>
#    include <cstddef>
#    include <cstdint>
#    include <cstring>

namespace llmzero::inline LLMZERO_ABI::kernels::arm1176 {

constexpr std::size_t code_words(packed_format format) {
    return has_nibbles(format) ? 4 : 8;
}
constexpr std::size_t code_bytes(packed_format format) {
    return code_words(format) * sizeof(std::uint32_t);
}
constexpr std::size_t bytes_of_row(packed_format format, std::size_t cols) {
    return row_bytes(format, cols / group_size, code_bytes(format));
}

// 32 activations as the two forms above want them. `factor` has 16 words of two lanes each, in the order in
// which they are used: for each word of weights the x1 pair and the (256 * x0 - x1) pair of the 8-bit form, or
// the x3, (16 * x2 - x3), (256 * x1 - 16 * x2) and (16 * x0 - x1) pairs of the 4-bit form.
struct activation_group {
    float scale;
    float sum;             // scale * sum of all 32 integers
    std::int32_t start[2]; // what each half's sum of products starts from, so that the offsets of the weights cancel
    std::int32_t half_sum[2];
    std::int32_t factor[16];
};

inline std::int32_t lanes(int low, int high) {
    return static_cast<std::int32_t>((static_cast<std::uint32_t>(low) & 0xffffu) | static_cast<std::uint32_t>(high)
                                                                                       << 16);
}

// Which weight of a group lies in which bits: halfword h of word w holds weights 4w + 2h (low byte) and
// 4w + 2h + 1 (high byte) in the 8-bit form, 8w + 4h .. 8w + 4h + 3 from the lowest nibble up in the 4-bit form.
inline void arrange_group(activation_kind kind, const std::int16_t * code, float scale, activation_group & out) {
    const bool eight = kind == activation_kind::eight;
    out.scale = scale;
    for (std::size_t h = 0; h < 2; ++h) {
        std::int32_t sum = 0;
        std::int32_t with_offset = 0; // sum of the activations whose weights are stored with an offset
        for (std::size_t i = h * half_size; i < (h + 1) * half_size; ++i) {
            sum += code[i];
            with_offset += (eight ? i % 2 != 1 : i % 4 != 3) ? code[i] : 0;
        }
        out.half_sum[h] = sum;
        out.start[h] = eight ? -256 * 128 * with_offset : -4096 * 8 * with_offset;
    }
    out.sum = out.scale * static_cast<float>(out.half_sum[0] + out.half_sum[1]);
    std::int32_t * factor = out.factor;
    if (eight) {
        for (std::size_t i = 0; i < group_size; i += 4, factor += 2) {
            const std::int16_t * c = code + i;
            factor[0] = lanes(c[1], c[3]);
            factor[1] = lanes(256 * c[0] - c[1], 256 * c[2] - c[3]);
        }
    } else {
        for (std::size_t i = 0; i < group_size; i += 8, factor += 4) {
            const std::int16_t * c = code + i;
            factor[0] = lanes(c[3], c[7]);
            factor[1] = lanes(16 * c[2] - c[3], 16 * c[6] - c[7]);
            factor[2] = lanes(256 * c[1] - 16 * c[2], 256 * c[5] - 16 * c[6]);
            factor[3] = lanes(16 * c[0] - c[1], 16 * c[4] - c[5]);
        }
    }
}

// The sum of the products of `n_words` words of weights, exact.
template <packed_format format, std::size_t n_words>
inline std::int32_t integer_dot(const std::uint32_t * words, const std::int32_t * factor, std::int32_t start) {
    std::int32_t sum = start;
    if constexpr (has_nibbles(format)) {
        for (std::size_t w = 0; w < n_words; ++w, factor += 4) {
            const std::uint32_t word = words[w];
            sum = __smlad(static_cast<std::int32_t>(word), factor[0], sum);
            sum = __smlad(static_cast<std::int32_t>(word & 0x0fff0fffu), factor[1], sum);
            sum = __smlad(static_cast<std::int32_t>(word & 0x00ff00ffu), factor[2], sum);
            sum = __smlad(static_cast<std::int32_t>(word << 8 & 0x0f000f00u), factor[3], sum);
        }
        return sum >> 12;
    } else {
        for (std::size_t w = 0; w < n_words; ++w, factor += 2) {
            const std::uint32_t word = words[w];
            sum = __smlad(static_cast<std::int32_t>(word), factor[0], sum);
            sum = __smlad(static_cast<std::int32_t>(word & 0x00ff00ffu), factor[1], sum);
        }
        return sum >> 8;
    }
}

// The integer part of a group's product, exact.
template <packed_format format>
inline std::int32_t integer_dot(const group_scales & scales, const std::uint32_t * words, const activation_group & a) {
    constexpr std::size_t n_words = code_words(format);
    if constexpr (has_halves(format)) {
        const std::int32_t low = integer_dot<format, n_words / 2>(words, a.factor, a.start[0]);
        const std::int32_t high = integer_dot<format, n_words / 2>(words + n_words / 2, a.factor + 8, a.start[1]);
        return scales.half_scale[0] * low + scales.half_scale[1] * high;
    } else {
        const std::int32_t sum = integer_dot<format, n_words>(words, a.factor, a.start[0] + a.start[1]);
        // Nibbles are stored as code - 8 where the file's codes are 0..15.
        return format == packed_format::q4_offset ? sum + 8 * (a.half_sum[0] + a.half_sum[1]) : sum;
    }
}

template <packed_format format, std::size_t tile>
inline void multiply_row(const std::byte * row, std::size_t n_groups, const activation_group * x, float * y,
                         std::size_t y_stride) {
    float total[tile] = {};
    for_groups<format>(row, n_groups, code_bytes(format),
                       [&](std::size_t g, const group_scales & scales, const std::byte * codes) {
                           const auto * words = reinterpret_cast<const std::uint32_t *>(codes);
                           for (std::size_t t = 0; t < tile; ++t) {
                               const activation_group & a = x[t * n_groups + g];
                               const std::int32_t sum = integer_dot<format>(scales, words, a);
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
    constexpr std::size_t tile = 2;
    const auto * x = reinterpret_cast<const activation_group *>(prepared);
    const std::size_t n_groups = w.cols / group_size;
    with_format(w.format, [&]<packed_format format>() {
        for_rows_and_tokens<tile>(first_row, end_row, n_tokens, [&]<std::size_t n>(std::size_t row, std::size_t token) {
            multiply_row<format, n>(w.data + row * bytes_of_row(format, w.cols), n_groups, x + token * n_groups,
                                    y + token * y_stride + row, y_stride);
        });
    });
}

inline std::size_t packed_bytes(packed_format format, std::size_t rows, std::size_t cols) {
    return is_quantised(format) ? rows * bytes_of_row(format, cols) : dense::packed_bytes(format, rows, cols);
}

inline void pack_codes(packed_format format, const std::int8_t * code, std::uint32_t * words) {
    for (std::size_t w = 0; w < code_words(format); ++w) {
        std::uint32_t word = 0;
        if (has_nibbles(format)) {
            const int middle = lowest_nibble(format) + 8;
            for (std::size_t i = 0; i < 8; ++i) {
                const int nibble = code[8 * w + i] - middle + (i % 4 == 3 ? 0 : 8);
                word |= (static_cast<std::uint32_t>(nibble) & 15u) << (4 * i);
            }
        } else {
            for (std::size_t i = 0; i < 4; ++i) {
                const auto byte = static_cast<std::uint32_t>(code[4 * w + i]) + (i % 2 == 0 ? 128u : 0u);
                word |= (byte & 255u) << (8 * i);
            }
        }
        words[w] = word;
    }
}

template <packed_format format> inline void unpack_codes(const std::byte * codes, std::int8_t * code) {
    const auto * words = reinterpret_cast<const std::uint32_t *>(codes);
    for (std::size_t i = 0; i < group_size; ++i) {
        if constexpr (has_nibbles(format)) {
            const auto nibble = static_cast<int>(words[i / 8] >> (4 * (i % 8)) & 15u);
            const int middle = lowest_nibble(format) + 8;
            code[i] = static_cast<std::int8_t>((i % 4 == 3 ? (nibble ^ 8) - 8 : nibble - 8) + middle);
        } else {
            const auto byte = static_cast<int>(words[i / 4] >> (8 * (i % 4)) & 255u);
            code[i] = static_cast<std::int8_t>(i % 2 == 0 ? byte - 128 : (byte ^ 128) - 128);
        }
    }
}

inline void pack_row(const packed_view & into, std::size_t row, const void * source) {
    if (!is_quantised(into.format)) {
        return dense::pack_row(into, row, source);
    }
    const packed_format format = into.format;
    pack_groups(format, static_cast<const weight_group *>(source), into.cols / group_size, code_bytes(format),
                into.data + row * bytes_of_row(format, into.cols), [format](const weight_group & from, std::byte * to) {
                    pack_codes(format, from.code, reinterpret_cast<std::uint32_t *>(to));
                });
}

inline void unpack_row(const packed_view & from, std::size_t row, float * out) {
    if (!is_quantised(from.format)) {
        return dense::unpack_row(from, row, out);
    }
    with_format(from.format, [&]<packed_format format>() {
        unpack_groups<format>(from.data + row * bytes_of_row(format, from.cols), from.cols / group_size,
                              code_bytes(format), out, unpack_codes<format>);
    });
}

inline activation_kind kind_for(packed_format format) {
    if (!is_quantised(format)) {
        return activation_kind::floats;
    }
    return has_nibbles(format) ? activation_kind::nibble_safe : activation_kind::eight;
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
        std::int16_t code[group_size];
        const float scale = quantise_group(kind, x + g * group_size, code);
        arrange_group(kind, code, scale, groups[g]);
    }
}

inline constexpr kernel_set set = {
    "arm1176", packed_bytes, pack_row, unpack_row, kind_for, activation_bytes, prepare, multiply, dense::attend,
};

} // namespace llmzero::inline LLMZERO_ABI::kernels::arm1176

#endif
