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
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>

namespace llmzero::inline LLMZERO_ABI {

// The largest n for which there is a search.
inline constexpr std::size_t most_largest_rows = 64;
// A sketch is worth its time where it leaves one row in so many.
inline constexpr std::size_t rows_for_each_left = 20;

namespace detail {

inline constexpr std::size_t eight = 8; // numbers that are looked at together

inline std::int32_t bits_of(const float * y) {
    std::int32_t bits;
    std::memcpy(&bits, y, sizeof bits);
    return bits;
}

// The first eight of the numbers [y, end), a multiple of eight, of which one may be larger than a bound above 0, or
// `end`. Integers compare faster than floats on a small core; for those above 0 the order is the same. A function of
// its own, for its registers.
LLMZERO_NOINLINE inline const float * skip_smaller(const float * y, const float * end, std::int32_t bits_of_bound) {
    constexpr std::size_t ahead = 32;                // floats: four lines of 32 bytes
    const std::int32_t half = bits_of_bound / 2 - 1; // halves, so that differences fit
    std::int32_t any = 0;
    for (; y != end && any >= 0; y += eight) {
        LLMZERO_PREFETCH(y, ahead);
        std::int32_t bits[eight]; // all are under way before the first is used
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < eight; ++lane) {
            bits[lane] = bits_of(y + lane);
        }
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < eight; ++lane) {
            any |= half - (bits[lane] >> 1);
        }
    }
    return any < 0 ? y - eight : y;
}

// The largest y of each block of rows, as integers, which compare faster than floats on a small core: for numbers above
// 0 the order is the same, and of a block without any it is no number above 0. What lies in the cache no longer is then
// read again only where there is something to find.
class block_maxima {
public:
    explicit block_maxima(std::size_t n_rows) {
        while (rows_ * most_blocks < n_rows) {
            rows_ *= 2;
        }
    }
    // Of rows [first, end), a block.
    void set(const float * y, std::size_t first, std::size_t end) {
        constexpr std::size_t ahead = 32; // floats: four lines of 32 bytes
        std::int32_t largest = bits_of(y + first);
        std::size_t r = first;
        for (; r + eight <= end; r += eight) {
            LLMZERO_PREFETCH(y, r + ahead);
            LLMZERO_LANES
            for (std::size_t lane = 0; lane < eight; ++lane) {
                const std::int32_t bits = bits_of(y + r + lane);
                largest = bits > largest ? bits : largest;
            }
        }
        for (; r < end; ++r) {
            largest = std::max(largest, bits_of(y + r));
        }
        largest_[first / rows_] = largest;
    }
    // Whether a number of the block may be larger than `bound`, or equal to it: false where none is.
    [[nodiscard]] bool may_reach(std::size_t first, float bound) const {
        return !(bound > 0.0f) || largest_[first / rows_] >= bits_of(&bound);
    }
    [[nodiscard]] std::size_t rows() const { return rows_; } // of a block

private:
    static constexpr std::size_t most_blocks = 1024;

    std::int32_t largest_[most_blocks];
    std::size_t rows_ = 32;
};

// The rows with the n largest y [n_rows]; n <= n_rows, at most most_largest_rows. Fills `maxima`.
class top_rows {
public:
    top_rows(const float * y, std::size_t n_rows, std::size_t n, block_maxima & maxima) : n_(n) {
        const auto is_larger = [y](std::uint32_t a, std::uint32_t b) {
            return y[a] > y[b];
        };
        for (std::uint32_t r = 0; r < n; ++r) {
            rows_[r] = r;
        }
        std::make_heap(rows_, rows_ + n, is_larger); // the least on top
        float least = y[rows_[0]];
        for (std::size_t first = 0; first < n_rows; first += maxima.rows()) {
            const std::size_t end = std::min(first + maxima.rows(), n_rows);
            maxima.set(y, first, end);
            if (!maxima.may_reach(first, least)) { // few do
                continue;
            }
            for (std::size_t r = std::max(first, n); r < end; ++r) {
                if (y[r] > least) {
                    std::pop_heap(rows_, rows_ + n, is_larger);
                    rows_[n - 1] = static_cast<std::uint32_t>(r);
                    std::push_heap(rows_, rows_ + n, is_larger);
                    least = y[rows_[0]];
                }
            }
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
inline std::size_t possible_rows(const float * y, const block_maxima & maxima, const float * error, float largest_error,
                                 std::size_t n_rows, float reach, float least, std::int32_t * rows,
                                 std::size_t most_rows) {
    std::size_t n_found = 0;
    // What no row passes that has not at least this; less by what the sum below rounds.
    const float widest = largest_error * reach;
    const float bound = (least - widest) - 0x1p-20f * (std::fabs(least) + widest);
    const auto take = [&](std::size_t first, float error_of_first) {
        const std::size_t end = std::min(first + eight, n_rows);
        for (std::size_t row = first; row < end && n_found <= most_rows; ++row) {
            const float above = (y[row] - least) + (row == first ? error_of_first : error[row]) * reach;
            if (bits_of(&above) >= 0) { // below 0 where the float is
                if (n_found < most_rows) {
                    rows[n_found] = static_cast<std::int32_t>(row);
                }
                ++n_found;
            }
        }
    };
    // Eight rows are taken when the next are found: their errors come from memory until then.
    std::size_t found = n_rows;
    float error_of_found = 0.0f;
    for (std::size_t first = 0; first < n_rows && n_found <= most_rows; first += maxima.rows()) {
        if (!maxima.may_reach(first, bound)) {
            continue;
        }
        const std::size_t end = std::min(first + maxima.rows(), n_rows);
        const std::size_t last = end / eight * eight; // blocks begin at a multiple of eight
        for (std::size_t r = first; r < end; r += eight) {
            if (r < last && bound > 0.0f) {
                r = static_cast<std::size_t>(skip_smaller(y + r, y + last, bits_of(&bound)) - y);
            }
            if (r < end) {
                take(found, error_of_found);
                found = r;
                error_of_found = error[r];
            }
        }
    }
    take(found, error_of_found);
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
    detail::block_maxima maxima(n_rows);
    for (const std::uint32_t row : detail::top_rows(y, n_rows, n, maxima)) {
        x.multiply_rows(w, row, row + 1, y);
        least = std::min(least, y[row]);
    }
    // Less by what the comparison rounds, and by what products may lose that are too small for a float.
    const float margin = 0x1p-20f * std::fabs(least) + 0x1p-80f;
    const std::size_t n_found = detail::possible_rows(y, maxima, sketch.errors(), sketch.largest_error(), n_rows,
                                                      reach.factor, least - margin, rows.data(), rows.size());
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
