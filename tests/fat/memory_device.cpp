#include "fat/memory_device.hpp"

#include <doctest/doctest.h>
#include <vector>

TEST_CASE("memory device: what is written is read") {
    fat::memory_device device(3);
    const std::vector<std::byte> written(2 * fat::sector_bytes, std::byte{7});
    REQUIRE(device.write(1, written));
    std::vector<std::byte> read(3 * fat::sector_bytes, std::byte{1});
    REQUIRE(device.read(0, read));
    CHECK(read.front() == std::byte{0});
    CHECK(read[511] == std::byte{0});
    CHECK(read[512] == std::byte{7});
    CHECK(read.back() == std::byte{7});
    CHECK(device.bytes()[512] == std::byte{7});
}

TEST_CASE("memory device: of content with a rest the whole sectors") {
    CHECK(fat::memory_device(std::vector<std::byte>(1300)).n_sectors() == 2);
    CHECK(fat::memory_device(std::vector<std::byte>(100)).n_sectors() == 0);
}
