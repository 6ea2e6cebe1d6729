// What kind of character a text goes on with: a letter, a number, a space, ... as the patterns that cut texts into
// words ask for it (\p{L}, \p{N}, \s, \p{P}). ASCII by a table of 128 bytes, all others by those of unicode_tables.hpp.
#pragma once

#include <llmzero/base/config.hpp>
#include <llmzero/tokenizer/unicode_tables.hpp>
#include <llmzero/tokenizer/utf8.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

// Sets of kinds are sums of them.
struct character_kind {
    enum : std::uint8_t {
        none = 0, // the end of the text
        letter = 1,
        number = 2, // digits of all scripts, and characters such as U+00BD and U+2163
        space = 4,
        punctuation = 8,
        sign = 16,  // $ + < = > ^ | ~: symbols that some patterns count with punctuation
        other = 32, // symbols, marks, controls, invalid bytes, code points without a character
    };
};
using character_kinds = std::uint8_t;

struct first_character {
    character_kinds kind = character_kind::none;
    std::uint8_t bytes = 0;
};

namespace detail {

// Unicode's property White_Space, which is what \s stands for, beyond ASCII.
[[nodiscard]] constexpr bool is_wide_space(std::uint32_t c) {
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
           c == 0x202f || c == 0x205f || c == 0x3000;
}

} // namespace detail

// Of a code point.
[[nodiscard]] constexpr character_kinds kind_of(std::uint32_t c) {
    if (c < 0x80) {
        if (std::string_view("$+<=>^|~").find(static_cast<char>(c)) != std::string_view::npos) {
            return character_kind::sign;
        }
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            return character_kind::space;
        }
    } else if (detail::is_wide_space(c)) {
        return character_kind::space;
    }
    if (c >= unicode_end) {
        return character_kind::other;
    }
    constexpr character_kinds kinds[] = {character_kind::other, character_kind::letter, character_kind::number,
                                         character_kind::punctuation};
    const std::uint16_t block = unicode_blocks[unicode_rows[c / 256]][c / 32 % 8];
    return kinds[unicode_classes[block][c / 16 % 2] >> c % 16 * 2 & 3];
}

namespace detail {

inline constexpr auto ascii_kinds = [] {
    std::array<character_kinds, 128> made{};
    for (std::uint32_t c = 0; c < made.size(); ++c) {
        made[c] = kind_of(c);
    }
    return made;
}();

} // namespace detail

// The character that `text` begins with. An invalid byte is a character of its own.
[[nodiscard]] constexpr first_character first_character_of(std::string_view text) {
    if (text.empty()) {
        return {};
    }
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) {
        return {detail::ascii_kinds[lead], 1};
    }
    const utf8_unit unit = first_utf8_unit(text);
    if (unit.state != utf8_state::valid) {
        return {character_kind::other, 1};
    }
    return {kind_of(unit.character), unit.bytes};
}

// The bytes of the characters of these kinds that `text` begins with; of the first `most` at most.
[[nodiscard]] constexpr std::size_t run_bytes(std::string_view text, character_kinds kinds,
                                              std::size_t most = static_cast<std::size_t>(-1)) {
    std::size_t at = 0;
    for (; most > 0; --most) {
        const first_character c = first_character_of(text.substr(at));
        if ((c.kind & kinds) == 0) {
            break;
        }
        at += c.bytes;
    }
    return at;
}

} // namespace llmzero::inline LLMZERO_ABI
