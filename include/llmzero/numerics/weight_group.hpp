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

// 32 neighbouring weights: weight[i] = scale * code[i] + offset.
struct weight_group {
    float scale;
    float offset; // 0 for types without one
    std::int8_t code[group_size];
};

// weight[i] in float, rounded as the reference implementation rounds it.
inline void dequantise(const weight_group & group, float * weights) { // weights[group_size]
    for (std::size_t i = 0; i < group_size; ++i) {
        const float product = rounded_product(group.scale, static_cast<float>(group.code[i]));
        weights[i] = product + group.offset;
    }
}

} // namespace llmzero::inline LLMZERO_ABI
