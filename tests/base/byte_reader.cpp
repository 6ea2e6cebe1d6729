#include <llmzero/base/byte_reader.hpp>

#include <array>
#include <doctest/doctest.h>
#include <limits>

using namespace llmzero;

namespace {

constexpr std::array<unsigned char, 12> counting = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
                                                    0x07, 0x88, 0x99, 0xaa, 0xbb, 0xcc};

std::span<const std::byte> counting_bytes() {
    return std::as_bytes(std::span(counting));
}

TEST_CASE("byte_reader: numbers are little-endian, at any address") {
    CHECK(load_little_endian<std::uint32_t>(counting.data()) == 0x04030201u);
    CHECK(load_little_endian<std::uint16_t>(counting.data() + 1) == 0x0302u);
    CHECK(load_little_endian<std::uint64_t>(counting.data() + 3) == 0xbbaa998807060504u);
    CHECK(load_little_endian<std::int8_t>(counting.data() + 7) == -0x78);
    const unsigned char minus_two[] = {0xfe, 0xff, 0xff, 0xff};
    CHECK(load_little_endian<std::int32_t>(minus_two) == -2);
    const unsigned char one_and_a_half[] = {0, 0, 0xc0, 0x3f};
    CHECK(load_little_endian<float>(one_and_a_half) == 1.5f);
}

TEST_CASE("byte_reader: reads in order and counts what remains") {
    byte_reader reader(counting_bytes());
    CHECK(reader.remaining() == 12);
    std::uint32_t word = 0;
    std::uint16_t half = 0;
    REQUIRE(reader.read(word));
    CHECK(word == 0x04030201u);
    REQUIRE(reader.read(half));
    CHECK(half == 0x0605u);
    CHECK(reader.offset() == 6);
    CHECK(reader.remaining() == 6);
    std::span<const std::byte> view;
    REQUIRE(reader.read_bytes(2, view));
    CHECK(view.data() == counting_bytes().data() + 6);
    CHECK(view.size() == 2);
    CHECK(reader.offset() == 8);
}

TEST_CASE("byte_reader: refuses what does not remain, and then reads nothing") {
    byte_reader reader(counting_bytes());
    std::uint64_t word = 0;
    REQUIRE(reader.read(word));
    word = 42;
    CHECK_FALSE(reader.read(word)); // 4 bytes remain
    CHECK(word == 42);
    CHECK(reader.offset() == 8);
    std::span<const std::byte> view;
    CHECK_FALSE(reader.read_bytes(5, view));
    // Counts whose sum with the offset would wrap.
    CHECK_FALSE(reader.read_bytes(std::numeric_limits<std::uint64_t>::max(), view));
    CHECK_FALSE(reader.read_bytes(std::numeric_limits<std::uint64_t>::max() - 7, view));
    CHECK_FALSE(reader.read_bytes((std::uint64_t{1} << 32) + 4, view)); // 4 where size_t has 32 bits
    CHECK(view.empty());
    CHECK(reader.offset() == 8);
    REQUIRE(reader.read_bytes(4, view));
    CHECK(reader.remaining() == 0);
    CHECK(reader.read_bytes(0, view));
    std::uint8_t byte = 0;
    CHECK_FALSE(reader.read(byte));
}

TEST_CASE("byte_reader: an empty span has nothing") {
    byte_reader reader({});
    std::uint8_t byte = 0;
    CHECK_FALSE(reader.read(byte));
    std::span<const std::byte> view;
    CHECK(reader.read_bytes(0, view));
}

TEST_CASE("byte_reader: bytes are seen as text without a copy") {
    const char text[] = "abc";
    const std::string_view seen = as_text(std::as_bytes(std::span(text)).first(3));
    CHECK(seen == "abc");
    CHECK(seen.data() == text);
}

} // namespace
