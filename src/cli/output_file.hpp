// A large file that appears only when it is complete (llmzero::replacement_file), with the checks that save minutes of
// work: what would be refused at the end is refused at the beginning. An existing file is replaced only where that is
// asked for, and never by something made from itself.
#pragma once

#include <llmzero/base/result.hpp>
#include <llmzero/storage/replacement_file.hpp>

#include "cli/numbers.hpp"
#include "cli/system.hpp"

#include <cstdint>
#include <string>
#include <sys/stat.h>

namespace cli {

struct output_request {
    bool replaces = false;   // an existing file
    std::string input = {};  // which must be another file; empty: none
    std::uint64_t bytes = 0; // that will be written
};

// Whether the file may be written, as far as that can be known before.
[[nodiscard]] inline llmzero::status check_output(const std::string & path, const output_request & asked) {
    const auto refused = [&path](const char * why) {
        return llmzero::error(llmzero::error_code::io, "%.160s %s", path.c_str(), why);
    };
    struct stat found = {};
    if (::stat(path.c_str(), &found) == 0) {
        struct stat input = {};
        if (!asked.input.empty() && ::stat(asked.input.c_str(), &input) == 0 && input.st_dev == found.st_dev &&
            input.st_ino == found.st_ino && input.st_ino != 0) { // Windows has no such numbers
            return refused("is the input; the output must be another file");
        }
        if (!S_ISREG(found.st_mode)) {
            return refused("is no regular file");
        }
        if (!asked.replaces) {
            return refused("exists already, and is left as it is; --force replaces it");
        }
    }
    const std::size_t slash = path.find_last_of(path_separators);
    const std::string folder = slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    if (const auto free = free_bytes(folder.c_str()); free && *free < asked.bytes) {
        return llmzero::error(llmzero::error_code::io, "%.160s needs %s, its disk has %s free", path.c_str(),
                              readable_bytes(asked.bytes).c_str(), readable_bytes(*free).c_str());
    }
    return llmzero::success();
}

// The file, which is under its name once commit() has succeeded.
[[nodiscard]] inline llmzero::result<llmzero::replacement_file> create_output(const std::string & path,
                                                                              const output_request & asked) {
    LLMZERO_CHECK(check_output(path, asked));
    return llmzero::replacement_file::create(path);
}

} // namespace cli
