#include "stick/descriptor.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <utility>

static bool is_open_file(int number) {
    return ::fcntl(number, F_GETFD) != -1;
}

TEST_CASE("descriptor: closed once, by the last one who has it") {
    stick::descriptor none;
    CHECK_FALSE(none.is_open());
    int first = -1;
    int second = -1;
    {
        stick::descriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        first = file.get();
        REQUIRE(file.is_open());
        stick::descriptor taken(std::move(file));
        CHECK(taken.get() == first);
        CHECK_FALSE(file.is_open()); // moved from
        stick::descriptor other(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        second = other.get();
        other = std::move(taken);
        CHECK(other.get() == first);
        CHECK(is_open_file(first));
        stick::descriptor released(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        const int kept = released.release();
        CHECK_FALSE(released.is_open());
        CHECK(is_open_file(kept));
        ::close(kept);
    }
    CHECK_FALSE(is_open_file(first));
    CHECK_FALSE(is_open_file(second));
}
