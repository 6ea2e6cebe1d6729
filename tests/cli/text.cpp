#include "cli/text.hpp"

#include <doctest/doctest.h>
#include <string>

TEST_CASE("what is not UTF-8 is seen as U+FFFD") {
    std::string seen;
    int count = 0;
    cli::for_each_character("a\xff\xc3\xa9\xe2\x82", [&](std::string_view bytes, std::uint32_t) {
        seen += bytes;
        ++count;
    });
    CHECK(seen == "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd");
    CHECK(count == 4);
}

TEST_CASE("text for a terminal cannot steer it") {
    const std::string mark = "\xef\xbf\xbd";
    CHECK(cli::harmless("one\ttwo\nthree") == "one\ttwo\nthree");
    CHECK(cli::harmless("\x1b[2J") == mark + "[2J");
    CHECK(cli::harmless("a\rb\x07") == "a" + mark + "b" + mark);
    CHECK(cli::harmless(std::string_view("\0\x7f", 2)) == mark + mark);
    CHECK(cli::harmless("\xc2\x9b"
                        "31m") == mark + "31m"); // U+009B, the one-character form of ESC [
    CHECK(cli::harmless("\xc2\xa0\xc3\xa9\xf0\x9f\x98\x80") == "\xc2\xa0\xc3\xa9\xf0\x9f\x98\x80");
    CHECK(cli::harmless("") == "");
}

TEST_CASE("text: a name in a list stays on its line") {
    CHECK(cli::harmless_line("a\nb\tc\x1b[m") == "a b c\xef\xbf\xbd[m");
    CHECK(cli::harmless_line("plain") == "plain");
}
