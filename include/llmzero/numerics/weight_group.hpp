// The form in which every quantised weight passes from the file to a kernel: integers and their scales,
// exactly as the file has them.
#pragma once

#include <llmzero/base/config.hpp>
#include <llmzero/numerics/math.hpp>

#include <cstddef>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

// Scales and integer sums cover this many neighbouring weights of a row.
inline constexpr std::size_t group_size = 32;
// Some types have a scale of their own for each half of a group.
inline constexpr std::size_t half_size = group_size / 2;

// 32 neighbouring weights: weight[i] = (scale * half_scale[i / 16]) * code[i] + offset * half_offset[i / 16].
//
// Where a type has factors for the halves, scale and offset are half-precision numbers of the file, so that their
// products with a factor, an integer of 8 bits, are exact; and they are those of a block of 256 weights: the same in 8
// neighbouring groups. Where a type has no such factors they are 1.
struct weight_group {
    float scale;
    float offset; // 0 for types without one
    std::int8_t code[group_size];
    std::int8_t half_scale[2] = {1, 1};
    std::int8_t half_offset[2] = {1, 1};
};

// For groups without factors.
inline void set_scales(float scale, float offset, weight_group * group) {
    group->scale = scale;
    group->offset = offset;
    for (std::size_t h = 0; h < 2; ++h) {
        group->half_scale[h] = 1;
        group->half_offset[h] = 1;
    }
}

// weight[i] in float, rounded as the reference implementation rounds it.
inline void dequantise(const weight_group & group, float * weights) { // weights[group_size]
    for (std::size_t i = 0; i < group_size; ++i) {
        const float scale = group.scale * static_cast<float>(group.half_scale[i / half_size]);
        const float offset = group.offset * static_cast<float>(group.half_offset[i / half_size]);
        const float product = rounded_product(scale, static_cast<float>(group.code[i]));
        weights[i] = product + offset;
    }
}

} // namespace llmzero::inline LLMZERO_ABI
