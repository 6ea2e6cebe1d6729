// One line on a terminal that says how far something long has come, and about how long it will take:
//
//     reading the prompt: 12 of 37 tokens, 8 s left
//
// It is drawn over itself a few times a second and erased when the work is done, on standard error, and only
// when that is a terminal. Work that is done within the first half second never shows it.
#pragma once

#include "cli/output.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace cli {

// "8 s", "3 min 20 s", "2 h 5 min".
[[nodiscard]] inline std::string readable_seconds(double seconds) {
    const auto whole = static_cast<unsigned long long>(seconds + 0.5);
    char text[48];
    if (whole < 60) {
        std::snprintf(text, sizeof text, "%llu s", whole);
    } else if (whole < 3600) {
        std::snprintf(text, sizeof text, "%llu min %llu s", whole / 60, whole % 60);
    } else {
        std::snprintf(text, sizeof text, "%llu h %llu min", whole / 3600, whole % 3600 / 60);
    }
    return text;
}

// `seconds` is how long the first `done` of `total` took.
[[nodiscard]] inline std::string progress_text(const char * what, const char * unit, std::uint64_t done,
                                               std::uint64_t total, double seconds) {
    char text[160];
    std::snprintf(text, sizeof text, "%s: %llu of %llu %s", what, static_cast<unsigned long long>(done),
                  static_cast<unsigned long long>(total), unit);
    std::string line = text;
    if (done > 0 && done < total) {
        line +=
            ", " + readable_seconds(seconds * static_cast<double>(total - done) / static_cast<double>(done)) + " left";
    }
    return line;
}

class progress_line {
public:
    // Names must outlive the line. `shown` is false where there is no terminal.
    progress_line(const char * what, const char * unit, bool shown = is_terminal(STDERR_FILENO))
        : what_(what), unit_(unit), shown_(shown) {}
    progress_line(const progress_line &) = delete;
    progress_line & operator=(const progress_line &) = delete;
    ~progress_line() { erase(); }

    void update(std::uint64_t done, std::uint64_t total) {
        const auto now = clock::now();
        if (!shown_ || now < next_) {
            return;
        }
        next_ = now + std::chrono::milliseconds(250);
        const double seconds = std::chrono::duration<double>(now - start_).count();
        draw("\r" + progress_text(what_, unit_, done, total, seconds) + "\x1b[K"); // CSI K: erase to the line's end
        drawn_ = true;
    }

    void erase() {
        if (drawn_) {
            draw("\r\x1b[K");
            drawn_ = false;
        }
    }

private:
    using clock = std::chrono::steady_clock;

    static void draw(std::string_view bytes) {
        if (write_all(STDERR_FILENO, bytes) != 0) {
            return; // nobody reads it
        }
    }

    const char * what_;
    const char * unit_;
    bool shown_;
    bool drawn_ = false;
    clock::time_point start_ = clock::now();
    clock::time_point next_ = start_ + std::chrono::milliseconds(500);
};

} // namespace cli
