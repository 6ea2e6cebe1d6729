// Numbers written by people: the whole text must be the number, so that "12x", "1e3" for a count, "nan"
// and "" are refused instead of being read in part. Also the way back, for help and JSON.
#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace cli {

// A whole number of 64 bits, decimal, without a sign.
[[nodiscard]] inline std::optional<std::uint64_t> parse_whole(std::string_view text) {
    std::uint64_t value = 0;
    const char * const end = text.data() + text.size();
    const auto [stopped, problem] = std::from_chars(text.data(), end, value);
    if (problem != std::errc{} || stopped != end) {
        return std::nullopt;
    }
    return value;
}

// A finite number, such as -0.5 or 1e-3.
[[nodiscard]] inline std::optional<double> parse_number(std::string_view text) {
    // strtod would also take "nan", "inf", hexadecimal and leading blanks, and ends at the first NUL.
    constexpr std::size_t longest = 63;
    if (text.empty() || text.size() > longest || text.find_first_not_of("0123456789+-.eE") != text.npos) {
        return std::nullopt;
    }
    char copy[longest + 1];
    copy[text.copy(copy, longest)] = 0;
    char * stopped = nullptr;
    const double value = std::strtod(copy, &stopped);
    if (stopped != copy + text.size() || !std::isfinite(value)) {
        return std::nullopt;
    }
    return value;
}

// A size in bytes: 4096, 512K, 200M, 1G, with or without a final B or iB; the units are powers of 1024.
[[nodiscard]] inline std::optional<std::uint64_t> parse_bytes(std::string_view text) {
    const std::size_t digits = text.find_first_not_of("0123456789");
    const std::string_view unit = digits == text.npos ? std::string_view() : text.substr(digits);
    const auto count = parse_whole(text.substr(0, digits));
    int shift = 0;
    if (!unit.empty()) {
        constexpr std::string_view letters = "bkmgt";
        const auto letter = letters.find(static_cast<char>(unit[0] | 0x20));
        const std::string_view rest = unit.substr(1);
        const bool known = letter != letters.npos && (rest.empty() || (letter > 0 && (rest == "B" || rest == "iB")));
        if (!known) {
            return std::nullopt;
        }
        shift = static_cast<int>(letter) * 10;
    }
    if (!count || *count > std::numeric_limits<std::uint64_t>::max() >> shift) {
        return std::nullopt;
    }
    return *count << shift;
}

// The shortest decimal text that reads back as the same float. JSON has no NaN and no infinity: they are "null".
[[nodiscard]] inline std::string shortest(float value) {
    if (!std::isfinite(value)) {
        return "null";
    }
    char text[32] = {};
    for (int digits = 6; digits <= 9; ++digits) {
        std::snprintf(text, sizeof text, "%.*g", digits, static_cast<double>(value));
        if (std::strtof(text, nullptr) == value) {
            break;
        }
    }
    return text;
}

// A size for people: "17.4 MB" (powers of 1000).
[[nodiscard]] inline std::string readable_bytes(std::uint64_t bytes) {
    constexpr const char * units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1000.0 && unit + 1 < sizeof units / sizeof units[0]) {
        value /= 1000.0;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text;
}

} // namespace cli
