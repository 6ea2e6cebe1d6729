// Byte-level BPE: the tokenizer of GPT-2, SmolLM, Llama 3, Qwen and StarCoder models (tokenizer.ggml.model = "gpt2").
//
// A text is cut into words (pre_tokenizer.hpp), each of which is encoded by itself. A word begins as the tokens of its
// bytes. Of all neighbours that have a merge, those with the lowest rank are joined, the leftmost of equals, until no
// merge is left. Only tokens that are text take part, so ordinary text never turns into a control token by its
// spelling.
//
// Any bytes are accepted. Bytes that are no UTF-8 are encoded as if each of them were U+FFFD. A byte that the
// vocabulary has no token for is left out: SmolLM2's lacks 21, which begin no assigned character but six control
// characters.
//
// Memory is linear in the longest word: 16 bytes for each of its bytes and 8 for each pair that has a merge, at most
// doubled by growth; time is n log n in its length. A text that is no UTF-8 is copied.
//
// Limit: a word has less than 2^32 - 1 bytes.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/tokenizer/byte_alphabet.hpp>
#include <llmzero/tokenizer/merge_table.hpp>
#include <llmzero/tokenizer/pre_tokenizer.hpp>
#include <llmzero/tokenizer/token.hpp>
#include <llmzero/tokenizer/utf8.hpp>
#include <llmzero/tokenizer/vocabulary.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

class bpe_tokenizer {
public:
    static constexpr const char * model = "gpt2";

    // An unknown pre-tokenizer is refused by create().
    static vocabulary_rules rules(const gguf_file & file) {
        const auto pre = find_pre_tokenizer(file);
        return {.add_bos = pre && pre->add_bos, .never_adds_space = true};
    }

    static result<bpe_tokenizer> create(const gguf_file & file, const vocabulary & vocab) {
        bpe_tokenizer made;
        LLMZERO_ASSIGN(made.pre_, find_pre_tokenizer(file));
        LLMZERO_ASSIGN(made.merges_, merge_table::create(file, vocab));
        for (std::size_t byte = 0; byte < made.byte_tokens_.size(); ++byte) {
            char character[2];
            const std::size_t n = write_alphabet_character(static_cast<unsigned char>(byte), character);
            made.byte_tokens_[byte] = vocab.find_text({character, n});
        }
        return made;
    }

    // Appends the tokens of `text` to `tokens`.
    [[nodiscard]] status encode(const vocabulary & vocab, std::string_view text, bool,
                                heap_array<token_id> & tokens) const {
        workspace work;
        heap_array<char> repaired;
        LLMZERO_ASSIGN(text, with_valid_utf8(text, repaired));
        LLMZERO_CHECK(work.spelling.reserve(pre_.keeps_tokens ? vocab.max_text_bytes() : 0));
        while (!text.empty()) {
            const std::string_view word = text.substr(0, first_word_bytes(pre_.pattern, text));
            const token_id whole = pre_.keeps_tokens ? find_word(vocab, word, work.spelling) : no_token;
            if (whole != no_token) {
                LLMZERO_CHECK(tokens.push_back(whole));
            } else {
                LLMZERO_CHECK(encode_word(word, work, tokens));
            }
            text.remove_prefix(word.size());
        }
        return success();
    }

    // Writes the bytes that a token stands for, at most those of its text, and returns their number.
    static std::size_t decode(const vocabulary & vocab, token_id id, std::span<char> out) {
        std::string_view text = vocab.text(id);
        switch (vocab.kind(id)) {
        case token_kind::byte: out[0] = static_cast<char>(vocab.byte_value(id)); return 1;
        case token_kind::user_defined: return text.copy(out.data(), out.size());
        case token_kind::normal: break;
        case token_kind::unknown:
        case token_kind::control:
        case token_kind::unused: return 0;
        }
        std::size_t written = 0;
        while (!text.empty()) {
            const utf8_unit unit = first_utf8_unit(text);
            const int byte = unit.state == utf8_state::valid ? alphabet_byte(unit.character) : -1;
            if (byte >= 0) {
                out[written++] = static_cast<char>(byte);
            } else {
                written += text.copy(out.data() + written, unit.bytes); // no spelling of a byte: stands for itself
            }
            text.remove_prefix(unit.bytes);
        }
        return written;
    }

    // On the heap.
    [[nodiscard]] std::size_t memory_bytes() const { return merges_.memory_bytes(); }

private:
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

    // A piece of the word; joined pieces live on in the left one.
    struct symbol {
        std::uint32_t previous;
        std::uint32_t next;
        token_id token;        // no_token: a byte that has none
        merge_rank next_merge; // of this symbol and the next
    };

    struct workspace {
        heap_array<symbol> symbols;
        // A heap of rank << 32 | symbol, the smallest on top: the lowest rank, then the leftmost. An entry is stale
        // when the symbol has another merge by now; none comes back, because symbols only grow.
        heap_array<std::uint64_t> pairs;
        heap_array<char> spelling; // of a word, in the characters of the vocabulary
    };

    // `text`, or a copy of it in `repaired` in which U+FFFD stands for each byte that is no UTF-8.
    static result<std::string_view> with_valid_utf8(std::string_view text, heap_array<char> & repaired) {
        std::size_t valid = 0; // bytes before the first that have to be replaced
        std::string_view rest = text;
        while (!rest.empty()) {
            const utf8_unit unit = first_utf8_unit(rest);
            if (unit.state == utf8_state::valid) {
                valid += unit.bytes;
            } else {
                LLMZERO_CHECK(repaired.append(text.substr(text.size() - rest.size() - valid, valid)));
                for (std::size_t i = 0; i < unit.bytes; ++i) {
                    LLMZERO_CHECK(repaired.append(utf8_replacement));
                }
                valid = 0;
            }
            rest.remove_prefix(unit.bytes);
        }
        if (repaired.empty()) {
            return text;
        }
        LLMZERO_CHECK(repaired.append(text.substr(text.size() - valid)));
        return std::string_view{repaired.data(), repaired.size()};
    }

    // The token whose text is all of the word.
    static token_id find_word(const vocabulary & vocab, std::string_view word, heap_array<char> & spelling) {
        spelling.clear();
        for (const char c : word) {
            char character[2];
            const std::size_t n = write_alphabet_character(static_cast<unsigned char>(c), character);
            if (spelling.size() + n > spelling.capacity()) {
                return no_token; // longer than any
            }
            for (std::size_t i = 0; i < n; ++i) {
                spelling.push_back_unchecked(character[i]);
            }
        }
        return vocab.find_text({spelling.data(), spelling.size()});
    }

    [[nodiscard]] status encode_word(std::string_view word, workspace & work, heap_array<token_id> & tokens) const {
        if (word.size() >= none) {
            return error(error_code::bad_argument,
                         "a word of %zu bytes is too long to be encoded, expected less than 2^32 - 1", word.size());
        }
        work.symbols.clear();
        for (std::size_t i = 0; i < word.size(); ++i) {
            const auto at = static_cast<std::uint32_t>(i);
            LLMZERO_CHECK(work.symbols.push_back({.previous = at - 1, // of the first: none
                                                  .next = i + 1 == word.size() ? none : at + 1,
                                                  .token = byte_tokens_[static_cast<unsigned char>(word[i])],
                                                  .next_merge = no_merge}));
        }
        LLMZERO_CHECK(join(work));
        for (std::uint32_t i = 0; i != none; i = work.symbols[i].next) {
            if (work.symbols[i].token != no_token) {
                LLMZERO_CHECK(tokens.push_back(work.symbols[i].token));
            }
        }
        return success();
    }

    [[nodiscard]] status join(workspace & work) const {
        heap_array<symbol> & symbols = work.symbols;
        heap_array<std::uint64_t> & pairs = work.pairs;
        pairs.clear();
        for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
            LLMZERO_CHECK(add_pair(work, static_cast<std::uint32_t>(i)));
        }
        std::make_heap(pairs.begin(), pairs.end(), std::greater<>());
        while (!pairs.empty()) {
            std::pop_heap(pairs.begin(), pairs.end(), std::greater<>());
            const auto rank = static_cast<merge_rank>(pairs.back() >> 32);
            const auto at = static_cast<std::uint32_t>(pairs.back());
            pairs.pop_back();
            symbol & left = symbols[at];
            if (left.next_merge != rank) {
                continue;
            }
            symbol & right = symbols[left.next];
            left.token = merges_.joined(rank);
            left.next = right.next;
            right.next_merge = no_merge;
            if (left.next != none) {
                symbols[left.next].previous = at;
            }
            for (const std::uint32_t changed : {left.previous, at}) {
                const std::size_t before = pairs.size();
                LLMZERO_CHECK(add_pair(work, changed));
                if (pairs.size() > before) {
                    std::push_heap(pairs.begin(), pairs.end(), std::greater<>());
                }
            }
        }
        return success();
    }

    // Finds the merge of symbol `i`, if there is one, and its right neighbour, and appends it to the pairs.
    [[nodiscard]] status add_pair(workspace & work, std::uint32_t i) const {
        if (i == none) {
            return success();
        }
        symbol & left = work.symbols[i];
        left.next_merge = left.next == none ? no_merge : merges_.find(left.token, work.symbols[left.next].token);
        if (left.next_merge == no_merge) {
            return success();
        }
        return work.pairs.push_back(std::uint64_t{left.next_merge} << 32 | i);
    }

    pre_tokenizer pre_ = pre_tokenizers[0];
    merge_table merges_;
    std::array<token_id, 256> byte_tokens_{};
};

} // namespace llmzero::inline LLMZERO_ABI
