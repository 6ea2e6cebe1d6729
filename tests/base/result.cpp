#include <llmzero/base/result.hpp>

#include <cstring>
#include <doctest/doctest.h>
#include <memory>
#include <string>
#include <string_view>

using namespace llmzero;

namespace {

// Counts how many are alive, and cannot be copied.
struct tracked {
    explicit tracked(int & counter) : alive(&counter) { ++*alive; }
    tracked(tracked && other) noexcept : alive(other.alive) { ++*alive; }
    tracked & operator=(tracked &&) = default;
    tracked(const tracked &) = delete;
    ~tracked() { --*alive; }
    int * alive;
};

result<int> half_of(int x) {
    if (x % 2 != 0) {
        return error(error_code::bad_argument, "%d is odd", x);
    }
    return x / 2;
}

result<int> quarter_of(int x) {
    LLMZERO_ASSIGN(const int half, half_of(x));
    LLMZERO_ASSIGN(const int quarter, half_of(half));
    return quarter;
}

status check_even(int x) {
    LLMZERO_CHECK(half_of(x));
    return success();
}

TEST_CASE("result: holds a value or an error") {
    const result<int> good = half_of(8);
    REQUIRE(good);
    CHECK(good.has_value());
    CHECK(*good == 4);
    CHECK(good.value() == 4);
    const result<int> bad = half_of(7);
    REQUIRE_FALSE(bad);
    CHECK(bad.error().code() == error_code::bad_argument);
    CHECK(std::string_view(bad.error().message()) == "7 is odd");
    CHECK(half_of(7).value_or(-1) == -1);
    CHECK(half_of(6).value_or(-1) == 3);
}

TEST_CASE("result: LLMZERO_ASSIGN and LLMZERO_CHECK pass errors on, and values through") {
    CHECK(*quarter_of(8) == 2);
    CHECK(std::string_view(quarter_of(6).error().message()) == "3 is odd");
    CHECK(std::string_view(quarter_of(5).error().message()) == "5 is odd");
    CHECK(check_even(2));
    CHECK(std::string_view(check_even(3).error().message()) == "3 is odd");
}

TEST_CASE("result: moves what it holds, and destroys it once") {
    int alive = 0;
    {
        result<tracked> first{tracked(alive)};
        CHECK(alive == 1);
        result<tracked> second(std::move(first));
        CHECK(alive == 2); // the moved-from one as well
        result<tracked> third{error(error_code::io, "none")};
        third = std::move(second);
        REQUIRE(third);
        CHECK(alive == 3);
        third = result<tracked>(error(error_code::io, "gone"));
        CHECK_FALSE(third);
        CHECK(alive == 2);
        CHECK(std::string_view(third.error().message()) == "gone");
        result<tracked> & same = third;
        third = std::move(same);
        CHECK(std::string_view(third.error().message()) == "gone");
        const tracked taken = std::move(first).value();
        CHECK(alive == 3);
    }
    CHECK(alive == 0);
}

TEST_CASE("error: long messages are cut, not overrun") {
    const std::string long_text(1000, 'x');
    const error e(error_code::malformed, "%s", long_text.c_str());
    CHECK(std::strlen(e.message()) == error::max_message_bytes - 1);
    const error outer = e.in("a/path");
    CHECK(outer.code() == error_code::malformed);
    CHECK(std::string_view(outer.message()).starts_with("a/path: xxx"));
    CHECK(std::strlen(outer.message()) == error::max_message_bytes - 1);
}

TEST_CASE("error: in() puts the place in front") {
    CHECK(std::string_view(error(error_code::io, "no %s", "luck").in("here").message()) == "here: no luck");
}

TEST_CASE("error_code: every code has its own name") {
    const error_code codes[] = {
        error_code::io,          error_code::malformed,    error_code::unsupported,  error_code::out_of_memory,
        error_code::over_budget, error_code::bad_argument, error_code::context_full, error_code::cancelled};
    for (const error_code a : codes) {
        CHECK(std::string_view(name_of(a)) != "unknown");
        for (const error_code b : codes) {
            CHECK((a == b) == (std::string_view(name_of(a)) == name_of(b)));
        }
    }
    CHECK(std::string_view(name_of(static_cast<error_code>(200))) == "unknown");
}

TEST_CASE("quoted: short text stands between quotes, long text is cut") {
    CHECK(std::string_view(quoted("").c_str()) == "''");
    CHECK(std::string_view(quoted("a key").c_str()) == "'a key'");
    const std::string longest(66, 'k');
    CHECK(quoted(longest).c_str() == "'" + longest + "'");
    CHECK(quoted(longest + "k").c_str() == "'" + longest + "...'");
    CHECK(quoted(std::string(100000, 'k')).c_str() == "'" + longest + "...'");
}

TEST_CASE("quoted: no byte of a file reaches the terminal unseen") {
    std::string all;
    for (int c = 0; c < 256; ++c) {
        all = static_cast<char>(c);
        const quoted holder(all);
        const std::string_view shown = holder.c_str();
        REQUIRE(shown.size() == 3);
        CHECK(shown[1] == (c >= 32 && c < 127 ? static_cast<char>(c) : '?'));
    }
}

#if LLMZERO_HAS_EXCEPTIONS
TEST_CASE("result: value() throws what went wrong") {
    try {
        static_cast<void>(half_of(3).value());
        FAIL("did not throw");
    } catch (const bad_result & e) {
        CHECK(e.code == error_code::bad_argument);
        CHECK(std::string_view(e.what()) == "3 is odd");
    }
}
#endif

static_assert(!std::is_copy_constructible_v<result<int>>, "an error is not lost in a copy");

} // namespace
