// Random weights of any type, fast: a few thousand blocks of normally distributed numbers are encoded, and repeat.
// Their size, a fiftieth, is that of trained weights, so that nothing overflows or becomes subnormal on its way through
// many layers.
#pragma once

#include <llmzero/generation/random.hpp>
#include <llmzero/numerics/encode.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace random_model {

class weights {
public:
    explicit weights(std::uint64_t seed) : seed_(seed) {}

    // The bytes that a tensor of this type repeats: a whole number of blocks, a prime one, so that neighbouring rows
    // differ. Valid until the next call.
    [[nodiscard]] std::span<const std::byte> of(llmzero::tensor_type type) {
        for (const auto & [known, bytes] : made_) {
            if (known == type) {
                return bytes;
            }
        }
        // About as many weights of every type. Rows of a vocabulary must not repeat too soon: which of them are the
        // likeliest is searched for (numerics/largest_rows.hpp).
        constexpr std::size_t n_blocks = 1021;       // of 256 weights
        constexpr std::size_t n_small_blocks = 8167; // of 32
        constexpr std::size_t n_floats = 1021 * 257;
        const llmzero::tensor_type_info & info = llmzero::info_of(type);
        const std::size_t count = info.block_size == 1                     ? n_floats
                                  : info.block_size == llmzero::group_size ? n_small_blocks
                                                                           : n_blocks;
        llmzero::random_generator random(seed_);
        std::vector<float> numbers(count * info.block_size);
        for (float & number : numbers) {
            number = 0.02f * normal(random);
        }
        std::vector<std::byte> bytes(count * info.block_bytes);
        llmzero::encode(*llmzero::find_encoder(type), numbers.data(), numbers.size(), bytes.data());
        return made_.emplace_back(type, std::move(bytes)).second;
    }

    // The weights of norms.
    [[nodiscard]] static std::vector<std::byte> ones(std::size_t count) {
        const std::vector<float> numbers(count, 1.0f);
        std::vector<std::byte> bytes(count * sizeof(float));
        llmzero::encode(*llmzero::find_encoder(llmzero::tensor_type::f32), numbers.data(), count, bytes.data());
        return bytes;
    }

private:
    // About N(0, 1), the same on every machine: the sum of four uniform numbers, of variance 1/12 each.
    static float normal(llmzero::random_generator & random) {
        float sum = -2.0f;
        for (int i = 0; i < 4; ++i) {
            sum += random.next_float();
        }
        return sum * 1.7320508f;
    }

    std::uint64_t seed_;
    std::vector<std::pair<llmzero::tensor_type, std::vector<std::byte>>> made_;
};

} // namespace random_model
