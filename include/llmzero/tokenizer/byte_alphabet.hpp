// How the vocabularies of byte-level BPE write bytes: each of the 256 as one printable character, so that every token
// is text. The 188 bytes that are printable in Latin-1 stand for themselves, the others for U+0100, U+0101, ... in
// order: a space is U+0120, a line feed U+010A. From GPT-2 (openai/gpt-2, src/encoder.py, bytes_to_unicode).
#pragma once

#include <llmzero/base/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

namespace detail {

[[nodiscard]] constexpr bool stands_for_itself(std::uint32_t byte) {
    return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
}

} // namespace detail

// The code point that stands for a byte: at most two bytes of UTF-8.
inline constexpr auto byte_alphabet = [] {
    std::array<std::uint16_t, 256> made{};
    std::uint16_t next = 0x100;
    for (std::uint32_t byte = 0; byte < made.size(); ++byte) {
        made[byte] = detail::stands_for_itself(byte) ? static_cast<std::uint16_t>(byte) : next++;
    }
    return made;
}();

// How many code points, from 0, hold the whole alphabet.
inline constexpr std::uint32_t byte_alphabet_end = 0x100 + 256 - 188;

namespace detail {

inline constexpr auto alphabet_bytes = [] {
    std::array<std::int16_t, byte_alphabet_end> made{};
    made.fill(-1);
    for (std::size_t byte = 0; byte < byte_alphabet.size(); ++byte) {
        made[byte_alphabet[byte]] = static_cast<std::int16_t>(byte);
    }
    return made;
}();

} // namespace detail

// The byte that a code point stands for; -1 for one that is not in the alphabet.
[[nodiscard]] constexpr int alphabet_byte(std::uint32_t character) {
    return character < byte_alphabet_end ? detail::alphabet_bytes[character] : -1;
}

// Writes the character that stands for `byte` in UTF-8 to `out`, 1 or 2 bytes, and returns their number.
constexpr std::size_t write_alphabet_character(unsigned char byte, char * out) {
    const std::uint32_t c = byte_alphabet[byte];
    if (c < 0x80) {
        out[0] = static_cast<char>(c);
        return 1;
    }
    out[0] = static_cast<char>(0xc0 | c >> 6);
    out[1] = static_cast<char>(0x80 | (c & 0x3f));
    return 2;
}

} // namespace llmzero::inline LLMZERO_ABI
