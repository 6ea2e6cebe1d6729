#include <llmzero/base/checked.hpp>

#include <doctest/doctest.h>

using namespace llmzero;

namespace {

// Every pair of 8-bit numbers, against arithmetic that cannot wrap.
TEST_CASE("checked: sums and products of all bytes are exact or refused") {
    for (unsigned a = 0; a < 256; ++a) {
        for (unsigned b = 0; b < 256; ++b) {
            const auto x = static_cast<std::uint8_t>(a);
            const auto y = static_cast<std::uint8_t>(b);
            const auto sum = checked_add(x, y);
            const auto product = checked_multiply(x, y);
            REQUIRE(sum.has_value() == (a + b < 256));
            REQUIRE(product.has_value() == (a * b < 256));
            REQUIRE((!sum || *sum == a + b));
            REQUIRE((!product || *product == a * b));
        }
    }
}

TEST_CASE("checked: 64-bit products that wrap to a small number are refused") {
    const std::uint64_t two_32 = std::uint64_t{1} << 32;
    CHECK_FALSE(checked_multiply(two_32, two_32));            // wraps to 0
    CHECK_FALSE(checked_multiply(std::uint64_t{1} << 62, 4)); // wraps to 0
    CHECK_FALSE(checked_multiply(two_32 + 1, two_32));        // wraps to 2^32
    CHECK(checked_multiply(two_32, two_32 - 1) == two_32 * (two_32 - 1));
    CHECK(checked_multiply(std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max()) == std::uint64_t{0});
    CHECK_FALSE(checked_add(std::numeric_limits<std::uint64_t>::max(), 1));
    CHECK(checked_add(std::numeric_limits<std::uint64_t>::max() - 1, 1) == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("checked: alignment goes up to the next multiple, or is refused") {
    for (unsigned value = 0; value < 256; ++value) {
        for (const unsigned alignment : {1u, 2u, 4u, 32u, 128u}) {
            const unsigned expected = (value + alignment - 1) / alignment * alignment;
            const auto aligned = checked_align(static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(alignment));
            REQUIRE(aligned.has_value() == (value + alignment - 1 < 256));
            REQUIRE((!aligned || *aligned == expected));
        }
    }
    CHECK(checked_align(std::uint64_t{1}, 65536) == std::uint64_t{65536});
    CHECK_FALSE(checked_align(std::numeric_limits<std::uint64_t>::max() - 5, 32));
}

TEST_CASE("checked: to_size holds what a pointer difference can hold") {
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::ptrdiff_t>::max());
    CHECK(to_size(0) == std::size_t{0});
    CHECK(to_size(most) == static_cast<std::size_t>(most));
    CHECK_FALSE(to_size(most + 1));
    CHECK_FALSE(to_size(std::numeric_limits<std::uint64_t>::max()));
}

static_assert(checked_add(std::uint32_t{1}, 2) == std::uint32_t{3}, "usable in constant expressions");

} // namespace
