// The figures that conformance is judged by, on numbers small enough to work out by hand.
#include "support/metrics.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <vector>

using doctest::Approx;

TEST_CASE("metrics: argmax is the lowest of equals, and nothing when a value is NaN") {
    CHECK(support::argmax(std::vector<float>{1, 3, 2}) == 1);
    CHECK(support::argmax(std::vector<float>{3, 1, 3}) == 0);
    CHECK(support::argmax(std::vector<float>{-5, -4}) == 1);
    CHECK(support::argmax(std::vector<float>{1, std::numeric_limits<float>::quiet_NaN(), 2}) == 3);
}

TEST_CASE("metrics: log-probability") {
    const std::vector<float> row = {0.0f, std::log(3.0f)};
    CHECK(support::log_probability(row, 0) == Approx(std::log(0.25)).epsilon(1e-6));
    CHECK(support::log_probability(row, 1) == Approx(std::log(0.75)).epsilon(1e-6));
    const std::vector<float> large = {1000.0f, 1000.0f}; // exp(1000) does not fit
    CHECK(support::log_probability(large, 0) == Approx(std::log(0.5)));
}

TEST_CASE("metrics: divergence") {
    const std::vector<float> even = {7.0f, 7.0f};
    const std::vector<float> one_to_three = {0.0f, std::log(3.0f)};
    const double expected = 0.5 * std::log(0.5 / 0.25) + 0.5 * std::log(0.5 / 0.75);
    CHECK(support::kl_divergence(even, one_to_three) == Approx(expected).epsilon(1e-6));
    const double other_way = 0.25 * std::log(0.25 / 0.5) + 0.75 * std::log(0.75 / 0.5);
    CHECK(support::kl_divergence(one_to_three, even) == Approx(other_way).epsilon(1e-6));
    CHECK(support::kl_divergence(even, even) == Approx(0.0));
}

TEST_CASE("metrics: rows are compared together") {
    support::comparison both;
    both.add(std::vector<float>{3, 4}, std::vector<float>{3, 5}); // error 1, energy 25, equal argmax
    both.add(std::vector<float>{1, 0}, std::vector<float>{0, 2}); // error 5, energy 1, other argmax
    CHECK(both.rows() == 2);
    CHECK(both.nmse() == Approx(6.0 / 26.0));
    CHECK(both.top1() == Approx(0.5));
    CHECK(both.max_abs_error() == Approx(2.0));
    const double first = support::kl_divergence(std::vector<float>{3, 4}, std::vector<float>{3, 5});
    const double second = support::kl_divergence(std::vector<float>{1, 0}, std::vector<float>{0, 2});
    CHECK(both.kl_mean() == Approx((first + second) / 2));
    CHECK(both.kl_max() == Approx(std::max(first, second)));
    CHECK(both.kl_mean_but_largest() == Approx(std::min(first, second)));
}

TEST_CASE("metrics: a NaN fails every comparison with a limit") {
    support::comparison rows;
    rows.add(std::vector<float>{1, 2}, std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()});
    CHECK_FALSE(rows.nmse() <= 1e9);
    CHECK_FALSE(rows.kl_mean() <= 1e9);
    CHECK(rows.top1() == Approx(0.0));
}

TEST_CASE("metrics: geometric mean") {
    support::geometric_mean mean;
    mean.add(0.5);
    mean.add(8.0);
    CHECK(mean.count() == 2);
    CHECK(mean.value() == Approx(2.0));
    support::geometric_mean other;
    other.add(16.0);
    other.add(mean);
    CHECK(other.count() == 3);
    CHECK(other.value() == Approx(4.0));
}
