#include "stick/text_encoding.hpp"

#include <doctest/doctest.h>
#include <string>

using stick::decode_text;
using stick::encode_text;
using stick::text_encoding;
using namespace std::string_literals;

TEST_CASE("text encoding: what editors save") {
    struct {
        std::string bytes;
        text_encoding encoding;
        bool has_crlf;
        std::string text;
    } const cases[] = {
        {"", text_encoding::utf8, false, ""},
        {"plain\n", text_encoding::utf8, false, "plain\n"},
        {"two\r\nlines\r\n", text_encoding::utf8, true, "two\nlines\n"},
        {"an old\rMac\r", text_encoding::utf8, false, "an old\nMac\n"},
        {"a DOS text\r\n\x1a", text_encoding::utf8, true, "a DOS text\n "},
        {"\xef\xbb\xbf\xc3\xa9", text_encoding::utf8, false, "\xc3\xa9"},
        {"\xef\xbb\xbf\xe9", text_encoding::utf8, false, "\xef\xbf\xbd"},
        {"caf\xe9 \x80 \x93q\x94 \x81", text_encoding::windows_1252, false,
         "caf\xc3\xa9 \xe2\x82\xac \xe2\x80\x9cq\xe2\x80\x9d \xef\xbf\xbd"},
        {"\xc3\xa9\xc3\xa9 damage \xff", text_encoding::utf8, false, "\xc3\xa9\xc3\xa9 damage \xef\xbf\xbd"},
        {"\xff\xfe"
         "a\0\r\0\n\0\xe9\0\x3d\xd8\x00\xde"s,
         text_encoding::utf16_le, true, "a\n\xc3\xa9\xf0\x9f\x98\x80"},
        {"\xfe\xff\0a\0\n\0\xe9\xd8\x3d\xde\x00"s, text_encoding::utf16_be, false, "a\n\xc3\xa9\xf0\x9f\x98\x80"},
        {"\xff\xfe\x3d\xd8\x41\0"s, text_encoding::utf16_le, false,
         "\xef\xbf\xbd"
         "A"},
        {"\xff\xfe\x00\xde\x3d\xd8"s, text_encoding::utf16_le, false, "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xff\xfe", text_encoding::utf16_le, false, ""},
    };
    for (const auto & c : cases) {
        CAPTURE(c.bytes);
        const auto decoded = decode_text(c.bytes);
        REQUIRE(decoded);
        CHECK(decoded->form.encoding == c.encoding);
        CHECK(decoded->form.has_crlf == c.has_crlf);
        CHECK(decoded->text == c.text);
    }
}

TEST_CASE("text encoding: what is no text") {
    for (const std::string & bytes : {"a\0b"s, "PK\x03\x04"s,
                                      "\x7f"
                                      "ELF"s,
                                      "\xff\xfe"
                                      "a"s,
                                      "\xff\xfe\0\0a\0\0\0"s, "\xfe\xff\0\x01"s, "a\x1b[31m"s}) {
        CAPTURE(bytes);
        CHECK_FALSE(decode_text(bytes));
    }
}

TEST_CASE("text encoding: written in the form that was read") {
    const std::string text = "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n";
    CHECK(encode_text(text, {text_encoding::utf8, false}) == text);
    CHECK(encode_text(text, {text_encoding::utf8, true}) == "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\r\n");
    CHECK(encode_text(text, {text_encoding::windows_1252, true}) == "A\xe9\x80?\r\n");
    CHECK(encode_text(text, {text_encoding::utf16_le, true}) == "A\0\xe9\0\xac\x20\x3d\xd8\x00\xde\r\0\n\0"s);
    CHECK(encode_text(text, {text_encoding::utf16_be, false}) == "\0A\0\xe9\x20\xac\xd8\x3d\xde\x00\0\n"s);
    CHECK(encode_text("\xff", {}) == "\xef\xbf\xbd");
    for (const text_encoding encoding : {text_encoding::utf16_le, text_encoding::utf16_be}) {
        const std::string mark = encoding == text_encoding::utf16_le ? "\xff\xfe" : "\xfe\xff";
        const auto back = decode_text(mark + encode_text(text, {encoding, true}));
        REQUIRE(back);
        CHECK(back->text == text);
    }
    for (unsigned byte = 0x80; byte < 0x100; ++byte) {
        const std::string one(1, static_cast<char>(static_cast<unsigned char>(byte)));
        const std::string utf8 = stick::to_utf8(one, text_encoding::windows_1252);
        CHECK((utf8 == "\xef\xbf\xbd" || encode_text(utf8, {text_encoding::windows_1252, false}) == one));
    }
}
