#include <llmzero/base/wake_point.hpp>

#include <doctest/doctest.h>

#if LLMZERO_HAS_THREADS

#    include "support/scale.hpp"

#    include <atomic>
#    include <thread>

using namespace llmzero;

namespace {

TEST_CASE("wake point: what is true already is not waited for") {
    wake_point point;
    int asked = 0;
    point.wait([&] {
        ++asked;
        return true;
    });
    CHECK(asked == 1);
    point.wake(); // nobody is there
}

TEST_CASE("wake point: who sleeps is woken") {
    wake_point point;
    std::atomic<int> state{0};
    std::thread sleeper([&] {
        point.wait([&] { return state.load() == 1; });
        state.store(2);
        point.wake();
    });
    std::this_thread::sleep_for(10 * wake_point::watch_time);
    state.store(1);
    point.wake();
    point.wait([&] { return state.load() == 2; });
    sleeper.join();
    CHECK(state.load() == 2);
}

// Each waits for the other's turn to end, now and then so late that the other sleeps.
TEST_CASE("wake point: nobody sleeps through a change") {
    wake_point points[2];
    std::atomic<int> turn{0};
    const int turns = support::full_scale() ? 4000 : 1000;
    const auto play = [&](int me) {
        for (int n = me; n < turns; n += 2) {
            points[me].wait([&] { return turn.load() == n; });
            if (n % 200 < 2) {
                std::this_thread::sleep_for(2 * wake_point::watch_time);
            }
            turn.store(n + 1);
            points[1 - me].wake();
        }
    };
    std::thread other(play, 1);
    play(0);
    other.join();
    CHECK(turn.load() == turns);
}

} // namespace

#else

TEST_CASE("wake point: not in a build without threads") {
    CHECK(LLMZERO_HAS_THREADS == 0);
}

#endif
