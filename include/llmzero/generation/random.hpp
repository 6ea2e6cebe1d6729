// Random numbers for the sampler: PCG32, the variant XSH-RR with 64 bits of state, of M. E. O'Neill, "PCG: A
// Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number Generation" (Harvey
// Mudd College, HMC-CS-2014-0905, 2014). The same seed gives the same numbers on every machine. Not for secrets.
//
//     state' = state * 6364136223846793005 + increment
//     output = (((state >> 18) ^ state) >> 27) as 32 bits, rotated right by state >> 59
#pragma once

#include <llmzero/base/config.hpp>

#include <bit>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

class random_generator {
public:
    // Generators of different streams with one seed have nothing in common.
    explicit constexpr random_generator(std::uint64_t seed, std::uint64_t stream = 0) : increment_(stream << 1 | 1) {
        next();
        state_ += seed;
        next();
    }

    // Uniform over all values.
    constexpr std::uint32_t next() {
        const std::uint64_t state = state_;
        state_ = state * 6364136223846793005u + increment_;
        const auto shifted = static_cast<std::uint32_t>((state >> 18 ^ state) >> 27);
        return std::rotr(shifted, static_cast<int>(state >> 59));
    }

    // Uniform in [0, 1), a multiple of 2^-24: every value is a float, and 1 cannot come out by rounding.
    constexpr float next_float() { return static_cast<float>(next() >> 8) * 0x1p-24f; }

private:
    std::uint64_t state_ = 0;
    std::uint64_t increment_;
};

} // namespace llmzero::inline LLMZERO_ABI
