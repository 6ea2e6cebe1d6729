#include "board/supervisor.hpp"

#include <csignal>
#include <doctest/doctest.h>
#include <string>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;

namespace {

constexpr board::supervision brisk = {300ms, 1ms, 10ms};

// The deaths of a service until there were `n`, or until it ended as it should.
std::vector<std::string> deaths_of(const board::supervisor::service_function & service, std::size_t n) {
    std::vector<std::string> deaths;
    board::supervisor(brisk).run(service, [&](const std::string & death) {
        if (!death.empty()) {
            deaths.push_back(death);
        }
        return deaths.size() < n;
    });
    return deaths;
}

} // namespace

TEST_CASE("supervisor: a service that ends as it should is not started again") {
    CHECK(deaths_of([](const board::heartbeat &) { return 0; }, 2).empty());
}

TEST_CASE("supervisor: one that crashes or fails is started again") {
    const auto crash = [](const board::heartbeat &) {
        std::signal(SIGTERM, SIG_DFL);
        ::raise(SIGTERM);
        return 0;
    };
    CHECK(deaths_of(crash, 2) == std::vector<std::string>{"signal 15", "signal 15"});
    CHECK(deaths_of([](const board::heartbeat &) { return 3; }, 1) == std::vector<std::string>{"exit status 3"});
}

TEST_CASE("supervisor: one that is silent is ended, one that is slow is not") {
    const auto hang = [](const board::heartbeat &) {
        for (;;) {
            ::pause();
        }
        return 0;
    };
    CHECK(deaths_of(hang, 1) == std::vector<std::string>{"it was silent and was ended"});
    const auto slow = [](const board::heartbeat & heart) {
        for (int i = 0; i < 8; ++i) { // longer than a silence in all
            std::this_thread::sleep_for(60ms);
            heart.beat();
        }
        return 0;
    };
    CHECK(deaths_of(slow, 1).empty());
}

TEST_CASE("supervisor: it can be told to end, and asks while the service runs") {
    int n_asked = 0;
    const auto run = [](const board::heartbeat & heart) {
        for (;;) {
            std::this_thread::sleep_for(5ms);
            heart.beat();
        }
        return 0;
    };
    board::supervisor(brisk).run(run, [&](const std::string &) { return ++n_asked < 4; });
    CHECK(n_asked == 4);
}
