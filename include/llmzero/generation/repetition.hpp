// How a text may go on, judged by the text itself: where its last tokens stand in it before, what followed them there
// may follow again. Names, phrases, quotations and all code are full of that.
//
//     text      ... the cat sat on the mat . the dog sat on the
//                       [length = 3] ^ next             [-------]      proposed: mat . the
//
// The search is linear: for each token a comparison, and where it is the text's last one, up to `most` more.
#pragma once

#include <llmzero/base/config.hpp>
#include <llmzero/tokenizer/token.hpp>

#include <cstddef>
#include <span>

namespace llmzero::inline LLMZERO_ABI {

struct repetition {
    std::size_t length = 0; // tokens that the text ends with and that stand before text[next]; 0: there are none
    std::size_t next = 0;
};

// The longest one of at most `most` tokens; of several as long the last one.
[[nodiscard]] inline repetition longest_repetition(std::span<const token_id> text, std::size_t most) {
    repetition found;
    for (std::size_t next = text.empty() ? 0 : text.size() - 1; next > 0 && found.length < most; --next) {
        if (text[next - 1] != text.back()) {
            continue;
        }
        std::size_t length = 1;
        while (length < most && length < next && text[next - 1 - length] == text[text.size() - 1 - length]) {
            ++length;
        }
        if (length > found.length) {
            found = {length, next};
        }
    }
    return found;
}

// What followed there. Beyond the end of the text stand the proposed tokens themselves: a rhythm of two tokens goes on
// and on.
inline void follow_repetition(std::span<const token_id> text, const repetition & from, std::span<token_id> proposed) {
    for (std::size_t i = 0; i < proposed.size(); ++i) {
        const std::size_t at = from.next + i;
        proposed[i] = at < text.size() ? text[at] : proposed[at - text.size()];
    }
}

} // namespace llmzero::inline LLMZERO_ABI
