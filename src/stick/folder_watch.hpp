// Tells when something may have changed in a folder or below it: by inotify, and where that cannot be had (a system
// without it, too many watches, a file system that does not tell) by letting the time pass.
//
// It may tell too much, never too little for long: what inotify misses (a change from another machine) is found because
// wait() ends after longest_wait_ms at the latest.
#pragma once

#include "stick/file_names.hpp"
#include "stick/folder_store.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/inotify.h>
#include <unistd.h>
#include <utility>

namespace stick {

class folder_watch {
public:
    static constexpr int longest_wait_ms = 10000;
    static constexpr int wait_without_inotify_ms = 2000;

    explicit folder_watch(std::string folder, bool uses_inotify = true)
        : folder_(std::move(folder)), inotify_(uses_inotify ? ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC) : -1) {
        watch_all();
    }

    // Waits until there is news, a signal, or `ms` have passed.
    void wait(std::int64_t ms) {
        const int most = static_cast<int>(
            std::min<std::int64_t>(ms, inotify_.is_open() ? longest_wait_ms : wait_without_inotify_ms));
        pollfd wanted = {inotify_.get(), POLLIN, 0}; // -1 is passed over
        static_cast<void>(::poll(&wanted, 1, std::max(0, most)));
    }

    // Whether there was any since this was asked before. Without inotify there may always have been.
    [[nodiscard]] bool has_news() {
        if (!inotify_.is_open()) {
            return true;
        }
        bool is_any = false;
        bool has_folders = false;
        alignas(inotify_event) char events[4096];
        for (;;) {
            const ssize_t got = ::read(inotify_.get(), events, sizeof events);
            if (got <= 0) {
                break;
            }
            for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
                inotify_event event;
                std::memcpy(&event, events + at, sizeof event);
                has_folders = has_folders || (event.mask & (IN_ISDIR | IN_Q_OVERFLOW)) != 0;
                at += sizeof event + event.len;
            }
            is_any = true;
        }
        if (has_folders) {
            watch_all();
        }
        return is_any;
    }

    [[nodiscard]] bool uses_inotify() const { return inotify_.is_open(); }

private:
    void watch_all() {
        if (inotify_.is_open() && !watch(folder_, 0)) {
            inotify_ = descriptor();
        }
    }

    // False when the system has no more watches.
    [[nodiscard]] bool watch(const std::string & folder, std::size_t depth) {
        constexpr std::uint32_t events =
            IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_ONLYDIR;
        const std::uint32_t how = depth == 0 ? events : events | IN_DONT_FOLLOW;
        if (::inotify_add_watch(inotify_.get(), folder.c_str(), how) < 0) {
            return errno != ENOSPC && depth > 0; // gone, or not for us
        }
        DIR * const entries = ::opendir(folder.c_str());
        bool is_well = true;
        for (const dirent * entry = entries == nullptr ? nullptr : ::readdir(entries); entry != nullptr && is_well;
             entry = ::readdir(entries)) {
            const bool may_be_folder = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
            if (may_be_folder && depth < folder_store::max_depth && !is_litter_name(entry->d_name)) {
                is_well = watch(folder + "/" + entry->d_name, depth + 1);
            }
        }
        if (entries != nullptr) {
            ::closedir(entries);
        }
        return is_well;
    }

    std::string folder_;
    descriptor inotify_; // not open: not to be had
};

} // namespace stick
