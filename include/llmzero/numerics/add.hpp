// The sum of two vectors, in place.
#pragma once

#include <llmzero/base/config.hpp>

#include <cstddef>

namespace llmzero::inline LLMZERO_ABI {

// y(n) += x(n); the two do not overlap.
LLMZERO_NOINLINE inline void add(float * LLMZERO_RESTRICT y, const float * LLMZERO_RESTRICT x, std::size_t n) {
    constexpr std::size_t lanes = 8;
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        LLMZERO_PREFETCH(y, i + 4 * lanes);
        LLMZERO_PREFETCH(x, i + 4 * lanes);
        float sum[lanes];
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            sum[lane] = y[i + lane] + x[i + lane];
        }
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            y[i + lane] = sum[lane];
        }
    }
    for (; i < n; ++i) {
        y[i] += x[i];
    }
}

} // namespace llmzero::inline LLMZERO_ABI
