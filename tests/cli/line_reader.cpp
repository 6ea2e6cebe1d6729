#include "cli/line_reader.hpp"

#include <csignal>
#include <doctest/doctest.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

// A reader of what was written into a pipe before it was closed.
std::vector<std::string> lines_of(std::string_view content) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    CHECK(write(ends[1], content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    close(ends[1]);
    cli::line_reader reader(ends[0]);
    std::vector<std::string> lines;
    std::string line;
    while (reader.next(line) == cli::read_outcome::line) {
        lines.push_back(line);
    }
    CHECK(reader.next(line) == cli::read_outcome::end);
    close(ends[0]);
    return lines;
}

using list = std::vector<std::string>;

} // namespace

TEST_CASE("line reader: lines come one by one, the last with or without its newline") {
    CHECK(lines_of("").empty());
    CHECK(lines_of("a") == list{"a"});
    CHECK(lines_of("a\n") == list{"a"});
    CHECK(lines_of("a\nb c\n\nd") == list{"a", "b c", "", "d"});
    CHECK(lines_of("a\r\nb\r\n\r\n") == list{"a", "b", ""});
    CHECK(lines_of("a\rb\n") == list{"a\rb"});
    CHECK(lines_of(std::string(10000, 'x') + "\n" + std::string(5000, 'y')) ==
          list{std::string(10000, 'x'), std::string(5000, 'y')});
}

TEST_CASE("line reader: a line is there before the next is written") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    cli::line_reader reader(ends[0]);
    std::string line;
    for (const char * text : {"one\n", "two\n"}) {
        CHECK(write(ends[1], text, 4) == 4);
        REQUIRE(reader.next(line) == cli::read_outcome::line);
        CHECK(line + "\n" == text);
    }
    close(ends[0]);
    close(ends[1]);
}

TEST_CASE("line reader: what cannot be read is an error") {
    std::string line;
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    cli::line_reader wrong(ends[1]); // the end for writing
    close(ends[0]);
    CHECK(wrong.next(line) == cli::read_outcome::failed);
    close(ends[1]);
}

TEST_CASE("line reader: a signal ends the waiting") {
    const pid_t child = fork();
    if (child == 0) {
        int ends[2];
        if (pipe(ends) != 0) {
            _exit(1);
        }
        cli::handle_signals();
        std::signal(SIGALRM, [](int) { raise(SIGINT); });
        alarm(1);
        cli::line_reader reader(ends[0]);
        std::string line;
        _exit(reader.next(line) == cli::read_outcome::interrupted ? 42 : 2);
    }
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 42);
}
