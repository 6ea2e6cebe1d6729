#include <llmzero/kernels/arm1176_quantise.hpp>

#include "arm1176_arrange.hpp"

#include <doctest/doctest.h>

#if LLMZERO_HAS_ARM1176

#    include "support/numbers.hpp"
#    include "support/scale.hpp"

#    include <cmath>
#    include <cstring>
#    include <limits>

using namespace llmzero;

namespace {

namespace arm = kernels::arm1176;

constexpr activation_kind integer_kinds[] = {activation_kind::eight, activation_kind::nibble_safe,
                                             activation_kind::threes};

// Every byte: codes through their factors, sums and scales.
void check_like_portable(const float * x) {
    for (const activation_kind kind : integer_kinds) {
        std::int16_t code[group_size];
        const float scale = quantise_group(kind, x, code);
        arm::activation_group expected{};
        arm::activation_group group{};
        support::arrange_group(kind, code, scale, expected);
        arm::quantise_group(kind, x, group);
        CAPTURE(kind);
        REQUIRE(std::memcmp(group.factor, expected.factor, sizeof group.factor) == 0);
        REQUIRE(group.start == expected.start);
        REQUIRE(group.scale == expected.scale);
        REQUIRE(group.small_scale == expected.small_scale);
        REQUIRE(group.sum == expected.sum);
        for (std::size_t h = 0; h < 2; ++h) {
            REQUIRE(group.half_sum[h] == expected.half_sum[h]);
            REQUIRE(group.half_start[h] == expected.half_start[h]);
        }
    }
    std::int16_t code[group_size];
    const float scale = quantise_group(activation_kind::sixes, x, code);
    arm::sixes_group expected{};
    arm::sixes_group group{};
    support::arrange_group(activation_kind::sixes, code, scale, expected);
    arm::quantise_group(activation_kind::sixes, x, group);
    REQUIRE(std::memcmp(group.factor, expected.factor, sizeof group.factor) == 0);
    REQUIRE(std::memcmp(group.half_start, expected.half_start, sizeof group.half_start) == 0);
    REQUIRE(group.scale == expected.scale);
}

TEST_CASE("arm1176 quantise: what the portable quantiser makes, arranged") {
    support::numbers random(70);
    const int groups = support::full_scale() ? 20000 : 3000;
    for (int n = 0; n < groups; ++n) {
        float x[group_size];
        const float magnitude = std::ldexp(1.0f, random.integer(-40, 40));
        for (float & value : x) {
            const float normal = random.normal();
            value = magnitude * (n % 3 == 0 ? normal * normal * normal : n % 3 == 1 ? normal : std::round(normal));
        }
        check_like_portable(x);
    }
}

TEST_CASE("arm1176 quantise: the largest number at every place, and groups that need the narrower range") {
    for (std::size_t at = 0; at < group_size; ++at) {
        for (const float value : {1.0f, -1.0f}) {
            float x[group_size] = {};
            x[at] = value;
            check_like_portable(x);
            for (const float next : {0.97f, -0.97f, 1.0f, -1.0f}) {
                x[(at + 1) % group_size] = next;
                check_like_portable(x);
            }
            for (float & other : x) {
                other = value;
            }
            x[at] = -value;
            check_like_portable(x);
        }
    }
}

// Codes whose 16 * x1 - x2 is at and just beyond what 16 bits carry.
TEST_CASE("arm1176 quantise: the bounds of the 4-bit form") {
    for (std::size_t at = 1; at < group_size; at += 4) {
        for (int x1 = -127; x1 <= 127; x1 += 254) {
            for (int x2 = -127; x2 <= 127; ++x2) {
                float x[group_size] = {};
                x[at] = static_cast<float>(x1);
                x[at + 1] = static_cast<float>(x2);
                check_like_portable(x);
            }
        }
    }
}

TEST_CASE("arm1176 quantise: zeros, infinities, NaN, and the ends of the range") {
    const float infinity = std::numeric_limits<float>::infinity();
    for (const float value : {0.0f, -0.0f, 1e-45f, 0.99e-30f, 1.01e-30f, 3.4e38f, -3.4e38f, infinity, -infinity,
                              std::numeric_limits<float>::quiet_NaN()}) {
        for (const std::size_t at : {0u, 15u, 31u}) {
            float x[group_size] = {};
            x[at] = value;
            check_like_portable(x);
        }
    }
}

} // namespace

#else

#    include <llmzero/kernels/select.hpp>

#    include <string_view>

TEST_CASE("arm1176 quantise: is not in builds for other machines") {
    CHECK(llmzero::best_kernels().name != std::string_view("arm1176"));
}

#endif
