// The activation of T5 1.0.
#pragma once

#include <llmzero/base/config.hpp>

#include <cstddef>

namespace llmzero::inline LLMZERO_ABI {

// x(n) becomes max(x, 0); NaN stays.
inline void relu(float * x, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        x[i] = x[i] < 0.0f ? 0.0f : x[i];
    }
}

} // namespace llmzero::inline LLMZERO_ABI
