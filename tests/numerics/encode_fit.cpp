#include <llmzero/numerics/encode_fit.hpp>

#include "support/numbers.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <vector>

using namespace llmzero;

namespace {

std::vector<float> fit_weights(support::numbers & random, std::size_t n) {
    std::vector<float> x(n);
    for (float & value : x) {
        value = 0.1f * random.normal();
    }
    return x;
}

// The least error of all scales in small steps, by the definition.
double least_error(const std::vector<float> & x, double lowest, double highest, double offset = 0.0) {
    double largest = 0;
    for (const float value : x) {
        largest = std::max(largest, std::fabs(static_cast<double>(value) - offset));
    }
    double best = std::numeric_limits<double>::infinity();
    for (int step = -2000; step <= 2000; ++step) {
        const double scale = 1.5 * largest / highest * step / 2000.0;
        double sum = 0;
        for (const float value : x) {
            const double w = static_cast<double>(value) - offset;
            const double code = scale == 0 ? 0.0 : std::clamp(std::nearbyint(w / scale), lowest, highest);
            sum += (w - scale * code) * (w - scale * code);
        }
        best = std::min(best, sum);
    }
    return best;
}

constexpr detail::scale_search fine = {-1.5f, 0.25f, 13};

} // namespace

TEST_CASE("fit: codes are rounded to nearest, ties to even, and kept within the range") {
    const detail::code_range range = {-8.0f, 7.0f};
    struct rounded {
        float x;
        float code;
    };
    for (const rounded & r : {rounded{0.0f, 0.0f},
                              {0.5f, 0.0f},
                              {1.5f, 2.0f},
                              {-2.5f, -2.0f},
                              {-2.51f, -3.0f},
                              {6.9f, 7.0f},
                              {7.6f, 7.0f},
                              {-8.6f, -8.0f},
                              {1e30f, 7.0f},
                              {-INFINITY, -8.0f}}) {
        CAPTURE(r.x);
        CHECK(detail::nearest_code(r.x, range) == r.code);
    }
    const float of_nan = detail::nearest_code(std::numeric_limits<float>::quiet_NaN(), range);
    CHECK((of_nan >= -8.0f && of_nan <= 7.0f));
}

TEST_CASE("fit: a scale is within a few per cent of the best there is") {
    support::numbers random(1);
    double ratio_sum = 0;
    constexpr int cases = 40;
    for (int i = 0; i < cases; ++i) {
        const std::vector<float> x = fit_weights(random, 32);
        const detail::code_range range = {-8.0f, 7.0f};
        const float scale = detail::fit_scale(x.data(), x.size(), range, fine);
        const double found = static_cast<double>(detail::error_with_scale(x.data(), x.size(), scale, range));
        const double best = least_error(x, -8, 7);
        CHECK(found < 1.15 * best);
        ratio_sum += found / best;
    }
    CHECK(ratio_sum / cases < 1.02);
}

TEST_CASE("fit: the sign of the scale gives the larger end to whom it helps") {
    // With codes -4..3 the weight 4 fits exactly only with a negative scale.
    const std::vector<float> x = {4.0f, -3.0f, 2.0f, 1.0f, -1.0f, 0.0f, 3.0f, -2.0f};
    const detail::code_range range = {-4.0f, 3.0f};
    const float scale = detail::fit_scale(x.data(), x.size(), range, {-1.0f, 0.125f, 16});
    CHECK(scale == doctest::Approx(-1.0));
    CHECK(detail::error_with_scale(x.data(), x.size(), scale, range) == doctest::Approx(0.0));
}

TEST_CASE("fit: zeros, and what is too small to be scaled, have scale 0") {
    const std::vector<float> zeros(16, 0.0f);
    const std::vector<float> tiny(16, 1e-38f);
    for (const auto & x : {zeros, tiny}) {
        CHECK(detail::fit_scale(x.data(), x.size(), {-8.0f, 7.0f}, fine) == 0.0f);
        const auto both = detail::fit_scale_and_offset(x.data(), x.size(), 15.0f, fine, false);
        CHECK(both.scale == 0.0f);
        CHECK(both.offset == x[0]);
    }
}

TEST_CASE("fit: scale and offset beat the usual choice, and know what is representable") {
    support::numbers random(2);
    double found_sum = 0;
    double usual_sum = 0;
    for (int i = 0; i < 50; ++i) {
        const std::vector<float> x = fit_weights(random, 32);
        const auto [low, high] = std::minmax_element(x.begin(), x.end());
        const float usual = detail::error_with_offset(x.data(), x.size(), (*high - *low) / 15.0f, *low, {0.0f, 15.0f});
        const auto fit = detail::fit_scale_and_offset(x.data(), x.size(), 15.0f, fine, false);
        const float found = detail::error_with_offset(x.data(), x.size(), fit.scale, fit.offset, {0.0f, 15.0f});
        CHECK(found <= usual);
        found_sum += static_cast<double>(found);
        usual_sum += static_cast<double>(usual);
    }
    CHECK(found_sum < 0.85 * usual_sum);
    std::vector<float> grid(32);
    for (std::size_t i = 0; i < grid.size(); ++i) {
        grid[i] = 0.25f * static_cast<float>(i % 16) - 1.0f;
    }
    const auto exact = detail::fit_scale_and_offset(grid.data(), grid.size(), 15.0f, fine, false);
    CHECK(exact.scale == doctest::Approx(0.25));
    CHECK(exact.offset == doctest::Approx(-1.0));
}

TEST_CASE("fit: an offset may be kept at or below zero") {
    support::numbers random(3);
    for (int i = 0; i < 50; ++i) {
        std::vector<float> x = fit_weights(random, 16);
        for (float & value : x) {
            value = std::fabs(value) + 0.2f; // would like an offset of 0.2
        }
        const auto fit = detail::fit_scale_and_offset(x.data(), x.size(), 3.0f, fine, true);
        CHECK(fit.offset <= 0.0f);
        CHECK(fit.scale > 0.0f);
        const auto free = detail::fit_scale_and_offset(x.data(), x.size(), 3.0f, fine, false);
        CHECK(free.offset > 0.1f);
    }
}
