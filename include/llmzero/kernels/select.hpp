// Which kernel sets this build has, which of them the machine can run, which it uses unless told otherwise, and the
// layouts that it can write.
#pragma once

#include <llmzero/kernels/arm1176.hpp>
#include <llmzero/kernels/arm1176_layout.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/kernels/neon.hpp>
#include <llmzero/kernels/neon_layout.hpp>
#include <llmzero/kernels/portable.hpp>
#include <llmzero/kernels/x86.hpp>
#include <llmzero/kernels/x86_layout.hpp>

#include <cstddef>
#include <iterator>
#include <span>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

namespace kernels {

// A kernel set, and whether the machine that runs this can run it: nullptr where the whole build is for such machines.
struct compiled_set {
    const kernel_set * set;
    bool (*runs_here)();
};

// Best first. The last one is always `portable`.
inline constexpr compiled_set compiled_sets[] = {
#if LLMZERO_HAS_ARM1176
    {&arm1176::set, nullptr},
#endif
#if LLMZERO_HAS_X86
    {&x86::avx512vnni::set, x86::avx512vnni::runs_here},
    {&x86::avx2::set, x86::avx2::runs_here},
#endif
#if LLMZERO_HAS_DOTPROD
    {&neon::dotprod::set, neon::dotprod::runs_here},
#endif
#if LLMZERO_HAS_NEON
    {&neon::smull::set, nullptr},
#endif
    {&portable::set, nullptr},
};

// Those of all kernel sets, of this build or not.
inline constexpr const packed_layout * layouts[] = {&arm1176::layout, &neon::layout, &x86::layout, &portable::layout};

} // namespace kernels

// Some of the kernel sets of this build, best first.
class kernel_list {
public:
    [[nodiscard]] const kernel_set * const * begin() const { return sets_; }
    [[nodiscard]] const kernel_set * const * end() const { return sets_ + size_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] const kernel_set * front() const { return sets_[0]; }
    [[nodiscard]] const kernel_set * back() const { return sets_[size_ - 1]; }

    void add(const kernel_set & set) { sets_[size_++] = &set; }

private:
    const kernel_set * sets_[std::size(kernels::compiled_sets)] = {};
    std::size_t size_ = 0;
};

// All kernel sets of this build.
inline kernel_list compiled_kernels() {
    kernel_list made;
    for (const kernels::compiled_set & each : kernels::compiled_sets) {
        made.add(*each.set);
    }
    return made;
}

// Those of them that this machine can run. Asks the machine each time, which takes some microseconds.
inline kernel_list available_kernels() {
    kernel_list made;
    for (const kernels::compiled_set & each : kernels::compiled_sets) {
        if (each.runs_here == nullptr || each.runs_here()) {
            made.add(*each.set);
        }
    }
    return made;
}

// The set of that name ("portable", "arm1176", "avx2") that this machine can run, or nullptr.
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

// All layouts that matrices can be packed in, also for machines that this build is not for.
inline std::span<const packed_layout * const> packed_layouts() {
    return kernels::layouts;
}

// The layout of that name, or nullptr.
inline const packed_layout * find_layout(std::string_view name) {
    for (const packed_layout * layout : packed_layouts()) {
        if (name == layout->layout_name) {
            return layout;
        }
    }
    return nullptr;
}

// "arm1176, neon, x86, portable": what find_layout() knows, for messages.
struct layout_names {
    layout_names() {
        std::size_t n = 0;
        for (const packed_layout * layout : packed_layouts()) {
            for (const char * part : {n == 0 ? "" : ", ", layout->layout_name}) {
                for (; *part != 0 && n + 1 < sizeof text; ++part) {
                    text[n++] = *part;
                }
            }
        }
        text[n] = 0;
    }
    char text[64];
};

} // namespace llmzero::inline LLMZERO_ABI
