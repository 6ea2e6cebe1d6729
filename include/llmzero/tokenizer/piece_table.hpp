// A list of byte strings behind each other in one array: two allocations for any number of them.
// At most 4 GiB of text.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

class piece_table {
public:
    // Takes the memory for `pieces` strings of `bytes` bytes in all, so that add() cannot fail for want of it.
    [[nodiscard]] status reserve(std::size_t pieces, std::size_t bytes) {
        LLMZERO_CHECK(ends_.reserve(pieces));
        return bytes_.reserve(bytes);
    }

    [[nodiscard]] status add(std::string_view piece) {
        if (piece.size() > std::numeric_limits<std::uint32_t>::max() - bytes_.size()) {
            return error(error_code::unsupported, "the texts of the tokens take more than 4 GiB");
        }
        LLMZERO_CHECK(bytes_.append({piece.data(), piece.size()}));
        return ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    }

    [[nodiscard]] std::size_t size() const { return ends_.size(); }

    [[nodiscard]] std::string_view operator[](std::size_t i) const {
        const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
        return {bytes_.data() + begin, ends_[i] - begin};
    }

    [[nodiscard]] std::size_t memory_bytes() const { return bytes_.capacity() + ends_.capacity() * sizeof ends_[0]; }

private:
    heap_array<char> bytes_;
    heap_array<std::uint32_t> ends_;
};

} // namespace llmzero::inline LLMZERO_ABI
