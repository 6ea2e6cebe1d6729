// The gated activation of llama-like feed-forward layers (Shazeer 2020).
#pragma once

#include <llmzero/kernels/target.hpp>
#include <llmzero/numerics/math.hpp>

#include <cstddef>

namespace llmzero::inline LLMZERO_ABI {

// gate(n) becomes silu(gate) * up, with silu(g) = g / (1 + e^-g).
inline void swiglu(float * gate, const float * up, std::size_t n) {
    constexpr std::size_t lanes = 4;
    constexpr std::size_t ahead = 16; // two lines of a small core's cache
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        LLMZERO_PREFETCH(gate, i + ahead);
        LLMZERO_PREFETCH(up, i + ahead);
        float power[lanes];
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            power[lane] = -gate[i + lane];
        }
        bounded_exp(power);
        float product[lanes];
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            product[lane] = gate[i + lane] / (1.0f + power[lane]) * up[i + lane];
        }
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            gate[i + lane] = product[lane];
        }
    }
    for (; i < n; ++i) {
        gate[i] = gate[i] / (1.0f + bounded_exp(-gate[i])) * up[i];
    }
}

} // namespace llmzero::inline LLMZERO_ABI
