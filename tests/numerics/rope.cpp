#include <llmzero/numerics/rope.hpp>

#include "support/failing_allocator.hpp"
#include "support/numbers.hpp"

#include <array>
#include <cmath>
#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

namespace {

struct rope_case {
    std::size_t head_dim;
    std::size_t n_rotated;
    double theta = 10000.0;
    double position_scale = 1.0;
    std::vector<float> divisors = {};
};

// The definition, in double: pair i turns by position * theta^(-2i / n_rotated) * scale / divisor.
std::vector<double> turned_head(const rope_case & c, const std::vector<float> & head, std::uint32_t position,
                                rope_pairs pairs) {
    std::vector<double> out(head.begin(), head.end());
    for (std::size_t i = 0; i < c.n_rotated / 2; ++i) {
        const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(c.n_rotated);
        const double divisor = c.divisors.empty() ? 1.0 : static_cast<double>(c.divisors[i]);
        const double angle = position / std::pow(c.theta, exponent) * c.position_scale / divisor;
        const std::size_t first = pairs == rope_pairs::neighbours ? 2 * i : i;
        const std::size_t second = pairs == rope_pairs::neighbours ? 2 * i + 1 : i + c.n_rotated / 2;
        const auto a = static_cast<double>(head[first]);
        const auto b = static_cast<double>(head[second]);
        out[first] = a * std::cos(angle) - b * std::sin(angle);
        out[second] = a * std::sin(angle) + b * std::cos(angle);
    }
    return out;
}

void check_rope(const rope_case & c) {
    const auto table = rope_table::create(c.n_rotated, c.theta, c.position_scale, c.divisors);
    REQUIRE(table);
    CHECK(table->n_pairs() == c.n_rotated / 2);
    support::numbers random(9);
    for (const rope_pairs pairs : {rope_pairs::neighbours, rope_pairs::halves}) {
        for (const std::uint32_t position : {0u, 1u, 2u, 7u, 511u, 8191u, 100000u}) {
            CAPTURE(c.n_rotated);
            CAPTURE(position);
            std::vector<float> head(c.head_dim + 1); // one more, which must stay as it is
            for (float & value : head) {
                value = random.normal();
            }
            const std::vector<double> expected = turned_head(c, head, position, pairs);
            std::vector<float> turns(c.n_rotated + 1, 77.0f);
            table->turns_at(position, turns.data());
            CHECK(turns[c.n_rotated] == 77.0f);
            rope(head.data(), turns.data(), table->n_pairs(), pairs);
            for (std::size_t i = 0; i < head.size(); ++i) {
                CAPTURE(i);
                // Twice 6e-8 for the turns and as much for the products; angles at 1e5 differ by 1e-11 in double.
                REQUIRE(std::fabs(static_cast<double>(head[i]) - expected[i]) < 1.5e-6);
                if (i >= c.n_rotated || position == 0) {
                    REQUIRE(static_cast<double>(head[i]) == expected[i]);
                }
            }
        }
    }
}

TEST_CASE("rope: against double, whole and partial heads") {
    check_rope({64, 64});
    check_rope({64, 32});
    check_rope({64, 2});
    check_rope({2, 2});
    check_rope({80, 20});
    check_rope({128, 128, 1e6});
}

TEST_CASE("rope: positions scaled and frequencies divided") {
    check_rope({64, 64, 10000.0, 0.25});
    support::numbers random(10);
    std::vector<float> divisors(32);
    for (float & divisor : divisors) {
        divisor = random.uniform(1.0f, 8.0f);
    }
    check_rope({64, 64, 500000.0, 1.0, divisors});
    check_rope({96, 64, 500000.0, 0.5, divisors});
}

// A pair that turns keeps its length, and only the distance of two positions counts for their product.
TEST_CASE("rope: products depend on distance alone") {
    const auto table = rope_table::create(16, 10000.0, 1.0, {});
    REQUIRE(table);
    support::numbers random(11);
    std::array<float, 16> q{};
    std::array<float, 16> k{};
    for (std::size_t i = 0; i < 16; ++i) {
        q[i] = random.normal();
        k[i] = random.normal();
    }
    for (const rope_pairs pairs : {rope_pairs::neighbours, rope_pairs::halves}) {
        const auto product = [&](std::uint32_t q_position, std::uint32_t k_position) {
            std::array<float, 16> turns{};
            std::array<float, 16> a = q;
            std::array<float, 16> b = k;
            table->turns_at(q_position, turns.data());
            rope(a.data(), turns.data(), 8, pairs);
            table->turns_at(k_position, turns.data());
            rope(b.data(), turns.data(), 8, pairs);
            double sum = 0;
            for (std::size_t i = 0; i < 16; ++i) {
                sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
            }
            return sum;
        };
        CHECK(product(5, 2) == doctest::Approx(product(3, 0)).epsilon(1e-5));
        CHECK(product(100000, 99990) == doctest::Approx(product(10, 0)).epsilon(1e-5));
        CHECK(std::fabs(product(5, 2) - product(5, 3)) > 1e-3);
    }
}

TEST_CASE("rope: one quarter turn by hand") {
    const float turns[] = {0.0f, 1.0f, 1.0f, 0.0f}; // pair 0 by 90 degrees, pair 1 not at all
    float head[] = {1, 2, 3, 4};
    rope(head, turns, 2, rope_pairs::neighbours);
    CHECK(head[0] == -2.0f);
    CHECK(head[1] == 1.0f);
    CHECK(head[2] == 3.0f);
    CHECK(head[3] == 4.0f);
    float halves[] = {1, 2, 3, 4};
    rope(halves, turns, 2, rope_pairs::halves);
    CHECK(halves[0] == -3.0f);
    CHECK(halves[1] == 2.0f);
    CHECK(halves[2] == 1.0f);
    CHECK(halves[3] == 4.0f);
}

TEST_CASE("rope: a table of nothing, and running out of memory") {
    const auto empty = rope_table::create(0, 10000.0, 1.0, {});
    REQUIRE(empty);
    CHECK(empty->n_pairs() == 0);
    CHECK(rope_table().n_pairs() == 0);
    const auto survived = support::survive_allocation_failures([]() -> status {
        LLMZERO_ASSIGN(const auto table, rope_table::create(64, 10000.0, 1.0, {}));
        CHECK(table.n_pairs() == 32);
        return success();
    });
    CHECK(survived == 2);
}

} // namespace
