// Numbers of threads to try: all must give the same. In a build without threads there is one.
#pragma once

#include <llmzero/base/config.hpp>

#include <cstdint>
#include <vector>

namespace support {

inline std::vector<std::uint32_t> thread_counts() {
    return LLMZERO_HAS_THREADS ? std::vector<std::uint32_t>{1, 2, 3, 4, 7} : std::vector<std::uint32_t>{1};
}

} // namespace support
