// What the model reads and writes: the number of a piece of text in its vocabulary.
#pragma once

#include <llmzero/base/config.hpp>

#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

using token_id = std::int32_t;

// Where there is no token: a vocabulary without an end token, a text that is no piece.
inline constexpr token_id no_token = -1;

// What a token is for; the numbers are those of tokenizer.ggml.token_type.
enum class token_kind : std::uint8_t {
    normal = 1,       // a piece of text
    unknown = 2,      // stands for text that has no piece
    control = 3,      // <s>, <|im_end|>: steers the model, is no text
    user_defined = 4, // text that is always recognised whole, before anything else is split
    unused = 5,       // padding of the vocabulary
    byte = 6,         // <0x00> to <0xFF>: one byte of a character that has no piece
};

// Whether tokens of this kind come out of ordinary text, and not only for a name or where nothing else is left.
[[nodiscard]] constexpr bool is_text(token_kind kind) {
    return kind == token_kind::normal || kind == token_kind::user_defined || kind == token_kind::unused;
}

} // namespace llmzero::inline LLMZERO_ABI
