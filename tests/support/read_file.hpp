// A whole file in memory, for tests.
#pragma once

#include <cstdio>
#include <string>

namespace support {

// Empty when the file cannot be read: the tests that use it notice.
inline std::string read_file(const std::string & path) {
    std::string content;
    std::FILE * file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) {
        return content;
    }
    char block[16384];
    for (std::size_t n = 0; (n = std::fread(block, 1, sizeof block, file)) != 0;) {
        content.append(block, n);
    }
    std::fclose(file);
    return content;
}

} // namespace support
