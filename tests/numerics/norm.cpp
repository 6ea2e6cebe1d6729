#include <llmzero/numerics/norm.hpp>

#include "support/numbers.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

namespace {

std::vector<double> exact_rms_norm(const std::vector<float> & x, const std::vector<float> & weight, std::size_t n,
                                   float epsilon) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
        sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    }
    const double root = std::sqrt(sum / static_cast<double>(n) + static_cast<double>(epsilon));
    std::vector<double> out(n);
    for (std::size_t i = 0; i < n; ++i) {
        out[i] = static_cast<double>(x[i]) / root * static_cast<double>(weight[i]);
    }
    return out;
}

TEST_CASE("rms_norm: against double, for every tail length, apart and in place") {
    support::numbers random(6);
    for (const std::size_t n : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 15u, 16u, 17u, 64u, 288u, 575u, 576u}) {
        for (const float magnitude : {1e-4f, 1.0f, 1e4f}) {
            CAPTURE(n);
            CAPTURE(magnitude);
            std::vector<float> x(n + 1);
            std::vector<float> weight(n + 1);
            for (std::size_t i = 0; i <= n; ++i) {
                x[i] = random.normal() * magnitude;
                weight[i] = random.uniform(-2.0f, 2.0f);
            }
            const std::vector<double> expected = exact_rms_norm(x, weight, n, 1e-5f);
            std::vector<float> out(n + 1, 77.0f);
            rms_norm(x.data(), weight.data(), n, 1e-5f, out.data());
            const float beyond = x[n];
            for (std::size_t i = 0; i < n; ++i) {
                REQUIRE(std::fabs(static_cast<double>(out[i]) - expected[i]) <= 1e-6 * std::fabs(expected[i]));
            }
            CHECK(out[n] == 77.0f);
            rms_norm(x.data(), weight.data(), n, 1e-5f, x.data());
            for (std::size_t i = 0; i < n; ++i) {
                REQUIRE(x[i] == out[i]);
            }
            CHECK(x[n] == beyond);
        }
    }
}

TEST_CASE("rms_norm: every element counts") {
    for (std::size_t n = 1; n <= 25; ++n) {
        for (std::size_t at = 0; at < n; ++at) {
            std::vector<float> x(n, 0.0f);
            x[at] = -3.0f;
            const std::vector<float> weight(n, 2.0f);
            rms_norm(x.data(), weight.data(), n, 0.0f, x.data());
            for (std::size_t i = 0; i < n; ++i) {
                CHECK(x[i] ==
                      (i == at ? doctest::Approx(-2.0 * std::sqrt(static_cast<double>(n))) : doctest::Approx(0)));
            }
        }
    }
}

TEST_CASE("rms_norm: epsilon keeps zeros zero, and is added to the mean") {
    std::vector<float> x(9, 0.0f);
    const std::vector<float> weight(9, 1.0f);
    rms_norm(x.data(), weight.data(), 9, 1e-5f, x.data());
    for (const float value : x) {
        CHECK(value == 0.0f);
    }
    std::vector<float> small(9, 1e-3f);
    rms_norm(small.data(), weight.data(), 9, 3e-6f, small.data());
    for (const float value : small) {
        CHECK(value == doctest::Approx(0.5)); // 1e-3 / sqrt(1e-6 + 3e-6)
    }
}

} // namespace
