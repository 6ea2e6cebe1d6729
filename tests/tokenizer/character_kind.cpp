#include <llmzero/tokenizer/character_kind.hpp>

#include <doctest/doctest.h>
#include <string>
#include <string_view>

using llmzero::character_kind;
using llmzero::first_character_of;
using llmzero::kind_of;
using llmzero::run_bytes;

TEST_CASE("ASCII characters have their kinds") {
    for (std::uint32_t c = 0; c < 0x80; ++c) {
        CAPTURE(c);
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool is_number = c >= '0' && c <= '9';
        const bool is_space = c == ' ' || c == '\t' || c == '\n' || c == '\v' || c == '\f' || c == '\r';
        const bool is_sign =
            c != 0 && std::string_view("$+<=>^|~").find(static_cast<char>(c)) != std::string_view::npos;
        const bool is_other = c < ' ' || c == '`' || c == 0x7f;
        const auto expected = is_letter   ? character_kind::letter
                              : is_number ? character_kind::number
                              : is_space  ? character_kind::space
                              : is_sign   ? character_kind::sign
                              : is_other  ? character_kind::other
                                          : character_kind::punctuation;
        CHECK(kind_of(c) == expected);
        const char text = static_cast<char>(c);
        CHECK(first_character_of({&text, 1}).kind == expected);
        CHECK(first_character_of({&text, 1}).bytes == 1);
    }
}

TEST_CASE("other characters have their kinds") {
    CHECK(kind_of(0xe9) == character_kind::letter);
    CHECK(kind_of(0x4e2d) == character_kind::letter);
    CHECK(kind_of(0xbd) == character_kind::number);   // one half
    CHECK(kind_of(0x2163) == character_kind::number); // Roman four
    CHECK(kind_of(0x3001) == character_kind::punctuation);
    CHECK(kind_of(0x20ac) == character_kind::other);  // the euro sign
    CHECK(kind_of(0x301) == character_kind::other);   // a combining accent
    CHECK(kind_of(0x1f600) == character_kind::other); // a face
    CHECK(kind_of(0xfffd) == character_kind::other);
    CHECK(kind_of(0x378) == character_kind::other); // no character
    CHECK(kind_of(0x10ffff) == character_kind::other);
    CHECK(kind_of(llmzero::unicode_end - 1) == character_kind::other);
    CHECK(kind_of(llmzero::unicode_end) == character_kind::other);
}

TEST_CASE("spaces are those with Unicode's property White_Space") {
    std::size_t count = 0;
    for (std::uint32_t c = 0; c < 0x110000; ++c) {
        count += kind_of(c) == character_kind::space ? 1u : 0u;
    }
    CHECK(count == 25);
    for (const std::uint32_t c :
         {0x85u, 0xa0u, 0x1680u, 0x2000u, 0x200au, 0x2028u, 0x2029u, 0x202fu, 0x205fu, 0x3000u}) {
        CHECK(kind_of(c) == character_kind::space);
    }
    CHECK(kind_of(0x200b) == character_kind::other); // the zero width space is none
    CHECK(kind_of(0x1c) == character_kind::other);
}

TEST_CASE("a text begins with a character, an invalid byte, or nothing") {
    CHECK(first_character_of("").kind == character_kind::none);
    CHECK(first_character_of("").bytes == 0);
    CHECK(first_character_of("\xc3\xa9t\xc3\xa9").bytes == 2);
    CHECK(first_character_of("\xe4\xb8\xad").kind == character_kind::letter);
    CHECK(first_character_of("\xe4\xb8\xad").bytes == 3);
    CHECK(first_character_of("\xf0\x9f\x98\x80").bytes == 4);
    for (const std::string_view text : {"\xff", "\xe4\xb8", "\xe4\xb8g", "\x80", "\xf0\x9f\x98 "}) {
        CHECK(first_character_of(text).kind == character_kind::other);
        CHECK(first_character_of(text).bytes == 1);
    }
}

TEST_CASE("a run ends with the first character of another kind, at its limit, or with the text") {
    CHECK(run_bytes("", character_kind::letter) == 0);
    CHECK(run_bytes("abc", character_kind::letter) == 3);
    CHECK(run_bytes("abc1", character_kind::letter) == 3);
    CHECK(run_bytes("1abc", character_kind::letter) == 0);
    CHECK(run_bytes("a\xc3\xa9\xe4\xb8\xad!", character_kind::letter) == 6);
    CHECK(run_bytes("a1b2 ", character_kind::letter | character_kind::number) == 4);
    CHECK(run_bytes("12345", character_kind::number, 3) == 3);
    CHECK(run_bytes("12", character_kind::number, 3) == 2);
    CHECK(run_bytes("\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4", character_kind::number, 3) == 6);
    CHECK(run_bytes("12", character_kind::number, 0) == 0);
}
