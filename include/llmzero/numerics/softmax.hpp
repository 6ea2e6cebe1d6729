// Softmax in place.
#pragma once

#include <llmzero/numerics/math.hpp>

#include <algorithm>
#include <cstddef>

namespace llmzero::inline LLMZERO_ABI {

// x(n) becomes exp(x - max) / sum, which adds up to 1; n >= 1. The largest value is subtracted first, so that
// nothing overflows.
inline void softmax(float * x, std::size_t n) {
    const float largest = *std::max_element(x, x + n);
    for (std::size_t i = 0; i < n; ++i) {
        x[i] = fast_exp(x[i] - largest);
    }
    float sum = 0.0f;
    for (std::size_t i = 0; i < n; ++i) {
        sum += x[i];
    }
    const float scale = 1.0f / sum;
    for (std::size_t i = 0; i < n; ++i) {
        x[i] *= scale;
    }
}

} // namespace llmzero::inline LLMZERO_ABI
