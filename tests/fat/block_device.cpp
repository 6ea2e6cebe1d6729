#include "fat/block_device.hpp"

#include "fat/memory_device.hpp"

#include <doctest/doctest.h>
#include <limits>
#include <vector>

TEST_CASE("block device: only whole sectors inside the device") {
    fat::memory_device device(4);
    std::vector<std::byte> bytes(2 * fat::sector_bytes);
    fat::block_device & disk = device;
    CHECK(disk.n_sectors() == 4);
    CHECK(disk.read(2, bytes));
    CHECK(disk.write(2, bytes));
    CHECK(disk.flush());
    for (const std::uint64_t first : {std::uint64_t{3}, std::uint64_t{5}, std::numeric_limits<std::uint64_t>::max()}) {
        const auto read = disk.read(first, bytes);
        REQUIRE(!read);
        CHECK(read.error().code() == llmzero::error_code::bad_argument);
        CHECK(!disk.write(first, bytes));
    }
    CHECK(!disk.read(0, std::span(bytes).first(511)));
    CHECK(!disk.write(0, std::span(bytes).first(513)));
    CHECK(disk.read(4, {}));
}
