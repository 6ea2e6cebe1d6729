// Turns a stream of tokens into text of whole UTF-8 characters.
//
// A token may end within a character: its bytes are held back until the character is whole. Bytes that cannot
// become a character are replaced by U+FFFD, one for each maximal subpart (utf8.hpp); finish() gives what was
// held back, as U+FFFD.
//
// The leading space: a tokenizer that puts a space before a text (vocabulary::add_space_prefix) returns it
// at the start of the decoded text. With strip_leading_space, one space is dropped from the first token that
// gives any bytes, and only there. For an answer that continues a prompt it is the answer's own and must stay:
// use strip_leading_space = false.
//
// The buffer is taken when the detokenizer is made; no token allocates.
#pragma once

#include <llmzero/base/checked.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/tokenizer/token.hpp>
#include <llmzero/tokenizer/tokenizer.hpp>
#include <llmzero/tokenizer/utf8.hpp>

#include <cstddef>
#include <cstring>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

struct detokenizer_options {
    bool strip_leading_space = true;
};

class detokenizer {
public:
    // The tokenizer must outlive the detokenizer.
    static result<detokenizer> create(const tokenizer & text, const detokenizer_options & options = {}) {
        detokenizer made(text, options);
        // Every byte may turn into a U+FFFD of its own.
        LLMZERO_CHECK(
            made.buffer_.resize((utf8_max_incomplete + text.vocab().max_text_bytes()) * utf8_replacement.size()));
        return made;
    }

    // The text that is complete with this token, often empty. Valid until the next call.
    [[nodiscard]] std::string_view push(token_id id) {
        std::string_view bytes = text_->decode(id);
        if (at_start_ && !bytes.empty()) {
            if (options_.strip_leading_space && text_->vocab().add_space_prefix() && bytes.front() == ' ') {
                bytes.remove_prefix(1);
            }
            at_start_ = false;
        }
        std::size_t written = 0;
        // At most three characters are put together in `held_`; the rest is taken from the token as it is.
        while (held_bytes_ > 0 && !bytes.empty()) {
            held_[held_bytes_++] = bytes.front();
            bytes.remove_prefix(1);
            settle_held(written);
        }
        while (!bytes.empty()) {
            const utf8_unit unit = first_utf8_unit(bytes);
            if (unit.state == utf8_state::incomplete) {
                std::memcpy(held_, bytes.data(), unit.bytes);
                held_bytes_ = unit.bytes;
            } else {
                write(unit.state == utf8_state::valid ? bytes.substr(0, unit.bytes) : utf8_replacement, written);
            }
            bytes.remove_prefix(unit.bytes);
        }
        return {buffer_.data(), written};
    }

    // What was held back. Afterwards the detokenizer is as if newly made.
    [[nodiscard]] std::string_view finish() {
        const bool was_cut = held_bytes_ > 0;
        reset();
        return was_cut ? utf8_replacement : std::string_view{};
    }

    // Forgets what was held back.
    void reset() {
        held_bytes_ = 0;
        at_start_ = true;
    }

private:
    detokenizer(const tokenizer & text, const detokenizer_options & options) : text_(&text), options_(options) {}

    // Looks at the held bytes after one was added: writes what is decided, keeps what is not.
    void settle_held(std::size_t & written) {
        while (held_bytes_ > 0) {
            const utf8_unit unit = first_utf8_unit({held_, held_bytes_});
            if (unit.state == utf8_state::incomplete) {
                return;
            }
            write(unit.state == utf8_state::valid ? std::string_view{held_, unit.bytes} : utf8_replacement, written);
            held_bytes_ -= unit.bytes;
            std::memmove(held_, held_ + unit.bytes, held_bytes_);
        }
    }

    void write(std::string_view character, std::size_t & written) {
        std::memcpy(buffer_.data() + written, character.data(), character.size());
        written += character.size();
    }

    const tokenizer * text_;
    detokenizer_options options_;
    heap_array<char> buffer_;
    char held_[utf8_max_incomplete + 1] = {}; // the start of a character, and one byte that may complete it
    std::size_t held_bytes_ = 0;
    bool at_start_ = true;
};

} // namespace llmzero::inline LLMZERO_ABI
