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
#include <llmzero/tokenizer/token.hpp>
#include <llmzero/tokenizer/utf8.hpp>
#include <llmzero/tokenizer/vocabulary.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
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
        made.byte_tokens_.fill(no_token);
        for (std::size_t i = 0; i < vocab.size(); ++i) {
            const auto id = static_cast<token_id>(i);
            if (vocab.kind(id) == token_kind::byte) {
                made.byte_tokens_[vocab.byte_value(id)] = id;
            } else if (is_text(vocab.kind(id)) && continues_after_space(vocab.text(id))) {
                made.splits_at_spaces_ = false;
            }
        }
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

    // Writes the bytes that a token stands for, at most those of its text, and returns their number.
    static std::size_t decode(const vocabulary & vocab, token_id id, std::span<char> out) {
        const std::string_view text = vocab.text(id);
        switch (vocab.kind(id)) {
        case token_kind::byte: out[0] = static_cast<char>(vocab.byte_value(id)); return 1;
        case token_kind::user_defined: return text.copy(out.data(), out.size());
        case token_kind::normal: break;
        case token_kind::unknown:
        case token_kind::control:
        case token_kind::unused: return 0;
        }
        std::size_t written = 0;
        for (std::size_t i = 0; i < text.size(); ++written) {
            const bool is_space = text.substr(i).starts_with(space);
            out[written] = is_space ? ' ' : text[i];
            i += is_space ? space.size() : 1;
        }
        return written;
    }

private:
    static constexpr std::string_view space = "\xe2\x96\x81"; // U+2581, how the vocabulary writes a space
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

    // Bytes of the space that `text` begins with, as a space or as U+2581; 0 when there is none.
    static std::size_t space_bytes(std::string_view text) {
        return text.starts_with(' ') ? 1 : text.starts_with(space) ? space.size() : 0;
    }

    // Bytes of a word: spaces, then everything up to the next space.
    static std::size_t word_bytes(std::string_view text) {
        std::size_t i = 0;
        while (const std::size_t bytes = space_bytes(text.substr(i))) {
            i += bytes;
        }
        while (i < text.size() && space_bytes(text.substr(i)) == 0) {
            ++i;
        }
        return i;
    }

    static bool continues_after_space(std::string_view token) { return word_bytes(token) < token.size(); }

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
                LLMZERO_CHECK(encode_bytes(vocab, {work.text.data() + s.begin, s.bytes}, work.after_unknown, tokens));
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

    // The tokens of a character that is no token itself.
    [[nodiscard]] status encode_bytes(const vocabulary & vocab, std::string_view character, bool & after_unknown,
                                      heap_array<token_id> & tokens) const {
        const auto token_of = [&](char c) {
            return byte_tokens_[static_cast<unsigned char>(c)];
        };
        const char * missing = std::find_if(character.data(), character.data() + character.size(),
                                            [&](char c) { return token_of(c) == no_token; });
        if (missing == character.data() + character.size()) {
            for (const char c : character) {
                LLMZERO_CHECK(tokens.push_back(token_of(c)));
            }
            after_unknown = false;
            return success();
        }
        if (vocab.unknown() == no_token) {
            return error(error_code::unsupported,
                         "the text has a character which the vocabulary cannot encode: it has neither a token for the "
                         "byte 0x%02X nor an unknown token",
                         unsigned{static_cast<unsigned char>(*missing)});
        }
        if (after_unknown) {
            return success();
        }
        after_unknown = true;
        return tokens.push_back(vocab.unknown());
    }

    std::array<token_id, 256> byte_tokens_{};
    bool splits_at_spaces_ = true;
};

} // namespace llmzero::inline LLMZERO_ABI
