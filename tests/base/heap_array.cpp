#include <llmzero/base/heap_array.hpp>

#include "support/failing_allocator.hpp"

#include <cstdint>
#include <doctest/doctest.h>
#include <limits>
#include <string_view>
#include <vector>

using namespace llmzero;

namespace {

// Counts how many are alive; moves only.
struct move_only {
    explicit move_only(int n = 0) : value(n) { ++alive; }
    move_only(move_only && other) noexcept : value(other.value) { ++alive; }
    move_only & operator=(move_only &&) = default;
    move_only(const move_only &) = delete;
    ~move_only() { --alive; }
    int value;
    static inline int alive = 0;
};

bool is_aligned(const void * address) {
    return reinterpret_cast<std::uintptr_t>(address) % cache_line_bytes == 0;
}

TEST_CASE("heap_array: create gives zeros that start at a cache line") {
    for (const std::size_t count : {1u, 2u, 63u, 1000u}) {
        auto made = heap_array<std::uint32_t>::create(count);
        REQUIRE(made);
        CHECK(made->size() == count);
        CHECK(made->size_bytes() == 4 * count);
        CHECK(is_aligned(made->data()));
        for (const std::uint32_t x : *made) {
            CHECK(x == 0);
        }
    }
    auto none = heap_array<int>::create(0);
    REQUIRE(none);
    CHECK(none->empty());
    CHECK(none->span().empty());
}

TEST_CASE("heap_array: behaves like a vector under random operations") {
    std::vector<int> expected;
    heap_array<int> tested;
    std::uint32_t state = 1;
    for (int step = 0; step < 5000; ++step) {
        state = state * 1664525u + 1013904223u;
        const std::uint32_t draw = state >> 16;
        const int value = static_cast<int>(draw);
        switch (draw % 16) {
        case 0: {
            const std::size_t n = draw % 97;
            expected.resize(n);
            REQUIRE(tested.resize(n));
            break;
        }
        case 1:
            expected.clear();
            tested.clear();
            break;
        case 2:
        case 3:
            if (!expected.empty()) {
                expected.pop_back();
                tested.pop_back();
            }
            break;
        case 4: {
            const int more[] = {value, value + 1, value + 2};
            expected.insert(expected.end(), std::begin(more), std::end(more));
            REQUIRE(tested.append(more));
            break;
        }
        case 5: REQUIRE(tested.reserve(draw % 200)); break;
        default:
            expected.push_back(value);
            REQUIRE(tested.push_back(value));
            CHECK(tested.back() == value);
        }
        REQUIRE(tested.size() == expected.size());
        REQUIRE(tested.capacity() >= tested.size());
        REQUIRE(std::equal(tested.begin(), tested.end(), expected.begin()));
        REQUIRE((tested.capacity() == 0 || is_aligned(tested.data())));
    }
}

TEST_CASE("heap_array: elements that only move are moved, and destroyed once") {
    {
        heap_array<move_only> all;
        for (int i = 0; i < 100; ++i) {
            REQUIRE(all.push_back(move_only(i)));
        }
        CHECK(move_only::alive == 100);
        REQUIRE(all.reserve(1000));
        CHECK(move_only::alive == 100);
        for (int i = 0; i < 100; ++i) {
            CHECK(all[static_cast<std::size_t>(i)].value == i);
        }
        REQUIRE(all.resize(40));
        CHECK(move_only::alive == 40);
        heap_array<move_only> other(std::move(all));
        CHECK(all.empty());
        CHECK(move_only::alive == 40);
        heap_array<move_only> third;
        REQUIRE(third.push_back(move_only(7)));
        third = std::move(other);
        CHECK(third.size() == 40);
        CHECK(move_only::alive == 40);
        all.swap(third);
        CHECK(all.size() == 40);
    }
    CHECK(move_only::alive == 0);
}

TEST_CASE("heap_array: a copy is its own") {
    const int source[] = {1, 2, 3};
    auto copy = heap_array<int>::copy(source);
    REQUIRE(copy);
    CHECK(copy->size() == 3);
    (*copy)[0] = 9;
    CHECK(source[0] == 1);
    CHECK((*copy)[2] == 3);
}

TEST_CASE("heap_array: pushing n elements allocates log n times") {
    const std::uint64_t before = support::allocation_count();
    heap_array<int> all;
    for (int i = 0; i < 100000; ++i) {
        static_cast<void>(all.push_back(i));
    }
    CHECK(support::allocation_count() - before <= 14);
}

TEST_CASE("heap_array: counts that no memory can hold are refused") {
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
    heap_array<std::uint64_t> all;
    REQUIRE(all.push_back(5));
    for (const std::size_t count : {most, most / 8, most / 8 + 2, most / 16 + 1}) {
        CAPTURE(count);
        const status refused = all.reserve(count);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == error_code::out_of_memory);
        CHECK(std::string_view(refused.error().message()).find("of 8 bytes") != std::string_view::npos);
        CHECK_FALSE(all.resize(count));
    }
    CHECK(all.size() == 1);
    CHECK(all[0] == 5);
}

TEST_CASE("heap_array: running out of memory is an error, and changes nothing") {
    const std::uint64_t survived = support::survive_allocation_failures([]() -> status {
        LLMZERO_ASSIGN(auto first, heap_array<int>::create(10));
        for (int i = 0; i < 50; ++i) {
            const std::size_t size_before = first.size();
            if (auto pushed = first.push_back(i); !pushed) {
                CHECK(first.size() == size_before);
                CHECK(first[size_before - 1] == (i == 0 ? 0 : i - 1));
                return pushed.error();
            }
        }
        LLMZERO_ASSIGN(auto second, heap_array<int>::copy(first.span()));
        return second.append(first.span());
    });
    CHECK(survived >= 8);
}

TEST_CASE("heap_array: made to be overwritten it has its size, and nothing else is promised") {
    auto made = heap_array<std::uint32_t>::create_for_overwrite(100);
    REQUIRE(made);
    REQUIRE(made->size() == 100);
    CHECK(reinterpret_cast<std::uintptr_t>(made->data()) % cache_line_bytes == 0);
    for (std::uint32_t i = 0; i < 100; ++i) {
        (*made)[i] = i;
    }
    CHECK((*made)[99] == 99);
    CHECK(heap_array<char>::create_for_overwrite(0)->empty());
}

} // namespace
