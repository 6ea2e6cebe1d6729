// Groups of activations put together from their codes by the formulas of arm1176_activations.hpp, one number after the
// other: what the assembly of arm1176_quantise.hpp must make too.
#pragma once

#include <llmzero/kernels/arm1176_activations.hpp>

#include <cstddef>
#include <cstdint>

namespace support {

using llmzero::activation_kind;
using llmzero::group_size;
using llmzero::half_size;
using llmzero::kernels::arm1176::activation_group;
using llmzero::kernels::arm1176::sixes_group;
using llmzero::kernels::arm1176::sum_shift;

inline std::int32_t lanes(int low, int high) {
    return static_cast<std::int32_t>((static_cast<std::uint32_t>(low) & 0xffffu) | static_cast<std::uint32_t>(high)
                                                                                       << 16);
}

// code(32), with 8, 5 or 4 bits for a weight.
inline void arrange_group(activation_kind kind, const std::int16_t * code, float scale, activation_group & out) {
    std::int32_t start[2] = {};
    std::int32_t sum[2] = {};
    for (std::size_t i = 0; i < group_size; ++i) {
        sum[kind == activation_kind::threes ? 0 : i / half_size] += code[i]; // whose formats have no halves
    }
    std::int32_t * factor = out.factor;
    if (kind == activation_kind::eight) {
        for (std::size_t i = 0; i < group_size; i += 4, factor += 2) {
            const std::int16_t * c = code + i;
            factor[0] = lanes(c[1], c[3]);
            factor[1] = lanes(256 * c[0] - c[1], 256 * c[2] - c[3]);
            start[i / half_size] -= 256 * 128 * (c[0] + c[2]);
        }
    } else if (kind == activation_kind::threes) {
        for (std::size_t i = 0; i < 30; i += 6, factor += 3) {
            const std::int16_t * c = code + i;
            factor[0] = lanes(c[2], c[5]);
            factor[1] = lanes(32 * c[1] - c[2], 32 * c[4] - c[5]);
            factor[2] = lanes(64 * c[0] - c[1], 64 * c[3] - c[4]);
            start[0] -= 2048 * 16 * (c[0] + c[1] + c[3] + c[4]);
        }
        factor[0] = lanes(code[30], code[31]);
    } else {
        for (std::size_t i = 0; i < group_size; i += 8, factor += 4) {
            const std::int16_t * c = code + i;
            factor[0] = lanes(c[3], c[7]);
            factor[1] = lanes(16 * c[2] - c[3], 16 * c[6] - c[7]);
            factor[2] = lanes(256 * c[1] - 16 * c[2], 256 * c[5] - 16 * c[6]);
            factor[3] = lanes(16 * c[0] - c[1], 16 * c[4] - c[5]);
            start[i / half_size] -= 4096 * 8 * (c[0] + c[1] + c[2] + c[4] + c[5] + c[6]);
        }
    }
    out.start = start[0] + start[1];
    out.scale = scale / static_cast<float>(1 << sum_shift(kind));
    out.small_scale = 0x1p48f * scale;
    out.sum = scale * static_cast<float>(sum[0] + sum[1]);
    for (std::size_t h = 0; h < 2; ++h) {
        out.half_start[h] = start[h];
        out.half_sum[h] = scale * static_cast<float>(sum[h]);
    }
}

// The same for 6 bits.
inline void arrange_group(activation_kind kind, const std::int16_t * code, float scale, sixes_group & out) {
    for (std::size_t h = 0; h < 2; ++h) {
        const std::int16_t * const c = code + h * half_size;
        std::int32_t * factor = out.factor + 10 * h;
        std::int32_t sum = 0;
        for (std::size_t w = 0; w < 3; ++w, factor += 3) {
            const std::int16_t * const x = c + 4 * w;
            const std::size_t third = w == 0 ? 12 : 13;
            const int times = w < 2 ? 64 : 4;
            factor[0] = lanes(x[1], x[3]);
            factor[1] = lanes(64 * x[0] - x[1], 64 * x[2] - x[3]);
            factor[2] = lanes(times * c[third] - x[0], times * c[third + 2] - x[2]);
            sum += x[0] + x[2];
        }
        factor[0] = lanes(16 * c[12] - 4 * c[13], 16 * c[14] - 4 * c[15]);
        out.half_start[h] = -1024 * 32 * (sum + c[12] + c[13] + c[14] + c[15]);
    }
    out.scale = scale / static_cast<float>(1 << sum_shift(kind));
    out.unused = 0;
}

} // namespace support
