// How far two sets of logits lie apart. Every sum is in double.
//
// With r the reference's logits and x those under test, one row [n_vocab] per step:
//     nmse  = sum (x - r)^2 / sum r^2, over all rows together
//     kl    = sum softmax(r) * (log softmax(r) - log softmax(x)), in nats, a row
//     top-1 = share of rows with equal argmax
// A NaN in any logit makes nmse and kl NaN, so that no comparison with a limit holds.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace support {

// The lowest index among the largest; row.size() when a value is NaN.
inline std::size_t argmax(std::span<const float> row) {
    std::size_t best = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (std::isnan(row[i])) {
            return row.size();
        }
        if (row[i] > row[best]) {
            best = i;
        }
    }
    return best;
}

// log(sum exp(row)), without overflow.
inline double log_sum_exp(std::span<const float> row) {
    const std::size_t best = argmax(row);
    if (best == row.size()) {
        return std::nan("");
    }
    const double largest = static_cast<double>(row[best]);
    double sum = 0;
    for (const float x : row) {
        sum += std::exp(static_cast<double>(x) - largest);
    }
    return largest + std::log(sum);
}

// The natural logarithm of the softmax probability of entry `i`.
inline double log_probability(std::span<const float> row, std::size_t i) {
    return static_cast<double>(row[i]) - log_sum_exp(row);
}

// KL(softmax reference || softmax row), in nats.
inline double kl_divergence(std::span<const float> reference, std::span<const float> row) {
    const double reference_log = log_sum_exp(reference);
    const double row_log = log_sum_exp(row);
    double sum = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
        const double r = static_cast<double>(reference[i]) - reference_log;
        sum += std::exp(r) * (r - (static_cast<double>(row[i]) - row_log));
    }
    return sum;
}

// Adds up rows; the figures may be asked for at any time.
class comparison {
public:
    void add(std::span<const float> reference, std::span<const float> row) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            const double r = static_cast<double>(reference[i]);
            const double difference = static_cast<double>(row[i]) - r;
            error_ += difference * difference;
            energy_ += r * r;
            max_abs_error_ = std::max(max_abs_error_, std::abs(difference));
        }
        const double kl = kl_divergence(reference, row);
        kl_sum_ += kl;
        kl_max_ = std::max(kl_max_, kl);
        if (argmax(reference) == argmax(row)) {
            ++equal_;
        }
        ++rows_;
    }

    [[nodiscard]] std::size_t rows() const { return rows_; }
    [[nodiscard]] double nmse() const { return error_ / energy_; }
    [[nodiscard]] double kl_mean() const { return kl_sum_ / static_cast<double>(rows_); }
    [[nodiscard]] double kl_max() const { return kl_max_; }
    // Of all rows but the one that is farthest off. Two rows or more.
    [[nodiscard]] double kl_mean_but_largest() const { return (kl_sum_ - kl_max_) / static_cast<double>(rows_ - 1); }
    [[nodiscard]] double top1() const { return static_cast<double>(equal_) / static_cast<double>(rows_); }
    [[nodiscard]] double max_abs_error() const { return max_abs_error_; }

private:
    double error_ = 0;
    double energy_ = 0;
    double kl_sum_ = 0;
    double kl_max_ = 0;
    double max_abs_error_ = 0;
    std::size_t equal_ = 0;
    std::size_t rows_ = 0;
};

// The geometric mean of positive numbers.
class geometric_mean {
public:
    void add(double value) {
        log_sum_ += std::log(value);
        ++count_;
    }
    void add(const geometric_mean & other) {
        log_sum_ += other.log_sum_;
        count_ += other.count_;
    }
    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] double value() const { return std::exp(log_sum_ / static_cast<double>(count_)); }

private:
    double log_sum_ = 0;
    std::size_t count_ = 0;
};

} // namespace support
