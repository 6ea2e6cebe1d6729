#include <llmzero/tokenizer/utf8.hpp>

#include <doctest/doctest.h>
#include <string>

namespace {

using llmzero::first_utf8_unit;
using llmzero::utf8_state;
using llmzero::utf8_unit;

std::string encoded(std::uint32_t c) {
    std::string text;
    const auto put = [&](std::uint32_t byte) {
        text += static_cast<char>(byte);
    };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xc0 | c >> 6);
        put(0x80 | (c & 63));
    } else if (c < 0x10000) {
        put(0xe0 | c >> 12);
        put(0x80 | (c >> 6 & 63));
        put(0x80 | (c & 63));
    } else {
        put(0xf0 | c >> 18);
        put(0x80 | (c >> 12 & 63));
        put(0x80 | (c >> 6 & 63));
        put(0x80 | (c & 63));
    }
    return text;
}

// "61 FFFD 62": the characters of a text, an incomplete one at its end as an error.
std::string characters(std::string_view text) {
    static const char * digits = "0123456789ABCDEF";
    std::string found;
    while (!text.empty()) {
        const utf8_unit unit = first_utf8_unit(text);
        const std::uint32_t c = unit.state == utf8_state::valid ? unit.character : 0xfffd;
        std::string hex;
        for (std::uint32_t rest = c; rest != 0 || hex.empty(); rest >>= 4) {
            hex.insert(hex.begin(), digits[rest & 15]);
        }
        found += (found.empty() ? "" : " ") + hex;
        text.remove_prefix(unit.bytes);
    }
    return found;
}

} // namespace

TEST_CASE("every code point but the surrogates is read back whole") {
    std::size_t wrong = 0;
    for (std::uint32_t c = 0; c <= 0x10ffff; ++c) {
        const std::string text = encoded(c) + "x";
        const utf8_unit unit = first_utf8_unit(text);
        const bool is_surrogate = c >= 0xd800 && c <= 0xdfff;
        const bool is_right =
            is_surrogate ? unit.state == utf8_state::invalid && unit.bytes == 1
                         : unit.state == utf8_state::valid && unit.character == c && unit.bytes == text.size() - 1;
        wrong += is_right ? 0u : 1u;
    }
    CHECK(wrong == 0);
}

TEST_CASE("a prefix of a character is incomplete, with all of its bytes") {
    for (const std::uint32_t c : {0x80u, 0x7ffu, 0x800u, 0xd7ffu, 0xe000u, 0xffffu, 0x10000u, 0x10ffffu}) {
        const std::string text = encoded(c);
        for (std::size_t n = 1; n < text.size(); ++n) {
            const utf8_unit unit = first_utf8_unit(std::string_view(text).substr(0, n));
            CAPTURE(c);
            CHECK(unit.state == utf8_state::incomplete);
            CHECK(unit.bytes == n);
        }
    }
}

TEST_CASE("invalid bytes count as the Unicode standard recommends") {
    // Unicode 15, section 3.9, tables 3-8 to 3-11.
    CHECK(characters("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41") == "FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD 41");
    CHECK(characters("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41") == "FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD 41");
    CHECK(characters("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42") == "FFFD FFFD FFFD FFFD FFFD 41 FFFD FFFD 42");
    CHECK(characters("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41") == "FFFD FFFD FFFD FFFD 41");
    CHECK(characters("\xf8\x88\x80\x80\x80 \xc3") == "FFFD FFFD FFFD FFFD FFFD 20 FFFD");
}

TEST_CASE("of all texts of one and two bytes, exactly those of the standard are valid") {
    std::size_t valid = 0;
    std::size_t incomplete = 0;
    for (unsigned lead = 0; lead < 256; ++lead) {
        const std::string one(1, static_cast<char>(lead));
        incomplete += first_utf8_unit(one).state == utf8_state::incomplete ? 1u : 0u;
        CHECK((first_utf8_unit(one).state == utf8_state::valid) == (lead < 0x80));
        for (unsigned next = 0; next < 256; ++next) {
            const std::string two = one + static_cast<char>(next);
            const utf8_unit unit = first_utf8_unit(two);
            valid += unit.state == utf8_state::valid && unit.bytes == 2 ? 1u : 0u;
            CHECK(unit.bytes <= 2);
        }
    }
    CHECK(valid == 0x800 - 0x80);
    CHECK(incomplete == 0xf4 - 0xc2 + 1);
}
