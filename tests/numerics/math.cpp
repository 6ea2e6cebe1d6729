#include <llmzero/numerics/math.hpp>

#include "support/numbers.hpp"
#include "support/scale.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>

using namespace llmzero;

namespace {

constexpr float float_infinity = std::numeric_limits<float>::infinity();

double exp_error(float x) {
    const double exact = std::exp(static_cast<double>(x));
    return std::fabs(static_cast<double>(fast_exp(x)) / exact - 1.0);
}

TEST_CASE("bounded_exp: fast_exp within its bounds, and the bound beyond them") {
    for (float x = -87.0f; x <= 87.3f; x += 0.037f) {
        REQUIRE(static_cast<double>(bounded_exp(x)) == doctest::Approx(static_cast<double>(fast_exp(x))).epsilon(1e-6));
    }
    for (const float x : {87.3f, 88.0f, 1e30f, float_infinity, std::numeric_limits<float>::quiet_NaN()}) {
        CHECK(bounded_exp(x) == bounded_exp(87.3f));
    }
    for (const float x : {-87.3f, -88.0f, -1e30f, -float_infinity}) {
        CHECK(bounded_exp(x) == bounded_exp(-87.3f));
    }
    CHECK(bounded_exp(-87.3f) < 2e-38f);
    CHECK(bounded_exp(0.0f) == 1.0f);
    CHECK(bounded_exp(-0.0f) == 1.0f);
}

TEST_CASE("fast_exp: the relative error over the whole range") {
    const int steps = support::full_scale() ? 1'000'000 : 40'000;
    double worst = 0.0;
    float before = 0.0f;
    for (int i = 0; i <= steps; ++i) {
        const float x = as_stored(std::min(88.7f, -87.3f + 176.0f * static_cast<float>(i) / static_cast<float>(steps)));
        worst = std::max(worst, exp_error(x));
        const float value = fast_exp(x);
        REQUIRE(value >= before * (1.0f - 3e-7f)); // as good as monotone
        before = value;
    }
    // Around the multiples of ln 2 / 2, where one polynomial ends and the next begins.
    for (int k = -251; k <= 255; ++k) {
        float x = static_cast<float>(k * 0.34657359027997264);
        for (int n = 0; n < 8; ++n, x = std::nextafter(x, 100.0f)) {
            worst = std::max(worst, exp_error(x));
        }
    }
    CAPTURE(worst);
    CHECK(worst < 2e-7);
}

TEST_CASE("fast_exp: near zero") {
    CHECK(fast_exp(0.0f) == 1.0f);
    CHECK(fast_exp(-0.0f) == 1.0f);
    CHECK(fast_exp(std::numeric_limits<float>::denorm_min()) == 1.0f);
    CHECK(fast_exp(-1e-30f) == 1.0f);
}

TEST_CASE("fast_exp: below its range it is 0") {
    CHECK(fast_exp(-87.3f) > std::numeric_limits<float>::min());
    CHECK(exp_error(-87.3f) < 2e-7);
    CHECK(fast_exp(std::nextafter(-87.3f, -100.0f)) == 0.0f);
    CHECK(fast_exp(-88.0f) == 0.0f);
    CHECK(fast_exp(-1e30f) == 0.0f);
    CHECK(fast_exp(-float_infinity) == 0.0f);
}

TEST_CASE("fast_exp: above its range it stays at its largest value") {
    const float largest = fast_exp(88.7f);
    CHECK(exp_error(88.7f) < 2e-7);
    CHECK(largest > 3.3e38f);
    for (const float x : {std::nextafter(88.7f, 100.0f), 88.8f, 89.5f, 1000.0f, 1e38f, float_infinity}) {
        CHECK(fast_exp(x) == largest);
    }
}

TEST_CASE("fast_exp: NaN stays NaN") {
    CHECK(std::isnan(fast_exp(std::numeric_limits<float>::quiet_NaN())));
    CHECK(std::isnan(fast_exp(-std::numeric_limits<float>::quiet_NaN())));
}

// Not inlined: a compiler with fused instructions would use the angle before it is rounded to a double.
LLMZERO_NOINLINE double sin_cos_error(double angle) {
    double sine = 0;
    double cosine = 0;
    sin_cos(angle, sine, cosine);
    return std::max(std::fabs(sine - std::sin(angle)), std::fabs(cosine - std::cos(angle)));
}

TEST_CASE("sin_cos: the absolute error up to a million radians, both ways") {
    const int steps = support::full_scale() ? 300'000 : 20'000;
    support::numbers random(4);
    double worst = 0.0;
    for (int i = 0; i <= steps; ++i) {
        const double even = 1e6 * i / steps;
        const double near = static_cast<double>(random.uniform(-10.0f, 10.0f));
        const double anywhere = static_cast<double>(random.uniform(-1e6f, 1e6f));
        const double whole = random.integer(0, 1'000'000); // the angles of the fastest pair
        for (const double angle : {even, -even, near, anywhere, whole}) {
            worst = std::max(worst, sin_cos_error(angle));
        }
    }
    // Around the multiples of pi / 4, where quadrants end.
    for (int k = -2000; k <= 2000; ++k) {
        for (const double off : {-1e-6, -1e-12, 0.0, 1e-12, 1e-6}) {
            worst = std::max(worst, sin_cos_error(k * 0.78539816339744831 + off));
            worst = std::max(worst, sin_cos_error((1'270'000 + k) * 0.78539816339744831 + off));
        }
    }
    CAPTURE(worst);
    CHECK(worst < 1e-10);
}

TEST_CASE("sin_cos: the axes") {
    double sine = 7;
    double cosine = 7;
    sin_cos(0.0, sine, cosine);
    CHECK(sine == 0.0);
    CHECK(cosine == 1.0);
    const double half_pi = 1.5707963267948966;
    const double sines[] = {0, 1, 0, -1};
    for (int k = -8; k <= 8; ++k) {
        sin_cos(k * half_pi, sine, cosine);
        CHECK(std::fabs(sine - sines[(k + 8) % 4]) < 1e-14);
        CHECK(std::fabs(cosine - sines[(k + 9) % 4]) < 1e-14);
    }
}

TEST_CASE("sin_cos: a quarter turn between sine and cosine, and a length of one") {
    support::numbers random(5);
    for (int i = 0; i < 2000; ++i) {
        const auto angle = static_cast<double>(random.uniform(-3000.0f, 3000.0f));
        double sine = 0;
        double cosine = 0;
        sin_cos(angle, sine, cosine);
        CHECK(std::fabs(sine * sine + cosine * cosine - 1.0) < 1e-10);
        double mirrored_sine = 0;
        double mirrored_cosine = 0;
        sin_cos(-angle, mirrored_sine, mirrored_cosine);
        CHECK(mirrored_sine == -sine);
        CHECK(mirrored_cosine == cosine);
    }
}

TEST_CASE("as_stored: gives the float") {
    CHECK(as_stored(0.1f) == 0.1f);
    CHECK(std::isnan(as_stored(std::numeric_limits<float>::quiet_NaN())));
    volatile float big = 12582912.0f;
    volatile float small = 0.3f;
    const float rounded = as_stored(big + small);
    CHECK(rounded - big == 0.0f);
}

} // namespace
