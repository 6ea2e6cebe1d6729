// How fast one thread just reads memory: what decoding, which reads all weights for every token, can be compared with
// on a machine whose memory others use as well.
#pragma once

#include <llmzero/base/large_pages.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

class memory_reader {
public:
    explicit memory_reader(std::uint64_t bytes) {
        const std::size_t n = (static_cast<std::size_t>(bytes) + 63) / 64 * lanes;
        words_.reserve(n);
        llmzero::ask_for_large_pages(words_.data(), n * sizeof words_[0]); // as weights have
        words_.resize(n, 1);
    }

    // Reads everything n times; bytes per second.
    [[nodiscard]] double read(std::uint32_t n) const {
        std::uint64_t sum = 0;
        const auto start = std::chrono::steady_clock::now();
        for (std::uint32_t i = 0; i < n; ++i) {
            sum += sum_of_words();
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        // Looked at, so that no compiler may leave the reading out.
        return sum == std::uint64_t{n} * words_.size() ? static_cast<double>(sum) * 8 / took.count() : 0.0;
    }

private:
    static constexpr std::size_t lanes = 8;

    [[nodiscard]] std::uint64_t sum_of_words() const {
        std::uint64_t lane[lanes] = {};
        for (std::size_t i = 0; i < words_.size(); i += lanes) {
            for (std::size_t j = 0; j < lanes; ++j) {
                lane[j] += words_[i + j];
            }
        }
        std::uint64_t sum = 0;
        for (const std::uint64_t part : lane) {
            sum += part;
        }
        return sum;
    }

    std::vector<std::uint64_t> words_; // a multiple of `lanes`, all 1
};

} // namespace bench
