#include <llmzero/base/f16.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include "support/numbers.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <limits>

using namespace llmzero;

namespace {

// Each step in double, where it is exact or as good as exact, and then rounded to float.
float scaled_code(const weight_group & group, std::size_t i) {
    const volatile auto product = static_cast<float>(static_cast<double>(group.scale) * group.code[i]);
    const volatile auto sum = static_cast<float>(static_cast<double>(product) + static_cast<double>(group.offset));
    return sum;
}

TEST_CASE("weight group: scale * code is rounded, then the offset is added and rounded") {
    support::numbers random(1);
    int separately_rounded = 0;
    for (int n = 0; n < 500; ++n) {
        weight_group group{};
        group.scale = random.normal() * 0.01f;
        group.offset = n % 4 == 0 ? 0.0f : random.normal() * 0.1f;
        for (std::size_t i = 0; i < group_size; ++i) {
            group.code[i] = static_cast<std::int8_t>(random.integer(-128, 127));
        }
        float weights[group_size + 1];
        weights[group_size] = 77.0f;
        dequantise(group, weights);
        for (std::size_t i = 0; i < group_size; ++i) {
            const float expected = scaled_code(group, i);
            REQUIRE(weights[i] == expected);
            const double at_once = static_cast<double>(group.scale) * group.code[i] + static_cast<double>(group.offset);
            separately_rounded += static_cast<float>(at_once) != expected ? 1 : 0;
        }
        CHECK(weights[group_size] == 77.0f);
    }
    CHECK(separately_rounded > 1000); // the order of the roundings was put to the test
}

TEST_CASE("weight group: factors of the halves multiply scale and offset exactly") {
    support::numbers random(4);
    for (int factor = -128; factor <= 127; ++factor) {
        weight_group group{};
        group.scale = f16_to_f32(f32_to_f16(random.normal() * 0.01f));
        group.offset = f16_to_f32(f32_to_f16(random.normal() * 0.1f));
        group.half_scale[0] = group.half_offset[1] = static_cast<std::int8_t>(factor);
        group.half_scale[1] = group.half_offset[0] = static_cast<std::int8_t>(-1 - factor);
        for (std::int8_t & code : group.code) {
            code = static_cast<std::int8_t>(random.integer(-32, 31));
        }
        float weights[group_size];
        dequantise(group, weights);
        for (std::size_t i = 0; i < group_size; ++i) {
            const double scale = static_cast<double>(group.scale) * (i < 16 ? factor : -1 - factor);
            const double offset = static_cast<double>(group.offset) * (i < 16 ? -1 - factor : factor);
            // The sum of two numbers that are exact in float is rounded once.
            REQUIRE(weights[i] == static_cast<float>(scale * group.code[i] + offset));
        }
    }
    weight_group group{};
    group.half_scale[0] = group.half_scale[1] = group.half_offset[0] = group.half_offset[1] = 9;
    set_scales(0.5f, 0.25f, &group);
    CHECK(group.scale == 0.5f);
    CHECK(group.offset == 0.25f);
    for (std::size_t h = 0; h < 2; ++h) {
        CHECK(group.half_scale[h] == 1);
        CHECK(group.half_offset[h] == 1);
    }
}

TEST_CASE("weight group: every code keeps its sign and place") {
    for (int code = -128; code <= 127; ++code) {
        weight_group group{};
        group.scale = 0.5f;
        group.offset = 3.0f;
        const auto at = static_cast<std::size_t>(code + 128) % group_size;
        group.code[at] = static_cast<std::int8_t>(code);
        float weights[group_size];
        dequantise(group, weights);
        CHECK(weights[at] == 0.5f * static_cast<float>(code) + 3.0f);
        CHECK(std::count(weights, weights + group_size, 3.0f) == (code == 0 ? 32 : 31));
    }
}

TEST_CASE("weight group: the smallest and largest scales of a file") {
    for (const float scale : {0x1p-24f, -0x1p-24f, 65504.0f, -65504.0f}) {
        weight_group group{};
        group.scale = scale;
        group.code[0] = -128;
        group.code[31] = 127;
        float weights[group_size];
        dequantise(group, weights);
        CHECK(weights[0] == scale * -128.0f);
        CHECK(weights[31] == scale * 127.0f);
    }
}

} // namespace
