// Standard output without buffers: what is written is there, and a failure is known at once.
#pragma once

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

namespace cli {

// Writes everything, or returns errno.
[[nodiscard]] inline int write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            return errno;
        }
        bytes.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
    return 0;
}

// A program may be started with standard input, output or error closed; the next file it opens would then
// take the number, and text would be written into it. Such numbers are taken by a file that cannot be written.
inline void reserve_standard_descriptors() {
    for (int descriptor = 0; descriptor <= 2; ++descriptor) {
        if (::fcntl(descriptor, F_GETFD) < 0 && ::open("/dev/null", O_RDONLY) != descriptor) {
            return;
        }
    }
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
