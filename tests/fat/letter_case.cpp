#include "fat/letter_case.hpp"

#include <doctest/doctest.h>

TEST_CASE("letter case: names that are one name") {
    CHECK(fat::folded("ReadMe.txt") == fat::folded("README.TXT"));
    CHECK(fat::folded("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xbf") == fat::folded("\xc3\x84\xc3\x96\xc3\x9c\xc5\xb8"));
    CHECK(fat::folded("\xce\xb1\xcf\x82\xcf\x8e") == fat::folded("\xce\x91\xce\xa3\xce\x8f")); // Greek
    CHECK(fat::folded("\xd0\xb4\xd1\x8f\xd1\x91") == fat::folded("\xd0\x94\xd0\xaf\xd0\x81")); // Cyrillic
    CHECK(fat::folded("\xc5\x82\xc5\xbc\xc4\x99") == fat::folded("\xc5\x81\xc5\xbb\xc4\x98")); // Polish
    CHECK(fat::folded("\xe1\xba\xa1\xd5\xa1") == fat::folded("\xe1\xba\xa0\xd4\xb1"));         // Vietnamese
}

TEST_CASE("letter case: what has no other case stays") {
    for (const char16_t c : {u'A', u'0', u'_', char16_t{0xf7}, char16_t{0xd7}, char16_t{0xdf}, char16_t{0x131},
                             char16_t{0x5d0}, char16_t{0x65e5}, char16_t{0xd83d}}) {
        CHECK(fat::to_upper(c) == c);
    }
    CHECK(fat::folded("a") != fat::folded("b"));
    // Upper case has no further upper case.
    for (unsigned c = 0; c < 0x10000; ++c) {
        const char16_t upper = fat::to_upper(static_cast<char16_t>(c));
        REQUIRE(fat::to_upper(upper) == upper);
    }
}
