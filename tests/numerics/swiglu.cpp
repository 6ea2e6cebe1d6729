#include <llmzero/numerics/swiglu.hpp>

#include "support/numbers.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

namespace {

double exact_swiglu(float gate, float up) {
    const auto g = static_cast<double>(gate);
    return g / (1.0 + std::exp(-g)) * static_cast<double>(up);
}

TEST_CASE("swiglu: against double") {
    support::numbers random(8);
    for (const std::size_t n : {1u, 2u, 3u, 7u, 8u, 9u, 64u, 576u, 1536u}) {
        for (const float spread : {0.01f, 1.0f, 10.0f, 80.0f}) {
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
            swiglu(gate.data(), up.data(), n);
            for (std::size_t i = 0; i < n; ++i) {
                const double expected = exact_swiglu(before[i], up[i]);
                REQUIRE(std::fabs(static_cast<double>(gate[i]) - expected) <= 6e-7 * std::fabs(expected) + 1e-37);
            }
            CHECK(gate[n] == before[n]);
            CHECK(up == up_before);
        }
    }
}

TEST_CASE("swiglu: far from zero it is the gate, or nothing") {
    float gate[] = {100.0f, 1e30f, -100.0f, -1e30f, 0.0f, -0.0f};
    const float up[] = {2.0f, 2.0f, 2.0f, 2.0f, 2.0f, 2.0f};
    swiglu(gate, up, 6);
    CHECK(gate[0] == 200.0f);
    CHECK(gate[1] == 2e30f);
    CHECK(std::fabs(gate[2]) < 1e-35f);
    CHECK(std::fabs(gate[3]) < 1e-7f); // the exponential stays at 3.3e38
    CHECK(gate[4] == 0.0f);
    CHECK(gate[5] == 0.0f);
}

} // namespace
