#include <llmzero/numerics/gelu.hpp>

#include "support/numbers.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <vector>

using namespace llmzero;

namespace {

// By the formula with tanh; where 1 + tanh(y) cancels, by its equal without.
double exact_gelu(float value) {
    const auto x = static_cast<double>(value);
    const double y = std::sqrt(2.0 / std::acos(-1.0)) * (x + 0.044715 * x * x * x);
    return y > -5.0 ? 0.5 * x * (1.0 + std::tanh(y)) : x * std::exp(2.0 * y) / (1.0 + std::exp(2.0 * y));
}

// The exponent of the exponential has a rounding error of its own size, so that of the result grows with it; below
// e^-87 there is nothing.
double allowed(float x, double expected) {
    const auto magnitude = std::fabs(static_cast<double>(x));
    const double exponent = x < 0 ? 1.6 * magnitude * (1.0 + 0.044715 * magnitude * magnitude) : 0.0;
    return (6e-7 + 2.5e-7 * exponent) * std::fabs(expected) + 1e-36;
}

TEST_CASE("gelu: against double, over the whole range where it bends") {
    for (float x = -8.0f; x <= 8.0f; x += 1.0f / 512.0f) {
        const double expected = exact_gelu(x);
        CAPTURE(x);
        REQUIRE(std::fabs(static_cast<double>(gelu(x)) - expected) <= allowed(x, expected));
    }
}

TEST_CASE("gelu: known values of the tanh form") {
    // 0.5 * (1 + tanh(0.7978845608 * 1.044715)) and the like, from the definition with 15 digits.
    CHECK(gelu(1.0f) == doctest::Approx(0.841191990608277).epsilon(1e-6));
    CHECK(gelu(-1.0f) == doctest::Approx(-0.158808009391723).epsilon(1e-6));
    CHECK(gelu(2.0f) == doctest::Approx(1.954597694087775).epsilon(1e-6));
}

TEST_CASE("geglu: against double, in place") {
    support::numbers random(9);
    for (const std::size_t n : {1u, 2u, 3u, 7u, 8u, 9u, 64u, 1024u}) {
        for (const float spread : {0.01f, 1.0f, 5.0f}) {
            CAPTURE(n);
            CAPTURE(spread);
            std::vector<float> gate(n + 1);
            std::vector<float> up(n + 1);
            for (std::size_t i = 0; i <= n; ++i) {
                gate[i] = random.uniform(-spread, spread);
                up[i] = random.normal();
            }
            const std::vector<float> before = gate;
            const std::vector<float> up_before = up;
            geglu(gate.data(), up.data(), n);
            for (std::size_t i = 0; i < n; ++i) {
                const double factor = static_cast<double>(up[i]);
                const double expected = exact_gelu(before[i]);
                REQUIRE(std::fabs(static_cast<double>(gate[i]) - expected * factor) <=
                        (allowed(before[i], expected) + 2e-7 * std::fabs(expected)) * std::fabs(factor) + 1e-36);
            }
            CHECK(gate[n] == before[n]);
            CHECK(up == up_before);
        }
    }
}

TEST_CASE("gelu: far from zero it is its argument, or nothing") {
    CHECK(gelu(100.0f) == 100.0f);
    CHECK(gelu(1e30f) == 1e30f); // its cube is infinite
    CHECK(std::fabs(gelu(-100.0f)) < 1e-35f);
    CHECK(std::fabs(gelu(-1e30f)) < 1e-7f); // the exponential stays at 3.3e38
    CHECK(gelu(0.0f) == 0.0f);
    CHECK(gelu(-0.0f) == 0.0f);
    CHECK(std::isnan(gelu(std::numeric_limits<float>::quiet_NaN())));
}

} // namespace
