// Which kernel sets this build has, and which it uses unless told otherwise.
#pragma once

#include <llmzero/kernels/arm1176.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/kernels/portable.hpp>

#include <span>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

namespace kernels {
// Best first. The last one is always `portable`.
inline constexpr const kernel_set * sets[] = {
#if LLMZERO_HAS_ARM1176
    &arm1176::set,
#endif
    &portable::set,
};
} // namespace kernels

// All kernel sets of this build that this machine can run, best first.
inline std::span<const kernel_set * const> available_kernels() {
    return kernels::sets;
}

// The set of that name ("portable", "arm1176"), or nullptr.
inline const kernel_set * find_kernels(std::string_view name) {
    for (const kernel_set * set : available_kernels()) {
        if (name == set->name) {
            return set;
        }
    }
    return nullptr;
}

inline const kernel_set & best_kernels() {
    return *available_kernels().front();
}

} // namespace llmzero::inline LLMZERO_ABI
