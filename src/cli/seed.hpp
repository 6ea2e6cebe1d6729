// A seed nobody chose.
#pragma once

#include <chrono>
#include <cstdint>
#include <unistd.h>

namespace cli {

// From the system's random numbers. 32 bits: short enough to be typed again, and exact in every JSON reader.
[[nodiscard]] inline std::uint64_t draw_seed() {
    std::uint32_t seed = 0;
    if (::getentropy(&seed, sizeof seed) != 0) { // an old kernel
        const auto now = std::chrono::system_clock::now().time_since_epoch().count();
        seed = static_cast<std::uint32_t>(now) ^ static_cast<std::uint32_t>(::getpid()) << 16;
    }
    return seed;
}

} // namespace cli
