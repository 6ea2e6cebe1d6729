#include "cli/text_parts.hpp"

#include <doctest/doctest.h>

using parts = std::vector<std::string_view>;

TEST_CASE("text parts: split at lines that are the separator") {
    CHECK(cli::split_text("a\n--\nb", "--") == parts{"a", "b"});
    CHECK(cli::split_text("a\n\nb \n--\n c\n", "--") == parts{"a\n\nb ", " c\n"});
    CHECK(cli::split_text("a --\n-- b\n---\n--", "--") == parts{"a --\n-- b\n---"});
    CHECK(cli::split_text("a\r\n--\r\nb", "--") == parts{"a\r", "b"});
}

TEST_CASE("text parts: no empty ones") {
    CHECK(cli::split_text("--\n--\na\n--\n--\n", "--") == parts{"a"});
    CHECK(cli::split_text("--", "--").empty());
    CHECK(cli::split_text("", "--").empty());
    CHECK(cli::split_text("", "").empty());
    CHECK(cli::split_text("\n--\n\n--\n", "--").empty());
}

TEST_CASE("text parts: the whole text without a separator") {
    CHECK(cli::split_text("a\n\nb\n", "") == parts{"a\n\nb\n"});
    CHECK(cli::split_text("a\nb", "--") == parts{"a\nb"});
}
