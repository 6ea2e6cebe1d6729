// The gated activation of T5 1.1 and Gemma (Shazeer 2020), with the tanh form of GELU (Hendrycks and Gimpel 2016).
#pragma once

#include <llmzero/numerics/math.hpp>

#include <cstddef>

namespace llmzero::inline LLMZERO_ABI {

namespace detail {

inline constexpr float gelu_linear = -1.59576912f;  // -2 sqrt(2 / pi)
inline constexpr float gelu_cubic = -0.0713548163f; // 0.044715 of that

} // namespace detail

// gelu(x) = x / 2 * (1 + tanh(y)) with y = sqrt(2 / pi) * (x + 0.044715 x^3). Since 1 + tanh(y) = 2 / (1 + e^-2y), that
// is x / (1 + e^-2y): one exponential, and nothing cancels for negative x.
// For n numbers step by step, so that their latencies overlap.
template <std::size_t n> inline void gelu(float (&x)[n]) {
    float power[n];
    LLMZERO_LANES
    for (std::size_t i = 0; i < n; ++i) {
        power[i] = x[i] * multiply_add(x[i] * x[i], detail::gelu_cubic, detail::gelu_linear);
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
