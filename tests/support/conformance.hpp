// Where the conformance data is: small models with expected numbers, vocabularies, malformed files.
//
// A test that needs it asks for the folder and returns when the answer is empty:
//
//     const std::string folder = support::conformance_dir("golden logits");
//     if (folder.empty()) {
//         return;
//     }
//
// The folder is LLMZERO_CONFORMANCE of the environment, else the one the build was configured with. Its absence is
// said on stderr, and is a failure where CI or LLMZERO_REQUIRE_CONFORMANCE is set.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <sys/stat.h>

namespace support {

inline bool is_set(const char * variable) {
    const char * value = std::getenv(variable);
    return value != nullptr && *value != 0 && std::string(value) != "0";
}

// Without a word: "" when the data is not there.
inline std::string conformance_dir() {
    std::string folder;
    if (const char * chosen = std::getenv("LLMZERO_CONFORMANCE"); chosen != nullptr && *chosen != 0) {
        folder = chosen;
    } else {
#ifdef LLMZERO_CONFORMANCE_DIR
        folder = LLMZERO_CONFORMANCE_DIR;
#endif
    }
    struct stat found = {};
    return stat((folder + "/bad/INDEX.json").c_str(), &found) == 0 ? folder : std::string();
}

// For a test: says what is skipped, or fails, when the data is not there.
inline std::string conformance_dir(const char * test) {
    std::string folder = conformance_dir();
    if (folder.empty()) {
        std::fprintf(stderr, "SKIPPED: %s: conformance data not found (set LLMZERO_CONFORMANCE to its folder)\n", test);
        const bool required = is_set("CI") || is_set("LLMZERO_REQUIRE_CONFORMANCE");
        CHECK_MESSAGE(!required, "conformance data is required here");
    }
    return folder;
}

} // namespace support
