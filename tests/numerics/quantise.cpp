#include <llmzero/numerics/quantise.hpp>

#include "support/numbers.hpp"
#include "support/scale.hpp"

#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>

using namespace llmzero;

namespace {

using float_group = std::array<float, group_size>;
using code_group = std::array<std::int16_t, group_size>;

struct quantised_group {
    float scale;
    code_group code;
};

quantised_group quantise(activation_kind kind, const float_group & x) {
    quantised_group out{};
    out.code.fill(9999);
    out.scale = quantise_group(kind, x.data(), out.code.data());
    return out;
}

// What the kinds promise about codes.
void check_code_limits(activation_kind kind, const code_group & code) {
    for (const std::int16_t c : code) {
        REQUIRE(std::abs(c) <= 127);
    }
    if (kind == activation_kind::nibble_safe) {
        for (std::size_t i = 0; i < group_size; i += 4) {
            const int difference = 16 * code[i + 1] - code[i + 2];
            REQUIRE(difference >= -2048);
            REQUIRE(difference < 2048);
        }
    }
}

double squared_error(const float_group & x, const quantised_group & q) {
    double error = 0;
    for (std::size_t i = 0; i < group_size; ++i) {
        const double difference = static_cast<double>(x[i]) - static_cast<double>(q.scale) * q.code[i];
        error += difference * difference;
    }
    return error;
}

double squared_length(const float_group & x) {
    double sum = 0;
    for (const float value : x) {
        sum += static_cast<double>(value) * static_cast<double>(value);
    }
    return sum;
}

// The usual rounding: the largest magnitude becomes `limit`.
double plain_error(const float_group & x, double limit) {
    double largest = 0;
    for (const float value : x) {
        largest = std::max(largest, std::fabs(static_cast<double>(value)));
    }
    const double scale = largest / limit;
    double error = 0;
    for (const float value : x) {
        const double code = scale > 0 ? std::nearbyint(static_cast<double>(value) / scale) : 0.0;
        const double difference = static_cast<double>(value) - scale * code;
        error += difference * difference;
    }
    return error;
}

float_group random_group(support::numbers & random, int n) {
    float_group x{};
    const float magnitude = std::ldexp(1.0f, random.integer(-30, 30));
    for (float & value : x) {
        switch (n % 4) {
        case 0: value = random.normal(); break;
        case 1: value = random.uniform(-1.0f, 1.0f); break;
        case 2: value = std::pow(random.normal(), 3.0f); break;           // heavy tails
        default: value = random.bits() % 8 == 0 ? random.normal() : 0.0f; // sparse
        }
        value *= magnitude;
    }
    return x;
}

constexpr activation_kind both_kinds[] = {activation_kind::eight, activation_kind::nibble_safe};

TEST_CASE("quantise: codes keep their limits, and the error is never above that of the usual rounding") {
    support::numbers random(12);
    const int groups = support::full_scale() ? 20000 : 2000;
    for (int n = 0; n < groups; ++n) {
        const float_group x = random_group(random, n);
        const double noise = 1e-6 * squared_length(x); // rounding to 16 bits
        for (const activation_kind kind : both_kinds) {
            const quantised_group q = quantise(kind, x);
            check_code_limits(kind, q.code);
            REQUIRE(q.scale >= 0.0f);
            const bool is_narrow = kind == activation_kind::nibble_safe &&
                                   !detail::is_nibble_safe(quantise(activation_kind::eight, x).code.data());
            const double first_try = is_narrow ? 127.0 * detail::narrow_factor / detail::wide_factor : 127.0;
            REQUIRE(squared_error(x, q) <= plain_error(x, first_try) + noise);
        }
    }
}

TEST_CASE("quantise: the squared error is an eighth below that of the usual rounding, for both kinds") {
    support::numbers random(13);
    const int groups = support::full_scale() ? 20000 : 3000;
    for (const activation_kind kind : both_kinds) {
        double searched = 0;
        double plain = 0;
        int narrow = 0;
        for (int n = 0; n < groups; ++n) {
            float_group x{};
            for (float & value : x) {
                value = random.normal();
            }
            const quantised_group q = quantise(kind, x);
            searched += squared_error(x, q);
            plain += plain_error(x, 127.0);
            narrow += detail::is_nibble_safe(quantise(activation_kind::eight, x).code.data()) ? 0 : 1;
        }
        const double ratio = searched / plain;
        const double narrow_share = static_cast<double>(narrow) / groups;
        CAPTURE(ratio);
        CAPTURE(narrow_share);
        CHECK(ratio < 0.885);
        CHECK(ratio > 0.84);
        CHECK(narrow_share < 0.2);
    }
}

// As near as integers of 16 bits are: each is within half a unit in 32512.
TEST_CASE("quantise: the scale is the least-squares one for the codes") {
    support::numbers random(14);
    for (int n = 0; n < 500; ++n) {
        const float_group x = random_group(random, n);
        for (const activation_kind kind : both_kinds) {
            quantised_group q = quantise(kind, x);
            double product = 0;
            double square = 0;
            for (std::size_t i = 0; i < group_size; ++i) {
                product += static_cast<double>(x[i]) * q.code[i];
                square += static_cast<double>(q.code[i]) * q.code[i];
            }
            if (square > 0) {
                REQUIRE(static_cast<double>(q.scale) == doctest::Approx(product / square).epsilon(2e-5));
            } else {
                REQUIRE(q.scale == 0.0f);
            }
        }
    }
}

// Largest magnitudes where the 4-bit form cannot carry them: 16 * x1 - x2 is 2159 at worst.
TEST_CASE("quantise: groups that need the narrower range") {
    for (std::size_t quad = 0; quad < group_size; quad += 4) {
        for (const float sign : {1.0f, -1.0f}) {
            float_group x{};
            x[quad + 1] = sign;
            x[quad + 2] = -sign;
            x[(quad + 7) % group_size] = 0.25f; // not all codes of one magnitude
            const quantised_group wide = quantise(activation_kind::eight, x);
            CHECK_FALSE(detail::is_nibble_safe(wide.code.data()));
            const quantised_group narrow = quantise(activation_kind::nibble_safe, x);
            check_code_limits(activation_kind::nibble_safe, narrow.code);
            CHECK(std::abs(narrow.code[quad + 1]) <= 120);
            CHECK(std::abs(narrow.code[quad + 1]) >= 114);
            CHECK(squared_error(x, narrow) < 1e-4 * squared_length(x));
        }
    }
}

TEST_CASE("quantise: groups that do not need the narrower range keep the wide one, to the last bit") {
    support::numbers random(15);
    int kept = 0;
    for (int n = 0; n < 1000; ++n) {
        const float_group x = random_group(random, n);
        const quantised_group wide = quantise(activation_kind::eight, x);
        if (detail::is_nibble_safe(wide.code.data())) {
            const quantised_group q = quantise(activation_kind::nibble_safe, x);
            ++kept;
            if constexpr (FLT_EVAL_METHOD == 0) { // elsewhere the choice among four may fall differently each time
                REQUIRE(q.scale == wide.scale);
                REQUIRE(q.code == wide.code);
            }
        }
    }
    CHECK(kept > 500);
}

TEST_CASE("quantise: is_nibble_safe is the bound of the 4-bit form, for every pair and place") {
    for (std::size_t quad = 0; quad < group_size; quad += 4) {
        for (int x1 = -127; x1 <= 127; ++x1) {
            for (int x2 = -127; x2 <= 127; x2 += x1 > 119 || x1 < -119 ? 1 : 127) {
                code_group code{};
                code[quad + 1] = static_cast<std::int16_t>(x1);
                code[quad + 2] = static_cast<std::int16_t>(x2);
                const int lane = 256 * x1 - 16 * x2;
                REQUIRE(detail::is_nibble_safe(code.data()) == (lane >= -32768 && lane <= 32767));
            }
        }
    }
    code_group others{};
    for (std::size_t i = 0; i < group_size; i += 4) { // the other two may be anything
        others[i] = 127;
        others[i + 3] = -127;
    }
    CHECK(detail::is_nibble_safe(others.data()));
}

TEST_CASE("quantise: integers of the full range are kept as they are") {
    support::numbers random(16);
    for (int n = 0; n < 300; ++n) {
        float_group x{};
        for (float & value : x) {
            value = static_cast<float>(random.integer(-127, 127));
        }
        x[random.index(group_size)] = n % 2 == 0 ? 127.0f : -127.0f;
        const quantised_group q = quantise(activation_kind::eight, x);
        CHECK(q.scale == 1.0f);
        for (std::size_t i = 0; i < group_size; ++i) {
            REQUIRE(static_cast<float>(q.code[i]) == x[i]);
        }
    }
}

TEST_CASE("quantise: one value, wherever it is, at either sign") {
    for (std::size_t at = 0; at < group_size; ++at) {
        for (const float value : {3.0f, -3.0f, 1e-15f, -1e15f}) {
            float_group x{};
            x[at] = value;
            for (const activation_kind kind : both_kinds) {
                const quantised_group q = quantise(kind, x);
                check_code_limits(kind, q.code);
                CHECK(std::abs(q.code[at]) >= 114);
                CHECK(q.scale * static_cast<float>(q.code[at]) == doctest::Approx(static_cast<double>(value)));
                CHECK(std::count(q.code.begin(), q.code.end(), 0) == 31);
            }
        }
    }
}

TEST_CASE("quantise: zeros become zeros") {
    for (const float value : {0.0f, -0.0f}) {
        float_group x{};
        x.fill(value);
        for (const activation_kind kind : both_kinds) {
            const quantised_group q = quantise(kind, x);
            CHECK(q.scale == 0.0f);
            CHECK(std::count(q.code.begin(), q.code.end(), 0) == 32);
        }
    }
}

TEST_CASE("quantise: what is too small to square becomes zeros, or is as exact as others") {
    for (const float value : {std::numeric_limits<float>::denorm_min(), 1e-40f, 1e-38f, -1e-30f, 1e-23f}) {
        float_group x{};
        x.fill(value);
        for (const activation_kind kind : both_kinds) {
            const quantised_group q = quantise(kind, x);
            check_code_limits(kind, q.code);
            CHECK(squared_error(x, q) <= squared_length(x));
        }
    }
}

TEST_CASE("quantise: very small and very large groups are as exact as others") {
    support::numbers random(17);
    for (const float magnitude : {1e-15f, 1e15f, 1e25f, 1e32f}) {
        float_group x{};
        for (float & value : x) {
            value = random.uniform(-1.0f, 1.0f) * magnitude;
        }
        for (const activation_kind kind : both_kinds) {
            const quantised_group q = quantise(kind, x);
            check_code_limits(kind, q.code);
            CHECK(squared_error(x, q) < 1e-4 * squared_length(x));
        }
    }
}

// A broken model may produce these; the result is of no use, but it is defined, and no code is out of range.
TEST_CASE("quantise: infinities, NaN and numbers near the largest") {
    const float infinity = std::numeric_limits<float>::infinity();
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const float value : {infinity, -infinity, nan, -nan, std::numeric_limits<float>::max(),
                              -std::numeric_limits<float>::max(), 1e36f}) {
        for (const float others : {0.0f, 1.0f, -2e38f, infinity, nan}) {
            for (const std::size_t at : {0u, 1u, 13u, 31u}) {
                float_group x{};
                x.fill(others);
                x[at] = value;
                for (const activation_kind kind : both_kinds) {
                    check_code_limits(kind, quantise(kind, x).code);
                }
            }
        }
    }
}

TEST_CASE("quantise: the same numbers give the same codes") {
    support::numbers random(18);
    for (int n = 0; n < 200; ++n) {
        const float_group x = random_group(random, n);
        for (const activation_kind kind : both_kinds) {
            const quantised_group first = quantise(kind, x);
            const quantised_group second = quantise(kind, x);
            CHECK(support::same_float(first.scale, second.scale));
            CHECK((first.code == second.code || FLT_EVAL_METHOD != 0));
        }
    }
}

// Four tries: each of them wins sometimes, so none is wasted and none is missing.
TEST_CASE("quantise: the best of four scales is taken") {
    support::numbers random(19);
    std::array<int, 4> wins{};
    double best_of_four = 0;
    double taken = 0;
    for (int n = 0; n < 2000; ++n) {
        float_group x{};
        float largest = 0;
        for (float & value : x) {
            value = random.normal();
            largest = std::max(largest, std::fabs(value));
        }
        double best = std::numeric_limits<double>::infinity();
        std::size_t winner = 0;
        for (std::size_t t = 0; t < 4; ++t) {
            quantised_group trial{};
            double product = 0;
            double square = 0;
            for (std::size_t i = 0; i < group_size; ++i) {
                const double inverse = (127.0 - 1.5 * static_cast<double>(t)) / static_cast<double>(largest);
                const double code = std::nearbyint(static_cast<double>(x[i]) * inverse);
                trial.code[i] = static_cast<std::int16_t>(code);
                product += static_cast<double>(x[i]) * code;
                square += code * code;
            }
            trial.scale = static_cast<float>(product / square);
            const double error = squared_error(x, trial);
            if (error < best) {
                best = error;
                winner = t;
            }
        }
        ++wins[winner];
        best_of_four += best;
        taken += squared_error(x, quantise(activation_kind::eight, x));
    }
    CAPTURE(taken / best_of_four);
    CHECK(taken <= 1.002 * best_of_four); // errors that differ by less than floats can tell may be confused
    CHECK(taken >= 0.998 * best_of_four);
    for (const int count : wins) {
        CHECK(count > 200);
    }
}

} // namespace
