#include <llmzero/base/thread_team.hpp>

#include "support/failing_allocator.hpp"
#include "support/scale.hpp"

#include <atomic>
#include <chrono>
#include <cstring>
#include <doctest/doctest.h>
#include <string_view>
#include <vector>

#if LLMZERO_HAS_THREADS
#    include <thread>
#endif
#if defined(__linux__)
#    include <csignal>
#    include <sched.h>
#    include <sys/resource.h>
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define LLMZERO_TEST_SANITIZED 1
#elif defined(__has_feature)
#    define LLMZERO_TEST_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#    define LLMZERO_TEST_SANITIZED 0
#endif

using namespace llmzero;

namespace {

constexpr std::uint64_t worth_a_piece = thread_team::least_cost; // an item that is worth a piece

TEST_CASE("thread team: without one the caller does all") {
    const std::uint64_t allocated = support::allocation_count();
    const auto none = thread_team::create(1);
    REQUIRE(none);
    CHECK(*none == nullptr);
    CHECK(support::allocation_count() == allocated);
    CHECK(thread_team::bytes_needed(1) == 0);
    int calls = 0;
    const auto once = [&](std::size_t first, std::size_t end, std::size_t member) {
        ++calls;
        CHECK(first == 0);
        CHECK(end == 1000);
        CHECK(member == 0);
    };
    share(none->get(), 1000, worth_a_piece, once);
    CHECK(calls == 1);
    share(none->get(), 0, worth_a_piece, once);
    CHECK(calls == 1);
}

TEST_CASE("thread team: numbers of threads that cannot be") {
    CHECK(thread_team::check(1));
    CHECK(thread_team::check(thread_team::max_threads));
    for (const std::uint32_t n : {0u, thread_team::max_threads + 1, 0xffffffffu}) {
        const auto refused = thread_team::create(n);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == error_code::bad_argument);
        CHECK(std::string_view(refused.error().message()).find("expected 1 to ") != std::string_view::npos);
    }
}

#if LLMZERO_HAS_THREADS

TEST_CASE("thread team: every item is done once, by members there are") {
    for (const std::uint32_t n_threads : {2u, 3u, 4u, 7u}) {
        const auto team = thread_team::create(n_threads);
        REQUIRE(team);
        REQUIRE((*team)->size() == n_threads);
        for (std::size_t n_items = 0; n_items < (support::full_scale() ? 300u : 60u); ++n_items) {
            std::vector<std::atomic<int>> done(n_items);
            std::atomic<bool> strange{false};
            share(team->get(), n_items, worth_a_piece, [&](std::size_t first, std::size_t end, std::size_t member) {
                strange = strange || first >= end || end > n_items || member >= n_threads;
                for (std::size_t i = first; i < end; ++i) {
                    ++done[i];
                }
            });
            REQUIRE_FALSE(strange);
            for (const auto & times : done) {
                REQUIRE(times.load() == 1);
            }
        }
    }
}

TEST_CASE("thread team: all members take part") {
    const auto team = thread_team::create(3);
    REQUIRE(team);
    std::atomic<unsigned> seen{0};
    std::this_thread::sleep_for(5 * wake_point::watch_time); // so that they have to be woken
    // A piece waits until all have one.
    share(team->get(), 3, worth_a_piece, [&](std::size_t, std::size_t, std::size_t member) {
        seen.fetch_or(1u << member);
        while (seen.load() != 7) {
            std::this_thread::yield();
        }
    });
    CHECK(seen.load() == 7);
}

TEST_CASE("thread team: what others wrote is seen when the work is done, and before it begins") {
    const auto team = thread_team::create(3);
    REQUIRE(team);
    std::vector<std::uint32_t> values(64, 0);
    const std::uint32_t rounds = support::full_scale() ? 20000 : 2000;
    for (std::uint32_t round = 1; round <= rounds; ++round) {
        share(team->get(), values.size(), worth_a_piece, [&](std::size_t first, std::size_t end, std::size_t) {
            for (std::size_t i = first; i < end; ++i) {
                values[i] = values[i] + round;
            }
        });
        const std::uint32_t sum = round * (round + 1) / 2;
        REQUIRE(values[round % 64] == sum);
        if (round % 500 == 0) { // let them sleep
            std::this_thread::sleep_for(3 * wake_point::watch_time);
            REQUIRE(values == std::vector<std::uint32_t>(64, sum));
        }
    }
}

TEST_CASE("thread team: as many as were asked for, or as is usual") {
    const auto asked = thread_team::create_for(3, 2);
    const auto standard = thread_team::create_for(0, 2);
    const auto one = thread_team::create_for(1, 2);
    REQUIRE(asked);
    REQUIRE(standard);
    REQUIRE(one);
    CHECK(size_of(asked->get()) == 3);
    CHECK(size_of(standard->get()) == 2);
    CHECK(size_of(one->get()) == 1);
}

TEST_CASE("thread team: little work stays with the caller") {
    const auto pieces = [&](std::size_t n_items, std::uint64_t cost) {
        const auto team = thread_team::create(4); // one that has not been held up
        REQUIRE(team);
        std::atomic<int> n{0};
        share(team->get(), n_items, cost, [&](std::size_t, std::size_t, std::size_t) { ++n; });
        return n.load();
    };
    CHECK(pieces(1000, 1) == 1);
    CHECK(pieces(2 * worth_a_piece - 1, 1) == 1);
    CHECK(pieces(2 * worth_a_piece, 1) == 2);
    CHECK(pieces(1, 100 * worth_a_piece) == 1);
    CHECK(pieces(1000, worth_a_piece / 100) == 4);     // one for each
    CHECK(pieces(1000000, 100 * worth_a_piece) == 16); // four for each
}

// Whether one of the next times all of the work is the caller's; the other thread begins what it gets with `delay`.
bool is_soon_alone(thread_team * team, std::chrono::microseconds delay) {
    std::atomic<bool> was_alone{false};
    for (int round = 0; round < 200 && !was_alone.load(); ++round) { // this thread may be held up by others, too
        std::atomic<int> n_begun{0};
        share(team, 2, worth_a_piece, [&](std::size_t first, std::size_t end, std::size_t member) {
            if (first == 0 && end == 2 && member == 0) {
                was_alone = true;
            }
            ++n_begun;
            while (!was_alone.load() && n_begun.load() < 2) {
                std::this_thread::yield();
            }
            if (member != 0) {
                std::this_thread::sleep_for(delay);
            }
        });
    }
    return was_alone.load();
}

TEST_CASE("thread team: who was held up by another works alone for a while") {
    const auto team = thread_team::create(2);
    REQUIRE(team);
    CHECK(is_soon_alone(team->get(), std::chrono::milliseconds(6)));
}

#    if defined(__linux__)
TEST_CASE("thread team: who has no other processor than the caller's leaves it the work") {
    cpu_set_t before;
    const int here = current_processor();
    if (here < 0 || sched_getaffinity(0, sizeof before, &before) != 0) {
        MESSAGE("not tested: the system does not say which processor this is");
        return;
    }
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(here), &one);
    REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
    const auto team = thread_team::create(2);
    const bool is_alone = team && is_soon_alone(team->get(), std::chrono::microseconds(0));
    sched_setaffinity(0, sizeof before, &before);
    CHECK(is_alone);
}
#    endif

TEST_CASE("thread team: may end at once, and asleep") {
    for (int i = 0; i < 50; ++i) {
        const auto team = thread_team::create(3);
        REQUIRE(team);
        if (i % 10 == 1) {
            std::this_thread::sleep_for(3 * wake_point::watch_time);
        } else if (i % 2 == 1) {
            share(team->get(), 9, worth_a_piece, [](std::size_t, std::size_t, std::size_t) {});
        }
    }
}

TEST_CASE("thread team: running out of memory is an error; the memory is known") {
    const std::uint64_t requested = support::requested_bytes();
    {
        const auto team = thread_team::create(5);
        REQUIRE(team);
        CHECK(support::requested_bytes() - requested == thread_team::bytes_needed(5));
    }
    const std::uint64_t survived = support::survive_allocation_failures([]() -> status {
        LLMZERO_ASSIGN(const auto team, thread_team::create(2));
        CHECK(team->size() == 2);
        return success();
    });
    CHECK(survived >= 2);
}

#    if defined(__linux__)
TEST_CASE("thread team: signals are not for its threads") {
    const auto team = thread_team::create(2);
    REQUIRE(team);
    std::atomic<unsigned> seen{0};
    std::atomic<bool> is_blocked[2] = {};
    share(team->get(), 2, worth_a_piece, [&](std::size_t, std::size_t, std::size_t member) {
        sigset_t mask;
        pthread_sigmask(SIG_BLOCK, nullptr, &mask);
        is_blocked[member] = sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGTERM) == 1;
        seen.fetch_or(1u << member);
        while (seen.load() != 3) {
            std::this_thread::yield();
        }
    });
    CHECK_FALSE(is_blocked[0].load());
    CHECK(is_blocked[1].load());
}

#        if !LLMZERO_TEST_SANITIZED // which need address space of their own
TEST_CASE("thread team: a system that gives no more threads") {
    constexpr std::uint32_t many = 250;     // whose stacks are more than a C library keeps of earlier threads
    CHECK(heap_array<char>::create(65536)); // memory that is there without asking the system
    rlimit before;
    REQUIRE(getrlimit(RLIMIT_AS, &before) == 0);
    const rlimit none{1, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_AS, &none) == 0);
    rlimit found;
    REQUIRE(getrlimit(RLIMIT_AS, &found) == 0);
    if (found.rlim_cur != none.rlim_cur) {
        MESSAGE("not tested: an emulator does not take the limit");
        return;
    }
    const auto all = thread_team::create_for(many, 2);
    const auto some = thread_team::create_for(0, many);
    setrlimit(RLIMIT_AS, &before);
    REQUIRE_FALSE(all);
    CHECK(all.error().code() == error_code::out_of_memory);
    CHECK(std::string_view(all.error().message()).starts_with("the system refused thread "));
    REQUIRE(some);
    CHECK(size_of(some->get()) < many);
    std::atomic<std::size_t> n_done{0};
    share(some->get(), 100, worth_a_piece,
          [&](std::size_t first, std::size_t end, std::size_t) { n_done += end - first; });
    CHECK(n_done.load() == 100);
}
#        endif
#    endif

#else

TEST_CASE("thread team: a build without threads says so") {
    const auto refused = thread_team::create(2);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == error_code::bad_argument);
    CHECK(std::string_view(refused.error().message()).find("built without threads") != std::string_view::npos);
    CHECK(thread_team::bytes_needed(2) == 0);
    const auto standard = thread_team::create_for(0, 4);
    REQUIRE(standard);
    CHECK(size_of(standard->get()) == 1);
}

#endif

} // namespace
