#include "fat/little_endian.hpp"

#include <array>
#include <doctest/doctest.h>

TEST_CASE("little endian: numbers go in and come out at any place") {
    std::array<std::byte, 8> bytes = {};
    fat::store<std::uint32_t>(bytes, 1, 0x12345678);
    fat::store<std::uint16_t>(bytes, 5, 0xabcd);
    fat::store<std::uint8_t>(bytes, 7, 0xff);
    CHECK(bytes[0] == std::byte{0});
    CHECK(bytes[1] == std::byte{0x78});
    CHECK(bytes[4] == std::byte{0x12});
    CHECK(bytes[5] == std::byte{0xcd});
    CHECK(fat::load<std::uint32_t>(bytes, 1) == 0x12345678);
    CHECK(fat::load<std::uint16_t>(bytes, 5) == 0xabcd);
    CHECK(fat::load<std::uint8_t>(bytes, 7) == 0xff);
}
