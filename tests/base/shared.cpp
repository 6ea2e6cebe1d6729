#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/shared.hpp>

#include "support/failing_allocator.hpp"

#include <doctest/doctest.h>
#include <thread>

using namespace llmzero;

namespace {

struct counted {
    explicit counted(int & counter) : alive(&counter) { ++*alive; }
    counted(counted && other) noexcept : alive(other.alive) { ++*alive; }
    counted & operator=(counted &&) = delete;
    counted(const counted &) = delete;
    ~counted() { --*alive; }
    int * alive;
};

TEST_CASE("shared: the value lives as long as its last reference") {
    int alive = 0;
    {
        auto made = shared<counted>::create(counted(alive));
        REQUIRE(made);
        CHECK(alive == 1);
        shared<counted> first = std::move(*made);
        shared<counted> second = first;
        CHECK(&*first == &*second);
        CHECK(second->alive == &alive);
        first = {};
        CHECK_FALSE(first);
        CHECK(alive == 1);
        shared<counted> & same = second;
        second = same;
        CHECK(alive == 1);
        first = std::move(second);
        CHECK(alive == 1);
        CHECK(first);
        CHECK_FALSE(second);
    }
    CHECK(alive == 0);
}

TEST_CASE("shared: replacing a reference drops what it held") {
    int one = 0;
    int two = 0;
    auto first = shared<counted>::create(counted(one));
    auto second = shared<counted>::create(counted(two));
    REQUIRE(first);
    REQUIRE(second);
    *first = *second;
    CHECK(one == 0);
    CHECK(two == 1);
}

TEST_CASE("shared: references may be copied and dropped on several threads") {
    const std::int64_t live_before = support::live_allocations();
    {
        auto made = shared<int>::create(7);
        REQUIRE(made);
        int sums[2] = {};
        const auto work = [&made](int & sum) {
            for (int i = 0; i < 2000; ++i) {
                const shared<int> mine = *made;
                const shared<int> again = mine;
                sum += *again;
            }
        };
        std::thread other([&] { work(sums[0]); });
        work(sums[1]);
        other.join();
        CHECK(sums[0] == 14000);
        CHECK(sums[1] == 14000);
        const shared<int> last = std::move(*made);
        CHECK(*last == 7);
    }
    CHECK(support::live_allocations() == live_before);
}

TEST_CASE("shared: running out of memory is an error") {
    const std::uint64_t survived = support::survive_allocation_failures([]() -> status {
        LLMZERO_ASSIGN(auto numbers, heap_array<int>::create(3));
        LLMZERO_ASSIGN(const auto made, shared<heap_array<int>>::create(std::move(numbers)));
        CHECK(made->size() == 3);
        return success();
    });
    CHECK(survived == 4);
}

} // namespace
