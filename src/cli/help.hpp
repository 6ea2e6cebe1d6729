// The text of --help, made from the table of options, for a terminal of 80 columns.
#pragma once

#include "cli/option.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace cli {

// Appends `words` broken at blanks, each line after the first indented by `indent`; `column` is where the
// first word begins.
inline void append_wrapped(std::string & out, std::string_view words, std::size_t indent, std::size_t column) {
    constexpr std::size_t width = 79;
    bool first = true;
    while (!words.empty()) {
        const std::size_t length = std::min(words.find(' '), words.size());
        if (!first && column + 1 + length > width) {
            out += '\n';
            out.append(indent, ' ');
            column = indent;
        } else if (!first) {
            out += ' ';
            ++column;
        }
        out += words.substr(0, length);
        column += length;
        words.remove_prefix(std::min(length + 1, words.size()));
        first = false;
    }
    out += '\n';
}

// "  -n, --n-predict N   Tokens to write at most. [256]", a line or more for each option.
[[nodiscard]] inline std::string help_of(const option_table & table) {
    constexpr std::size_t text_column = 29;
    std::string out;
    for (const option & o : table) {
        if (o.is_heading()) {
            out += std::string("\n") + o.help + ":\n";
            continue;
        }
        std::string line = o.letter != 0 ? std::string("  -") + o.letter + ", --" : std::string("      --");
        line += o.name;
        if (*o.takes != 0) {
            line += std::string(" ") + o.takes;
        }
        if (line.size() + 1 > text_column) {
            line += '\n';
            line.append(text_column, ' ');
        } else {
            line.append(text_column - line.size(), ' ');
        }
        std::string words = o.help;
        if (!o.standard.empty()) {
            words += " [" + o.standard + "]";
        }
        out += line;
        append_wrapped(out, words, text_column, text_column);
    }
    return out;
}

} // namespace cli
