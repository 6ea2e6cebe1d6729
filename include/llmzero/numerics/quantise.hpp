// Activations as 8-bit integers: groups of 32 with one scale each, made once per vector and shared by all
// rows of the matrices that it meets. All kernel sets quantise with this function, so that the integer parts
// of their products agree exactly.
//
// The scale decides how large the rounding errors are. The usual choice, the largest magnitude over 127, is only
// the first of four that are tried here; for given codes the best scale is then the least-squares one,
// sum(x * code) / sum(code^2), which leaves an error of sum(x^2) - sum(x * code)^2 / sum(code^2). Against the
// usual choice this takes an eighth off the squared error of normally distributed values, at four times the cost of
// something that is done once for hundreds of rows.
//
// Limits: the errors are compared as squares of x in float. A group whose magnitudes are all below 1e-23 becomes zeros;
// above 1e34 the scale may be infinite. A group with an infinity or a NaN becomes zeros or has an infinite scale.
#pragma once

#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/numerics/math.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

namespace detail {

inline constexpr std::size_t quantise_lanes = 8; // independent sums, so that compilers may vectorise

inline float sum_of_lanes(const float * lane) {
    return ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

// Without their signs floats are in the order of their bits, with NaN above all.
inline float largest_magnitude(const float * x) { // x(group_size)
    std::int32_t largest_of[quantise_lanes] = {};
    for (std::size_t i = 0; i < group_size; i += quantise_lanes) {
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < quantise_lanes; ++lane) {
            const std::int32_t magnitude = std::bit_cast<std::int32_t>(x[i + lane]) & 0x7fffffff;
            largest_of[lane] = magnitude > largest_of[lane] ? magnitude : largest_of[lane];
        }
    }
    std::int32_t largest = largest_of[0];
    for (const std::int32_t lane : largest_of) {
        largest = lane > largest ? lane : largest;
    }
    return std::bit_cast<float>(largest);
}

// x(32) * inverse, rounded to integers, and the two sums that say how well they fit.
struct rounded_group {
    float code[group_size];
    float product; // sum(x * code)
    float square;  // sum(code^2)
};

inline void round_group(const float * x, float inverse, rounded_group & out) {
    constexpr float to_integer = 12582912.0f; // 1.5 * 2^23: adding it rounds to the nearest integer, ties to even
    float product[quantise_lanes] = {};
    float square[quantise_lanes] = {};
    for (std::size_t i = 0; i < group_size; i += quantise_lanes) {
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < quantise_lanes; ++lane) {
            const float shifted = as_stored(x[i + lane] * inverse + to_integer);
            const float code = shifted - to_integer;
            out.code[i + lane] = code;
            product[lane] += x[i + lane] * code;
            square[lane] += code * code;
        }
    }
    out.product = sum_of_lanes(product);
    out.square = sum_of_lanes(square);
}

// Whether no product of the 4-bit form leaves 16 bits; any group within [-120, 120] is.
inline bool is_nibble_safe(const std::int16_t * code) {
    for (std::size_t i = 0; i < group_size; i += 4) {
        const int difference = 16 * code[i + 1] - code[i + 2];
        if (difference < -2047 || difference > 2047) {
            return false;
        }
    }
    return true;
}

// x(32) ~ scale * code(32) with |code| <= limit; returns the scale (0 for a group of zeros).
inline float quantise_within(float limit, const float * x, std::int16_t * code) {
    constexpr int tries = 4;
    constexpr float step = 1.5f; // shifts most codes by more than a half, so that each try rounds differently
    const float largest = detail::largest_magnitude(x);
    detail::rounded_group best{};
    float best_fit = 0.0f; // sum(x * code)^2 / sum(code^2); an empty group, or one of NaNs, never has more
    for (int n = 0; n < tries && largest > 0; ++n) {
        detail::rounded_group trial;
        detail::round_group(x, (limit - step * static_cast<float>(n)) / largest, trial);
        const float fit = trial.product * (trial.product / trial.square);
        if (fit > best_fit) {
            best_fit = fit;
            best = trial;
        }
    }
    for (std::size_t i = 0; i < group_size; ++i) {
        code[i] = static_cast<std::int16_t>(best.code[i]);
    }
    return best_fit > 0 ? best.product / best.square : 0.0f;
}

} // namespace detail

// x(32) ~ scale * code(32), code as `kind` (eight or nibble_safe) says; returns the scale, 0 for a group of zeros.
inline float quantise_group(activation_kind kind, const float * x, std::int16_t * code) {
    const float scale = detail::quantise_within(127.0f, x, code);
    // About one group in ten needs the narrower range, so that both kinds are nearly as exact.
    return kind == activation_kind::nibble_safe && !detail::is_nibble_safe(code)
               ? detail::quantise_within(120.0f, x, code)
               : scale;
}

} // namespace llmzero::inline LLMZERO_ABI
