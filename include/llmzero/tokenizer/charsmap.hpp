// The normalisation of a Unigram vocabulary (tokenizer.ggml.precompiled_charsmap): characters and short
// sequences of them, each with the text that replaces it ("A" with an accent behind it by one character, a tab by a
// space, a ligature by its letters).
//
// On disk (SentencePiece's precompiled form, an array of bytes):
//
//     u32 size of the trie in bytes | the trie, u32 each | replacements, each ended by a NUL
//
// The trie is a double array whose links are XORed (the form of darts-clone). An element is
//
//     bit 31      1: a value, no node
//     bits 10-30  where the children stand, in bits 0-20 or (bit 9) bits 8-28 of the offset
//     bit 9       which of the two
//     bit 8       1: a key ends here; its value is the child 0
//     bits 0-7    the byte that leads to this node
//
// and a value is the place of a replacement, in bytes from the first.
//
// Checked when it is read: the size of the trie, that the root has children inside it, the NUL at the end, the length
// of the replacements; anything else is malformed. Links are not followed until a text asks for them: one that leads
// outside, or a value beyond the replacements, ends the match as if the key were not there. No text and no trie
// makes a match longer than `max_key_bytes`, so that a trie whose links go in circles costs no more.
//
// Memory: that of the array in the file.
#pragma once

#include <llmzero/base/byte_reader.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/storage/gguf.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

// The replacement of the longest key at the start of a text; no bytes where none stands there.
struct charsmap_match {
    std::size_t bytes = 0;
    std::string_view replacement; // may be empty: the key is dropped
};

class charsmap {
public:
    static constexpr const char * key = "tokenizer.ggml.precompiled_charsmap";
    // The longest of T5 have 10 and 33.
    static constexpr std::size_t max_key_bytes = 255;
    static constexpr std::size_t max_replacement_bytes = 1023;

    // Without any keys where the file has no such array, or an empty one.
    static result<charsmap> create(const gguf_file & file) {
        charsmap made;
        if (file.find(key) == nullptr) {
            return made;
        }
        LLMZERO_ASSIGN(const gguf_array array, file.get_array(key, gguf_array_kind::bytes));
        if (array.size() > 0) {
            LLMZERO_CHECK(made.read(array));
        }
        return made;
    }

    // The view is into this object.
    [[nodiscard]] charsmap_match longest_match(std::string_view text) const {
        charsmap_match found;
        if (trie_.empty()) {
            return found;
        }
        std::uint32_t at = children_of(trie_[0]);
        const std::size_t limit = std::min(text.size(), max_key_bytes);
        for (std::size_t i = 0; i < limit; ++i) {
            const std::uint32_t byte = static_cast<unsigned char>(text[i]);
            at ^= byte;
            if (byte == 0 || at >= trie_.size() || (trie_[at] & (is_value | byte_mask)) != byte) {
                break;
            }
            const std::uint32_t node = trie_[at];
            at ^= children_of(node);
            if ((node & ends_key) != 0 && at < trie_.size() && (trie_[at] & ~is_value) < replacements_.size()) {
                // The last of the replacements is known to end.
                found = {i + 1, std::string_view(replacements_.data() + (trie_[at] & ~is_value))};
            }
        }
        return found;
    }

    [[nodiscard]] std::size_t memory_bytes() const { return trie_.size_bytes() + replacements_.size_bytes(); }

private:
    static constexpr std::uint32_t is_value = std::uint32_t{1} << 31;
    static constexpr std::uint32_t ends_key = 1 << 8;
    static constexpr std::uint32_t byte_mask = 0xff;

    // To be XORed with the place of the node, and with the byte of the child.
    static std::uint32_t children_of(std::uint32_t node) { return (node >> 10) << ((node & (1 << 9)) >> 6); }

    [[nodiscard]] status read(const gguf_array & array) {
        const auto offset = detail::printable(array.offset());
        byte_reader reader(array.bytes());
        std::uint32_t trie_bytes = 0;
        if (!reader.read(trie_bytes)) {
            return error(error_code::malformed, "%s has %zu bytes, expected at least 4 (at offset %llu)", key,
                         array.size(), offset);
        }
        if (trie_bytes % sizeof(std::uint32_t) != 0 || trie_bytes >= reader.remaining()) {
            return error(error_code::malformed,
                         "%s: the trie has %llu bytes, expected a multiple of 4 below the %zu that follow (at offset "
                         "%llu)",
                         key, detail::printable(trie_bytes), reader.remaining(), offset);
        }
        LLMZERO_CHECK(trie_.resize(trie_bytes / sizeof(std::uint32_t)));
        for (std::uint32_t & element : trie_) {
            static_cast<void>(reader.read(element)); // all of them are there
        }
        if (!trie_.empty() && (children_of(trie_[0]) & ~byte_mask) >= trie_.size()) {
            return error(error_code::malformed,
                         "%s: the children of the trie's root are at %llu, expected a number below its %zu elements "
                         "(at offset %llu)",
                         key, detail::printable(children_of(trie_[0])), trie_.size(), offset + sizeof(std::uint32_t));
        }
        const std::string_view texts = as_text(array.bytes().subspan(reader.offset()));
        LLMZERO_CHECK(check_replacements(texts, offset + reader.offset()));
        return replacements_.append({texts.data(), texts.size()});
    }

    // `offset`: of the first of them in the file.
    [[nodiscard]] static status check_replacements(std::string_view texts, unsigned long long offset) {
        if (texts.back() != '\0') {
            return error(error_code::malformed,
                         "%s: its last byte is %u, expected the NUL of a replacement (at offset "
                         "%llu)",
                         key, unsigned{static_cast<unsigned char>(texts.back())}, offset + texts.size() - 1);
        }
        for (std::size_t begin = 0; begin < texts.size();) {
            const std::size_t bytes = texts.find('\0', begin) - begin;
            if (bytes > max_replacement_bytes) {
                return error(error_code::malformed,
                             "%s: a replacement has %zu bytes, expected at most %zu (at offset %llu)", key, bytes,
                             max_replacement_bytes, offset + begin);
            }
            begin += bytes + 1;
        }
        return success();
    }

    heap_array<std::uint32_t> trie_;
    heap_array<char> replacements_;
};

} // namespace llmzero::inline LLMZERO_ABI
