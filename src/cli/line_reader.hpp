// Standard input line by line, for programs that answer each line: what is there is read at once, a signal ends the
// waiting. A carriage return before the newline is no part of a line; a last line may lack its newline. A line has
// 2 MiB at most, like a prompt.
#pragma once

#include "cli/prompt.hpp"
#include "cli/signals.hpp"

#include <cerrno>
#include <string>
#include <string_view>

namespace cli {

enum class read_outcome {
    line,
    end,         // there are no more
    interrupted, // by a signal
    failed,      // the system's reason is in errno; EFBIG for a line that is too long
};

class line_reader {
public:
    explicit line_reader(int descriptor) : descriptor_(descriptor) {}

    // The next line, without its end.
    [[nodiscard]] read_outcome next(std::string & line) {
        for (;;) {
            const std::size_t newline = buffer_.find('\n', searched_);
            if (newline != buffer_.npos) {
                line = buffer_.substr(0, newline > 0 && buffer_[newline - 1] == '\r' ? newline - 1 : newline);
                buffer_.erase(0, newline + 1);
                searched_ = 0;
                return read_outcome::line;
            }
            searched_ = buffer_.size();
            if (buffer_.size() > max_prompt_bytes) {
                errno = EFBIG;
                return read_outcome::failed;
            }
            const read_outcome more = read_more();
            if (more == read_outcome::end && !buffer_.empty()) {
                line.swap(buffer_);
                buffer_.clear();
                searched_ = 0;
                return read_outcome::line;
            }
            if (more != read_outcome::line) {
                return more;
            }
        }
    }

private:
    // `line`: something was read.
    [[nodiscard]] read_outcome read_more() {
        for (;;) {
            // A signal between this look and the waiting would go unnoticed, so the waiting is short.
            constexpr int patience_ms = 250;
            if (caught_signal() != 0) {
                return read_outcome::interrupted;
            }
            if (!wait_for_input(descriptor_, patience_ms)) {
                continue;
            }
            char piece[4096];
            const auto got = read_some(descriptor_, piece, sizeof piece);
            if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
                continue;
            }
            if (got <= 0) {
                return got == 0 ? read_outcome::end : read_outcome::failed;
            }
            buffer_.append(piece, static_cast<std::size_t>(got));
            return read_outcome::line;
        }
    }

    int descriptor_;
    std::string buffer_;
    std::size_t searched_ = 0; // bytes without a newline
};

} // namespace cli
