#include <llmzero/numerics/softmax.hpp>

#include "support/numbers.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <vector>

using namespace llmzero;

namespace {

void check_softmax(std::vector<float> x) {
    const std::size_t n = x.size() - 1; // the last one is a guard
    const float guard = x[n];
    double largest = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < n; ++i) {
        largest = std::max(largest, static_cast<double>(x[i]));
    }
    std::vector<double> expected(n);
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
        expected[i] = std::exp(static_cast<double>(x[i]) - largest);
        sum += expected[i];
    }
    softmax(x.data(), n);
    double total = 0;
    for (std::size_t i = 0; i < n; ++i) {
        // Subtracting the largest value in float costs half a unit of its last place: an error of the exponent.
        const double bound = 1e-6 + 6e-8 * std::fmin(87.0, std::fabs(std::log(expected[i] + 1e-300)));
        REQUIRE(std::fabs(static_cast<double>(x[i]) - expected[i] / sum) <= bound * expected[i] / sum + 1.3e-38);
        total += static_cast<double>(x[i]);
    }
    CHECK(std::fabs(total - 1.0) < 1e-6);
    CHECK(x[n] == guard);
}

TEST_CASE("softmax: against double") {
    support::numbers random(7);
    for (const std::size_t n : {1u, 2u, 3u, 7u, 8u, 9u, 64u, 576u}) {
        for (const float spread : {0.0f, 0.1f, 1.0f, 20.0f, 80.0f}) {
            CAPTURE(n);
            CAPTURE(spread);
            std::vector<float> x(n + 1);
            for (float & value : x) {
                value = random.uniform(-spread, spread);
            }
            x[n] = 1000.0f;
            check_softmax(x);
        }
    }
}

TEST_CASE("softmax: of one value it is 1, whatever the value") {
    for (float value : {0.0f, -3.0f, 1e38f, -1e38f, std::numeric_limits<float>::denorm_min()}) {
        softmax(&value, 1);
        CHECK(value == 1.0f);
    }
}

TEST_CASE("softmax: huge values do not overflow") {
    std::vector<float> x = {3e38f, -3e38f, 3e38f, 0.0f};
    softmax(x.data(), 4);
    CHECK(x[0] == 0.5f);
    CHECK(x[1] == 0.0f);
    CHECK(x[2] == 0.5f);
    CHECK(x[3] == 0.0f);
    std::vector<float> low = {-3e38f, -3e38f, -3e38f, -3e38f};
    softmax(low.data(), 4);
    for (const float value : low) {
        CHECK(value == 0.25f);
    }
}

TEST_CASE("softmax: minus infinity hides a value") {
    std::vector<float> x = {1.0f, -std::numeric_limits<float>::infinity(), 1.0f};
    softmax(x.data(), 3);
    CHECK(x[0] == 0.5f);
    CHECK(x[1] == 0.0f);
    CHECK(x[2] == 0.5f);
}

TEST_CASE("softmax: the largest value is found wherever it is") {
    for (std::size_t n = 1; n <= 20; ++n) {
        for (std::size_t at = 0; at < n; ++at) {
            std::vector<float> x(n, 0.0f);
            x[at] = 200.0f;
            softmax(x.data(), n);
            for (std::size_t i = 0; i < n; ++i) {
                CHECK(x[i] == (i == at ? 1.0f : 0.0f));
            }
        }
    }
}

} // namespace
