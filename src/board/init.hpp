// llmzero-stick as the first process of the board: mounts what it needs, loads the kernel's modules, and keeps the
// service alive. It never ends: the kernel would panic.
#pragma once

#include "board/boot_options.hpp"
#include "board/drive_service.hpp"
#include "board/modules.hpp"
#include "board/small_file.hpp"
#include "board/supervisor.hpp"
#include "board/watchdog.hpp"

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <span>
#include <string>
#include <sys/mount.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace board {

namespace detail {

inline void mount_or_tell(const char * what, const char * where, const char * type, unsigned long flags,
                          const char * data = nullptr) {
    ::mkdir(where, 0755);
    if (::mount(what, where, type, flags, data) != 0 && errno != EBUSY) {
        const int reason = errno;
        tell(std::string("cannot mount ") + what + " at " + where + ": " + std::strerror(reason));
    }
}

// Where the kernel's console is: the first descriptors of the first process may be closed.
inline void open_console() {
    const int console = ::open("/dev/console", O_RDWR | O_NOCTTY);
    for (int number = 0; number <= 2 && console >= 0; ++number) {
        ::dup2(console, number);
    }
    if (console > 2) {
        ::close(console);
    }
}

// The card answers some time after the first process has begun.
inline bool wait_for(const std::string & path, int seconds) {
    for (int i = 0; i < seconds * 20; ++i) {
        if (::access(path.c_str(), F_OK) == 0) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
}

} // namespace detail

[[noreturn]] inline void run_as_init(std::span<const std::byte> built_in_model) {
    detail::mount_or_tell("devtmpfs", "/dev", "devtmpfs", MS_NOSUID);
    detail::open_console();
    detail::mount_or_tell("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC);
    detail::mount_or_tell("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC);
    detail::mount_or_tell("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=40m");
    const boot_options options = read_boot_options(read_small("/proc/cmdline").value_or(std::string()));
    const watchdog dog(options.watchdog);
    for (const std::string & name : module_order("/modules").value_or({})) {
        if (const auto loaded = load_module("/modules/" + name); !loaded) {
            tell(loaded.error().message());
        }
    }
    detail::mount_or_tell("configfs", "/sys/kernel/config", "configfs", MS_NOSUID | MS_NODEV | MS_NOEXEC);
    dog.feed();
    if (!detail::wait_for(options.data, 10)) {
        tell(options.data + " is not there");
    }
    detail::mount_or_tell(options.boot.c_str(), "/boot", "vfat", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);

    drive_service::places where;
    where.usb.controller = options.controller;
    drive_service service(options, where, built_in_model);
    for (;;) {
        supervisor({}).run([&service](const heartbeat & heart) { return service.run(heart); },
                           [&dog](const std::string & death) {
                               dog.feed();
                               if (!death.empty()) {
                                   tell("the service is started again: " + death);
                               }
                               return true;
                           });
    }
}

} // namespace board
