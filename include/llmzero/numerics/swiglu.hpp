// The gated activation of llama-like feed-forward layers (Shazeer 2020).
#pragma once

#include <llmzero/numerics/math.hpp>

#include <cstddef>

namespace llmzero::inline LLMZERO_ABI {

// gate(n) becomes silu(gate) * up, with silu(g) = g / (1 + e^-g).
inline void swiglu(float * gate, const float * up, std::size_t n) {
    const auto one = [](float g, float u) {
        return g / (1.0f + bounded_exp(-g)) * u;
    };
    constexpr std::size_t lanes = 4;
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        float product[lanes];
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            product[lane] = one(gate[i + lane], up[i + lane]);
        }
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            gate[i + lane] = product[lane];
        }
    }
    for (; i < n; ++i) {
        gate[i] = one(gate[i], up[i]);
    }
}

} // namespace llmzero::inline LLMZERO_ABI
