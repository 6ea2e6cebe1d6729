#include "cli/output.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

TEST_CASE("output: everything is written, however slowly it is read") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const std::string sent(300000, 'x'); // more than a pipe holds
    const pid_t child = fork();
    if (child == 0) {
        _exit(cli::write_all(ends[1], sent));
    }
    close(ends[1]);
    std::string received;
    char piece[4096];
    for (ssize_t n = 0; (n = read(ends[0], piece, sizeof piece)) > 0;) {
        received.append(piece, static_cast<std::size_t>(n));
    }
    close(ends[0]);
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(received == sent);
}

TEST_CASE("output: a failure is an errno") {
    CHECK(cli::write_all(-1, "x") == EBADF);
    CHECK(cli::write_all(-1, "") == 0);
    const int full = open("/dev/full", O_WRONLY);
    REQUIRE(full >= 0);
    CHECK(cli::write_all(full, "x") == ENOSPC);
    close(full);
}

TEST_CASE("output: a write that ends early is continued, and fails in the end") {
    char path[] = "/tmp/llmzero-test-XXXXXX";
    const int file = mkstemp(path);
    REQUIRE(file >= 0);
    unlink(path);
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        const rlimit limit = {5, 5};
        setrlimit(RLIMIT_FSIZE, &limit);
        _exit(cli::write_all(file, "0123456789") == EFBIG ? 42 : 1);
    }
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 42);
    CHECK(lseek(file, 0, SEEK_END) == 5);
    close(file);
}

TEST_CASE("output: a closed standard output is not taken by the next file") {
    const pid_t child = fork();
    if (child == 0) {
        close(STDOUT_FILENO);
        cli::prepare_standard_streams();
        const int next = open("/dev/null", O_WRONLY);
        cli::output out;
        out.write("lost");
        out.write("more");
        _exit(next > STDERR_FILENO && out.problem() == EBADF ? 42 : 1);
    }
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 42);
}
