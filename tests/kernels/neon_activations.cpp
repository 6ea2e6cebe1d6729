#include <llmzero/kernels/neon_activations.hpp>

#include "kernel_cases.hpp"

#include <doctest/doctest.h>
#include <limits>
#include <vector>

using namespace llmzero;

namespace {

#if LLMZERO_HAS_NEON

void check_prepared(const std::vector<float> & x) {
    std::vector<kernels::neon::activation_group> groups(x.size() / group_size);
    kernels::neon::prepare(activation_kind::eight, x.data(), x.size(), 1, reinterpret_cast<std::byte *>(groups.data()));
    for (std::size_t g = 0; g < groups.size(); ++g) {
        std::int16_t code[group_size];
        const float scale = quantise_group(activation_kind::eight, x.data() + g * group_size, code);
        REQUIRE(support::same_float(groups[g].scale, scale));
        int sum[2] = {};
        for (std::size_t i = 0; i < group_size; ++i) {
            REQUIRE(int{groups[g].code[i]} == int{code[i]});
            sum[i / half_size] += code[i];
        }
        REQUIRE(groups[g].half_sum[0] == sum[0]);
        REQUIRE(groups[g].half_sum[1] == sum[1]);
        REQUIRE(support::same_float(groups[g].sum, scale * static_cast<float>(sum[0] + sum[1])));
    }
}

TEST_CASE("neon activations: the same codes and scales as quantise_group() makes, to the last bit") {
    support::numbers random(70);
    for (const float magnitude : {1.0f, 1e-3f, 1e20f, 1e-29f, 1e38f}) {
        auto x = kernel_cases::random_vectors(group_size * 200, random);
        for (float & value : x) {
            value *= magnitude;
        }
        check_prepared(x);
    }
    // A few large elements, ties, and equal ones.
    std::vector<float> x(group_size * 64);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const std::size_t g = i / group_size;
        x[i] = g % 4 == 0   ? static_cast<float>(random.integer(-127, 127)) * 0.5f
               : g % 4 == 1 ? -3.0f
               : g % 4 == 2 ? (i % group_size == g % group_size ? 1000.0f : random.normal())
                            : static_cast<float>(random.integer(-1, 1));
    }
    check_prepared(x);
}

TEST_CASE("neon activations: groups that cannot be scaled become zeros") {
    for (const float bad : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN(), 0.0f, 1e-31f}) {
        std::vector<float> x(3 * group_size, 0.0f);
        x[40] = bad;
        x[2] = 1.0f;
        check_prepared(x);
    }
}

#else

TEST_CASE("neon activations: not on other machines") {
    CHECK(LLMZERO_HAS_NEON == 0);
}

#endif

} // namespace
