// The searches that weights are quantised with: which scale, or scale and offset, lets integers of a few bits come
// closest to a run of weights in the sense of least squares.
//
// For given integers the best scale has a formula, sum(x * code) / sum(code^2), and so have the best scale and offset
// together; but the integers depend on the scale. So a number of scales around the one that just reaches the largest
// weight are tried, each rounds the weights differently, and the one whose error is least is kept. The usual choice
// (the largest weight gets the largest integer) is among them, so the result is never worse.
//
// Limits: runs of at most 256 finite weights of magnitudes below 1e15; squares are summed in float.
#pragma once

#include <llmzero/numerics/math.hpp>

#include <cstddef>

namespace llmzero::inline LLMZERO_ABI {

namespace detail {

inline constexpr std::size_t max_fit = 256; // weights in a run

// The integers that codes may have.
struct code_range {
    float lowest;
    float highest;
};

// x rounded to the nearest integer within the range, as a float. |x| < 2^22; anything larger is at an end.
inline float nearest_code(float x, code_range range) {
    constexpr float to_integer = 12582912.0f; // 1.5 * 2^23: adding it rounds to the nearest integer, ties to even
    const float below = x < range.highest ? x : range.highest;
    const float within = below > range.lowest ? below : range.lowest;
    return as_stored(within + to_integer) - to_integer;
}

// sum (x - scale * code)^2 with the best codes for this scale. // x(n)
inline float error_with_scale(const float * x, std::size_t n, float scale, code_range range) {
    const float inverse = scale != 0.0f ? 1.0f / scale : 0.0f;
    float sum = 0.0f;
    for (std::size_t i = 0; i < n; ++i) {
        const float difference = x[i] - scale * nearest_code(x[i] * inverse, range);
        sum += difference * difference;
    }
    return sum;
}

// sum (x - scale * code - offset)^2 with the best codes. // x(n)
inline float error_with_offset(const float * x, std::size_t n, float scale, float offset, code_range range) {
    const float inverse = scale != 0.0f ? 1.0f / scale : 0.0f;
    float sum = 0.0f;
    for (std::size_t i = 0; i < n; ++i) {
        const float difference = x[i] - (scale * nearest_code((x[i] - offset) * inverse, range) + offset);
        sum += difference * difference;
    }
    return sum;
}

// The codes themselves. // x(n), codes(n)
inline void round_to_codes(const float * x, std::size_t n, float scale, float offset, code_range range, int * codes) {
    const float inverse = scale != 0.0f ? 1.0f / scale : 0.0f;
    for (std::size_t i = 0; i < n; ++i) {
        codes[i] = static_cast<int>(nearest_code((x[i] - offset) * inverse, range));
    }
}

// How scales are tried: those that give the largest weight the code `end + from`, `end + from + step`, ..., where `end`
// is the end of the range that it lies towards.
struct scale_search {
    float from;
    float step;
    int tries;
};

// x(n) ~ scale * code(n): the scale, which may be negative; 0 for zeros.
inline float fit_scale(const float * x, std::size_t n, code_range range, scale_search search) {
    float largest = 0.0f;
    for (std::size_t i = 0; i < n; ++i) {
        const float magnitude = x[i] < 0.0f ? -x[i] : x[i];
        largest = magnitude > largest ? magnitude : largest;
    }
    if (largest < 1e-30f) { // its inverse would not be finite
        return 0.0f;
    }
    float best_scale = 0.0f;
    float best_fit = 0.0f; // sum(x * code)^2 / sum(code^2): by this much the error is below sum(x^2)
    const bool is_symmetric = range.lowest == -range.highest;
    for (int side = 0; side < (is_symmetric ? 1 : 2); ++side) {
        // The first side gives positive weights positive codes.
        const float sign = side == 0 ? 1.0f : -1.0f;
        const float end = side == 0 ? range.highest : -range.lowest;
        for (int n_try = 0; n_try < search.tries; ++n_try) {
            const float reach = end + search.from + search.step * static_cast<float>(n_try);
            const float inverse = sign * reach / largest;
            float product = 0.0f;
            float square = 0.0f;
            for (std::size_t i = 0; i < n; ++i) {
                const float code = nearest_code(x[i] * inverse, range);
                product += x[i] * code;
                square += code * code;
            }
            const float fit = square > 0.0f ? product * (product / square) : 0.0f;
            if (fit > best_fit) {
                best_fit = fit;
                best_scale = product / square;
            }
        }
    }
    return best_scale;
}

struct scale_and_offset {
    float scale = 0.0f; // at least 0
    float offset = 0.0f;
};

// The best scale and offset for given codes; a scale that would be negative, or codes that are all equal, give
// scale 0. With `offset_at_most_zero` an offset above zero becomes zero. // x(n), codes of the scale and offset `from`
inline scale_and_offset refit(const float * x, std::size_t n, scale_and_offset from, code_range range,
                              bool offset_at_most_zero) {
    const float inverse = from.scale > 0.0f ? 1.0f / from.scale : 0.0f;
    float sum_x = 0.0f;
    float sum_code = 0.0f;
    float sum_square = 0.0f;
    float sum_product = 0.0f;
    for (std::size_t i = 0; i < n; ++i) {
        const float code = nearest_code((x[i] - from.offset) * inverse, range);
        sum_x += x[i];
        sum_code += code;
        sum_square += code * code;
        sum_product += x[i] * code;
    }
    const float count = static_cast<float>(n);
    const float determinant = count * sum_square - sum_code * sum_code;
    scale_and_offset made;
    if (determinant > 0.0f) {
        made.scale = (count * sum_product - sum_x * sum_code) / determinant;
        made.offset = (sum_square * sum_x - sum_code * sum_product) / determinant;
    }
    if (offset_at_most_zero && made.offset > 0.0f) {
        made.offset = 0.0f;
        made.scale = sum_square > 0.0f ? sum_product / sum_square : 0.0f;
    }
    made.scale = made.scale > 0.0f ? made.scale : 0.0f;
    return made;
}

// x(n) ~ scale * code(n) + offset with codes 0..highest.
inline scale_and_offset fit_scale_and_offset(const float * x, std::size_t n, float highest, scale_search search,
                                             bool offset_at_most_zero) {
    const code_range range = {0.0f, highest};
    float low = x[0];
    float high = x[0];
    for (std::size_t i = 1; i < n; ++i) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    low = offset_at_most_zero && low > 0.0f ? 0.0f : low;
    scale_and_offset best = {0.0f, low};
    if (high - low < 1e-30f) {
        return best;
    }
    float best_error = error_with_offset(x, n, 0.0f, low, range);
    const auto keep_if_better = [&](scale_and_offset trial) {
        const float error = error_with_offset(x, n, trial.scale, trial.offset, range);
        if (error < best_error) {
            best_error = error;
            best = trial;
        }
    };
    keep_if_better({(high - low) / highest, low});
    for (int n_try = 0; n_try < search.tries; ++n_try) {
        const float reach = highest + search.from + search.step * static_cast<float>(n_try);
        scale_and_offset trial = {(high - low) / reach, low};
        for (int round = 0; round < 2; ++round) {
            trial = refit(x, n, trial, range, offset_at_most_zero);
        }
        keep_if_better(trial);
    }
    return best;
}

} // namespace detail

} // namespace llmzero::inline LLMZERO_ABI
