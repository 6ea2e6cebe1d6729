// Activations as 8-bit integers: groups of 32 with one scale each, made once per vector and shared by all
// rows of the matrices that it meets. All kernel sets quantise with this function, so that the integer parts
// of their products agree exactly.
#pragma once

#include <llmzero/base/config.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

// x(32) ~ scale * code(32) with |code| <= limit; returns the scale (0 for a group of zeros).
inline float quantise_group(const float * x, float limit, std::int16_t * code) {
    constexpr std::size_t lanes = 8;
    float largest_of[lanes] = {};
    for (std::size_t i = 0; i < group_size; i += lanes) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            const float magnitude = x[i + lane] < 0 ? -x[i + lane] : x[i + lane];
            largest_of[lane] = magnitude > largest_of[lane] ? magnitude : largest_of[lane];
        }
    }
    float largest = largest_of[0];
    for (const float lane : largest_of) {
        largest = lane > largest ? lane : largest;
    }
    const float inverse = largest > 0 ? limit / largest : 0.0f;
    constexpr float to_integer = 12582912.0f; // 1.5 * 2^23: adding it rounds to the nearest integer, ties to even
    for (std::size_t i = 0; i < group_size; ++i) {
        const float shifted = x[i] * inverse + to_integer;
        code[i] =
            static_cast<std::int16_t>(std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(to_integer));
    }
    return largest / limit;
}

} // namespace llmzero::inline LLMZERO_ABI
