#include <llmzero/base/cores.hpp>

#include <doctest/doctest.h>
#include <set>
#include <string>
#include <vector>

#if defined(__linux__)
#    include <sched.h>
#endif

using namespace llmzero;

namespace {

// `cores`: the list of each processor's core, as Linux writes it.
std::uint32_t cores_of(const std::vector<std::string> & cores, const std::set<int> & allowed,
                       std::uint32_t most = 100) {
    return detail::count_cores(
        static_cast<int>(cores.size()), most, [&](int processor) { return allowed.count(processor) == 1; },
        [&](int processor) { return cores[static_cast<std::size_t>(processor)].c_str(); });
}

TEST_CASE("cores: hardware threads of a core count once") {
    const std::vector<std::string> apart = {"0,4\n", "1,5\n", "2,6\n", "3,7\n", "0,4\n", "1,5\n", "2,6\n", "3,7\n"};
    const std::vector<std::string> beside = {"0-1\n", "0-1\n", "2-3\n", "2-3\n"};
    CHECK(cores_of(apart, {0, 1, 2, 3, 4, 5, 6, 7}) == 4);
    CHECK(cores_of(beside, {0, 1, 2, 3}) == 2);
    CHECK(cores_of({"0-3,8-11", "0-3,8-11", "0-3,8-11"}, {0, 1, 2}) == 1);
    CHECK(cores_of({"0", "1", "2"}, {0, 1, 2}) == 3);
}

TEST_CASE("cores: processors that the process may not use do not count") {
    const std::vector<std::string> apart = {"0,3", "1,4", "2,5", "0,3", "1,4", "2,5"};
    CHECK(cores_of(apart, {0, 1}) == 2);
    CHECK(cores_of(apart, {0, 3}) == 1);
    CHECK(cores_of(apart, {3, 4, 5}) == 3); // the first threads of their cores are not allowed
    CHECK(cores_of({"0-3", "0-3", "0-3", "0-3"}, {2, 3}) == 1);
    CHECK(cores_of(apart, {}) == 0);
}

TEST_CASE("cores: what the system does not say, and nonsense") {
    CHECK(cores_of({"", "", ""}, {0, 2}) == 2);
    CHECK(cores_of({"x", ",", "-"}, {0, 1, 2}) == 3);
    CHECK(cores_of({"99999999999999999999", "0-99999999"}, {0, 1}) == 1);
    CHECK(cores_of({"7", "7"}, {0, 1}) == 2);
}

TEST_CASE("cores: no more than asked for") {
    CHECK(cores_of({"", "", "", ""}, {0, 1, 2, 3}, 3) == 3);
    CHECK(usable_cores(1) == 1);
    CHECK(usable_cores(0) == 1);
    const std::uint32_t all = usable_cores(1000);
    CHECK(all >= 1);
    CHECK(usable_cores(2) <= 2);
    CHECK(usable_cores(all) == all);
    if (LLMZERO_HAS_THREADS == 0) {
        CHECK(all == 1);
    }
}

TEST_CASE("cores: threads of a model by its size, and by its speed") {
    CHECK(default_threads(10'000'000) == usable_cores(4));
    CHECK(default_threads(300'000'000) == usable_cores(thread_team::max_threads));
    CHECK(default_threads(10'000'000, 60) == usable_cores(4));
    CHECK(default_threads(5'000'000, 60) == 1);
    CHECK(default_threads(5'000'000, 4) == usable_cores(4));
    CHECK(default_threads(0, 1) == 1);
}

#if defined(__linux__)
TEST_CASE("cores: the affinity mask counts") {
    cpu_set_t before;
    if (sched_getaffinity(0, sizeof before, &before) != 0) {
        MESSAGE("not tested: no affinity mask here");
        return;
    }
    cpu_set_t one;
    CPU_ZERO(&one);
    for (std::size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i) {
        if (CPU_ISSET(i, &before)) {
            CPU_SET(i, &one);
        }
    }
    REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK(usable_cores(1000) == 1);
    REQUIRE(sched_setaffinity(0, sizeof before, &before) == 0);
}
#endif

} // namespace
