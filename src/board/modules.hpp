// Kernel modules without modprobe: a folder of .ko files and a file `order` with their names, one a line, each after
// those that it needs.
#pragma once

#include "board/small_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace board {

// The names in `order`. Errors: io.
inline llmzero::result<std::vector<std::string>> module_order(const std::string & folder) {
    LLMZERO_ASSIGN(const std::string text, read_small(folder + "/order"));
    std::vector<std::string> names;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        if (end > at) {
            names.push_back(text.substr(at, end - at));
        }
        at = end + 1;
    }
    return names;
}

// One that is there already is no error. Errors: io.
inline llmzero::status load_module(const std::string & path) {
    const stick::descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.is_open() && (::syscall(SYS_finit_module, file.get(), "", 0) == 0 || errno == EEXIST)) {
        return llmzero::success();
    }
    const int reason = errno;
    return llmzero::error(llmzero::error_code::io, "cannot load the kernel module %s: %s",
                          llmzero::quoted(path).c_str(), std::strerror(reason));
}

} // namespace board
