#include "cli/signals.hpp"

#include "cli/output.hpp"

#include <cerrno>
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

// Runs `body` in a child process; its wait status.
template <class Body> int in_child(Body body) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(body());
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

} // namespace

TEST_CASE("signals: the first is noted, the second ends the program") {
    CHECK(cli::caught_signal() == 0);
    const int status = in_child([] {
        cli::handle_signals();
        raise(SIGINT);
        if (cli::caught_signal() != SIGINT) {
            return 1;
        }
        raise(SIGINT);
        return 2;
    });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGINT);
}

TEST_CASE("signals: SIGTERM is noted, SIGPIPE becomes an error of write") {
    const int status = in_child([] {
        cli::handle_signals();
        raise(SIGTERM);
        int ends[2];
        if (cli::caught_signal() != SIGTERM || pipe(ends) != 0) {
            return 1;
        }
        close(ends[0]);
        return cli::write_all(ends[1], "x") == EPIPE ? 42 : 2;
    });
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 42);
}

TEST_CASE("signals: what the parent ignores stays ignored") {
    const int status = in_child([] {
        std::signal(SIGINT, SIG_IGN);
        cli::handle_signals();
        raise(SIGINT);
        raise(SIGINT);
        return cli::caught_signal() == 0 ? 42 : 1;
    });
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 42);
}

TEST_CASE("signals: a forgotten Ctrl-C is followed by a first one again") {
    const int status = in_child([] {
        cli::handle_signals();
        for (int i = 0; i < 3; ++i) {
            raise(SIGINT);
            if (cli::caught_signal() != SIGINT) {
                return 1;
            }
            cli::forget_interrupt();
            if (cli::caught_signal() != 0) {
                return 2;
            }
        }
        raise(SIGTERM);
        raise(SIGINT);
        cli::forget_interrupt(); // the one, not the other
        return cli::caught_signal() == SIGTERM ? 42 : 3;
    });
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 42);
}
