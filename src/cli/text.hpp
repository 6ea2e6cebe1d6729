// Text on its way to people and to other programs: bytes that may not be UTF-8 become characters that are.
#pragma once

#include <llmzero/tokenizer/utf8.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace cli {

// Calls visit(std::string_view bytes, std::uint32_t code_point) for each character, and with U+FFFD for what is
// not UTF-8.
template <class Visit> void for_each_character(std::string_view text, Visit visit) {
    while (!text.empty()) {
        const llmzero::utf8_unit unit = llmzero::first_utf8_unit(text);
        if (unit.state == llmzero::utf8_state::valid) {
            visit(text.substr(0, unit.bytes), unit.character);
        } else {
            visit(llmzero::utf8_replacement, std::uint32_t{0xfffd});
        }
        text.remove_prefix(unit.bytes);
    }
}

// `text` without what could steer a terminal: control characters (but newline and tab) become U+FFFD, so that
// a model cannot move the cursor, rename a window or type for the user.
[[nodiscard]] inline std::string harmless(std::string_view text) {
    std::string shown;
    for_each_character(text, [&shown](std::string_view bytes, std::uint32_t character) {
        const bool control = character < 0x20 || (character >= 0x7f && character < 0xa0);
        shown += control && character != '\n' && character != '\t' ? llmzero::utf8_replacement : bytes;
    });
    return shown;
}

// The same on one line, for names in a list.
[[nodiscard]] inline std::string harmless_line(std::string_view text) {
    std::string shown = harmless(text);
    for (char & c : shown) {
        c = c == '\n' || c == '\t' ? ' ' : c;
    }
    return shown;
}

} // namespace cli
