// The gated activation of T5 1.1 and Gemma (Shazeer 2020), with the tanh form of GELU (Hendrycks and Gimpel 2016).
#pragma once

#include <llmzero/numerics/math.hpp>

#include <cstddef>

namespace llmzero::inline LLMZERO_ABI {

// gelu(x) = x / 2 * (1 + tanh(y)) with y = sqrt(2 / pi) * (x + 0.044715 x^3). Since 1 + tanh(y) = 2 / (1 + e^-2y), that
// is x / (1 + e^-2y): one exponential, and nothing cancels for negative x.
// For n numbers step by step, so that their latencies overlap.
template <std::size_t n> inline void gelu(float (&x)[n]) {
    constexpr float minus_two_root = -1.59576912f; // -2 sqrt(2 / pi)
    float power[n];
    LLMZERO_LANES
    for (std::size_t i = 0; i < n; ++i) {
        power[i] = minus_two_root * x[i] * multiply_add(0.044715f * x[i], x[i], 1.0f);
    }
    bounded_exp(power);
    LLMZERO_LANES
    for (std::size_t i = 0; i < n; ++i) {
        x[i] = x[i] / (1.0f + power[i]);
    }
}

inline float gelu(float x) {
    float one[] = {x};
    gelu(one);
    return one[0];
}

// gate(n) becomes gelu(gate) * up.
inline void geglu(float * gate, const float * up, std::size_t n) {
    constexpr std::size_t lanes = 4;
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        float value[lanes];
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            value[lane] = gate[i + lane];
        }
        gelu(value);
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            gate[i + lane] = value[lane] * up[i + lane];
        }
    }
    for (; i < n; ++i) {
        gate[i] = gelu(gate[i]) * up[i];
    }
}

} // namespace llmzero::inline LLMZERO_ABI
