// Numbers for tests: the same in every run and on every machine.
#pragma once

#include <array>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace support {

class numbers {
public:
    explicit numbers(std::uint64_t seed) : state_(seed) {}

    std::uint32_t bits() { // splitmix64 (Steele, Lea, Flood 2014), the upper half
        state_ += 0x9e3779b97f4a7c15u;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return static_cast<std::uint32_t>((z ^ (z >> 31)) >> 32);
    }
    // low..high, both included
    int integer(int low, int high) {
        const auto range = static_cast<std::uint32_t>(high - low) + 1u;
        return low + static_cast<int>(bits() % range);
    }
    std::size_t index(std::size_t size) { return bits() % size; }
    float uniform(float low, float high) { return low + (high - low) * static_cast<float>(bits() >> 8) * 0x1p-24f; }
    // About N(0, 1), but never beyond 6: the sum of twelve uniform numbers.
    float normal() {
        float sum = -6.0f;
        for (int i = 0; i < 12; ++i) {
            sum += uniform(0.0f, 1.0f);
        }
        return sum;
    }

private:
    std::uint64_t state_;
};

// The definition of binary16, for finite halves.
inline double finite_half(std::uint32_t half) {
    const auto exponent = static_cast<int>(half >> 10 & 31u);
    const auto fraction = static_cast<int>(half & 1023u);
    const double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    return (half & 0x8000u) != 0 ? -magnitude : magnitude;
}

inline bool is_finite_half(std::uint32_t half) {
    return (half & 0x7c00u) != 0x7c00u;
}

// Whether two computations of one number may differ at all: where floats are computed as floats, they may not. The x87
// rounds whenever a register is stored, which is up to the compiler.
inline bool same_float(float a, float b) {
    if constexpr (FLT_EVAL_METHOD == 0) {
        return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
    } else {
        return std::fabs(a - b) <= 1e-5f * std::fabs(a) + 1e-6f;
    }
}

} // namespace support
