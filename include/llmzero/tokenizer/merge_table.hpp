// The merges of a BPE vocabulary (tokenizer.ggml.merges): which two neighbouring tokens become one, and which of
// several pairs comes first. Each is written as two tokens with a space between; its place in the list is its rank.
//
// Checked: every merge is two texts, not empty, with one space between. A merge of texts that are no tokens, or that
// joins to none, could never show in the result, so it is left out ("#version: 0.2", the first line of a merges.txt, is
// one). Of equal merges the first counts.
//
// Memory: 12 bytes for each merge and 4 for each slot of a hash table at most two thirds full: 1.1 MB for the 48900
// merges of SmolLM2, 2.9 MB for the 151387 of Qwen2. Limit: 2^24 - 2 merges.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/storage/gguf.hpp>
#include <llmzero/tokenizer/token.hpp>
#include <llmzero/tokenizer/vocabulary.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

// The lower the sooner.
using merge_rank = std::uint32_t;
inline constexpr merge_rank no_merge = std::numeric_limits<merge_rank>::max();

class merge_table {
public:
    static result<merge_table> create(const gguf_file & file, const vocabulary & vocab) {
        LLMZERO_ASSIGN(const gguf_array list, file.get_array("tokenizer.ggml.merges", gguf_array_kind::strings));
        if (list.size() > number_mask - 1) {
            return error(error_code::unsupported,
                         "tokenizer.ggml.merges has %zu elements, expected at most %u (at offset %llu)", list.size(),
                         unsigned{number_mask - 1}, detail::printable(list.offset()));
        }
        merge_table made;
        LLMZERO_CHECK(made.merges_.reserve(list.size()));
        LLMZERO_CHECK(made.slots_.resize(std::bit_ceil(list.size() + list.size() / 2 + 1)));
        heap_array<char> joined;
        LLMZERO_CHECK(joined.reserve(vocab.max_text_bytes()));
        std::size_t number = 0;
        for (const std::string_view text : list.strings()) {
            const std::size_t space = text.find(' ');
            if (space == std::string_view::npos || space == 0 || space + 1 == text.size() ||
                text.find(' ', space + 1) != std::string_view::npos) {
                return error(error_code::malformed,
                             "tokenizer.ggml.merges: element %zu is %s, expected two tokens with a space between (at "
                             "offset %llu)",
                             number, quoted(text).c_str(), detail::printable(list.offset()));
            }
            const merge next = find_tokens(vocab, text.substr(0, space), text.substr(space + 1), joined);
            if (next.joined != no_token) {
                LLMZERO_CHECK(made.add(next, number, list));
            }
            ++number;
        }
        return made;
    }

    // The rank of the merge of these neighbours; no_merge when there is none.
    [[nodiscard]] merge_rank find(token_id left, token_id right) const {
        const std::uint32_t hash = hash_of(left, right);
        const std::size_t mask = slots_.size() - 1;
        for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
            const std::uint32_t slot = slots_[i];
            if (slot == 0) {
                return no_merge;
            }
            if ((slot & tag_mask) == (hash & tag_mask)) {
                const merge_rank rank = (slot & number_mask) - 1;
                if (merges_[rank].left == left && merges_[rank].right == right) {
                    return rank;
                }
            }
        }
    }

    // What the two become.
    [[nodiscard]] token_id joined(merge_rank rank) const { return merges_[rank].joined; }

    [[nodiscard]] std::size_t size() const { return merges_.size(); }
    [[nodiscard]] std::size_t memory_bytes() const { return merges_.capacity() * sizeof(merge) + slots_.size_bytes(); }

private:
    struct merge {
        token_id left = no_token;
        token_id right = no_token;
        token_id joined = no_token;
    };

    // A slot is 0 while it is free, else the merge's number in merges_, from 1, below eight bits of its hash, which
    // spare most looks at merges of other tokens.
    static constexpr std::uint32_t number_mask = 0x00ffffff;
    static constexpr std::uint32_t tag_mask = 0xff000000;

    // Far above the longest run in tables of honest files (tens).
    static constexpr std::size_t max_probes = 4096;

    // Multipliers: the golden ratio's, and a constant of the finaliser of MurmurHash3 (Appleby).
    static std::uint32_t hash_of(token_id left, token_id right) {
        std::uint32_t hash = static_cast<std::uint32_t>(left) * 0x9e3779b1u + static_cast<std::uint32_t>(right);
        hash = (hash ^ hash >> 16) * 0x85ebca6bu;
        return hash ^ hash >> 13;
    }

    static merge find_tokens(const vocabulary & vocab, std::string_view left, std::string_view right,
                             heap_array<char> & scratch) {
        if (left.size() + right.size() > scratch.capacity()) {
            return {}; // longer than any token
        }
        scratch.clear();
        for (const std::string_view part : {left, right}) {
            for (const char c : part) {
                scratch.push_back_unchecked(c);
            }
        }
        const merge found{vocab.find_text(left), vocab.find_text(right),
                          vocab.find_text({scratch.data(), scratch.size()})};
        return found.left == no_token || found.right == no_token ? merge{} : found;
    }

    [[nodiscard]] status add(const merge & next, std::size_t number, const gguf_array & list) {
        if (find(next.left, next.right) != no_merge) {
            return success();
        }
        const std::uint32_t hash = hash_of(next.left, next.right);
        const std::size_t mask = slots_.size() - 1;
        std::size_t i = hash & mask;
        for (std::size_t probes = 0; slots_[i] != 0; ++probes, i = (i + 1) & mask) {
            if (probes == max_probes) {
                return error(error_code::malformed,
                             "tokenizer.ggml.merges: element %zu is one of more than %zu that collide (at offset %llu)",
                             number, max_probes, detail::printable(list.offset()));
            }
        }
        merges_.push_back_unchecked(next);
        slots_[i] = static_cast<std::uint32_t>(merges_.size()) | (hash & tag_mask);
        return success();
    }

    heap_array<merge> merges_; // by rank
    heap_array<std::uint32_t> slots_;
};

} // namespace llmzero::inline LLMZERO_ABI
