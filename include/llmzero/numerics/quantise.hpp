// Activations as 8-bit integers: groups of 32 with one scale each, made once per vector and shared by all
// rows of the matrices that it meets. All kernel sets make the same codes and scales, so that the integer parts
// of their products agree exactly.
//
// The scale decides how large the rounding errors are. The usual choice, the largest magnitude over 127, is only
// the first of four that are tried here; for given codes the best scale is then the least-squares one,
// sum(x * code) / sum(code^2), which leaves an error of sum(x^2) - sum(x * code)^2 / sum(code^2). Against the
// usual choice this takes an eighth off the squared error of normally distributed values, at four times the cost of
// something that is done once for hundreds of rows.
//
// Floats become integers of 16 bits first, the largest magnitude 127 * 256, and the search is done with those: its sums
// are exact, the same on every machine and in any order. What x loses there, at most half a unit in 32512, is an
// hundredth of what it loses to 8 bits.
//
// Limits: a group whose magnitudes are all below 1e-30 becomes zeros, as does one with an infinity or a NaN.
#pragma once

#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/numerics/math.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <bit>
#include <cfloat>
#include <cstddef>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

namespace detail {

inline constexpr std::size_t quantise_lanes = 8; // side by side, for vectors and long pipelines

// The bits of it: without their signs floats are in the order of their bits, with NaN above all.
inline std::uint32_t largest_magnitude(const float * x) { // x(group_size)
    std::uint32_t largest_of[2] = {};
    LLMZERO_LANES
    for (std::size_t i = 0; i < group_size; ++i) {
        const std::uint32_t doubled = std::bit_cast<std::uint32_t>(x[i]) << 1;
        largest_of[i % 2] = doubled > largest_of[i % 2] ? doubled : largest_of[i % 2];
    }
    return (largest_of[0] > largest_of[1] ? largest_of[0] : largest_of[1]) >> 1;
}

inline constexpr float scaled_limit = 127 * 256;
inline constexpr float to_whole = 12582912.0f; // 1.5 * 2^23: adding it rounds to the nearest integer, ties to even

// Of the bits of a magnitude, which are in the order of the floats: from 1e-30 up, neither infinite nor a NaN.
inline bool can_be_scaled(std::uint32_t bits) {
    constexpr auto least = std::bit_cast<std::uint32_t>(1e-30f);
    constexpr auto most = std::bit_cast<std::uint32_t>(FLT_MAX);
    return bits - least <= most - least;
}

// integers(32) = x(32) * scaled_limit / largest
inline void scale_group(const float * x, float largest, std::int16_t * integers) {
    const float factor = scaled_limit / largest;
    for (std::size_t i = 0; i < group_size; i += quantise_lanes) {
        float shifted[quantise_lanes];
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < quantise_lanes; ++lane) {
            shifted[lane] = as_stored(multiply_add(x[i + lane], factor, to_whole));
        }
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < quantise_lanes; ++lane) { // the low bits of to_whole are zeros
            integers[i + lane] = static_cast<std::int16_t>(std::bit_cast<std::int32_t>(shifted[lane]));
        }
    }
}

// A try rounds x * factor / 65536: with a factor of 256 the largest code is 127.
inline std::int32_t rounded_code(std::int16_t x, std::int32_t factor) {
    return (x * factor + 0x8000) >> 16;
}

// The two sums that say how well the codes of a try fit.
struct group_fit {
    std::int32_t product; // sum(x * code), x the integers of 16 bits: below 2^27
    std::int32_t square;  // sum(code^2): below 2^19
};

inline group_fit fit_of(const std::int16_t * x, std::int32_t factor) {
    group_fit fit{};
    for (std::size_t i = 0; i < group_size; ++i) {
        const std::int32_t code = rounded_code(x[i], factor);
        fit.product += x[i] * code;
        fit.square += code * code;
    }
    return fit;
}

// The factor of the try that fits best.
struct group_choice {
    std::int32_t factor;
    float scale;
};

// Each factor is 1.5 / 127 of 256 below the one before, which shifts most codes by more than a half, so that each try
// rounds differently.
inline constexpr std::int32_t wide_factor = 256;   // codes up to 127
inline constexpr std::int32_t narrow_factor = 242; // codes up to 120
inline constexpr std::int32_t factor_step = 3;
inline constexpr std::size_t n_tries = 4;

// fits: of the factors from the first one down; unit: of the integers
inline group_choice best_of(const group_fit (&fits)[n_tries], std::int32_t first_factor, float unit) {
    float product[n_tries];
    float square[n_tries];
    LLMZERO_LANES
    for (std::size_t n = 0; n < n_tries; ++n) {
        product[n] = static_cast<float>(fits[n].product);
        square[n] = static_cast<float>(fits[n].square);
    }
    float squared_product[n_tries];
    LLMZERO_LANES
    for (std::size_t n = 0; n < n_tries; ++n) {
        squared_product[n] = as_stored(product[n] * product[n]);
    }
    std::size_t best = 0;
    for (std::size_t n = 1; n < n_tries; ++n) { // product^2 / square, without dividing
        best = squared_product[n] * square[best] > squared_product[best] * square[n] ? n : best;
    }
    return {first_factor - factor_step * static_cast<std::int32_t>(best), product[best] / square[best] * unit};
}

inline group_choice choose_factor(const std::int16_t * x, std::int32_t first_factor, float unit) {
    group_fit fits[n_tries];
    for (std::size_t n = 0; n < n_tries; ++n) {
        fits[n] = fit_of(x, first_factor - factor_step * static_cast<std::int32_t>(n));
    }
    return best_of(fits, first_factor, unit);
}

// `code` may be `x`.
inline void round_group(const std::int16_t * x, std::int32_t factor, std::int16_t * code) {
    for (std::size_t i = 0; i < group_size; ++i) {
        code[i] = static_cast<std::int16_t>(rounded_code(x[i], factor));
    }
}

// Whether no product of the 4-bit form leaves 16 bits; any group within [-120, 120] is.
inline bool is_nibble_safe(const std::int16_t * code) {
    for (std::size_t i = 0; i < group_size; i += 4) {
        const int difference = 16 * code[i + 1] - code[i + 2];
        if (difference < -2048 || difference > 2047) {
            return false;
        }
    }
    return true;
}

} // namespace detail

// x(32) ~ scale * code(32), code as `kind` says; returns the scale, 0 for a group of zeros.
inline float quantise_group(activation_kind kind, const float * x, std::int16_t * code) {
    const std::uint32_t bits = detail::largest_magnitude(x);
    if (!detail::can_be_scaled(bits)) {
        for (std::size_t i = 0; i < group_size; ++i) {
            code[i] = 0;
        }
        return 0.0f;
    }
    const auto largest = std::bit_cast<float>(bits);
    std::int16_t integers[group_size];
    detail::scale_group(x, largest, integers);
    const float unit = largest / detail::scaled_limit;
    detail::group_choice choice = detail::choose_factor(integers, detail::wide_factor, unit);
    detail::round_group(integers, choice.factor, code);
    // About one group in ten needs the narrower range, so that both kinds are nearly as exact.
    if (has_nibble_limit(kind) && !detail::is_nibble_safe(code)) {
        choice = detail::choose_factor(integers, detail::narrow_factor, unit);
        detail::round_group(integers, choice.factor, code);
    }
    return choice.scale;
}

} // namespace llmzero::inline LLMZERO_ABI
