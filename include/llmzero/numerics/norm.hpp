// Root-mean-square normalisation (Zhang and Sennrich 2019).
#pragma once

#include <llmzero/base/config.hpp>

#include <cmath>
#include <cstddef>

namespace llmzero::inline LLMZERO_ABI {

// out(n) = x(n) * weight(n) / sqrt(mean(x^2) + epsilon). `out` may be `x`. Several places of a token
// call it: one piece of code for all of them stays in a small instruction cache, as in add.hpp.
LLMZERO_NOINLINE inline void rms_norm(const float * x, const float * weight, std::size_t n, float epsilon,
                                      float * out) {
    constexpr std::size_t lanes = 8; // independent sums: vectorisable, and rounding errors do not pile up in one
    float sums[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        LLMZERO_PREFETCH(x, i + 4 * lanes);
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            sums[lane] += x[i + lane] * x[i + lane];
        }
    }
    float sum = 0.0f;
    for (; i < n; ++i) {
        sum += x[i] * x[i];
    }
    for (const float lane : sums) {
        sum += lane;
    }
    const float scale = 1.0f / std::sqrt(sum / static_cast<float>(n) + epsilon);
    for (i = 0; i + lanes <= n; i += lanes) {
        LLMZERO_PREFETCH(weight, i + 4 * lanes);
        float scaled[lanes];
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            scaled[lane] = x[i + lane] * scale * weight[i + lane];
        }
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            out[i + lane] = scaled[lane];
        }
    }
    for (; i < n; ++i) {
        out[i] = x[i] * scale * weight[i];
    }
}

} // namespace llmzero::inline LLMZERO_ABI
