// That attention agrees with double is tested in kernel_set.cpp, for every shape; here, its exponential and its sums.
#include <llmzero/kernels/neon_attention.hpp>

#include "support/numbers.hpp"

#include <cmath>
#include <cstdint>
#include <doctest/doctest.h>
#include <limits>
#include <vector>

using namespace llmzero;

namespace {

#if LLMZERO_HAS_NEON

TEST_CASE("neon attention: weights are powers of e, as exact as floats, and come with their sum") {
    std::vector<float> x;
    for (int i = 0; i <= 4000; ++i) {
        x.push_back(-0.025f * static_cast<float>(i));
    }
    x.push_back(-std::numeric_limits<float>::infinity());
    x.push_back(-3e38f);
    std::vector<float> weights = x;
    const float sum = kernels::neon::detail::weigh(weights.data(), weights.size());
    double exact_sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double exact = std::exp(static_cast<double>(x[i]));
        exact_sum += exact;
        CAPTURE(x[i]);
        if (x[i] < -87.3f) {
            REQUIRE(weights[i] == 0.0f);
        } else {
            REQUIRE(std::fabs(static_cast<double>(weights[i]) - exact) <= 3e-7 * exact);
        }
    }
    CHECK(static_cast<double>(sum) == doctest::Approx(exact_sum).epsilon(1e-6));
}

TEST_CASE("neon attention: of weights the largest is 1, however large they all are; a NaN stays one") {
    for (const std::size_t n : {1u, 5u, 8u, 19u}) {
        std::vector<float> x(n, 1e30f);
        x[n / 2] = 2e30f;
        CHECK(kernels::neon::detail::weigh(x.data(), n) == 1.0f);
        CHECK(x[n / 2] == 1.0f);
    }
    std::vector<float> x(16, 1.0f);
    x[3] = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(kernels::neon::detail::weigh(x.data(), 16)));
}

TEST_CASE("neon attention: sums of values of any head, and nothing beside them") {
    support::numbers random(91);
    constexpr std::size_t n = 7;
    for (std::size_t head_dim = 1; head_dim <= 150; head_dim += head_dim < 18 ? 1 : 11) {
        CAPTURE(head_dim);
        std::vector<float> weight(n);
        for (float & w : weight) {
            w = random.uniform(0.0f, 1.0f);
        }
        std::vector<float> values(n * head_dim);
        std::vector<std::int8_t> codes(n * head_dim);
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] = random.normal();
            codes[i] = static_cast<std::int8_t>(random.integer(-127, 127));
        }
        std::vector<float> out(head_dim + 1, 77.0f);
        std::vector<float> out_codes(head_dim + 1, 77.0f);
        kernels::neon::detail::add_all_values(weight.data(), values.data(), n, head_dim, out.data());
        kernels::neon::detail::add_all_values(weight.data(), codes.data(), n, head_dim, out_codes.data());
        for (std::size_t i = 0; i < head_dim; ++i) {
            double sum = 0;
            double sum_codes = 0;
            for (std::size_t t = 0; t < n; ++t) {
                sum += static_cast<double>(weight[t]) * static_cast<double>(values[t * head_dim + i]);
                sum_codes += static_cast<double>(weight[t]) * codes[t * head_dim + i];
            }
            REQUIRE(std::fabs(static_cast<double>(out[i]) - sum) < 1e-5);
            REQUIRE(std::fabs(static_cast<double>(out_codes[i]) - sum_codes) < 1e-3);
        }
        CHECK(out[head_dim] == 77.0f);
        CHECK(out_codes[head_dim] == 77.0f);
    }
}

#else

TEST_CASE("neon attention: not on other machines") {
    CHECK(LLMZERO_HAS_NEON == 0);
}

#endif

} // namespace
