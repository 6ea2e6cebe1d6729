#include "cli/seed.hpp"

#include <doctest/doctest.h>
#include <set>

TEST_CASE("seeds differ, and fit in 32 bits") {
    std::set<std::uint64_t> seeds;
    for (int i = 0; i < 20; ++i) {
        seeds.insert(cli::draw_seed());
    }
    CHECK(seeds.size() > 15);
    CHECK(*seeds.rbegin() <= 0xffffffffu);
}
