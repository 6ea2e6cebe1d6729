// Where a prompt comes from: a file or standard input, as text or as token ids.
//
// A file may be a pipe or a terminal, so its size is not known before it is read; it may have 2 MiB at most.
// The newline at its very end, which editors and echo add, is no part of the prompt; a UTF-8 byte order mark is
// skipped. A NUL byte (UTF-16, a picture, a program) is an error.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/tokenizer/token.hpp>

#include "cli/numbers.hpp"
#include "cli/signals.hpp"
#include "cli/system.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace cli {

inline constexpr std::size_t max_prompt_bytes = std::size_t{2} << 20;

// The whole content of `path`; "-" is standard input. Stops with `cancelled` on Ctrl-C.
[[nodiscard]] inline llmzero::result<llmzero::heap_array<char>> read_text_file(const char * path) {
    using llmzero::error;
    using llmzero::error_code;
    struct descriptor {
        int number;
        bool owned;
        ~descriptor() {
            if (owned) {
                ::close(number);
            }
        }
    };
    const bool standard_input = std::string_view(path) == "-";
    const char * const shown = standard_input ? "standard input" : path;
    const descriptor file{standard_input ? STDIN_FILENO : open_file(path, O_RDONLY), !standard_input};
    if (file.number < 0) {
        return error(error_code::io, "%s: %s", shown, std::strerror(errno));
    }
    llmzero::heap_array<char> text;
    constexpr std::size_t piece = 65536;
    std::size_t used = 0;
    for (;;) {
        if (caught_signal() != 0) {
            return error(error_code::cancelled, "%s: interrupted while it was read", shown);
        }
        if (used + piece > text.size()) {
            LLMZERO_CHECK(text.resize(used + used / 2 + piece));
        }
        const auto got = read_some(file.number, text.data() + used, piece);
        if (got < 0 && errno != EINTR) {
            return error(error_code::io, "%s: %s", shown, std::strerror(errno));
        }
        if (got == 0) {
            break;
        }
        used += got < 0 ? 0 : static_cast<std::size_t>(got);
        if (used > max_prompt_bytes) {
            return error(error_code::bad_argument, "%s: has more than %zu bytes, which is the most a prompt may have",
                         shown, max_prompt_bytes);
        }
    }
    LLMZERO_CHECK(text.resize(used));
    return text;
}

// The prompt inside a file's content, or what keeps it from being one.
[[nodiscard]] inline llmzero::result<std::string_view> prompt_of(std::string_view content, const char * path) {
    using llmzero::error;
    using llmzero::error_code;
    if (content.starts_with("\xff\xfe") || content.starts_with("\xfe\xff")) {
        return error(error_code::bad_argument, "%s: is UTF-16 text; save it as UTF-8", path);
    }
    if (const std::size_t nul = content.find('\0'); nul != content.npos) {
        return error(error_code::bad_argument, "%s: is no text file: byte %zu is NUL", path, nul);
    }
    if (content.starts_with("\xef\xbb\xbf")) {
        content.remove_prefix(3);
    }
    if (content.ends_with('\n')) {
        content.remove_suffix(content.ends_with("\r\n") ? 2 : 1);
    }
    return content;
}

// Token ids, decimal, between blanks, commas or newlines: "1 403, 407".
[[nodiscard]] inline llmzero::result<llmzero::heap_array<llmzero::token_id>> parse_ids(std::string_view text,
                                                                                       std::uint32_t n_vocab) {
    constexpr std::string_view separators = " ,\t\r\n";
    llmzero::heap_array<llmzero::token_id> ids;
    for (std::size_t at = text.find_first_not_of(separators); at != text.npos;
         at = text.find_first_not_of(separators, at)) {
        const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
        const std::string_view word = text.substr(at, end - at);
        const auto id = parse_whole(word);
        if (!id || *id >= n_vocab) {
            return llmzero::error(llmzero::error_code::bad_argument,
                                  "token id number %zu, at byte %zu, is %s: not a whole number from 0 to %lu",
                                  ids.size() + 1, at, llmzero::quoted(word).c_str(),
                                  static_cast<unsigned long>(n_vocab - 1));
        }
        LLMZERO_CHECK(ids.push_back(static_cast<llmzero::token_id>(*id)));
        at = end;
    }
    return ids;
}

} // namespace cli
