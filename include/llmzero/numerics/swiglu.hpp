// The gated activation of llama-like feed-forward layers (Shazeer 2020).
#pragma once

#include <llmzero/numerics/math.hpp>

#include <cstddef>

namespace llmzero::inline LLMZERO_ABI {

// gate(n) becomes silu(gate) * up, with silu(g) = g / (1 + e^-g).
inline void swiglu(float * gate, const float * up, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        const float g = gate[i];
        gate[i] = g / (1.0f + fast_exp(-g)) * up[i];
    }
}

} // namespace llmzero::inline LLMZERO_ABI
