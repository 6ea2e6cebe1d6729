#include <llmzero/base/callback.hpp>

#include "support/failing_allocator.hpp"

#include <doctest/doctest.h>

using namespace llmzero;

namespace {

int twice(int x) {
    return 2 * x;
}

struct options {
    int number = 3;
    callback<int(int)> function = {};
};

TEST_CASE("callback: empty until something is assigned") {
    callback<int(int)> f;
    CHECK_FALSE(f);
    f = nullptr;
    CHECK_FALSE(f);
    f = twice;
    CHECK(f);
    CHECK(f(4) == 8);
}

TEST_CASE("callback: keeps a copy of a temporary, without allocating") {
    const std::uint64_t before = support::allocation_count();
    options o;
    int calls = 0;
    {
        const int seven = calls + 7;
        o.function = [seven, &calls](int x) {
            ++calls;
            return x + seven;
        };
    }
    int overwritten[64]; // where the temporary was
    for (int & i : overwritten) {
        i = calls - 1;
    }
    CHECK(o.function(1) == 8);
    CHECK(overwritten[5] == -1);
    const options copy = o;
    CHECK(copy.function(2) == 9);
    CHECK(calls == 2);
    CHECK(support::allocation_count() == before);
}

TEST_CASE("callback: designated initialisers, and state of its own") {
    const options o{.function = [n = 0](int x) mutable {
        return x + ++n;
    }};
    CHECK(o.number == 3);
    CHECK(o.function(10) == 11);
    CHECK(o.function(10) == 12);
}

TEST_CASE("callback: a result that nobody wants is dropped") {
    int calls = 0;
    const callback<void(int)> f = [&](int) {
        return ++calls;
    };
    f(1);
    CHECK(calls == 1);
}

TEST_CASE("callback: fills up to its limit") {
    long numbers[64 / sizeof(long)] = {5};
    const callback<long()> f = [numbers] {
        return numbers[0];
    };
    CHECK(f() == 5);
}

} // namespace
