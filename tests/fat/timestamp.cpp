#include "fat/timestamp.hpp"

#include <doctest/doctest.h>

using fat::timestamp;

TEST_CASE("timestamp: fields as a folder keeps them") {
    const timestamp t = timestamp::of({2024, 2, 29, 23, 59, 59});
    CHECK(t.date == ((2024 - 1980) << 9 | 2 << 5 | 29));
    CHECK(t.time == (23 << 11 | 59 << 5 | 29));
    const fat::calendar_time c = t.calendar();
    CHECK(c.year == 2024);
    CHECK(c.month == 2);
    CHECK(c.day == 29);
    CHECK(c.hour == 23);
    CHECK(c.minute == 59);
    CHECK(c.second == 58);
}

TEST_CASE("timestamp: times that FAT does not know become the nearest") {
    CHECK(timestamp::of({1970, 5, 6, 7, 8, 9}) == timestamp{});
    CHECK(timestamp::of({1980, 1, 1, 0, 0, 1}) == timestamp{});
    CHECK(timestamp::of({3000, 1, 1, 0, 0, 0}) == timestamp::of({2107, 12, 31, 23, 59, 58}));
    CHECK(timestamp::of({2024, 13, 40, 25, 61, 61}) == timestamp::of({2024, 12, 31, 23, 59, 58}));
}

TEST_CASE("timestamp: the earlier one is less") {
    CHECK(timestamp::of({2024, 1, 1, 23, 0, 0}) < timestamp::of({2024, 1, 2, 0, 0, 0}));
    CHECK(timestamp::of({2024, 1, 2, 0, 0, 0}) < timestamp::of({2024, 1, 2, 0, 0, 2}));
}
