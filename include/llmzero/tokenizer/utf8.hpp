// UTF-8 as Unicode 15 defines it (table 3-7): overlong forms, surrogates and values above U+10FFFF are
// invalid. Where bytes are invalid, the longest prefix of a well-formed sequence counts as one error ("maximal
// subpart", Unicode 15, section 3.9), as in the decoders of browsers and Python.
#pragma once

#include <llmzero/base/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

enum class utf8_state : std::uint8_t {
    valid,      // a whole character
    invalid,    // bytes that no continuation could make valid
    incomplete, // the start of a character, cut off by the end of the text
};

struct utf8_unit {
    utf8_state state;
    std::uint8_t bytes;      // that belong to this unit, 1 to 4
    std::uint32_t character; // its code point; only when valid
};

// U+FFFD, what stands for invalid bytes.
inline constexpr std::string_view utf8_replacement = "\xef\xbf\xbd";

// The longest incomplete unit: three of four bytes.
inline constexpr std::size_t utf8_max_incomplete = 3;

// The first unit of `text`, which must not be empty.
[[nodiscard]] constexpr utf8_unit first_utf8_unit(std::string_view text) {
    const auto byte_at = [&](std::size_t i) {
        return static_cast<unsigned char>(text[i]);
    };
    const std::uint32_t lead = byte_at(0);
    if (lead < 0x80) {
        return {utf8_state::valid, 1, lead};
    }
    if (lead < 0xc2 || lead > 0xf4) {
        return {utf8_state::invalid, 1, 0};
    }
    const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    // Only the second byte has narrower limits after some leads: no overlong forms, surrogates, or values too large.
    std::uint32_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    std::uint32_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    std::uint32_t character = lead & (0x7fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if (i == text.size()) {
            return {utf8_state::incomplete, static_cast<std::uint8_t>(i), 0};
        }
        const std::uint32_t next = byte_at(i);
        if (next < low || next > high) {
            return {utf8_state::invalid, static_cast<std::uint8_t>(i), 0};
        }
        character = character << 6 | (next & 0x3f);
        low = 0x80;
        high = 0xbf;
    }
    return {utf8_state::valid, static_cast<std::uint8_t>(length), character};
}

} // namespace llmzero::inline LLMZERO_ABI
