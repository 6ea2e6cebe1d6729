// Times as a folder's entries keep them: local time in steps of two seconds, from 1980 to 2107.
//
//     date: year - 1980 (7 bits), month (4), day (5)    time: hour (5), minute (6), second / 2 (5)
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>

namespace fat {

struct calendar_time {
    int year = 1980; // earlier ones become the first of 1980, later ones the last of 2107
    int month = 1;
    int day = 1;
    int hour = 0;
    int minute = 0;
    int second = 0;
};

struct timestamp {
    std::uint16_t date = 1 << 5 | 1; // 1980-01-01
    std::uint16_t time = 0;

    [[nodiscard]] static timestamp of(const calendar_time & t) {
        if (t.year < 1980) {
            return {};
        }
        if (t.year > 2107) {
            return of({2107, 12, 31, 23, 59, 58});
        }
        const auto limited = [](int value, int low, int high) {
            return static_cast<unsigned>(std::clamp(value, low, high));
        };
        const unsigned year = static_cast<unsigned>(t.year - 1980);
        return {static_cast<std::uint16_t>(year << 9 | limited(t.month, 1, 12) << 5 | limited(t.day, 1, 31)),
                static_cast<std::uint16_t>(limited(t.hour, 0, 23) << 11 | limited(t.minute, 0, 59) << 5 |
                                           limited(t.second, 0, 59) / 2)};
    }

    // What a host wrote may be no date at all: month 0, day 0, hour 31.
    [[nodiscard]] calendar_time calendar() const {
        return {1980 + (date >> 9), date >> 5 & 15, date & 31, time >> 11, time >> 5 & 0x3f, (time & 31) * 2};
    }

    // The earlier one is less.
    friend std::strong_ordering operator<=>(const timestamp & a, const timestamp & b) = default;
};

} // namespace fat
