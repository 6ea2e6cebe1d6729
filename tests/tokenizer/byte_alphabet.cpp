#include <llmzero/tokenizer/byte_alphabet.hpp>
#include <llmzero/tokenizer/utf8.hpp>

#include <doctest/doctest.h>
#include <set>
#include <string>

namespace {

std::string alphabet_character(unsigned char byte) {
    char out[2];
    return {out, llmzero::write_alphabet_character(byte, out)};
}

} // namespace

TEST_CASE("every byte has a character of its own, and comes back from it") {
    std::set<std::string> characters;
    for (unsigned byte = 0; byte < 256; ++byte) {
        const std::string character = alphabet_character(static_cast<unsigned char>(byte));
        const llmzero::utf8_unit unit = llmzero::first_utf8_unit(character);
        CHECK(unit.state == llmzero::utf8_state::valid);
        CHECK(unit.bytes == character.size());
        CHECK(llmzero::alphabet_byte(unit.character) == static_cast<int>(byte));
        characters.insert(character);
    }
    CHECK(characters.size() == 256);
}

TEST_CASE("bytes that print stand for themselves, the others for the characters from U+0100 on") {
    CHECK(alphabet_character('A') == "A");
    CHECK(alphabet_character('~') == "~");
    CHECK(alphabet_character(0) == "\xc4\x80");
    CHECK(alphabet_character('\n') == "\xc4\x8a");
    CHECK(alphabet_character(' ') == "\xc4\xa0");
    CHECK(alphabet_character(0x7f) == "\xc4\xa1");
    CHECK(alphabet_character(0xa0) == "\xc5\x82");
    CHECK(alphabet_character(0xa1) == "\xc2\xa1");
    CHECK(alphabet_character(0xad) == "\xc5\x83");
    CHECK(alphabet_character(0xff) == "\xc3\xbf");
}

TEST_CASE("characters outside the alphabet are no byte") {
    for (const std::uint32_t c : {0x00u, 0x20u, 0x7fu, 0x80u, 0xa0u, 0xadu, 0x144u, 0x2581u, 0x10ffffu}) {
        CHECK(llmzero::alphabet_byte(c) == -1);
    }
    CHECK(llmzero::alphabet_byte(0x143) == 0xad);
}
