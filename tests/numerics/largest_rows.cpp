#include <llmzero/kernels/select.hpp>
#include <llmzero/numerics/largest_rows.hpp>

#include "kernels/kernel_cases.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <doctest/doctest.h>
#include <limits>
#include <vector>

using namespace llmzero;

namespace {

// A head with its sketch, and one vector at a time.
class searched_head {
public:
    searched_head(const kernel_set & set, const kernel_cases::matrix & w) : n_rows_(w.rows), cols_(w.cols) {
        auto packed = packed_matrix::create(set, w.format, w.rows, w.cols);
        auto sketch = head_sketch::create(set, w.rows, w.cols);
        auto input = activations::create(set, w.cols, 1);
        REQUIRE((packed && sketch && input));
        w_ = std::move(*packed);
        sketch_ = std::move(*sketch);
        input_ = std::move(*input);
        for (std::size_t r = 0; r < w.rows; ++r) {
            set.pack_row(w_.view(), r, w.row(r));
            if (is_quantised(w.format)) {
                sketch_.add_row(set, w.format, r, static_cast<const weight_group *>(w.row(r)));
            } else {
                sketch_.add_row(set, r, w.values.data() + r * w.cols);
            }
        }
    }

    // Every row that is one of the n largest must be found, with the bits of the whole product. Returns how many rows
    // were found.
    std::size_t check(const std::vector<float> & x, std::size_t n) {
        std::vector<float> whole(n_rows_);
        input_.set(x.data(), cols_, 1);
        input_.multiply(w_, whole.data());
        std::vector<float> y(n_rows_, 77.0f);
        std::vector<std::int32_t> rows(n_rows_);
        const std::size_t n_found = find_largest_rows(w_, sketch_, input_, n, y.data(), rows);
        if (n_found == 0) {
            return 0;
        }
        rows.resize(n_found);
        CHECK(std::is_sorted(rows.begin(), rows.end()));
        std::vector<float> in_order = whole;
        std::sort(in_order.begin(), in_order.end(), std::greater<>());
        std::size_t next = 0;
        for (std::size_t r = 0; r < n_rows_; ++r) {
            const bool is_found = next < n_found && rows[next] == static_cast<std::int32_t>(r);
            if (is_found) {
                ++next;
                REQUIRE(support::same_float(y[r], whole[r]));
            }
            REQUIRE((is_found || whole[r] < in_order[n - 1]));
        }
        CHECK(next == n_found);
        return n_found;
    }

    std::size_t find(const std::vector<float> & x, std::size_t n, std::size_t most_rows) {
        std::vector<float> y(n_rows_);
        std::vector<std::int32_t> rows(most_rows + 1, -7);
        input_.set(x.data(), cols_, 1);
        const std::size_t n_found =
            find_largest_rows(w_, sketch_, input_, n, y.data(), std::span(rows).first(most_rows));
        CHECK(rows.back() == -7);
        return n_found;
    }

private:
    std::size_t n_rows_;
    std::size_t cols_;
    packed_matrix w_;
    head_sketch sketch_;
    activations input_;
};

TEST_CASE("largest rows: those of the whole product, with its bits") {
    support::numbers random(95);
    for (const kernel_set * set : available_kernels()) {
        for (const packed_format format : kernel_cases::formats) {
            CAPTURE(set->name);
            CAPTURE(static_cast<int>(format));
            for (const std::size_t n_rows : {1u, 7u, 301u}) {
                searched_head head(*set, kernel_cases::random_matrix(format, n_rows, 96, random));
                for (const std::size_t n : {1u, 2u, 40u, 64u}) {
                    const std::size_t n_found = head.check(kernel_cases::random_vectors(96, random), n);
                    CHECK((n > n_rows ? n_found == 0 : n_found >= n));
                }
            }
        }
    }
}

TEST_CASE("largest rows: every row within its error of the least that is wanted is possible, in any block") {
    constexpr float reach = 2.0f;
    for (const std::size_t n_rows : {1u, 31u, 32u, 33u, 100u, 40'000u}) {
        for (const float shift : {0.0f, 100.0f, -100.0f}) { // all negative, too
            for (const std::size_t at : {std::size_t{0}, n_rows / 2, n_rows - 1}) {
                CAPTURE(n_rows);
                CAPTURE(shift);
                std::vector<float> y(n_rows, shift - 10.0f);
                std::vector<float> error(n_rows, 0.5f);
                y[0] = shift;
                y[at] = at > 0 ? shift - 1.9f : shift; // 1.9 below it, where an error of 2 may have put it
                error[at] = 1.0f;
                detail::block_maxima maxima(n_rows);
                const detail::top_rows top(y.data(), n_rows, 1, maxima);
                CHECK(*top.begin() == 0);
                std::int32_t rows[3] = {-7, -7, -7};
                const std::size_t n =
                    detail::possible_rows(y.data(), maxima, error.data(), 1.0f, n_rows, reach, shift, rows, 3);
                REQUIRE(n == (at > 0 ? 2 : 1));
                CHECK(rows[0] == 0);
                CHECK(rows[n - 1] == static_cast<std::int32_t>(at));
                error[at] = 0.9f; // of 1.8
                CHECK(detail::possible_rows(y.data(), maxima, error.data(), 1.0f, n_rows, reach, shift, rows, 3) == 1);
            }
        }
    }
}

TEST_CASE("largest rows: most rows are ruled out") {
    support::numbers random(96);
    for (const kernel_set * set : available_kernels()) {
        CAPTURE(set->name);
        auto w = kernel_cases::random_matrix(packed_format::q8, 2000, 64, random);
        for (weight_group & group : w.groups) {
            group.scale = 0.01f; // rows of about one length
            for (std::int8_t & code : group.code) {
                code = static_cast<std::int8_t>(std::clamp(32.0f * random.normal(), -127.0f, 127.0f));
            }
        }
        searched_head head(*set, w);
        std::size_t n_found = 0;
        for (int repeat = 0; repeat < 20; ++repeat) {
            n_found += head.check(kernel_cases::random_vectors(64, random), 1);
        }
        CHECK(n_found < 20 * 2000 / 50);
        const auto x = kernel_cases::random_vectors(64, random);
        const std::size_t n_needed = head.find(x, 1, 2000);
        CHECK(head.find(x, 1, n_needed) == n_needed);
        CHECK(head.find(x, 1, n_needed - 1) == 0); // no room: the whole product
        CHECK(head.find(x, 1, 0) == 0);
        CHECK(head.find(x, 0, 2000) == 0);
        CHECK(head.find(x, most_largest_rows, 2000) > 0);
        CHECK(head.find(x, most_largest_rows + 1, 2000) == 0);
    }
}

TEST_CASE("largest rows: a row that its sketch makes as small as it can is found") {
    support::numbers random(100);
    for (const kernel_set * set : available_kernels()) {
        for (int repeat = 0; repeat < 20; ++repeat) {
            constexpr std::size_t cols = 64;
            auto w = kernel_cases::random_matrix(packed_format::f32, 2, cols, random);
            auto sketch = head_sketch::create(*set, 1, cols);
            REQUIRE(sketch);
            sketch->add_row(*set, 0, w.values.data());
            std::vector<float> x(cols); // what the sketch loses of row 0
            set->unpack_row(sketch->matrix().view(), 0, x.data());
            double y = 0;
            double lost = 0;
            std::size_t largest = 0;
            for (std::size_t i = 0; i < cols; ++i) {
                x[i] = w.values[i] - x[i];
                y += static_cast<double>(w.values[i]) * static_cast<double>(x[i]);
                lost += static_cast<double>(x[i]) * static_cast<double>(x[i]);
                largest = std::fabs(x[i]) > std::fabs(x[largest]) ? i : largest;
            }
            // Row 1 loses nothing, and its product is between that of row 0 and that of its sketch.
            std::fill(w.values.begin() + cols, w.values.end(), 0.0f);
            w.values[cols + largest] = static_cast<float>((y - 0.5 * lost) / static_cast<double>(x[largest]));
            std::memcpy(w.bytes.data() + 1, w.values.data(), w.values.size() * sizeof(float));
            searched_head head(*set, w);
            CHECK(head.check(x, 1) == 2);
        }
    }
}

TEST_CASE("largest rows: equal rows are all found, zeros too") {
    support::numbers random(97);
    for (const kernel_set * set : available_kernels()) {
        for (const packed_format format : {packed_format::q8, packed_format::q5_offset, packed_format::q8_halves}) {
            CAPTURE(set->name);
            CAPTURE(static_cast<int>(format));
            auto w = kernel_cases::random_matrix(format, 200, 64, random);
            for (std::size_t r = 0; r < w.rows; ++r) { // ten different rows
                std::copy_n(w.groups.begin() + static_cast<std::ptrdiff_t>(r % 10 * 2), 2,
                            w.groups.begin() + static_cast<std::ptrdiff_t>(r * 2));
            }
            searched_head head(*set, w);
            for (const std::size_t n : {1u, 3u, 20u, 21u, 64u}) {
                CHECK(head.check(kernel_cases::random_vectors(64, random), n) >= (n + 19) / 20 * 20);
            }
            CHECK(head.check(std::vector<float>(64, 0.0f), 1) == 200); // all products are 0
            for (weight_group & group : w.groups) {
                set_scales(0.0f, 0.0f, &group);
            }
            searched_head zeros(*set, w);
            CHECK(zeros.check(kernel_cases::random_vectors(64, random), 5) == 200);
        }
    }
}

TEST_CASE("largest rows: rows of very different sizes") {
    support::numbers random(98);
    for (const kernel_set * set : available_kernels()) {
        CAPTURE(set->name);
        for (const float step : {2.0f, 0.5f}) {
            auto w = kernel_cases::random_matrix(packed_format::q8, 200, 64, random);
            float scale = 1.0f;
            for (std::size_t r = 0; r < w.rows; ++r) {
                scale = r % 10 == 0 ? 1.0f : scale * step;
                w.groups[2 * r].scale = scale;
                w.groups[2 * r + 1].scale = r % 3 == 0 ? scale : -scale;
            }
            searched_head head(*set, w);
            for (const std::size_t n : {1u, 40u}) {
                for (const float size : {1e-20f, 1e-3f, 1.0f, 1e9f}) {
                    auto x = kernel_cases::random_vectors(64, random);
                    for (float & value : x) {
                        value *= size;
                    }
                    CHECK(head.check(x, n) > 0);
                }
            }
        }
    }
}

TEST_CASE("largest rows: what overflows, or is no number, is left to the whole product") {
    support::numbers random(99);
    for (const kernel_set * set : available_kernels()) {
        searched_head head(*set, kernel_cases::random_matrix(packed_format::q8, 40, 64, random));
        auto x = kernel_cases::random_vectors(64, random);
        CHECK(head.find(x, 1, 40) > 0);
        for (const float large : {1e20f, -1e38f}) {
            x[5] = large;
            CHECK(head.find(x, 1, 40) == 0);
        }
        // These become zeros where activations are quantised.
        for (const float odd : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
            x[5] = odd;
            head.check(x, 3);
        }
        searched_head floats(*set, kernel_cases::random_matrix(packed_format::f32, 40, 64, random));
        CHECK(floats.find(x, 1, 40) == 0);
    }
}

} // namespace
