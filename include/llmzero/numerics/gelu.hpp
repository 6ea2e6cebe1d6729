// The gated activation of T5 1.1 and Gemma (Shazeer 2020), with the tanh form of GELU (Hendrycks and Gimpel 2016).
#pragma once

#include <llmzero/numerics/math.hpp>

#include <cstddef>

namespace llmzero::inline LLMZERO_ABI {

// gelu(x) = x / 2 * (1 + tanh(y)) with y = sqrt(2 / pi) * (x + 0.044715 x^3). Since 1 + tanh(y) = 2 / (1 + e^-2y), that
// is x / (1 + e^-2y): one exponential, and nothing cancels for negative x.
inline float gelu(float x) {
    constexpr float minus_two_root = -1.59576912f; // -2 sqrt(2 / pi)
    return x / (1.0f + bounded_exp(minus_two_root * x * (1.0f + 0.044715f * x * x)));
}

// gate(n) becomes gelu(gate) * up.
inline void geglu(float * gate, const float * up, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        gate[i] = gelu(gate[i]) * up[i];
    }
}

} // namespace llmzero::inline LLMZERO_ABI
