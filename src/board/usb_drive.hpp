// The drive that a computer sees: the gadget with its medium, and what can be told of the computer's doings.
//
// While it is attached the computer owns the volume, and nobody here writes. Computers cache what they have read, so
// after writing here the drive has to disappear for a while: pull() and plug().
//
// What the computer writes is in this board's memory first; sync() takes it to the card.
#pragma once

#include "board/gadget.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <string>
#include <sys/inotify.h>
#include <unistd.h>
#include <utility>

namespace board {

struct clock {
    std::function<std::int64_t()> now_ms;
    std::function<void(std::int64_t ms)> sleep;
};

struct drive_times {
    std::int64_t quiet_ms = 2000; // without a write of the computer's, before the drive may be pulled
    // For which the drive has to be gone. DAPLink and CircuitPython wait as long; a second is too short for Windows.
    std::int64_t gone_ms = 2500;
    std::int64_t sync_ms = 1000; // from a write of the computer's to the card, at most
};

class usb_drive {
public:
    // `medium`: a block device or an image. Errors: io.
    [[nodiscard]] static llmzero::result<usb_drive> open(gadget && usb, const std::string & medium, clock time,
                                                         const drive_times & times = {}) {
        usb_drive drive(std::move(usb), medium, std::move(time), times);
        drive.file_ = stick::descriptor(::open(medium.c_str(), O_RDONLY | O_CLOEXEC));
        drive.events_ = stick::descriptor(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
        if (!drive.file_.is_open() || !drive.events_.is_open() ||
            ::inotify_add_watch(drive.events_.get(), medium.c_str(), IN_MODIFY) < 0) {
            const int reason = errno;
            return llmzero::error(llmzero::error_code::io, "cannot watch %s: %s", llmzero::quoted(medium).c_str(),
                                  std::strerror(reason));
        }
        return drive;
    }

    struct news {
        bool was_written = false; // by the computer, since the last look
        bool was_ejected = false; // by its user, since the last look
    };
    // To be called every second or so: takes to the card what the computer has written.
    news look() {
        news seen;
        seen.was_written = drain();
        const std::int64_t now = time_.now_ms();
        if (seen.was_written) {
            written_ms_ = now;
            unsynced_since_ms_ = is_unsynced_ ? unsynced_since_ms_ : now;
            is_unsynced_ = true;
        }
        const bool is_ejected = is_plugged_ && usb_.backing_file().empty();
        seen.was_ejected = is_ejected && !is_ejected_;
        is_ejected_ = is_ejected;
        if (is_unsynced_ && (is_ejected || now - unsynced_since_ms_ >= times_.sync_ms)) {
            sync();
        }
        return seen;
    }

    [[nodiscard]] bool is_plugged() const { return is_plugged_; }
    // Whether what the computer has written, as far as look() has seen it, is on the card.
    [[nodiscard]] bool is_synced() const { return !is_unsynced_; }

    // Errors: io; the drive is then not there, and this can be tried again.
    [[nodiscard]] llmzero::status plug() {
        const std::int64_t waited = time_.now_ms() - pulled_ms_;
        if (was_plugged_ && waited < times_.gone_ms) {
            time_.sleep(times_.gone_ms - waited);
        }
        if (usb_.backing_file() != medium_) {
            LLMZERO_CHECK(usb_.insert(medium_, false));
        }
        static_cast<void>(drain());
        if (!usb_.is_attached()) {
            LLMZERO_CHECK(usb_.attach());
        }
        is_plugged_ = was_plugged_ = true;
        is_ejected_ = false;
        return llmzero::success();
    }

    // Errors: cancelled (the computer wrote a moment ago), io.
    [[nodiscard]] llmzero::status pull() {
        if (!is_plugged_) {
            return llmzero::success();
        }
        const bool is_done = look().was_ejected || is_ejected_; // who ejects has written all
        if (!is_done && written_ms_ >= 0 && time_.now_ms() - written_ms_ < times_.quiet_ms) {
            return llmzero::error(llmzero::error_code::cancelled, "the computer is writing");
        }
        LLMZERO_CHECK(usb_.detach());
        is_plugged_ = false;
        pulled_ms_ = time_.now_ms();
        static_cast<void>(drain());
        sync();
        return llmzero::success();
    }

    void sync() {
        static_cast<void>(::fsync(file_.get()));
        is_unsynced_ = false;
    }

private:
    usb_drive(gadget && usb, std::string medium, clock time, const drive_times & times)
        : usb_(std::move(usb)), medium_(std::move(medium)), time_(std::move(time)), times_(times) {}

    // Whether there were events.
    [[nodiscard]] bool drain() {
        std::array<char, 4096> events = {};
        bool any = false;
        while (::read(events_.get(), events.data(), events.size()) > 0) {
            any = true;
        }
        return any;
    }

    gadget usb_;
    std::string medium_;
    clock time_;
    drive_times times_;
    stick::descriptor file_;
    stick::descriptor events_;
    std::int64_t written_ms_ = -1; // never
    std::int64_t unsynced_since_ms_ = 0;
    std::int64_t pulled_ms_ = 0;
    bool is_unsynced_ = false;
    bool is_plugged_ = false;
    bool was_plugged_ = false;
    bool is_ejected_ = false;
};

} // namespace board
