// A text file that holds several texts, with a line between them that says so: "<|endoftext|>" or the like.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// The parts between lines that are `separator` and nothing else, without the newlines around these lines; empty parts
// are left out. The whole text where the separator is empty.
[[nodiscard]] inline std::vector<std::string_view> split_text(std::string_view text, std::string_view separator) {
    std::vector<std::string_view> parts;
    const auto add = [&](std::size_t begin, std::size_t end) {
        if (end > begin) {
            parts.push_back(text.substr(begin, end - begin));
        }
    };
    std::size_t begin = 0;
    for (std::size_t line = 0; !separator.empty() && line < text.size();) {
        const std::size_t newline = text.find('\n', line);
        const std::size_t end = newline == text.npos ? text.size() : newline;
        std::string_view content = text.substr(line, end - line);
        if (content.ends_with('\r')) {
            content.remove_suffix(1);
        }
        if (content == separator) {
            add(begin, line == 0 ? 0 : line - 1);
            begin = end + 1;
        }
        line = end + 1;
    }
    add(begin, text.size());
    return parts;
}

} // namespace cli
