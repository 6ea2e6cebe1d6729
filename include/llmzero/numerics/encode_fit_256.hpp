// The fit of a block of 256 weights: two numbers, d and dmin, the small integers that runs of 16 or 32 weights multiply
// them with, and the codes of the weights.
//
// First each run gets the scale (and offset) that suits it alone. The stored numbers follow from the largest of them,
// and the integers are rounded. Then each run looks for better integers next to its own, and d and dmin become the
// least-squares ones for all 256 weights, in turns; what does not lower the squared error is dropped.
#pragma once

#include <llmzero/numerics/encode_32.hpp>
#include <llmzero/numerics/encode_fit.hpp>

#include <cstddef>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

namespace detail {

inline constexpr std::size_t weights_in_256 = 256;
inline constexpr std::size_t max_runs = 16; // of 16 weights
inline constexpr int fit_rounds = 2;

// A number as it comes back from half precision.
inline float as_half(float value) {
    std::uint8_t bytes[2];
    return store_f16(value, bytes);
}

// The same for d and dmin: numbers too small for half precision become its smallest, which integers below the largest
// ones are then multiplied with, instead of zero, with which all weights of the block would be lost.
inline float as_scale(float value) {
    constexpr float smallest = 0x1p-24f;
    const float half = as_half(value);
    return half != 0.0f || value == 0.0f ? half : value > 0.0f ? smallest : -smallest;
}

// The best of `middle` and its neighbours within the range. error_of(factor) is what counts.
template <class ErrorOf> float best_neighbour(float middle, code_range range, float reach, const ErrorOf & error_of) {
    float best = middle;
    float best_error = error_of(middle);
    for (float factor = middle - reach; factor <= middle + reach; factor += 1.0f) {
        if (factor == middle || factor < range.lowest || factor > range.highest) {
            continue;
        }
        const float error = error_of(factor);
        if (error < best_error) {
            best_error = error;
            best = factor;
        }
    }
    return best;
}

// ---- w = d * factor[run] * code, runs of 16: Q3_K and Q6_K ----

struct signed_256 {
    float d = 0.0f;
    float factor[max_runs] = {};

    [[nodiscard]] float scale(std::size_t run) const { return d * factor[run]; }
};

struct signed_form {
    code_range codes;
    code_range factors;
    scale_search search;
};

// x(256)
inline float error_of(const signed_256 & fit, const signed_form & form, const float * x) {
    float sum = 0.0f;
    for (std::size_t run = 0; run < max_runs; ++run) {
        sum += error_with_scale(x + 16 * run, 16, fit.scale(run), form.codes);
    }
    return sum;
}

// The least-squares d for the codes that the fit gives. // x(256)
inline float refit_d(const signed_256 & fit, const signed_form & form, const float * x) {
    float product = 0.0f;
    float square = 0.0f;
    for (std::size_t run = 0; run < max_runs; ++run) {
        const float inverse = fit.scale(run) != 0.0f ? 1.0f / fit.scale(run) : 0.0f;
        for (std::size_t i = 16 * run; i < 16 * run + 16; ++i) {
            const float multiple = fit.factor[run] * nearest_code(x[i] * inverse, form.codes);
            product += x[i] * multiple;
            square += multiple * multiple;
        }
    }
    return square > 0.0f ? product / square : 0.0f;
}

// x(256)
inline signed_256 fit_signed_256(const float * x, const signed_form & form) {
    float scales[max_runs];
    float largest = 0.0f;
    for (std::size_t run = 0; run < max_runs; ++run) {
        scales[run] = fit_scale(x + 16 * run, 16, form.codes, form.search);
        const float magnitude = scales[run] < 0.0f ? -scales[run] : scales[run];
        largest = magnitude > (largest < 0.0f ? -largest : largest) ? scales[run] : largest;
    }
    signed_256 fit;
    fit.d = as_scale(largest / form.factors.lowest);
    if (fit.d == 0.0f) {
        return fit;
    }
    for (std::size_t run = 0; run < max_runs; ++run) {
        fit.factor[run] = nearest_code(scales[run] / fit.d, form.factors);
    }
    for (int round = 0; round < fit_rounds; ++round) {
        for (std::size_t run = 0; run < max_runs; ++run) {
            fit.factor[run] = best_neighbour(fit.factor[run], form.factors, 2.0f, [&](float factor) {
                return error_with_scale(x + 16 * run, 16, fit.d * factor, form.codes);
            });
        }
        signed_256 trial = fit;
        trial.d = as_half(refit_d(fit, form, x));
        if (error_of(trial, form, x) < error_of(fit, form, x)) {
            fit = trial;
        }
    }
    return fit;
}

// ---- w = d * factor[run] * code - dmin * min[run]: Q2_K, Q4_K and Q5_K ----

struct unsigned_256 {
    float d = 0.0f;
    float dmin = 0.0f;
    float factor[max_runs] = {};
    float min[max_runs] = {};

    [[nodiscard]] float scale(std::size_t run) const { return d * factor[run]; }
    [[nodiscard]] float offset(std::size_t run) const { return -(dmin * min[run]); }
};

struct unsigned_form {
    std::size_t run;    // weights in a run: 16 or 32
    code_range codes;   // from 0
    code_range factors; // of d and of dmin: from 0
    scale_search search;
    [[nodiscard]] std::size_t n_runs() const { return weights_in_256 / run; }
};

// x(256)
inline float error_of(const unsigned_256 & fit, const unsigned_form & form, const float * x) {
    float sum = 0.0f;
    for (std::size_t run = 0; run < form.n_runs(); ++run) {
        sum += error_with_offset(x + form.run * run, form.run, fit.scale(run), fit.offset(run), form.codes);
    }
    return sum;
}

// The least-squares d and dmin for the codes that the fit gives: two equations in two unknowns. // x(256)
inline void refit_d_and_dmin(unsigned_256 & fit, const unsigned_form & form, const float * x) {
    double aa = 0.0; // sums over all weights, with w = d * a - dmin * b
    double ab = 0.0;
    double bb = 0.0;
    double ax = 0.0;
    double bx = 0.0;
    for (std::size_t run = 0; run < form.n_runs(); ++run) {
        const float inverse = fit.scale(run) > 0.0f ? 1.0f / fit.scale(run) : 0.0f;
        const float b = fit.min[run];
        float run_aa = 0.0f;
        float run_a = 0.0f;
        float run_ax = 0.0f;
        float run_x = 0.0f;
        for (std::size_t i = form.run * run; i < form.run * (run + 1); ++i) {
            const float a = fit.factor[run] * nearest_code((x[i] - fit.offset(run)) * inverse, form.codes);
            run_aa += a * a;
            run_a += a;
            run_ax += a * x[i];
            run_x += x[i];
        }
        aa += static_cast<double>(run_aa);
        ab += static_cast<double>(b) * static_cast<double>(run_a);
        bb += static_cast<double>(b) * static_cast<double>(b) * static_cast<double>(form.run);
        ax += static_cast<double>(run_ax);
        bx += static_cast<double>(b) * static_cast<double>(run_x);
    }
    const double determinant = aa * bb - ab * ab;
    if (determinant > 1e-6 * aa * bb) {
        fit.d = static_cast<float>((ax * bb - ab * bx) / determinant);
        fit.dmin = static_cast<float>((ab * ax - aa * bx) / determinant);
    } else if (aa > 0.0) {
        fit.d = static_cast<float>((ax + static_cast<double>(fit.dmin) * ab) / aa);
    }
    fit.d = as_half(fit.d > 0.0f ? fit.d : 0.0f);
    fit.dmin = as_half(fit.dmin > 0.0f ? fit.dmin : 0.0f);
}

// Better factors of one run: scale and min are tried together, since a change of one asks for a change of the other.
inline void improve_run(unsigned_256 & fit, const unsigned_form & form, std::size_t run, const float * x) {
    const auto error = [&](float factor, float min) {
        return error_with_offset(x, form.run, fit.d * factor, -(fit.dmin * min), form.codes);
    };
    const float factor_before = fit.factor[run];
    const float min_before = fit.min[run];
    float best = error(factor_before, min_before);
    for (float factor = factor_before - 1.0f; factor <= factor_before + 1.0f; factor += 1.0f) {
        for (float min = min_before - 1.0f; min <= min_before + 1.0f; min += 1.0f) {
            if (factor < 0.0f || factor > form.factors.highest || min < 0.0f || min > form.factors.highest) {
                continue;
            }
            const float found = error(factor, min);
            if (found < best) {
                best = found;
                fit.factor[run] = factor;
                fit.min[run] = min;
            }
        }
    }
}

// x(256)
inline unsigned_256 fit_unsigned_256(const float * x, const unsigned_form & form) {
    scale_and_offset runs[max_runs];
    float largest_scale = 0.0f;
    float largest_min = 0.0f;
    for (std::size_t run = 0; run < form.n_runs(); ++run) {
        runs[run] = fit_scale_and_offset(x + form.run * run, form.run, form.codes.highest, form.search, true);
        largest_scale = runs[run].scale > largest_scale ? runs[run].scale : largest_scale;
        largest_min = -runs[run].offset > largest_min ? -runs[run].offset : largest_min;
    }
    unsigned_256 fit;
    fit.d = as_scale(largest_scale / form.factors.highest);
    fit.dmin = as_scale(largest_min / form.factors.highest);
    for (std::size_t run = 0; run < form.n_runs(); ++run) {
        fit.factor[run] = fit.d > 0.0f ? nearest_code(runs[run].scale / fit.d, form.factors) : 0.0f;
        fit.min[run] = fit.dmin > 0.0f ? nearest_code(-runs[run].offset / fit.dmin, form.factors) : 0.0f;
    }
    for (int round = 0; round < fit_rounds; ++round) {
        for (std::size_t run = 0; run < form.n_runs(); ++run) {
            improve_run(fit, form, run, x + form.run * run);
        }
        unsigned_256 trial = fit;
        refit_d_and_dmin(trial, form, x);
        if (error_of(trial, form, x) < error_of(fit, form, x)) {
            fit = trial;
        }
    }
    return fit;
}

} // namespace detail

} // namespace llmzero::inline LLMZERO_ABI
