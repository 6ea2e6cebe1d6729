// What the processor that this program runs on can do, and its system keeps the registers for: asked with CPUID and
// XGETBV, under a microsecond (some 20 under a hypervisor that answers for it). Leaves and bits: Intel's Software
// Developer's Manual, volume 2, CPUID, and volume 1, 14.3 and 15.2.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_X86

#    include <llmzero/base/config.hpp>

#    include <cpuid.h>
#    include <cstdint>

namespace llmzero::inline LLMZERO_ABI::kernels::x86 {

struct cpu_features {
    bool avx2 = false;       // with FMA and F16C
    bool avx512vnni = false; // with AVX2, and AVX-512 F, BW, DQ and VL
};

namespace detail {

// The registers that the system saves.
inline std::uint32_t saved_registers() {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

constexpr bool has_all(std::uint32_t found, std::uint32_t wanted) {
    return (found & wanted) == wanted;
}

} // namespace detail

inline cpu_features detect() {
    constexpr std::uint32_t fma = 1u << 12, os_saves = 1u << 27, avx = 1u << 28, f16c = 1u << 29; // leaf 1, ECX
    constexpr std::uint32_t avx2 = 1u << 5;                                                       // leaf 7, EBX, and
    constexpr std::uint32_t avx512f = 1u << 16, avx512dq = 1u << 17, avx512bw = 1u << 30, avx512vl = 1u << 31;
    constexpr std::uint32_t vnni = 1u << 11;             // leaf 7, ECX
    constexpr std::uint32_t ymm = 6u, zmm = ymm | 0xe0u; // XCR0: xmm and ymm; masks and both parts of zmm
    cpu_features found;
    std::uint32_t a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || !detail::has_all(c, fma | os_saves | avx | f16c)) {
        return found;
    }
    const std::uint32_t saved = detail::saved_registers();
    if (!detail::has_all(saved, ymm) || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) {
        return found;
    }
    found.avx2 = detail::has_all(b, avx2);
    found.avx512vnni = found.avx2 && detail::has_all(saved, zmm) && detail::has_all(c, vnni) &&
                       detail::has_all(b, avx512f | avx512dq | avx512bw | avx512vl);
    return found;
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::x86

#endif
