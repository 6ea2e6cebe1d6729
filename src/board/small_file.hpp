// Files of the kernel's, which are read and written as a whole: /sys, configfs, /proc.
#pragma once

#include <llmzero/base/result.hpp>

#include "stick/descriptor.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <unistd.h>

namespace board {

// The content without the line break and the zero bytes at its end. Errors: io.
inline llmzero::result<std::string> read_small(const std::string & path) {
    const stick::descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 4096> text = {};
    const ssize_t got = file.is_open() ? ::read(file.get(), text.data(), text.size()) : -1;
    if (got < 0) {
        const int reason = errno;
        return llmzero::error(llmzero::error_code::io, "cannot read %s: %s", llmzero::quoted(path).c_str(),
                              std::strerror(reason));
    }
    std::string content(text.data(), static_cast<std::size_t>(got));
    while (!content.empty() && (content.back() == '\n' || content.back() == '\0')) {
        content.pop_back();
    }
    return content;
}

// In one write, as such files want it. Errors: io.
inline llmzero::status write_small(const std::string & path, std::string_view text) {
    const stick::descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_TRUNC));
    // An empty write would not reach the kernel's side: an empty line does.
    const std::string_view line = text.empty() ? std::string_view("\n") : text;
    if (!file.is_open() || ::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        const int reason = errno;
        return llmzero::error(llmzero::error_code::io, "cannot write %s to %s: %s", llmzero::quoted(text).c_str(),
                              llmzero::quoted(path).c_str(), std::strerror(reason));
    }
    return llmzero::success();
}

} // namespace board
