#include <llmzero/base/sharing_pause.hpp>

#include <chrono>
#include <doctest/doctest.h>

using namespace llmzero;
using namespace std::chrono_literals;

namespace {

using pause_time = sharing_pause::time;

constexpr pause_time pause_start{1h};

TEST_CASE("sharing pause: none until somebody had to wait, and none for waits that belong to the work") {
    sharing_pause pause;
    CHECK(pause.is_over({}));
    CHECK(pause.is_over(pause_start));
    pause.look_back(pause_start, pause_start + 10us,
                    pause_start + 10us + sharing_pause::least_stall - 1us); // too short
    CHECK(pause.is_over(pause_start + 400us));
    pause.look_back(pause_start, pause_start + 10ms, pause_start + 29ms); // not long for such work
    CHECK(pause.is_over(pause_start + 29ms));
}

TEST_CASE("sharing pause: a stall begins one, which ends") {
    sharing_pause pause;
    pause.look_back(pause_start, pause_start + 10us, pause_start + 4ms);
    CHECK_FALSE(pause.is_over(pause_start + 4ms));
    CHECK_FALSE(pause.is_over(pause_start + 4ms + sharing_pause::shortest - 1us));
    CHECK(pause.is_over(pause_start + 4ms + sharing_pause::shortest));
}

TEST_CASE("sharing pause: other reasons count like a stall") {
    sharing_pause pause;
    pause.begin(pause_start);
    CHECK_FALSE(pause.is_over(pause_start));
    pause.begin(pause_start + sharing_pause::shortest);
    CHECK_FALSE(pause.is_over(pause_start + 2 * sharing_pause::shortest));
    CHECK(pause.is_over(pause_start + 3 * sharing_pause::shortest));
}

TEST_CASE("sharing pause: on a busy machine they grow up to a limit, and are short again when it was quiet") {
    sharing_pause pause;
    pause_time now = pause_start;
    const auto stall = [&] {
        pause.look_back(now, now + 10us, now + 4ms);
        now += 4ms;
        const pause_time begun = now;
        while (!pause.is_over(now)) {
            now += 1ms;
        }
        return now - begun;
    };
    CHECK(stall() == 25ms);
    CHECK(stall() == 50ms);
    now += 7 * 50ms;
    CHECK(stall() == 100ms);
    for (int i = 0; i < 10; ++i) {
        stall();
    }
    CHECK(stall() == sharing_pause::longest);
    now += 8 * sharing_pause::longest;
    CHECK(stall() == sharing_pause::shortest);
}

} // namespace
