// Elementary functions for loops that run for every token: inline, without branches where a compiler could
// vectorise, and independent of the C library (whose versions differ between systems and are soft-float on
// some). What they round is the same on every machine with IEEE 754 floats, as long as the compiler neither keeps more
// digits (x87) nor contracts a product and a sum into one instruction (FMA).
#pragma once

#include <llmzero/base/config.hpp>

#include <bit>
#include <cfloat>
#include <cstddef>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

// x rounded to the digits of a float. It has no more already, but on machines whose registers do (x87): there, what
// counts on the rounding needs a store.
inline float as_stored(float x) {
    if constexpr (FLT_EVAL_METHOD == 0) {
        return x;
    } else {
        volatile float stored = x;
        return stored;
    }
}

// a * b + c, rounded the same way wherever it is inlined: once where the machine has a fused instruction (which a
// compiler may use in one copy of a loop and not in another), else twice.
inline float multiply_add(float a, float b, float c) {
#if defined(__FP_FAST_FMAF)
    return __builtin_fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

// a * b, rounded before it is used: never part of a fused instruction.
inline float rounded_product(float a, float b) {
#if defined(__FP_FAST_FMAF)
    volatile float product = a * b;
    return product;
#else
    return as_stored(a * b);
#endif
}

namespace detail {

// e^x as mantissa * 2^exponent, for |x| < 89: exp(x) = 2^k * exp(r) with k = round(x / ln 2), |r| <= ln 2 / 2, and for
// exp(r) the polynomial 1 + r + r^2 q(r) of degree 6 whose relative error is least there: 3.1e-9 (by Lawson's
// iteration).
struct split_exp {
    float mantissa;
    std::int32_t exponent;
};

namespace exponential {

inline constexpr float log2_e = 1.44269504f;
inline constexpr float ln2_high = 0.693359375f; // 10 bits: k * ln2_high is exact
inline constexpr float ln2_low = -2.12194440e-4f;
inline constexpr float to_integer = 12582912.0f; // 1.5 * 2^23: adding it rounds to an integer in the low bits
inline constexpr float factors[] = {0.499999934f, 0.166665206f, 0.0416683918f, 0.00836872286f, 0.00138143863f};

} // namespace exponential

template <std::size_t n> inline void split_exp_of(const float (&x)[n], split_exp (&out)[n]) {
    using exponential::ln2_high;
    using exponential::ln2_low;
    using exponential::log2_e;
    using exponential::to_integer;
    constexpr auto & q = exponential::factors;
    float k[n];
    float r[n];
    LLMZERO_LANES
    for (std::size_t i = 0; i < n; ++i) {
        k[i] = as_stored(x[i] * log2_e + to_integer);
    }
    LLMZERO_LANES
    for (std::size_t i = 0; i < n; ++i) {
        out[i].exponent = std::bit_cast<std::int32_t>(k[i]) - std::bit_cast<std::int32_t>(to_integer);
        k[i] -= to_integer;
    }
    LLMZERO_LANES
    for (std::size_t i = 0; i < n; ++i) {
        r[i] = (x[i] - k[i] * ln2_high) - k[i] * ln2_low;
    }
    // In pairs: a long pipeline has something to do while it waits.
    LLMZERO_LANES
    for (std::size_t i = 0; i < n; ++i) {
        const float square = r[i] * r[i];
        const float high = (q[3] * r[i] + q[2]) + square * q[4];
        const float low = (q[1] * r[i] + q[0]) + square * high;
        out[i].mantissa = (r[i] + square * low) + 1.0f;
    }
}

} // namespace detail

// e^x with a relative error below 2e-7. Below -87.3 it is 0 (no subnormals), above 88.7 it stays at e^88.7, NaN gives
// NaN.
inline float fast_exp(float x) {
    float clamped = x < -87.3f ? -87.3f : x;
    clamped = clamped > 88.7f ? 88.7f : clamped;
    detail::split_exp split[1];
    detail::split_exp_of({clamped}, split);
    const detail::split_exp & e = split[0];
    // 2^k as 2^(k/2) twice, since k = 128 has no float of its own.
    const std::int32_t half = e.exponent >> 1;
    const float power1 = std::bit_cast<float>((half + 127) << 23);
    const float power2 = std::bit_cast<float>((e.exponent - half + 127) << 23);
    const float value = e.mantissa * power1 * power2;
    return x < -87.3f ? 0.0f : value;
}

// The same for n numbers from -87.3 to 87.3; what is beyond, and a NaN, counts as the nearer bound. Without branches
// and step by step for all, so that their latencies overlap; for sigmoids, which do not tell these bounds from
// infinity.
template <std::size_t n> inline void bounded_exp(float (&x)[n]) {
    constexpr auto bound = std::bit_cast<std::int32_t>(87.3f);
    LLMZERO_LANES
    for (std::size_t i = 0; i < n; ++i) { // without their signs floats are in the order of their bits
        const auto bits = std::bit_cast<std::uint32_t>(x[i]);
        const std::int32_t below = static_cast<std::int32_t>(bits & 0x7fffffffu) - bound;
        const auto magnitude = static_cast<std::uint32_t>(bound + (below & (below >> 31)));
        x[i] = std::bit_cast<float>(magnitude | (bits & 0x80000000u));
    }
    detail::split_exp e[n];
    detail::split_exp_of(x, e);
    LLMZERO_LANES
    for (std::size_t i = 0; i < n; ++i) {
        x[i] = e[i].mantissa * std::bit_cast<float>((e[i].exponent + 127) << 23);
    }
}

inline float bounded_exp(float x) {
    float one[] = {x};
    bounded_exp(one);
    return one[0];
}

// sin and cos of an angle in radians, |angle| <= 1e6, with an absolute error below 1e-10: more than a float
// holds. For rotary positions, where float angles of some thousand radians would have lost their fraction.
// Reduction by pi/2 in three parts (Cody and Waite), then Taylor polynomials for |r| <= pi/4.
inline void sin_cos(double angle, double & sine, double & cosine) {
    constexpr double two_over_pi = 0.63661977236758134308;
    constexpr double pi_half_1 = 1.57079625129699707031;    // 24 bits of pi/2
    constexpr double pi_half_2 = 7.54978941586159635335e-8; // the next 24
    constexpr double pi_half_3 = 5.39030285815811905290e-15;
    const double scaled = angle * two_over_pi;
    const auto quadrant = static_cast<std::int32_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
    const double k = quadrant;
    const double r = ((angle - k * pi_half_1) - k * pi_half_2) - k * pi_half_3;
    const double z = r * r;
    double s = -1.0 / 39916800.0;
    s = s * z + 1.0 / 362880.0;
    s = s * z - 1.0 / 5040.0;
    s = s * z + 1.0 / 120.0;
    s = s * z - 1.0 / 6.0;
    s = (s * z) * r + r;
    double c = 1.0 / 479001600.0;
    c = c * z - 1.0 / 3628800.0;
    c = c * z + 1.0 / 40320.0;
    c = c * z - 1.0 / 720.0;
    c = c * z + 1.0 / 24.0;
    c = c * z - 0.5;
    c = c * z + 1.0;
    const bool swapped = (quadrant & 1) != 0;
    sine = swapped ? c : s;
    cosine = swapped ? s : c;
    if ((quadrant & 2) != 0) {
        sine = -sine;
    }
    if (((quadrant + 1) & 2) != 0) {
        cosine = -cosine;
    }
}

} // namespace llmzero::inline LLMZERO_ABI
