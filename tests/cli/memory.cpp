#include "cli/memory.hpp"

#include <cstdint>
#include <doctest/doctest.h>
#include <string>

TEST_CASE("memory: /proc/meminfo is read") {
    CHECK(cli::available_in("MemTotal:  500000 kB\nMemAvailable:     380000 kB\nBuffers: 1 kB\n") == 380000u * 1024u);
    CHECK(cli::available_in("MemAvailable: 0 kB") == 0u);
    for (const char * bad : {"", "MemTotal: 1 kB", "MemAvailable:", "MemAvailable: ", "MemAvailable: x kB",
                             "MemAvailable: -1 kB", "MemAvailable: 18446744073709551615 kB"}) {
        CAPTURE(bad);
        CHECK_FALSE(cli::available_in(bad));
    }
}

TEST_CASE("memory: the peak is read") {
    CHECK(cli::peak_in("VmPeak:\t    9000 kB\nVmHWM:\t    3456 kB\nVmRSS:\t     100 kB\n") == 3456u * 1024u);
    CHECK_FALSE(cli::peak_in("VmPeak:\t    9000 kB\n"));
#ifdef __linux__
    // A program that writes to some megabytes had at least those.
    constexpr std::size_t bytes = 8 << 20;
    const std::string text(bytes, 'x');
    const auto peak = cli::peak_memory();
    REQUIRE(peak.has_value());
    CHECK(*peak > text.size());
#endif
}

TEST_CASE("memory: the longest context within a budget") {
    const auto needed = [](std::uint32_t context) {
        return 1000 + std::uint64_t{100} * context;
    };
    CHECK(cli::longest_context(256, 0, needed) == 256);
    CHECK(cli::longest_context(256, 1000000, needed) == 256);
    CHECK(cli::longest_context(256, 1000 + 25600, needed) == 256);
    CHECK(cli::longest_context(256, 1000 + 25600 - 1, needed) == 255);
    CHECK(cli::longest_context(256, 1000 + 200, needed) == 2);
    CHECK(cli::longest_context(256, 1000 + 199, needed) == 1);
    CHECK(cli::longest_context(256, 1, needed) == 1);
    CHECK(cli::longest_context(1, 1, needed) == 1);
    CHECK(cli::longest_context(4294967295u, 1000 + 100 * std::uint64_t{4000000000u}, needed) == 4000000000u);
}
