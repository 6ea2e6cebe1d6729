// Rotary position embedding (Su et al. 2021): pairs of elements of a head are turned by an angle that grows
// with the position.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/numerics/math.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace llmzero::inline LLMZERO_ABI {

// Which elements form a pair. A wrong choice gives fluent-looking nonsense.
enum class rope_pairs : std::uint8_t {
    neighbours, // (2i, 2i + 1): what GGUF files of the architecture `llama` hold
    halves,     // (i, i + n_rotated / 2): qwen2 and others
};

// The angle for one position: turn[i] = position * frequency[i], frequency[i] = theta^(-2i / n_rotated) / divisor.
class rope_table {
public:
    static constexpr double max_frequency = 8;

    rope_table() = default;

    // n_rotated: elements of a head that turn (even, at most head_dim). position_scale: 1 / factor for linear
    // scaling. divisors: [n_rotated / 2] of the tensor rope_freqs, or empty.
    static result<rope_table> create(std::size_t n_rotated, double theta, double position_scale,
                                     std::span<const float> divisors) {
        rope_table made;
        LLMZERO_ASSIGN(made.frequency_, heap_array<double>::create(n_rotated / 2));
        for (std::size_t i = 0; i < n_rotated / 2; ++i) {
            const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(n_rotated);
            const double divisor = divisors.empty() ? 1.0 : static_cast<double>(divisors[i]);
            made.frequency_[i] = std::pow(theta, exponent) * position_scale / divisor;
            // No model turns by more than a radian; sin_cos() needs its angles below 2^31.
            if (!(made.frequency_[i] <= max_frequency)) {
                return error(error_code::malformed, "rope would turn by %g radians a position, expected at most %g",
                             made.frequency_[i], max_frequency);
            }
        }
        return made;
    }

    [[nodiscard]] std::size_t n_pairs() const { return frequency_.size(); }

    // Memory of a table, in bytes.
    static constexpr std::size_t bytes_needed(std::size_t n_rotated) { return n_rotated / 2 * sizeof(double); }

    // Writes (cos, sin) of every pair's angle: turns [n_pairs, 2]. Once per token, shared by all layers and heads.
    void turns_at(std::uint32_t position, float * turns) const {
        for (std::size_t i = 0; i < frequency_.size(); ++i) {
            double sine = 0;
            double cosine = 0;
            sin_cos(frequency_[i] * position, sine, cosine);
            turns[2 * i] = static_cast<float>(cosine);
            turns[2 * i + 1] = static_cast<float>(sine);
        }
    }

private:
    heap_array<double> frequency_; // [n_pairs], radians per position
};

// Turns the first 2 * n_pairs elements of a head in place.
inline void rope(float * head, const float * turns, std::size_t n_pairs, rope_pairs pairs) {
    const std::size_t step = pairs == rope_pairs::neighbours ? 2 : 1;
    const std::size_t partner = pairs == rope_pairs::neighbours ? 1 : n_pairs;
    for (std::size_t i = 0; i < n_pairs; ++i) {
        float & a = head[i * step];
        float & b = head[i * step + partner];
        const float cosine = turns[2 * i];
        const float sine = turns[2 * i + 1];
        const float turned = a * cosine - b * sine;
        b = a * sine + b * cosine;
        a = turned;
    }
}

} // namespace llmzero::inline LLMZERO_ABI
