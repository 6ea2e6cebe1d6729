// Finds all tokens of a vocabulary that a text begins with.
//
// The tokens are kept sorted by their bytes. Those that share a prefix with the text are neighbours, and each
// further byte of the text narrows them by two binary searches: a trie without nodes, in 4 bytes for a token. Time for
// a text is the length of the longest prefix that it shares with any token, times the logarithm of their number.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/tokenizer/token.hpp>
#include <llmzero/tokenizer/vocabulary.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

class prefix_index {
public:
    // Of the tokens for whose kind `wanted(kind)` is true and whose text is not empty. The other functions need the
    // same vocabulary, which need not stay where it is.
    template <class Wanted> static result<prefix_index> create(const vocabulary & vocab, const Wanted & wanted) {
        heap_array<sort_entry> entries;
        LLMZERO_CHECK(entries.reserve(vocab.size()));
        for (std::size_t i = 0; i < vocab.size(); ++i) {
            const auto id = static_cast<token_id>(i);
            if (wanted(vocab.kind(id)) && !vocab.text(id).empty()) {
                entries.push_back_unchecked({first_bytes(vocab.text(id)), id});
            }
        }
        std::sort(entries.begin(), entries.end(), [&](const sort_entry & a, const sort_entry & b) {
            return a.first_bytes != b.first_bytes ? a.first_bytes < b.first_bytes : vocab.text(a.id) < vocab.text(b.id);
        });
        prefix_index made;
        LLMZERO_CHECK(made.sorted_.reserve(entries.size()));
        for (const sort_entry & entry : entries) {
            made.sorted_.push_back_unchecked(entry.id);
            ++made.begins_[static_cast<std::size_t>(entry.first_bytes >> 56) + 1];
        }
        for (std::size_t byte = 0; byte < 256; ++byte) {
            made.begins_[byte + 1] += made.begins_[byte];
        }
        return made;
    }

    // Calls visit(id) for each of the tokens that `text` begins with, shortest first.
    template <class Visit>
    void for_each_prefix(const vocabulary & vocab, std::string_view text, const Visit & visit) const {
        if (text.empty()) {
            return;
        }
        const auto first = static_cast<unsigned char>(text[0]);
        const token_id * low = sorted_.begin() + begins_[first];
        const token_id * high = sorted_.begin() + begins_[first + std::size_t{1}];
        // All of low..high begin with the first `shared` bytes of the text.
        for (std::size_t shared = 1; low != high; ++shared) {
            if (vocab.text(*low).size() == shared) {
                visit(*low); // the only one of this length: no text stands twice in a vocabulary
                ++low;
            }
            if (shared == text.size()) {
                return;
            }
            const auto wanted = static_cast<unsigned char>(text[shared]);
            const auto byte_of = [&](token_id id) {
                return static_cast<unsigned char>(vocab.text(id)[shared]);
            };
            low = std::partition_point(low, high, [&](token_id id) { return byte_of(id) < wanted; });
            high = std::partition_point(low, high, [&](token_id id) { return byte_of(id) == wanted; });
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const { return sorted_.size_bytes(); }

private:
    // The first bytes spare most comparisons of texts, which lie scattered in memory.
    struct sort_entry {
        std::uint64_t first_bytes;
        token_id id;
    };

    // Eight bytes as a number that is ordered as they are; zeros behind a shorter text.
    static std::uint64_t first_bytes(std::string_view text) {
        std::uint64_t number = 0;
        for (std::size_t i = 0; i < sizeof number; ++i) {
            number = number << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0u);
        }
        return number;
    }

    heap_array<token_id> sorted_;
    std::array<std::uint32_t, 257> begins_{}; // tokens that begin with byte b: from begins_[b] to begins_[b + 1]
};

} // namespace llmzero::inline LLMZERO_ABI
