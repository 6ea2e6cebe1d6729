#include <llmzero/base/f16.hpp>

#include <cmath>
#include <doctest/doctest.h>
#include <limits>

using namespace llmzero;

namespace {

// The definition of binary16, in double: exact.
double value_of_half(std::uint16_t half) {
    const int exponent = half >> 10 & 31;
    const int fraction = half & 1023;
    double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    if (exponent == 31) {
        magnitude = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    }
    return half & 0x8000 ? -magnitude : magnitude;
}

TEST_CASE("f16: all 65536 halves convert exactly and return unchanged") {
    for (std::uint32_t i = 0; i < 65536; ++i) {
        const auto half = static_cast<std::uint16_t>(i);
        const float value = f16_to_f32(half);
        const double expected = value_of_half(half);
        if (std::isnan(expected)) {
            REQUIRE(std::isnan(value));
            REQUIRE(std::isnan(f16_to_f32(f32_to_f16(value))));
            continue;
        }
        REQUIRE(static_cast<double>(value) == expected);
        REQUIRE(std::signbit(value) == (half >= 0x8000));
        REQUIRE(f32_to_f16(value) == half);
    }
}

// Between each half and the next one up: the middle goes to the even one, its neighbours to the nearest.
TEST_CASE("f16: rounds to nearest, ties to even") {
    for (std::uint32_t i = 0; i < 0x7bff; ++i) {
        const auto lower = static_cast<std::uint16_t>(i);
        const auto upper = static_cast<std::uint16_t>(i + 1);
        const float middle = (f16_to_f32(lower) + f16_to_f32(upper)) / 2; // exact: one bit more than a half has
        const std::uint16_t even = lower % 2 == 0 ? lower : upper;
        REQUIRE(f32_to_f16(middle) == even);
        REQUIRE(f32_to_f16(std::nextafter(middle, 0.0f)) == lower);
        REQUIRE(f32_to_f16(std::nextafter(middle, 1e9f)) == upper);
        REQUIRE(f32_to_f16(-middle) == (even | 0x8000));
    }
}

TEST_CASE("f16: what is too large becomes infinity, from the middle above 65504 on") {
    CHECK(f32_to_f16(65504.0f) == 0x7bff);
    CHECK(f32_to_f16(std::nextafter(65520.0f, 0.0f)) == 0x7bff);
    CHECK(f32_to_f16(65520.0f) == 0x7c00);
    CHECK(f32_to_f16(65536.0f) == 0x7c00);
    CHECK(f32_to_f16(std::numeric_limits<float>::max()) == 0x7c00);
    CHECK(f32_to_f16(-std::numeric_limits<float>::infinity()) == 0xfc00);
}

TEST_CASE("f16: what is too small becomes zero with its sign") {
    CHECK(f32_to_f16(0x1p-25f) == 0); // the middle between 0 and the smallest half
    CHECK(f32_to_f16(std::nextafter(0x1p-25f, 1.0f)) == 1);
    CHECK(f32_to_f16(-std::numeric_limits<float>::denorm_min()) == 0x8000);
}

TEST_CASE("bf16: the upper half of a float, rounded to nearest, ties to even") {
    for (std::uint32_t i = 0; i < 65536; ++i) {
        const auto upper = static_cast<std::uint16_t>(i);
        const float value = bf16_to_f32(upper);
        if (std::isnan(value)) {
            REQUIRE(std::isnan(bf16_to_f32(f32_to_bf16(value))));
            continue;
        }
        REQUIRE(std::bit_cast<std::uint32_t>(value) == i << 16);
        REQUIRE(f32_to_bf16(value) == upper);
        if ((upper & 0x7fff) < 0x7f80) {
            const float middle = std::bit_cast<float>(i << 16 | 0x8000u);
            REQUIRE(f32_to_bf16(middle) == (i % 2 == 0 ? i : i + 1));
            REQUIRE(f32_to_bf16(std::bit_cast<float>(i << 16 | 0x7fffu)) == upper);
            REQUIRE(f32_to_bf16(std::bit_cast<float>(i << 16 | 0x8001u)) == i + 1);
        }
    }
    // A NaN whose set bits are all in the part that is cut off.
    CHECK(std::isnan(bf16_to_f32(f32_to_bf16(std::bit_cast<float>(0x7f800001u)))));
}

static_assert(f16_to_f32(0x3c00) == 1.0f && f32_to_f16(1.0f) == 0x3c00, "usable in constant expressions");

} // namespace
