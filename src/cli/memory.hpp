// How much memory there is, and how long a context fits into it.
#pragma once

#include <llmzero/base/function_ref.hpp>

#include "cli/numbers.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>

namespace cli {

// "MemAvailable:  380000 kB" of /proc/meminfo, in bytes.
[[nodiscard]] inline std::optional<std::uint64_t> available_in(std::string_view meminfo) {
    constexpr std::string_view name = "MemAvailable:";
    const std::size_t at = meminfo.find(name);
    if (at == meminfo.npos) {
        return std::nullopt;
    }
    std::string_view rest = meminfo.substr(at + name.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const auto kilobytes = parse_whole(rest.substr(0, rest.find(' ')));
    constexpr std::uint64_t most = std::uint64_t{1} << 53;
    return kilobytes && *kilobytes <= most ? std::optional(*kilobytes * 1024) : std::nullopt;
}

// What Linux could give without swapping; nothing where the system does not say.
[[nodiscard]] inline std::optional<std::uint64_t> available_memory() {
    std::FILE * const file = std::fopen("/proc/meminfo", "re");
    if (file == nullptr) {
        return std::nullopt;
    }
    char text[4096];
    const std::size_t bytes = std::fread(text, 1, sizeof text, file);
    std::fclose(file);
    return available_in({text, bytes});
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
