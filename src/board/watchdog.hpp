// The board's watchdog: unless it is fed for some seconds, it starts the board anew
// (Documentation/watchdog/watchdog-api.rst).
#pragma once

#include "stick/descriptor.hpp"

#include <fcntl.h>
#include <linux/watchdog.h>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>

namespace board {

class watchdog {
public:
    // The BCM2835's counts at most 15 s.
    static constexpr int timeout_s = 15;

    // Where there is none, nothing watches.
    explicit watchdog(const std::string & device) : file_(::open(device.c_str(), O_WRONLY | O_CLOEXEC)) {
        int seconds = timeout_s;
        static_cast<void>(file_.is_open() && ::ioctl(file_.get(), WDIOC_SETTIMEOUT, &seconds));
    }
    watchdog(const watchdog &) = delete;
    watchdog & operator=(const watchdog &) = delete;
    // Without the letter V the kernel goes on counting after close().
    ~watchdog() { write_letter('V'); }

    void feed() const { write_letter('.'); }

private:
    void write_letter(char letter) const {
        if (file_.is_open()) {
            static_cast<void>(!::write(file_.get(), &letter, 1));
        }
    }

    stick::descriptor file_;
};

} // namespace board
