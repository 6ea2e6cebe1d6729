// What the processor that this program runs on can do beyond NEON, as Linux tells it (AT_HWCAP, from
// arch/arm64/include/uapi/asm/hwcap.h). Elsewhere nothing is known to be there.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_NEON

#    include <llmzero/base/config.hpp>

#    if defined(__linux__)
#        include <sys/auxv.h>
#    endif

namespace llmzero::inline LLMZERO_ABI::kernels::neon {

struct cpu_features {
    bool dotprod = false; // SDOT
};

inline cpu_features detect() {
    cpu_features found;
#    if LLMZERO_HAS_DOTPROD && defined(__linux__)
    constexpr unsigned long asimddp = 1ul << 20;
    found.dotprod = (getauxval(AT_HWCAP) & asimddp) != 0;
#    endif
    return found;
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::neon

#endif
