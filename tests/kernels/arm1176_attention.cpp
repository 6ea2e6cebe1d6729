// That attention is right within its errors is tested for all kernel sets in kernel_set.cpp.
#include <llmzero/kernels/arm1176_attention.hpp>

#include <doctest/doctest.h>

#if LLMZERO_HAS_ARM1176

#    include "kernel_cases.hpp"

#    include <algorithm>
#    include <cmath>
#    include <limits>
#    include <vector>

using namespace llmzero;

namespace {

namespace arm = kernels::arm1176;

struct attention_case {
    std::size_t n;
    std::size_t n_heads;
    std::size_t head_dim;
    std::vector<float> q;
    std::vector<std::int8_t> keys;
    std::vector<std::int8_t> values;
    std::vector<float> key_scales;
    std::vector<float> value_scales;

    attention_case(std::size_t positions, std::size_t heads, std::size_t width, support::numbers & random)
        : n(positions), n_heads(heads), head_dim(width), q(kernel_cases::random_vectors(heads * width, random)) {
        for (std::size_t i = 0; i < n * head_dim; ++i) {
            keys.push_back(static_cast<std::int8_t>(random.integer(-127, 127)));
            values.push_back(static_cast<std::int8_t>(random.integer(-127, 127)));
        }
        key_scales.assign(n, 0.01f);
        value_scales.assign(n, 0.01f);
    }

    [[nodiscard]] std::vector<float> attend() const {
        std::vector<float> scores(n_heads * n);
        std::vector<float> out(n_heads * head_dim);
        arm::attend(q.data(), n_heads, {nullptr, keys.data(), key_scales.data()},
                    {nullptr, values.data(), value_scales.data()}, n, head_dim, 0.125f, nullptr, scores.data(),
                    out.data());
        return out;
    }
    [[nodiscard]] std::vector<float> attend_in_floats() const {
        std::vector<float> scores(n_heads * n);
        std::vector<float> out(n_heads * head_dim);
        kernels::dense::attend(q.data(), n_heads, {nullptr, keys.data(), key_scales.data()},
                               {nullptr, values.data(), value_scales.data()}, n, head_dim, 0.125f, nullptr,
                               scores.data(), out.data());
        return out;
    }
};

TEST_CASE("arm1176 attention: every number of positions and heads, near the one in floats") {
    support::numbers random(60);
    for (const std::size_t head_dim : {8u, 48u, 64u, 256u}) {
        for (std::size_t n = 1; n <= 70; n += head_dim == 8 ? 1 : 11) {
            const attention_case c(n, 1 + n % 7, head_dim, random);
            CAPTURE(n);
            CAPTURE(head_dim);
            const auto out = c.attend();
            const auto expected = c.attend_in_floats();
            for (std::size_t i = 0; i < out.size(); ++i) {
                REQUIRE(std::fabs(out[i] - expected[i]) < 2e-4f);
            }
        }
    }
}

TEST_CASE("arm1176 attention: sums of the largest numbers fit") {
    for (const int sign : {1, -1}) {
        for (const std::size_t heads : {1u, 3u}) {
            support::numbers random(61);
            attention_case c(100, heads, 256, random);
            std::fill(c.q.begin(), c.q.end(), 1.0f);
            std::fill(c.keys.begin(), c.keys.end(), static_cast<std::int8_t>(sign * 127));
            std::fill(c.values.begin(), c.values.end(), static_cast<std::int8_t>(-sign * 127));
            for (const float value : c.attend()) {
                CHECK(value == doctest::Approx(-sign * 1.27).epsilon(1e-5));
            }
        }
    }
}

// Weights have one scale for each chunk of positions: what is small beside a weight elsewhere does not vanish.
TEST_CASE("arm1176 attention: many small weights add up") {
    for (const std::size_t heads : {1u, 3u}) {
        support::numbers random(62);
        attention_case c(4096, heads, 8, random);
        std::fill(c.q.begin(), c.q.end(), 1.0f);
        std::fill(c.keys.begin(), c.keys.end(), static_cast<std::int8_t>(0));
        std::fill(c.keys.begin(), c.keys.begin() + 8, static_cast<std::int8_t>(127));
        std::fill(c.values.begin(), c.values.end(), static_cast<std::int8_t>(100));
        std::fill(c.values.begin(), c.values.begin() + 8, static_cast<std::int8_t>(0));
        std::fill(c.key_scales.begin(), c.key_scales.end(), 12.0f / 127); // the first has e^12 times the others' weight
        const auto out = c.attend();
        const auto expected = c.attend_in_floats();
        for (std::size_t i = 0; i < out.size(); ++i) {
            CHECK(expected[i] > 0.02f);
            CHECK(std::fabs(out[i] - expected[i]) < 1e-3f);
        }
    }
}

TEST_CASE("arm1176 attention: a query of zeros takes the mean, a NaN does not get lost") {
    for (const std::size_t heads : {1u, 3u}) {
        support::numbers random(63);
        attention_case c(5, heads, 8, random);
        std::fill(c.q.begin(), c.q.end(), 0.0f);
        const auto out = c.attend();
        for (std::size_t i = 0; i < out.size(); ++i) {
            float sum = 0;
            for (std::size_t t = 0; t < 5; ++t) {
                sum += static_cast<float>(c.values[t * 8 + i % 8]) * 0.01f;
            }
            CHECK(std::fabs(out[i] - sum / 5) < 1e-4f);
        }
        c.q[3] = std::numeric_limits<float>::quiet_NaN();
        CHECK(std::isnan(c.attend()[0]));
    }
}

} // namespace

#else

#    include <llmzero/kernels/select.hpp>

#    include <string_view>

TEST_CASE("arm1176 attention: is not in builds for other machines") {
    CHECK(llmzero::best_kernels().name != std::string_view("arm1176"));
}

#endif
