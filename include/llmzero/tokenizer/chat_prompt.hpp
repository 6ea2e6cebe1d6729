// Writes turns of a conversation as a chat template wants them: as segments, the template's own parts apart from
// what people wrote, so that a special token in a user's text stays text (tokenizer::encode).
//
//     chat_prompt prompt(format, vocab, system);
//     LLMZERO_CHECK(prompt.start());
//     LLMZERO_CHECK(prompt.user("Why is the sky blue?"));  // and opens the answer
//     ...                                                   // the answer is generated, or
//     LLMZERO_CHECK(prompt.answer("Light is scattered."));
//     LLMZERO_CHECK(prompt.end_answer());
//     LLMZERO_CHECK(prompt.user("And at night?"));
//
// Segments are views: of the template, the vocabulary, and of the texts given, which must outlive them.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/tokenizer/chat_template.hpp>
#include <llmzero/tokenizer/special_tokens.hpp>
#include <llmzero/tokenizer/vocabulary.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

class chat_prompt {
public:
    // `system`: empty for what the template says itself, "" for none at all.
    chat_prompt(const chat_template & format, const vocabulary & vocab, std::optional<std::string_view> system = {})
        : format_(&format), vocab_(&vocab) {
        if (system && !system->empty()) {
            system_ = *system;
            has_system_ = true;
        } else if (!system && format.own_system != nullptr) {
            system_ = format.own_system;
            has_system_ = true;
        }
    }

    // The begin token, and the system turn, if the template has one of its own.
    [[nodiscard]] status start() {
        if (format_->starts_with_bos || vocab_->add_bos()) {
            LLMZERO_CHECK(add_token(vocab_->bos()));
        }
        system_is_due_ = has_system_;
        return format_->system_in_user ? success() : add_system();
    }

    // A user's turn, and the beginning of its answer.
    [[nodiscard]] status user(std::string_view text) {
        LLMZERO_CHECK(add_markup(format_->markup.user_begin));
        LLMZERO_CHECK(add_system());
        LLMZERO_CHECK(add_text(format_->trims ? trimmed(text) : text));
        LLMZERO_CHECK(add_markup(format_->markup.user_end));
        return add_markup(format_->markup.answer_begin);
    }

    [[nodiscard]] status answer(std::string_view text) { return add_text(format_->trims ? trimmed(text) : text); }
    [[nodiscard]] status end_answer() { return add_markup(format_->markup.answer_end); }

    [[nodiscard]] std::span<const text_segment> segments() const { return segments_.span(); }
    // Whether there is a system turn.
    [[nodiscard]] bool has_system() const { return has_system_; }

private:
    static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

    static std::string_view trimmed(std::string_view text) {
        while (!text.empty() && is_blank(text.front())) {
            text.remove_prefix(1);
        }
        while (!text.empty() && is_blank(text.back())) {
            text.remove_suffix(1);
        }
        return text;
    }

    // Once in a conversation.
    [[nodiscard]] status add_system() {
        if (!system_is_due_) {
            return success();
        }
        system_is_due_ = false;
        LLMZERO_CHECK(add_markup(format_->markup.system_begin));
        LLMZERO_CHECK(add_text(system_));
        return add_markup(format_->markup.system_end);
    }

    // A part of the template, in which {bos} and {eos} stand for tokens.
    [[nodiscard]] status add_markup(std::string_view part) {
        constexpr std::string_view bos = "{bos}", eos = "{eos}"; // of one length
        while (!part.empty()) {
            const std::size_t at = std::min({part.find(bos), part.find(eos), part.size()});
            if (at > 0) {
                LLMZERO_CHECK(segments_.push_back({part.substr(0, at), true}));
            } else {
                LLMZERO_CHECK(add_token(part.starts_with(bos) ? vocab_->bos() : vocab_->eos()));
            }
            part.remove_prefix(at > 0 ? at : bos.size());
        }
        return success();
    }

    [[nodiscard]] status add_token(token_id token) {
        // Where the vocabulary wants a begin token and the template has one too (llama2), there is one.
        const bool is_there = segments_.size() == 1 && segments_[0].token == token && token == vocab_->bos();
        return token == no_token || is_there ? success() : segments_.push_back({vocab_->text(token), true, token});
    }

    [[nodiscard]] status add_text(std::string_view text) {
        return text.empty() ? success() : segments_.push_back({text, false});
    }

    const chat_template * format_;
    const vocabulary * vocab_;
    std::string_view system_;
    bool has_system_ = false;
    bool system_is_due_ = false; // with the next turn
    heap_array<text_segment> segments_;
};

} // namespace llmzero::inline LLMZERO_ABI
