#include <llmzero/kernels/select.hpp>
#include <llmzero/numerics/head_sketch.hpp>

#include "kernels/kernel_cases.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <vector>

using namespace llmzero;

namespace {

head_sketch sketch_of(const kernel_set & set, const kernel_cases::matrix & w) {
    auto made = head_sketch::create(set, w.rows, w.cols);
    REQUIRE(made);
    for (std::size_t r = 0; r < w.rows; ++r) {
        if (is_quantised(w.format)) {
            made->add_row(set, w.format, r, static_cast<const weight_group *>(w.row(r)));
        } else {
            made->add_row(set, r, w.values.data() + r * w.cols);
        }
    }
    return std::move(*made);
}

// The largest of |y - y4| / (error * reach), which is at most 1.
double worst_error(const kernel_set & set, const kernel_cases::matrix & w, const std::vector<float> & x) {
    const kernel_cases::packed packed(set, w);
    const head_sketch sketch = sketch_of(set, w);
    const kernel_cases::prepared_vectors for_head(set, w.format, x, w.cols);
    const kernel_cases::prepared_vectors for_sketch(set, head_sketch::format, x, w.cols);
    std::vector<float> y(w.rows);
    std::vector<float> y4(w.rows);
    set.multiply(packed.view(), 0, w.rows, for_head.data(), 1, y.data(), w.rows);
    set.multiply(sketch.matrix().view(), 0, w.rows, for_sketch.data(), 1, y4.data(), w.rows);
    const sketch_reach reach = reach_of(set.kind_for(w.format), set.kind_for(head_sketch::format), x.data(), w.cols);
    double worst = 0;
    for (std::size_t r = 0; r < w.rows; ++r) {
        const double bound = static_cast<double>(sketch.errors()[r]) * static_cast<double>(reach.factor);
        const double error = std::fabs(static_cast<double>(y[r]) - static_cast<double>(y4[r]));
        worst = std::max(worst, error / (bound + 1e-24));
        CHECK(std::fabs(y[r]) <= reach.limit * sketch.errors()[r]);
        CHECK(sketch.errors()[r] <= sketch.largest_error());
    }
    return worst;
}

TEST_CASE("head sketch: products are as close as it says") {
    support::numbers random(91);
    for (const kernel_set * set : available_kernels()) {
        for (const packed_format format : kernel_cases::formats) {
            CAPTURE(set->name);
            CAPTURE(static_cast<int>(format));
            for (const std::size_t cols : {32u, 288u}) {
                const auto w = kernel_cases::random_matrix(format, 50, cols, random);
                CHECK(worst_error(*set, w, kernel_cases::random_vectors(cols, random)) <= 1.0);
            }
        }
    }
}

TEST_CASE("head sketch: activations that lie along a row's error reach the bound, and do not pass it") {
    support::numbers random(92);
    for (const kernel_set * set : available_kernels()) {
        for (const packed_format format : kernel_cases::formats) {
            CAPTURE(set->name);
            CAPTURE(static_cast<int>(format));
            constexpr std::size_t cols = 64;
            for (int repeat = 0; repeat < 10; ++repeat) {
                const auto w = kernel_cases::random_matrix(format, 1, cols, random);
                const head_sketch sketch = sketch_of(*set, w);
                std::vector<float> x(cols);
                set->unpack_row(sketch.matrix().view(), 0, x.data());
                for (std::size_t i = 0; i < cols; ++i) {
                    x[i] = w.values[i] - x[i];
                }
                const double worst = worst_error(*set, w, x);
                CHECK(worst <= 1.0);
                CHECK((worst > 0.5 || has_nibbles(format) || has_offset(format) || has_halves(format)));
            }
        }
    }
}

TEST_CASE("head sketch: rows of trained weights' look lose less than a tenth") {
    support::numbers random(93);
    kernel_cases::matrix w{packed_format::f32, 64, 288, {}, {}, kernel_cases::random_vectors(64 * 288, random)};
    const head_sketch sketch = sketch_of(best_kernels(), w);
    for (std::size_t r = 0; r < w.rows; ++r) {
        double squares = 0;
        for (std::size_t i = 0; i < w.cols; ++i) {
            squares += std::pow(static_cast<double>(w.values[r * w.cols + i]), 2);
        }
        const double share = static_cast<double>(sketch.errors()[r]) / std::sqrt(squares);
        CHECK(share > 0.05);
        CHECK(share < 0.1);
    }
}

TEST_CASE("head sketch: rows of any size, and of one weight") {
    support::numbers random(94);
    for (const kernel_set * set : available_kernels()) {
        kernel_cases::matrix w{packed_format::f32, 6, 64, {}, {}, kernel_cases::random_vectors(6 * 64, random)};
        for (std::size_t i = 0; i < 64; ++i) {
            w.values[i] = 0.0f;                                      // zeros
            w.values[64 + i] = i == 7 ? -3.0f : 0.0f;                // one weight, which 4 bits hold exactly
            w.values[2 * 64 + i] *= 1e-9f;                           // below what a half's scale can say
            w.values[3 * 64 + i] *= 1e6f;                            // above
            w.values[4 * 64 + i] *= i < 32 ? 1e-35f : 1e4f;          // tiny beside large
            w.values[5 * 64 + i] = static_cast<float>(i % 2) - 0.5f; // all as large as each other
        }
        w.bytes.resize(1 + w.values.size() * 4);
        for (std::size_t i = 0; i < w.values.size(); ++i) {
            const auto bits = std::bit_cast<std::uint32_t>(w.values[i]);
            for (std::size_t b = 0; b < 4; ++b) {
                w.bytes[1 + 4 * i + b] = static_cast<std::uint8_t>(bits >> (8 * b) & 255u);
            }
        }
        for (int repeat = 0; repeat < 5; ++repeat) {
            CHECK(worst_error(*set, w, kernel_cases::random_vectors(64, random)) <= 1.0);
        }
    }
}

TEST_CASE("head sketch: weights and activations beyond all bounds have none") {
    const float infinity = std::numeric_limits<float>::infinity();
    auto sketch = head_sketch::create(best_kernels(), 2, 32);
    REQUIRE(sketch);
    std::vector<float> row(32, 1.0f);
    sketch->add_row(best_kernels(), 0, row.data());
    CHECK(sketch->largest_error() < 1.0f);
    row[3] = 1e35f;
    sketch->add_row(best_kernels(), 1, row.data());
    CHECK(sketch->largest_error() >= 1e35f);
    std::vector<float> x(32, 1.0f);
    for (const float odd : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN(), 1e30f}) {
        x[9] = odd;
        const sketch_reach reach = reach_of(activation_kind::floats, activation_kind::eight, x.data(), 32);
        CHECK_FALSE(reach.limit < 1e28f);
    }
}

TEST_CASE("head sketch: takes the memory that it says") {
    for (const kernel_set * set : available_kernels()) {
        const auto sketch = head_sketch::create(*set, 100, 96);
        REQUIRE(sketch);
        CHECK(head_sketch::bytes_needed(*set, 100, 96) ==
              sketch->matrix().size_bytes() + 100 * sizeof(float) + 3 * sizeof(weight_group));
        CHECK_FALSE(sketch->empty());
    }
    CHECK(head_sketch().empty());
    CHECK(head_sketch::fits(32));
    CHECK_FALSE(head_sketch::fits(33));
    CHECK_FALSE(head_sketch::fits(0));
}

} // namespace
