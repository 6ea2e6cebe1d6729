#include <llmzero/numerics/relu.hpp>

#include <cmath>
#include <doctest/doctest.h>
#include <limits>

using namespace llmzero;

TEST_CASE("relu: what is negative becomes zero, and nothing else changes") {
    float x[] = {-1.0f, 2.0f, -1e-30f, 1e-30f, -0.0f, std::numeric_limits<float>::quiet_NaN(), -3.0f, -4.0f};
    relu(x, 7);
    CHECK(x[0] == 0.0f);
    CHECK(x[1] == 2.0f);
    CHECK(x[2] == 0.0f);
    CHECK(x[3] == 1e-30f);
    CHECK(x[4] == 0.0f);
    CHECK(std::isnan(x[5])); // a broken number is not hidden
    CHECK(x[6] == 0.0f);
    CHECK(x[7] == -4.0f);
}
