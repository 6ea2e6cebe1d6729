// Keeps a service alive: it runs in a process of its own, which is started again when it ends, crashes or is silent for
// too long.
//
//     supervisor                     service
//     fork ------------------------> runs, and calls heartbeat::beat() now and then
//     reads the pipe, calls `round`  (a token, a look at the files)
//     silent: SIGKILL, fork again
#pragma once

#include "stick/descriptor.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <poll.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace board {

// The service's side of the pipe.
class heartbeat {
public:
    explicit heartbeat(stick::descriptor && pipe) : pipe_(std::move(pipe)) {}
    // Never waits: a full pipe has beats enough.
    void beat() const { static_cast<void>(!::write(pipe_.get(), ".", 1)); }

private:
    stick::descriptor pipe_;
};

struct supervision {
    std::chrono::milliseconds silence{60000}; // of a service that hangs
    std::chrono::milliseconds pause{1000};    // before a service that failed is started again
    std::chrono::milliseconds round{1000};
};

class supervisor {
public:
    using service_function = std::function<int(const heartbeat &)>; // its result is the exit status of its process
    explicit supervisor(const supervision & how) : how_(how) {}

    // Runs the service until it ends with status 0, or `go_on` says no; that is asked every `round`, and told what the
    // service died of where it has died since the last time. What remains of the service then is ended.
    void run(const service_function & service, const std::function<bool(const std::string & death)> & go_on) {
        for (bool is_wanted = true; is_wanted;) {
            int ends[2] = {-1, -1};
            if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
                is_wanted = go_on(std::string("no pipe: ") + std::strerror(errno));
                std::this_thread::sleep_for(how_.pause);
                continue;
            }
            stick::descriptor from_service(ends[0]);
            stick::descriptor to_supervisor(ends[1]);
            std::fflush(nullptr);
            const pid_t process = ::fork();
            if (process == 0) {
                from_service = stick::descriptor();
                ::_exit(service(heartbeat(std::move(to_supervisor))));
            }
            to_supervisor = stick::descriptor();
            std::string death = process < 0 ? std::string("no process: ") + std::strerror(errno)
                                            : watch(process, from_service.get(), go_on, is_wanted);
            if (!is_wanted || death.empty()) {
                return;
            }
            is_wanted = go_on(death);
            std::this_thread::sleep_for(how_.pause);
        }
    }

private:
    using clock = std::chrono::steady_clock;

    // What the service died of; empty where it ended as it should. `is_wanted` becomes false where go_on() says so.
    std::string watch(pid_t process, int pipe, const std::function<bool(const std::string &)> & go_on,
                      bool & is_wanted) const {
        clock::time_point heard = clock::now();
        clock::time_point asked = heard;
        bool is_silent = false;
        for (;;) {
            pollfd events = {pipe, POLLIN, 0};
            ::poll(&events, 1, static_cast<int>(std::min(how_.round, how_.silence).count()));
            char beats[256];
            while (::read(pipe, beats, sizeof beats) > 0) {
                heard = clock::now();
            }
            int status = 0;
            if (::waitpid(process, &status, WNOHANG) == process) {
                return is_silent ? "it was silent and was ended" : death_of(status);
            }
            if ((events.revents & POLLHUP) != 0) { // poll() would not wait any more
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
            }
            const clock::time_point now = clock::now();
            if (is_wanted && now - asked >= how_.round) {
                asked = now;
                is_wanted = go_on(std::string());
            }
            is_silent = is_silent || now - heard > how_.silence;
            if (is_silent || !is_wanted) {
                ::kill(process, SIGKILL);
            }
        }
    }

    static std::string death_of(int status) {
        if (WIFSIGNALED(status)) {
            return "signal " + std::to_string(WTERMSIG(status));
        }
        return WEXITSTATUS(status) == 0 ? std::string() : "exit status " + std::to_string(WEXITSTATUS(status));
    }

    supervision how_;
};

} // namespace board
