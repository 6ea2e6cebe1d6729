#include "fat/utf16.hpp"

#include <doctest/doctest.h>
#include <string>

TEST_CASE("utf16: there and back") {
    for (const std::string text : {"", "plain", "\xc3\xa4\xc3\x9f", "\xe6\x97\xa5\xe6\x9c\xac", "\xf0\x9f\x98\x80!",
                                   "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "\xf4\x8f\xbf\xbf"}) {
        CHECK(fat::to_utf8(fat::to_utf16(text)) == text);
    }
    CHECK(fat::to_utf16("\xf0\x9f\x98\x80") == std::u16string{char16_t{0xd83d}, char16_t{0xde00}});
}

TEST_CASE("utf16: what is invalid is shown as U+FFFD") {
    const std::u16string lone = {u'a', char16_t{0xd83d}, u'b', char16_t{0xde00}};
    CHECK(fat::to_utf8(lone) == "a\xef\xbf\xbd"
                                "b\xef\xbf\xbd");
    CHECK(fat::to_utf8(std::u16string{char16_t{0xd83d}}) == "\xef\xbf\xbd");
    CHECK(fat::to_utf16("\xff"
                        "a") == std::u16string{char16_t{0xfffd}, u'a'});
}
