#include <llmzero/kernels/arm1176_weights.hpp>

#include <doctest/doctest.h>

#if LLMZERO_HAS_ARM1176

#    include "support/numbers.hpp"

#    include <algorithm>
#    include <cmath>
#    include <limits>
#    include <vector>

using namespace llmzero;

namespace {

namespace arm_weights = kernels::arm1176::detail;

TEST_CASE("arm1176 weights: the largest, of either sign and at every place") {
    support::numbers random(80);
    for (const float offset : {-10.0f, 0.0f, 10.0f}) {
        for (std::size_t n = 1; n <= 13; ++n) {
            std::vector<float> z(n);
            for (std::size_t at = 0; at < n; ++at) {
                for (float & value : z) {
                    value = offset + random.uniform(-2.0f, 2.0f);
                }
                z[at] = offset + 3.0f;
                CHECK(arm_weights::largest_of(z.data(), n) == offset + 3.0f);
            }
        }
    }
}

TEST_CASE("arm1176 weights: sums become floats and meet their scales") {
    float z[16];
    float scales[16];
    for (int i = 0; i < 16; ++i) {
        z[i] = std::bit_cast<float>(std::int32_t{1000 * i - 7000});
        scales[i] = 0.5f * static_cast<float>(i + 1);
    }
    arm_weights::scale_sums(z, scales, 16);
    for (int i = 0; i < 16; ++i) {
        CHECK(z[i] == static_cast<float>(1000 * i - 7000) * scales[i]);
    }
}

TEST_CASE("arm1176 weights: powers within 1e-5, weights rounded to 15 bits, and their sum") {
    support::numbers random(81);
    for (const std::size_t n : {8u, 16u, 32u}) {
        for (const float spread : {0.01f, 1.0f, 12.0f, 200.0f}) {
            std::vector<float> z(n);
            std::vector<std::uint32_t> ratios(n / 2);
            std::vector<int> ratio(n);
            for (std::size_t i = 0; i < n; ++i) {
                z[i] = random.uniform(-spread, 0.0f);
                ratio[i] = random.integer(0, 32766);
                ratios[i / 2] |= static_cast<std::uint32_t>(ratio[i]) << (i % 2 * 16);
            }
            z[n - 1] = 0.0f;
            z[0] = -std::numeric_limits<float>::infinity();
            z[1] = -1000.0f;
            std::vector<std::uint32_t> pairs(3 * n / 2, 0x12345678u);
            const arm_weights::weigh_job job{z.data(),
                                             ratios.data(),
                                             pairs.data(),
                                             3 * sizeof(std::uint32_t),
                                             &arm_weights::powers,
                                             ratios.data() + n / 2 - 4,
                                             0.0f,
                                             1.25f,
                                             128.0f};
            const double sum = arm_weights::weigh(&job) * 0x1p-26;
            double expected = 0;
            for (std::size_t i = 0; i < n; ++i) {
                const double power = std::exp2(1.25 * static_cast<double>(z[i]));
                expected += power;
                const auto weight = static_cast<std::int16_t>(pairs[i / 2 * 3] >> (i % 2 * 16) & 0xffffu);
                REQUIRE(std::fabs(weight - power * ratio[i] / 2) < 0.75);
            }
            CHECK(std::fabs(sum - expected) < 2e-5 * expected);
            CHECK(pairs[1] == 0x12345678u);
        }
    }
}

} // namespace

#else

#    include <llmzero/kernels/select.hpp>

#    include <string_view>

TEST_CASE("arm1176 weights: is not in builds for other machines") {
    CHECK(llmzero::best_kernels().name != std::string_view("arm1176"));
}

#endif
