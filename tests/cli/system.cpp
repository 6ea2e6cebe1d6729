#include "cli/system.hpp"

#include <cerrno>
#include <cstdint>
#include <doctest/doctest.h>
#include <string_view>

TEST_CASE("system: a pipe is no terminal, and is waited for") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    CHECK_FALSE(cli::is_terminal(ends[0]));
    CHECK_FALSE(cli::wait_for_input(ends[0], 1));
    CHECK(cli::write_some(ends[1], "abc", 3) == 3);
    CHECK(cli::wait_for_input(ends[0], 1000));
    char got[8] = {};
    CHECK(cli::read_some(ends[0], got, sizeof got) == 3);
    CHECK(std::string_view(got) == "abc");
    close(ends[1]);
    CHECK(cli::wait_for_input(ends[0], 1000)); // the end is something to read
    CHECK(cli::read_some(ends[0], got, sizeof got) == 0);
    close(ends[0]);
}

TEST_CASE("system: files and disks that are not there are named by errno, or by nothing") {
    errno = 0;
    CHECK(cli::open_file("/nowhere/file", O_RDONLY) == -1);
    CHECK(errno == ENOENT);
    CHECK_FALSE(cli::free_bytes("/nowhere"));
    CHECK(cli::free_bytes("/").has_value());
}

TEST_CASE("system: random bits differ") {
    const auto first = cli::random_bits();
    const auto second = cli::random_bits();
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    CHECK((*first != *second || cli::random_bits() != first));
}
