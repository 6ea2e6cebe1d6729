// Half precision (IEEE 754 binary16) and bfloat16, converted in integer code: no target of this library can
// be relied on to have instructions for them.
#pragma once

#include <llmzero/base/config.hpp>

#include <bit>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

// Exact for every half, subnormals, infinities and NaN included.
[[nodiscard]] constexpr float f16_to_f32(std::uint16_t half) {
    const std::uint32_t sign = std::uint32_t{half} << 16 & 0x80000000u;
    const std::uint32_t rest = half & 0x7fffu;
    if (rest < 0x0400u) { // zero or subnormal: rest * 2^-24, exact in float
        const float magnitude = static_cast<float>(rest) * 0x1p-24f;
        return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
    }
    const std::uint32_t exponent_offset = rest < 0x7c00u ? (127u - 15u) << 23 : (255u - 31u) << 23;
    return std::bit_cast<float>(sign | ((rest << 13) + exponent_offset));
}

// Rounds to nearest, ties to even; too large becomes infinity, NaN stays NaN.
[[nodiscard]] constexpr std::uint16_t f32_to_f16(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = bits >> 16 & 0x8000u;
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude >= 0x47800000u) { // 65536 and above, infinity, NaN
        return static_cast<std::uint16_t>(sign | (magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u));
    }
    if (magnitude < 0x38800000u) { // below 2^-14: a multiple of 2^-24, found by adding a number of that spacing
        const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
        return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
    }
    const std::uint32_t odd = magnitude >> 13 & 1u;
    return static_cast<std::uint16_t>(sign | ((magnitude + 0xfffu + odd - ((127u - 15u) << 23)) >> 13));
}

[[nodiscard]] constexpr float bf16_to_f32(std::uint16_t upper) {
    return std::bit_cast<float>(std::uint32_t{upper} << 16);
}

// Rounds to nearest, ties to even; NaN stays NaN.
[[nodiscard]] constexpr std::uint16_t f32_to_bf16(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) {
        return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
    }
    return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

} // namespace llmzero::inline LLMZERO_ABI
