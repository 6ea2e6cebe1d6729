// How much memory there is, how much a program took, and how long a context fits into it.
#pragma once

#include <llmzero/base/function_ref.hpp>

#include "cli/numbers.hpp"
#include "cli/system.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>
#if defined(_WIN32)
#    include <psapi.h>
#endif

namespace cli {

// What follows `name` in a file of /proc, "MemAvailable:  380000 kB", in bytes.
[[nodiscard]] inline std::optional<std::uint64_t> kilobytes_in(std::string_view text, std::string_view name) {
    const std::size_t at = text.find(name);
    if (at == text.npos) {
        return std::nullopt;
    }
    std::string_view rest = text.substr(at + name.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    const auto kilobytes = parse_whole(rest.substr(0, rest.find(' ')));
    constexpr std::uint64_t most = std::uint64_t{1} << 53;
    return kilobytes && *kilobytes <= most ? std::optional(*kilobytes * 1024) : std::nullopt;
}

// Of /proc/meminfo.
[[nodiscard]] inline std::optional<std::uint64_t> available_in(std::string_view meminfo) {
    return kilobytes_in(meminfo, "MemAvailable:");
}

// Of /proc/self/status: the most memory that the program had at any time.
[[nodiscard]] inline std::optional<std::uint64_t> peak_in(std::string_view status) {
    return kilobytes_in(status, "VmHWM:");
}

// `find` in the beginning of a file of /proc; nothing where the system has no such file.
template <class Find> [[nodiscard]] std::optional<std::uint64_t> find_in_file(const char * path, Find find) {
    std::FILE * const file = std::fopen(path, "rb");
    if (file == nullptr) {
        return std::nullopt;
    }
    char text[4096];
    const std::size_t bytes = std::fread(text, 1, sizeof text, file);
    std::fclose(file);
    return find(std::string_view(text, bytes));
}

// What the system could give without swapping; nothing where it does not say.
[[nodiscard]] inline std::optional<std::uint64_t> available_memory() {
#if defined(_WIN32)
    MEMORYSTATUSEX memory = {};
    memory.dwLength = sizeof memory;
    return ::GlobalMemoryStatusEx(&memory) != 0 ? std::optional(std::uint64_t{memory.ullAvailPhys}) : std::nullopt;
#else
    return find_in_file("/proc/meminfo", available_in);
#endif
}

// The most that this program had until this moment. Under qemu-user that is the emulator's.
[[nodiscard]] inline std::optional<std::uint64_t> peak_memory() {
#if defined(_WIN32)
    PROCESS_MEMORY_COUNTERS memory = {};
    return ::K32GetProcessMemoryInfo(::GetCurrentProcess(), &memory, sizeof memory) != 0
               ? std::optional(std::uint64_t{memory.PeakWorkingSetSize})
               : std::nullopt;
#else
    return find_in_file("/proc/self/status", peak_in);
#endif
}

// The longest context from 1 to `most` that needs at most `budget` bytes (0: no limit), where `needed(context)`
// grows with the context. 1 when none fits: what is then made with it says how much it would need.
[[nodiscard]] inline std::uint32_t longest_context(std::uint32_t most, std::uint64_t budget,
                                                   llmzero::function_ref<std::uint64_t(std::uint32_t)> needed) {
    if (budget == 0 || needed(most) <= budget) {
        return most;
    }
    std::uint32_t fits = 1;
    std::uint32_t too_long = most;
    while (too_long - fits > 1) {
        const std::uint32_t middle = fits + (too_long - fits) / 2;
        (needed(middle) <= budget ? fits : too_long) = middle;
    }
    return fits;
}

} // namespace cli
