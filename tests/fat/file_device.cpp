#include "fat/file_device.hpp"

#include "fat/host_tools.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <vector>

TEST_CASE("file device: a part of a file is the disk, the rest stays as it is") {
    const fat_test::scratch_folder scratch;
    const std::string path = scratch.path("disk");
    REQUIRE(fat_test::write_file(path, std::vector<std::byte>(10 * fat::sector_bytes + 5, std::byte{1})));
    {
        auto disk = fat::file_device::open(path, {.first_sector = 2, .n_sectors = 3});
        REQUIRE(disk);
        CHECK(disk->n_sectors() == 3);
        REQUIRE(disk->write(0, std::vector<std::byte>(3 * fat::sector_bytes, std::byte{2})));
        CHECK(disk->flush());
        CHECK(!disk->write(1, std::vector<std::byte>(3 * fat::sector_bytes, std::byte{3})));
        std::vector<std::byte> read(fat::sector_bytes);
        REQUIRE(disk->read(2, read));
        CHECK(read == std::vector<std::byte>(fat::sector_bytes, std::byte{2}));
        CHECK(!disk->read(3, read));
    }
    const auto bytes = fat_test::read_bytes(path);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const bool is_inside = i >= 2 * fat::sector_bytes && i < 5 * fat::sector_bytes;
        REQUIRE(bytes[i] == (is_inside ? std::byte{2} : std::byte{1}));
    }
    const auto whole = fat::file_device::open(path, {.first_sector = 2});
    REQUIRE(whole);
    CHECK(whole->n_sectors() == 8);
    const auto beyond = fat::file_device::open(path, {.first_sector = 8, .n_sectors = 3});
    REQUIRE(!beyond);
    CHECK(beyond.error().code() == llmzero::error_code::bad_argument);
    CHECK(!fat::file_device::open(path, {.first_sector = 11}));
}

TEST_CASE("file device: what cannot be opened, read or written is an error") {
    const fat_test::scratch_folder scratch;
    CHECK(!fat::file_device::open(scratch.path("none")));
    CHECK(!fat::file_device::open(scratch.path("."), {.writable = false}));
    CHECK(!fat::file_device::open("/dev/null"));
    const std::string path = scratch.path("disk");
    REQUIRE(fat_test::write_file(path, std::vector<std::byte>(4 * fat::sector_bytes)));
    auto disk = fat::file_device::open(path, {.writable = false});
    REQUIRE(disk);
    fat::sector content = {};
    CHECK(disk->read(0, content));
    const auto written = disk->write(0, content);
    REQUIRE(!written);
    CHECK(written.error().code() == llmzero::error_code::io);
    REQUIRE(truncate(path.c_str(), 600) == 0); // it becomes shorter while it is open
    CHECK(disk->read(0, content));
    CHECK(!disk->read(1, content));
}
