#include <llmzero/numerics/add.hpp>

#include <doctest/doctest.h>
#include <vector>

TEST_CASE("add: every element once, and nothing behind them") {
    for (std::size_t n = 0; n <= 40; ++n) {
        std::vector<float> y(n + 1, 1.0f);
        std::vector<float> x(n + 1);
        for (std::size_t i = 0; i <= n; ++i) {
            x[i] = static_cast<float>(i) + 0.5f;
        }
        llmzero::add(y.data(), x.data(), n);
        for (std::size_t i = 0; i < n; ++i) {
            REQUIRE(y[i] == static_cast<float>(i) + 1.5f);
        }
        CHECK(y[n] == 1.0f);
    }
}
