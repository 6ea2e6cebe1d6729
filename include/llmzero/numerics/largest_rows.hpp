// The n largest elements of y = W x, found with less than the whole product:
//
//     y4 = W4 x                       the sketch's product (head_sketch.hpp), for all rows
//     least = min of y                over the n rows with the largest y4, multiplied with W
//     y where y4 + error >= least     multiplied with W: the n largest, all that equal the last of them, and some more
//
// For n rows have y >= least, so that no row below it can be one of the largest. A product with W has the same bits for
// a row alone as for all rows: what is found is what the whole product would have given.
//
// How many rows remain depends on the weights. Of the last step's rows each costs as much as about five of the whole
// product, so with more than one in twenty the whole product is made.
#pragma once

#include <llmzero/base/config.hpp>
#include <llmzero/numerics/head_sketch.hpp>
#include <llmzero/numerics/packed_matrix.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace llmzero::inline LLMZERO_ABI {

// The largest n for which there is a search.
inline constexpr std::size_t most_largest_rows = 64;
// A sketch is worth its time where it leaves one row in so many.
inline constexpr std::size_t rows_for_each_left = 20;

namespace detail {

// The rows with the n largest y [n_rows]; n <= n_rows, at most most_largest_rows.
class top_rows {
public:
    top_rows(const float * y, std::size_t n_rows, std::size_t n) : n_(n) {
        const auto is_larger = [y](std::uint32_t a, std::uint32_t b) {
            return y[a] > y[b];
        };
        for (std::uint32_t r = 0; r < n; ++r) {
            rows_[r] = r;
        }
        std::make_heap(rows_, rows_ + n, is_larger); // the least on top
        // Integers compare faster than floats on a small core; for those above 0 the order is the same.
        float least = y[rows_[0]];
        std::int32_t bits = std::bit_cast<std::int32_t>(least);
        for (std::size_t r = n; r < n_rows; ++r) {
            if (r % 8 == 0) {
                __builtin_prefetch(y + r + 32);
            }
            if ((bits > 0 && std::bit_cast<std::int32_t>(y[r]) <= bits) || !(y[r] > least)) {
                continue;
            }
            std::pop_heap(rows_, rows_ + n, is_larger);
            rows_[n - 1] = static_cast<std::uint32_t>(r);
            std::push_heap(rows_, rows_ + n, is_larger);
            least = y[rows_[0]];
            bits = std::bit_cast<std::int32_t>(least);
        }
    }
    [[nodiscard]] const std::uint32_t * begin() const { return rows_; }
    [[nodiscard]] const std::uint32_t * end() const { return rows_ + n_; }

private:
    std::uint32_t rows_[most_largest_rows];
    std::size_t n_;
};

// The rows with y + error * reach >= least, in order: rows [at most most_rows]; returns how many, or most_rows + 1 for
// more.
inline std::size_t possible_rows(const float * y, const float * error, std::size_t n_rows, float reach, float least,
                                 std::int32_t * rows, std::size_t most_rows) {
    constexpr std::size_t lanes = 8;
    constexpr std::size_t ahead = 32; // floats: four lines of 32 bytes
    std::size_t n_found = 0;
    const auto above = [&](std::size_t row) {
        return std::bit_cast<std::int32_t>((y[row] - least) + error[row] * reach); // below 0 where the float is
    };
    const auto take = [&](std::size_t first, std::size_t end) {
        for (std::size_t row = first; row < end && n_found <= most_rows; ++row) {
            if (above(row) >= 0) {
                if (n_found < most_rows) {
                    rows[n_found] = static_cast<std::int32_t>(row);
                }
                ++n_found;
            }
        }
    };
    std::size_t r = 0;
    for (; r + lanes <= n_rows; r += lanes) {
        __builtin_prefetch(y + r + ahead);
        __builtin_prefetch(error + r + ahead);
        std::int32_t bits[lanes];
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            bits[lane] = above(r + lane);
        }
        const std::int32_t all = (bits[0] & bits[1] & bits[2] & bits[3]) & (bits[4] & bits[5] & bits[6] & bits[7]);
        if (all >= 0) { // few eights have one
            take(r, r + lanes);
            if (n_found > most_rows) {
                break;
            }
        }
    }
    take(r, n_rows);
    return n_found;
}

} // namespace detail

// Finds them: `rows` in ascending order, and their elements in y [rows of W], whose others are undefined. Returns how
// many there are, 0 where the search was given up: the whole product is needed. x is one vector; `rows` has room for as
// many as are worth it.
inline std::size_t find_largest_rows(const packed_matrix & w, const head_sketch & sketch, activations & x,
                                     std::size_t n, float * y, std::span<std::int32_t> rows) {
    const std::size_t n_rows = w.rows();
    if (n == 0 || n > most_largest_rows || n > n_rows) {
        return 0;
    }
    const kernel_set & kernels = x.kernels();
    const sketch_reach reach =
        reach_of(kernels.kind_for(w.format()), kernels.kind_for(sketch.matrix().format()), x.values(), w.cols());
    // No scale and no sum overflows, and nothing is infinite or no number.
    if (!(reach.limit < 0x1p60f && reach.limit * sketch.largest_error() < 0x1p100f)) {
        return 0;
    }
    x.multiply(sketch.matrix(), y);
    float least = std::numeric_limits<float>::infinity();
    for (const std::uint32_t row : detail::top_rows(y, n_rows, n)) {
        x.multiply_rows(w, row, row + 1, y);
        least = std::min(least, y[row]);
    }
    // Less by what the comparison rounds, and by what products may lose that are too small for a float.
    const float margin = 0x1p-20f * std::fabs(least) + 0x1p-80f;
    const std::size_t n_found =
        detail::possible_rows(y, sketch.errors(), n_rows, reach.factor, least - margin, rows.data(), rows.size());
    if (n_found > rows.size()) {
        return 0;
    }
    for (const std::int32_t row : rows.first(n_found)) {
        const auto at = static_cast<std::size_t>(row);
        x.multiply_rows(w, at, at + 1, y);
    }
    return n_found;
}

} // namespace llmzero::inline LLMZERO_ABI
