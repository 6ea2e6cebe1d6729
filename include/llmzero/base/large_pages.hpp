// Asks the system for large pages under memory that was just taken (Linux: transparent huge pages, 2 MiB on most
// machines). It hands out one where it would hand out 512 small ones, which is most of the time that a fresh page
// takes, and the processor finds its way in them with fewer look-ups.
//
// A wish only: where the system knows none, or its owner has switched them off, nothing changes. Memory that is taken
// is memory that is written to, so that no more of it is in use than with small pages.
#pragma once

#include <llmzero/base/config.hpp>

#include <cstddef>
#include <cstdint>

#if defined(__linux__)
#    include <sys/mman.h>
#endif

namespace llmzero::inline LLMZERO_ABI {

// Smaller blocks hardly have a large page inside.
inline constexpr std::size_t worth_large_pages = std::size_t{4} << 20;

inline void ask_for_large_pages([[maybe_unused]] void * memory, [[maybe_unused]] std::size_t bytes) {
#if defined(MADV_HUGEPAGE)
    if (bytes < worth_large_pages) {
        return;
    }
    constexpr std::uintptr_t page = std::uintptr_t{2} << 20;
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    const std::uintptr_t to_first = (page - address % page) % page;
    const std::uintptr_t whole = (bytes - to_first) / page * page;
    static_cast<void>(::madvise(static_cast<std::byte *>(memory) + to_first, whole, MADV_HUGEPAGE));
#endif
}

} // namespace llmzero::inline LLMZERO_ABI
