// Standard output without buffers: what is written is there, and a failure is known at once.
#pragma once

#include "cli/system.hpp"

#include <cerrno>
#include <cstddef>
#include <string_view>

namespace cli {

// Writes everything, or returns errno.
[[nodiscard]] inline int write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = write_some(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            return errno;
        }
        bytes.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
    return 0;
}

// Standard output. After a failure everything more is dropped; problem() is its errno.
class output {
public:
    void write(std::string_view bytes) {
        if (problem_ == 0) {
            problem_ = write_all(STDOUT_FILENO, bytes);
        }
    }
    [[nodiscard]] int problem() const { return problem_; }

private:
    int problem_ = 0;
};

} // namespace cli
