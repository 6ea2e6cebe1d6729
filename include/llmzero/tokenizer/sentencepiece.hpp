// What the two kinds of SentencePiece vocabularies (spm.hpp, unigram.hpp) have in common: a space is written as
// U+2581, a character without a piece becomes its bytes or an unknown token, and pieces are decoded alike.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/tokenizer/token.hpp>
#include <llmzero/tokenizer/vocabulary.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

// U+2581, how the vocabulary writes a space.
inline constexpr std::string_view sentencepiece_space = "\xe2\x96\x81";

// Bytes of the space that `text` begins with, as a space or as U+2581; 0 when there is none.
[[nodiscard]] constexpr std::size_t space_bytes(std::string_view text) {
    return text.starts_with(' ') ? 1 : text.starts_with(sentencepiece_space) ? sentencepiece_space.size() : 0;
}

// Bytes of the word that `text` begins with: spaces, then everything up to the next space.
[[nodiscard]] constexpr std::size_t word_bytes(std::string_view text) {
    std::size_t i = 0;
    while (const std::size_t bytes = space_bytes(text.substr(i))) {
        i += bytes;
    }
    while (i < text.size() && space_bytes(text.substr(i)) == 0) {
        ++i;
    }
    return i;
}

// Whether no token reaches beyond a word, so that a text may be encoded word by word.
[[nodiscard]] inline bool splits_at_spaces(const vocabulary & vocab) {
    for (std::size_t i = 0; i < vocab.size(); ++i) {
        const auto id = static_cast<token_id>(i);
        if (is_text(vocab.kind(id)) && word_bytes(vocab.text(id)) < vocab.text(id).size()) {
            return false;
        }
    }
    return true;
}

// The tokens of characters that are no tokens themselves: their bytes (<0xE2>, ...); where one of these is missing,
// one unknown token for a run of such characters; without that, encoding is refused.
class byte_fallback {
public:
    static byte_fallback create(const vocabulary & vocab) {
        byte_fallback made;
        made.tokens_.fill(no_token);
        for (std::size_t i = 0; i < vocab.size(); ++i) {
            const auto id = static_cast<token_id>(i);
            if (vocab.kind(id) == token_kind::byte) {
                made.tokens_[vocab.byte_value(id)] = id;
            }
        }
        return made;
    }

    // Appends the tokens of one character. `after_unknown`: the last token was the unknown one; is kept up to date
    // here, and to be set to false behind any other token.
    [[nodiscard]] status encode(const vocabulary & vocab, std::string_view character, bool & after_unknown,
                                heap_array<token_id> & tokens) const {
        const auto token_of = [&](char c) {
            return tokens_[static_cast<unsigned char>(c)];
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

private:
    std::array<token_id, 256> tokens_{};
};

// Writes the bytes that a token stands for, at most those of its text, and returns their number.
inline std::size_t decode_sentencepiece(const vocabulary & vocab, token_id id, std::span<char> out) {
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
        const bool is_space = text.substr(i).starts_with(sentencepiece_space);
        out[written] = is_space ? ' ' : text[i];
        i += is_space ? sentencepiece_space.size() : 1;
    }
    return written;
}

} // namespace llmzero::inline LLMZERO_ABI
