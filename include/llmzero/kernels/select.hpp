// Which kernel sets this build has, which it uses unless told otherwise, and the layouts that it can write.
#pragma once

#include <llmzero/kernels/arm1176.hpp>
#include <llmzero/kernels/arm1176_layout.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/kernels/portable.hpp>

#include <cstddef>
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

// Those of all kernel sets, of this build or not.
inline constexpr const packed_layout * layouts[] = {&arm1176::layout, &portable::layout};
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

// All layouts that matrices can be packed in, also for machines that this build is not for.
inline std::span<const packed_layout * const> packed_layouts() {
    return kernels::layouts;
}

// The layout of the kernel set of that name, or nullptr.
inline const packed_layout * find_layout(std::string_view name) {
    for (const packed_layout * layout : packed_layouts()) {
        if (name == layout->name) {
            return layout;
        }
    }
    return nullptr;
}

// "arm1176, portable": what find_layout() knows, for messages.
struct layout_names {
    layout_names() {
        std::size_t n = 0;
        for (const packed_layout * layout : packed_layouts()) {
            for (const char * part : {n == 0 ? "" : ", ", layout->name}) {
                for (; *part != 0 && n + 1 < sizeof text; ++part) {
                    text[n++] = *part;
                }
            }
        }
        text[n] = 0;
    }
    char text[64];
};

inline const kernel_set & best_kernels() {
    return *available_kernels().front();
}

} // namespace llmzero::inline LLMZERO_ABI
