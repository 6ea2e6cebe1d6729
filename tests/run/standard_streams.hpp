// Standard output into a string, standard input from one, for what runs in this process.
#pragma once

#include <doctest/doctest.h>
#include <string>
#include <string_view>
#include <unistd.h>

namespace support {

// Runs `body` with standard input from `input` (at most a pipe's worth) and returns what it wrote to standard output.
template <class Body> std::string output_of(Body body, std::string_view input = "") {
    int from[2];
    int to[2];
    REQUIRE(pipe(from) == 0);
    REQUIRE(pipe(to) == 0);
    CHECK(write(from[1], input.data(), input.size()) == static_cast<ssize_t>(input.size()));
    close(from[1]);
    const int stdin_before = dup(0);
    const int stdout_before = dup(1);
    dup2(from[0], 0);
    dup2(to[1], 1);
    close(from[0]);
    close(to[1]);
    body();
    dup2(stdin_before, 0);
    dup2(stdout_before, 1);
    close(stdin_before);
    close(stdout_before);
    std::string out;
    char piece[4096];
    for (ssize_t got = 0; (got = read(to[0], piece, sizeof piece)) > 0;) {
        out.append(piece, static_cast<std::size_t>(got));
    }
    close(to[0]);
    return out;
}

} // namespace support
