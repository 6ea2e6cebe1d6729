#include "fat/pending_writes.hpp"

#include "fat/recording_device.hpp"

#include <doctest/doctest.h>
#include <vector>

TEST_CASE("pending writes: seen at once, written when asked for") {
    fat_test::recording_device below(std::vector<std::byte>(8 * fat::sector_bytes));
    fat::pending_writes pending(below);
    CHECK(pending.n_sectors() == 8);
    CHECK(pending.commit());
    CHECK(below.log.flushes.empty()); // nothing to do
    const std::vector<std::byte> two(2 * fat::sector_bytes, std::byte{5});
    REQUIRE(pending.write(3, two));
    REQUIRE(pending.write(4, std::span(two).first(fat::sector_bytes)));
    CHECK(!pending.write(7, two));
    CHECK(pending.n_pending() == 2);
    CHECK(pending.flush());
    CHECK(below.log.writes.empty());
    std::vector<std::byte> read(8 * fat::sector_bytes);
    REQUIRE(pending.read(0, read));
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK(read[i * fat::sector_bytes] == (i == 3 || i == 4 ? std::byte{5} : std::byte{0}));
    }
    REQUIRE(pending.commit());
    CHECK(below.log.writes.size() == 2);
    CHECK(below.log.flushes.size() == 1);
    CHECK(below.bytes()[3 * fat::sector_bytes] == std::byte{5});
    CHECK(pending.n_pending() == 0);
}

TEST_CASE("pending writes: errors of the disk come through") {
    fat_test::recording_device below(std::vector<std::byte>(8 * fat::sector_bytes));
    fat::pending_writes pending(below);
    fat::sector content = {};
    REQUIRE(pending.write(1, content));
    below.good_writes = 0;
    CHECK(!pending.commit());
    below.good_reads = 0;
    CHECK(!pending.read(0, content));
}
