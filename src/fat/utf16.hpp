// UTF-8 to UTF-16 and back. What is invalid becomes U+FFFD: a name never fails to be shown.
#pragma once

#include <llmzero/tokenizer/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fat {

inline void append_utf8(std::string & text, std::uint32_t character) {
    const auto put = [&text](std::uint32_t byte) {
        text += static_cast<char>(static_cast<unsigned char>(byte));
    };
    if (character < 0x80) {
        put(character);
    } else if (character < 0x800) {
        put(0xc0 | character >> 6);
        put(0x80 | (character & 0x3f));
    } else if (character < 0x10000) {
        put(0xe0 | character >> 12);
        put(0x80 | (character >> 6 & 0x3f));
        put(0x80 | (character & 0x3f));
    } else {
        put(0xf0 | character >> 18);
        put(0x80 | (character >> 12 & 0x3f));
        put(0x80 | (character >> 6 & 0x3f));
        put(0x80 | (character & 0x3f));
    }
}

[[nodiscard]] inline std::string to_utf8(std::u16string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::uint32_t unit = text[i];
        const std::uint32_t after = i + 1 < text.size() ? text[i + 1] : 0;
        if (unit >= 0xd800 && unit < 0xdc00 && after >= 0xdc00 && after < 0xe000) {
            append_utf8(out, 0x10000 + ((unit - 0xd800) << 10) + (after - 0xdc00));
            ++i;
        } else {
            append_utf8(out, unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit);
        }
    }
    return out;
}

[[nodiscard]] inline std::u16string to_utf16(std::string_view text) {
    std::u16string out;
    while (!text.empty()) {
        const llmzero::utf8_unit unit = llmzero::first_utf8_unit(text);
        text.remove_prefix(unit.bytes);
        const std::uint32_t c = unit.state == llmzero::utf8_state::valid ? unit.character : 0xfffd;
        if (c >= 0x10000) {
            out += static_cast<char16_t>(0xd800 + ((c - 0x10000) >> 10));
            out += static_cast<char16_t>(0xdc00 + ((c - 0x10000) & 0x3ff));
        } else {
            out += static_cast<char16_t>(c);
        }
    }
    return out;
}

} // namespace fat
