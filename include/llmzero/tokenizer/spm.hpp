// The tokenizer of Llama, Mistral, Gemma and TinyStories models: SentencePiece's BPE (tokenizer.ggml.model =
// "llama").
//
// A text is cut into its characters, a space written as U+2581. Of all neighbouring pieces whose joint text is a
// token, the pair with the best score is joined, the leftmost of equals, until no pair is left. A character
// that is no token becomes its bytes (<0xE2>, ...); without byte tokens a run of such characters becomes one
// unknown token; without that, encoding is refused. Any bytes are accepted: an invalid one is a character.
// Only tokens that are text take part, so ordinary text never turns into a control or byte token by its spelling.
//
// Memory is linear in the longest stretch that has to be looked at as a whole: a word, where no token of the
// vocabulary continues behind a space (Llama's do not), else the text. It is 20 bytes for each character of the stretch
// and 16 for each pair that is a token, at most doubled by growth; time is n log n in its length.
//
// Limit: a stretch has less than 2^31 bytes, its spaces counted as three.
#pragma once

#include <llmzero/base/checked.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/tokenizer/sentencepiece.hpp>
#include <llmzero/tokenizer/token.hpp>
#include <llmzero/tokenizer/utf8.hpp>
#include <llmzero/tokenizer/vocabulary.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

class spm_tokenizer {
public:
    static constexpr const char * model = "llama";

    // The ids are SentencePiece's own defaults.
    static vocabulary_rules rules(const gguf_file &) {
        return {.needs_scores = true,
                .add_bos = true,
                .add_eos = false,
                .add_space_prefix = true,
                .bos = 1,
                .eos = 2,
                .unknown = 0};
    }

    static result<spm_tokenizer> create(const gguf_file &, const vocabulary & vocab) {
        spm_tokenizer made;
        made.bytes_ = byte_fallback::create(vocab);
        made.splits_at_spaces_ = splits_at_spaces(vocab);
        return made;
    }

    // Appends the tokens of `text` to `tokens`. `is_first`: nothing, or a special token, stands before it.
    [[nodiscard]] status encode(const vocabulary & vocab, std::string_view text, bool is_first,
                                heap_array<token_id> & tokens) const {
        workspace work;
        bool needs_space = is_first && vocab.add_space_prefix();
        while (!text.empty()) {
            const std::string_view stretch = text.substr(0, splits_at_spaces_ ? word_bytes(text) : text.size());
            LLMZERO_CHECK(escape(stretch, needs_space, work.text));
            LLMZERO_CHECK(encode_stretch(vocab, work, tokens));
            needs_space = false;
            text.remove_prefix(stretch.size());
        }
        return success();
    }

    // Nothing on the heap: the vocabulary is all it needs.
    [[nodiscard]] static std::size_t memory_bytes() { return 0; }

    static std::size_t decode(const vocabulary & vocab, token_id id, std::span<char> out) {
        return decode_sentencepiece(vocab, id, out);
    }

private:
    static constexpr std::string_view space = sentencepiece_space;
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

    // A piece of the stretch; joined pieces live on in the left one.
    struct symbol {
        std::uint32_t begin;
        std::uint32_t bytes; // 0: was joined to its left neighbour
        std::uint32_t previous;
        std::uint32_t next;
        token_id token;
    };

    // A symbol that could be joined with its right neighbour. Stale as soon as the two no longer have `bytes` bytes
    // together: they only ever grow.
    struct pair {
        float score;
        std::uint32_t left;
        std::uint32_t bytes;
        token_id token;

        // Order of a heap whose top is the best score, then the leftmost.
        bool operator<(const pair & other) const {
            return score < other.score || (score == other.score && left > other.left);
        }
    };

    struct workspace {
        heap_array<char> text;
        heap_array<symbol> symbols;
        heap_array<pair> pairs;
        bool after_unknown = false;
    };

    // The stretch with its spaces as the vocabulary writes them.
    [[nodiscard]] static status escape(std::string_view stretch, bool add_space, heap_array<char> & out) {
        const auto spaces = static_cast<std::size_t>(std::count(stretch.begin(), stretch.end(), ' '));
        const auto more = checked_multiply(spaces + (add_space ? 1 : 0), space.size());
        const auto bytes = more ? checked_add(stretch.size(), *more) : more;
        if (!bytes || *bytes > std::numeric_limits<std::int32_t>::max()) {
            return error(error_code::bad_argument,
                         "a text of %zu bytes with %zu spaces is too long to be encoded, expected less than 2^31 bytes",
                         stretch.size(), spaces);
        }
        out.clear();
        LLMZERO_CHECK(out.reserve(*bytes));
        if (add_space) {
            LLMZERO_CHECK(out.append(std::span(space)));
        }
        for (const char c : stretch) {
            if (c == ' ') {
                LLMZERO_CHECK(out.append(std::span(space)));
            } else {
                out.push_back_unchecked(c);
            }
        }
        return success();
    }

    [[nodiscard]] status encode_stretch(const vocabulary & vocab, workspace & work,
                                        heap_array<token_id> & tokens) const {
        LLMZERO_CHECK(cut_into_characters(vocab, work));
        LLMZERO_CHECK(join(vocab, work));
        for (std::uint32_t i = 0; i != none; i = work.symbols[i].next) {
            const symbol & s = work.symbols[i];
            if (s.token != no_token) {
                LLMZERO_CHECK(tokens.push_back(s.token));
                work.after_unknown = false;
            } else {
                LLMZERO_CHECK(bytes_.encode(vocab, {work.text.data() + s.begin, s.bytes}, work.after_unknown, tokens));
            }
        }
        return success();
    }

    [[nodiscard]] static status cut_into_characters(const vocabulary & vocab, workspace & work) {
        const std::string_view text(work.text.data(), work.text.size());
        work.symbols.clear();
        for (std::size_t begin = 0; begin < text.size();) {
            const utf8_unit unit = first_utf8_unit(text.substr(begin));
            const std::size_t bytes = unit.state == utf8_state::valid ? unit.bytes : 1;
            const auto i = static_cast<std::uint32_t>(work.symbols.size());
            const bool is_last = begin + bytes == text.size();
            LLMZERO_CHECK(work.symbols.push_back({.begin = static_cast<std::uint32_t>(begin),
                                                  .bytes = static_cast<std::uint32_t>(bytes),
                                                  .previous = i == 0 ? none : i - 1,
                                                  .next = is_last ? none : i + 1,
                                                  .token = vocab.find_text(text.substr(begin, bytes))}));
            begin += bytes;
        }
        return success();
    }

    [[nodiscard]] static status join(const vocabulary & vocab, workspace & work) {
        heap_array<symbol> & symbols = work.symbols;
        heap_array<pair> & pairs = work.pairs;
        pairs.clear();
        for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
            LLMZERO_CHECK(add_pair(vocab, work, static_cast<std::uint32_t>(i)));
        }
        std::make_heap(pairs.begin(), pairs.end());
        while (!pairs.empty()) {
            std::pop_heap(pairs.begin(), pairs.end());
            const pair best = pairs.back();
            pairs.pop_back();
            symbol & left = symbols[best.left];
            if (left.bytes == 0 || left.next == none || left.bytes + symbols[left.next].bytes != best.bytes) {
                continue;
            }
            symbol & right = symbols[left.next];
            left.bytes = best.bytes;
            left.token = best.token;
            left.next = right.next;
            right.bytes = 0;
            if (left.next != none) {
                symbols[left.next].previous = best.left;
            }
            for (const std::uint32_t i : {left.previous, best.left}) {
                const std::size_t before = pairs.size();
                LLMZERO_CHECK(add_pair(vocab, work, i));
                if (pairs.size() > before) {
                    std::push_heap(pairs.begin(), pairs.end());
                }
            }
        }
        return success();
    }

    // Appends the pair of symbol `i` and its right neighbour, if there are two and their joint text is a token.
    [[nodiscard]] static status add_pair(const vocabulary & vocab, workspace & work, std::uint32_t i) {
        if (i == none || work.symbols[i].next == none) {
            return success();
        }
        const symbol & left = work.symbols[i];
        const std::uint32_t bytes = left.bytes + work.symbols[left.next].bytes;
        const token_id token = vocab.find_text({work.text.data() + left.begin, bytes});
        if (token == no_token) {
            return success();
        }
        return work.pairs.push_back({vocab.score(token), i, bytes, token});
    }

    byte_fallback bytes_;
    bool splits_at_spaces_ = true;
};

} // namespace llmzero::inline LLMZERO_ABI
