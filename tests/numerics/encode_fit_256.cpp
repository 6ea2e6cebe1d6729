#include <llmzero/numerics/encode_fit_256.hpp>

#include "support/numbers.hpp"

#include <algorithm>
#include <cstdint>
#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

namespace {

constexpr detail::signed_form fit_form_signed = {{-4.0f, 3.0f}, {-32.0f, 31.0f}, {-1.0f, 0.125f, 16}};
constexpr detail::unsigned_form fit_form_unsigned = {32, {0.0f, 15.0f}, {0.0f, 63.0f}, {-2.0f, 0.25f, 12}};

std::vector<float> weights_to_fit(std::uint64_t seed) {
    support::numbers random(seed);
    std::vector<float> x(256);
    for (float & value : x) {
        value = 0.1f * random.normal();
    }
    return x;
}

} // namespace

TEST_CASE("blocks of 256: a neighbour is taken only when it is better, and within the range") {
    const detail::code_range range = {0.0f, 10.0f};
    const auto distance_to = [](float best) {
        return [best](float factor) {
            return (factor - best) * (factor - best);
        };
    };
    CHECK(detail::best_neighbour(5.0f, range, 2.0f, distance_to(7.0f)) == 7.0f);
    CHECK(detail::best_neighbour(5.0f, range, 2.0f, distance_to(4.4f)) == 4.0f);
    CHECK(detail::best_neighbour(5.0f, range, 2.0f, distance_to(5.0f)) == 5.0f);
    CHECK(detail::best_neighbour(10.0f, range, 2.0f, distance_to(12.0f)) == 10.0f);
    CHECK(detail::best_neighbour(0.0f, range, 2.0f, distance_to(-3.0f)) == 0.0f);
}

TEST_CASE("fit of 256: a number too small for half precision is not lost") {
    CHECK(detail::as_scale(1e-9f) == 0x1p-24f);
    CHECK(detail::as_scale(-1e-9f) == -0x1p-24f);
    CHECK(detail::as_scale(0.0f) == 0.0f);
    CHECK(detail::as_scale(0.25f) == 0.25f);
}

TEST_CASE("fit of 256: factors are whole numbers within their range, d and dmin are halves") {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const std::vector<float> x = weights_to_fit(seed);
        const detail::signed_256 s = detail::fit_signed_256(x.data(), fit_form_signed);
        CHECK(detail::as_half(s.d) == s.d);
        for (const float factor : s.factor) {
            CHECK((factor >= -32.0f && factor <= 31.0f));
            CHECK(factor == static_cast<float>(static_cast<int>(factor)));
        }
        const detail::unsigned_256 u = detail::fit_unsigned_256(x.data(), fit_form_unsigned);
        CHECK(detail::as_half(u.d) == u.d);
        CHECK(detail::as_half(u.dmin) == u.dmin);
        for (std::size_t run = 0; run < 8; ++run) {
            CHECK((u.factor[run] >= 0.0f && u.factor[run] <= 63.0f));
            CHECK((u.min[run] >= 0.0f && u.min[run] <= 63.0f));
        }
    }
}

TEST_CASE("fit of 256: no other d or factor near by is better") {
    const std::vector<float> x = weights_to_fit(9);
    const detail::signed_256 s = detail::fit_signed_256(x.data(), fit_form_signed);
    const float least = detail::error_of(s, fit_form_signed, x.data());
    for (std::size_t run = 0; run < detail::max_runs; ++run) {
        for (const float step : {-1.0f, 1.0f}) {
            detail::signed_256 other = s;
            other.factor[run] += step;
            if (other.factor[run] >= -32.0f && other.factor[run] <= 31.0f) {
                CHECK(detail::error_of(other, fit_form_signed, x.data()) >= 0.995f * least);
            }
        }
    }
    for (const float factor : {0.9f, 0.97f, 1.03f, 1.1f}) {
        detail::signed_256 other = s;
        other.d *= factor;
        CHECK(detail::error_of(other, fit_form_signed, x.data()) > least);
    }
}

TEST_CASE("fit of 256: the second step lowers the error of the first") {
    // What the first step alone would give: the factors rounded, nothing looked for.
    double first = 0;
    double second = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const std::vector<float> x = weights_to_fit(seed);
        detail::unsigned_256 plain;
        detail::scale_and_offset runs[8];
        float largest_scale = 0;
        float largest_min = 0;
        for (std::size_t run = 0; run < 8; ++run) {
            runs[run] = detail::fit_scale_and_offset(&x[32 * run], 32, 15.0f, fit_form_unsigned.search, true);
            largest_scale = std::max(largest_scale, runs[run].scale);
            largest_min = std::max(largest_min, -runs[run].offset);
        }
        plain.d = detail::as_half(largest_scale / 63.0f);
        plain.dmin = detail::as_half(largest_min / 63.0f);
        for (std::size_t run = 0; run < 8; ++run) {
            plain.factor[run] = detail::nearest_code(runs[run].scale / plain.d, {0.0f, 63.0f});
            plain.min[run] = detail::nearest_code(-runs[run].offset / plain.dmin, {0.0f, 63.0f});
        }
        first += static_cast<double>(detail::error_of(plain, fit_form_unsigned, x.data()));
        const auto fit = detail::fit_unsigned_256(x.data(), fit_form_unsigned);
        second += static_cast<double>(detail::error_of(fit, fit_form_unsigned, x.data()));
    }
    CHECK(second < 0.99 * first);
}
