// A seed nobody chose.
#pragma once

#include "cli/system.hpp"

#include <chrono>
#include <cstdint>

namespace cli {

// From the system's random numbers. 32 bits: short enough to be typed again, and exact in every JSON reader.
[[nodiscard]] inline std::uint64_t draw_seed() {
    if (const auto bits = random_bits()) {
        return *bits;
    }
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    return static_cast<std::uint32_t>(now) ^ static_cast<std::uint32_t>(::getpid()) << 16;
}

} // namespace cli
