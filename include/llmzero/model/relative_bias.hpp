// Relative positions (Raffel et al. 2020): what a head adds to the score of a key depends on how far before or behind
// the query it stands. Distances share a bucket the wider the farther away they are; a model has one number for each
// bucket and head, the same in all layers.
//
// Source of the buckets: google-research/text-to-text-transfer-transformer, and huggingface/transformers,
// T5Attention._relative_position_bucket. From max_distance on all distances are one bucket; files do not say where that
// is, and no model has been seen with another value.
#pragma once

#include <llmzero/base/heap_array.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace llmzero::inline LLMZERO_ABI {

// Which keys a query sees.
enum class attention_reach : std::uint8_t {
    backward, // itself and what is before it: decoders
    both,     // all: encoders
};

class relative_bias {
public:
    static constexpr std::uint32_t max_distance = 128;
    // With fewer, a direction has no bucket of its own; with more, the formula takes the logarithm of less than 1.
    static constexpr std::uint32_t min_buckets = 4;
    static constexpr std::uint32_t max_buckets = 255;

    // The bucket of a key at query + distance. The nearest half of a direction's buckets hold one distance each; the
    // others grow by a factor.
    static std::uint32_t bucket(std::int64_t distance, std::uint32_t n_buckets, attention_reach reach) {
        std::uint32_t first = 0;
        if (reach == attention_reach::both) {
            n_buckets /= 2;
            first = distance > 0 ? n_buckets : 0;
        } else if (distance > 0) {
            distance = 0;
        }
        const auto away = static_cast<double>(distance < 0 ? -distance : distance);
        const std::uint32_t n_exact = n_buckets / 2;
        if (away < n_exact) {
            return first + static_cast<std::uint32_t>(away);
        }
        // Where the quotient is a whole number, rounding must not leave it below.
        constexpr double rounding = 1e-9;
        const double share = std::log(away / n_exact) / std::log(static_cast<double>(max_distance) / n_exact);
        const auto beyond = static_cast<std::uint32_t>(share * (n_buckets - n_exact) + rounding);
        return first + std::min(n_exact + beyond, n_buckets - 1);
    }

    relative_bias() = default;

    static std::uint64_t bytes_needed(std::size_t n_heads, std::uint32_t context, attention_reach reach) {
        return sizeof(float) * std::uint64_t{n_heads} * width(context, reach);
    }

    // For positions below `context` >= 1. by_bucket: [n_buckets, n_heads], as in the file.
    static result<relative_bias> create(std::span<const float> by_bucket, std::size_t n_heads, std::uint32_t context,
                                        attention_reach reach) {
        relative_bias made;
        made.context_ = context;
        made.width_ = static_cast<std::size_t>(width(context, reach));
        LLMZERO_ASSIGN(made.values_, heap_array<float>::create(n_heads * made.width_));
        const auto n_buckets = static_cast<std::uint32_t>(by_bucket.size() / n_heads);
        for (std::size_t i = 0; i < made.width_; ++i) {
            const std::int64_t distance = static_cast<std::int64_t>(i) - (std::int64_t{context} - 1);
            const float * const values = by_bucket.data() + bucket(distance, n_buckets, reach) * n_heads;
            for (std::size_t head = 0; head < n_heads; ++head) {
                made.values_[head * made.width_ + i] = values[head];
            }
        }
        return made;
    }

    // What this head adds to the keys at positions 0, 1, ... for the query at `position`.
    [[nodiscard]] const float * row(std::size_t head, std::size_t position) const {
        return values_.data() + head * width_ + (context_ - 1 - position);
    }

private:
    static std::uint64_t width(std::uint32_t context, attention_reach reach) {
        return reach == attention_reach::both ? 2 * std::uint64_t{context} - 1 : context;
    }

    heap_array<float> values_; // [n_heads, width], by distance, from 1 - context on
    std::size_t context_ = 0;
    std::size_t width_ = 0;
};

} // namespace llmzero::inline LLMZERO_ABI
