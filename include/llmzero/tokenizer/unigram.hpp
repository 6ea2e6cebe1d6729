// The tokenizer of T5 models: SentencePiece's unigram language model (tokenizer.ggml.model = "t5").
//
// A text is normalised: sequences of the charsmap are replaced (charsmap.hpp), an invalid byte becomes U+FFFD,
// a space U+2581; one space is put before the first word, and of several spaces in a row, or at the end, one or
// none is kept, where the vocabulary asks for that. Of all ways to cut the result into tokens, the one with the highest
// sum of scores is taken (Viterbi); of equal ones that which was found first, whose last token is the longest. A
// character that no token stands for costs the lowest score less 10, and becomes its bytes or an unknown token. A
// user-defined token scores 0, so that it is preferred. Only tokens that are text take part.
//
// Memory is 17 bytes for each byte of the longest word, where no token of the vocabulary reaches beyond one (T5's do
// not), else of the normalised text; at most doubled by growth. Time is linear in the length of the text, times what
// prefix_index.hpp needs for one place.
//
// Limit: a word (or text, see above) has less than 2^31 bytes after it was normalised.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/tokenizer/charsmap.hpp>
#include <llmzero/tokenizer/prefix_index.hpp>
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
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

class unigram_tokenizer {
public:
    static constexpr const char * model = "t5";

    // The ids are those of T5, the rest SentencePiece's defaults.
    static vocabulary_rules rules(const gguf_file &) {
        return {.needs_scores = true,
                .add_bos = false,
                .add_eos = true,
                .add_space_prefix = true,
                .bos = no_token,
                .eos = 1,
                .unknown = 2};
    }

    static result<unigram_tokenizer> create(const gguf_file & file, const vocabulary & vocab) {
        unigram_tokenizer made;
        LLMZERO_ASSIGN(made.merges_spaces_, file.get_or<bool>("tokenizer.ggml.remove_extra_whitespaces", true));
        LLMZERO_ASSIGN(made.charsmap_, charsmap::create(file));
        LLMZERO_ASSIGN(made.pieces_, prefix_index::create(vocab, is_text));
        made.bytes_ = byte_fallback::create(vocab);
        made.splits_at_spaces_ = splits_at_spaces(vocab);
        float lowest = std::numeric_limits<float>::max();
        for (std::size_t i = 0; i < vocab.size(); ++i) {
            const auto id = static_cast<token_id>(i);
            if (vocab.kind(id) == token_kind::normal) {
                lowest = std::min(lowest, vocab.score(id));
            }
        }
        made.unknown_score_ = static_cast<double>(lowest) - 10;
        return made;
    }

    // Appends the tokens of `text` to `tokens`. `is_first`: nothing, or a special token, stands before it.
    [[nodiscard]] status encode(const vocabulary & vocab, std::string_view text, bool is_first,
                                heap_array<token_id> & tokens) const {
        workspace work;
        work.in_word = work.has_begun = !is_first;
        while (!text.empty()) {
            std::string_view normal;
            text.remove_prefix(normalise_first(text, normal));
            for (const char c : normal) {
                LLMZERO_CHECK(add_normalised(vocab, c, work, tokens));
            }
        }
        return encode_stretch(vocab, work, tokens);
    }

    static std::size_t decode(const vocabulary & vocab, token_id id, std::span<char> out) {
        return decode_sentencepiece(vocab, id, out);
    }

    [[nodiscard]] std::size_t memory_bytes() const { return charsmap_.memory_bytes() + pieces_.memory_bytes(); }

private:
    // The best way from the start of the stretch to one place in it.
    struct arrival {
        double score = -std::numeric_limits<double>::infinity();
        token_id token = no_token;   // the last one on the way; none: a character without a token
        std::uint32_t other_end = 0; // where that begins
    };

    struct workspace {
        heap_array<char> stretch; // normalised text that is not encoded yet
        heap_array<arrival> arrivals;
        bool in_word = false;   // the last character was no space
        bool has_begun = false; // a word was found before
        bool after_unknown = false;
    };

    // What the first bytes of the text become; returns their number.
    std::size_t normalise_first(std::string_view text, std::string_view & normal) const {
        if (const charsmap_match match = charsmap_.longest_match(text); match.bytes > 0) {
            normal = match.replacement;
            return match.bytes;
        }
        const utf8_unit unit = first_utf8_unit(text);
        normal = unit.state == utf8_state::valid ? text.substr(0, unit.bytes) : utf8_replacement;
        return unit.state == utf8_state::valid ? unit.bytes : 1;
    }

    // Adds one byte of normalised text; encodes what stands before a word as soon as one begins.
    [[nodiscard]] status add_normalised(const vocabulary & vocab, char c, workspace & work,
                                        heap_array<token_id> & tokens) const {
        const bool begins_word = c != ' ' && !work.in_word;
        const bool space_before_word = begins_word && (work.has_begun ? merges_spaces_ : vocab.add_space_prefix());
        if (space_before_word || (c == ' ' && !merges_spaces_)) {
            if (splits_at_spaces_ && work.has_begun && (begins_word || work.in_word)) {
                LLMZERO_CHECK(encode_stretch(vocab, work, tokens));
            }
            LLMZERO_CHECK(work.stretch.append(std::span(sentencepiece_space)));
        }
        work.in_word = c != ' ';
        work.has_begun |= work.in_word;
        return c == ' ' ? success() : work.stretch.push_back(c);
    }

    // Encodes the stretch and empties it.
    [[nodiscard]] status encode_stretch(const vocabulary & vocab, workspace & work,
                                        heap_array<token_id> & tokens) const {
        const std::string_view text(work.stretch.data(), work.stretch.size());
        if (text.size() > std::numeric_limits<std::int32_t>::max()) {
            return error(error_code::bad_argument,
                         "a text of %zu bytes without a space is too long to be encoded, expected less than 2^31 bytes",
                         text.size());
        }
        LLMZERO_CHECK(find_best_way(vocab, text, work.arrivals));
        const std::size_t first_end = turn_around(work.arrivals.span());
        for (std::size_t begin = 0, end = first_end; begin < text.size();) {
            const arrival & way = work.arrivals[end];
            if (way.token != no_token) {
                LLMZERO_CHECK(tokens.push_back(way.token));
                work.after_unknown = false;
            } else {
                LLMZERO_CHECK(bytes_.encode(vocab, text.substr(begin, end - begin), work.after_unknown, tokens));
            }
            begin = end;
            end = way.other_end;
        }
        work.stretch.clear();
        return success();
    }

    // Makes the way that leads from the last place back to the first lead forwards: afterwards `other_end` is where the
    // next token ends. Returns where the first one does.
    static std::size_t turn_around(std::span<arrival> arrivals) {
        std::size_t next = 0;
        for (std::size_t at = arrivals.size() - 1; at != 0;) {
            const std::size_t previous = arrivals[at].other_end;
            arrivals[at].other_end = static_cast<std::uint32_t>(next);
            next = at;
            at = previous;
        }
        return next;
    }

    // Fills in the best way to every place of the text that a character ends at.
    [[nodiscard]] status find_best_way(const vocabulary & vocab, std::string_view text,
                                       heap_array<arrival> & arrivals) const {
        arrivals.clear();
        LLMZERO_CHECK(arrivals.resize(text.size() + 1));
        arrivals[0].score = 0;
        for (std::size_t begin = 0; begin < text.size();) {
            const std::size_t character_bytes = first_utf8_unit(text.substr(begin)).bytes;
            const auto try_token = [&](std::size_t bytes, token_id id, double score) {
                arrival & best = arrivals[begin + bytes];
                if (arrivals[begin].score + score > best.score) {
                    best = {arrivals[begin].score + score, id, static_cast<std::uint32_t>(begin)};
                }
            };
            bool is_known = false;
            pieces_.for_each_prefix(vocab, text.substr(begin), [&](token_id id) {
                const std::size_t bytes = vocab.text(id).size();
                is_known |= bytes == character_bytes;
                try_token(bytes, id,
                          vocab.kind(id) == token_kind::user_defined ? 0.0 : static_cast<double>(vocab.score(id)));
            });
            if (!is_known) {
                try_token(character_bytes, no_token, unknown_score_);
            }
            begin += character_bytes;
        }
        return success();
    }

    charsmap charsmap_;
    prefix_index pieces_;
    byte_fallback bytes_;
    double unknown_score_ = 0;
    bool merges_spaces_ = true;
    bool splits_at_spaces_ = true;
};

} // namespace llmzero::inline LLMZERO_ABI
