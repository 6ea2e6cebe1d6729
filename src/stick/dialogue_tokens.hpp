// A conversation that stands in a file as the tokens that a model reads before it answers.
//
// With a chat template the turns are written as it wants them. Without one the model continues a text: the turns, each
// behind what was answered to the one before. A model with an encoder reads the question alone.
//
// Where a conversation is longer than the context, its oldest turns are left out until it needs half of the context, so
// that the turns that follow find the beginning that they had. The question always stays.
#pragma once

#include <llmzero/generation/conversation.hpp>
#include <llmzero/tokenizer/chat_prompt.hpp>

#include "stick/conversation_file.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stick {

struct dialogue_tokens {
    llmzero::heap_array<llmzero::token_id> tokens;
    std::size_t n_left_out = 0; // turns
};

namespace detail {

// What was answered, behind the text that a model without a template continued: with the blank between them that is
// not kept in a file.
[[nodiscard]] inline std::string continuation(std::string_view answer) {
    constexpr std::string_view closing = ".,;:!?)";
    return answer.empty() || closing.find(answer.front()) != closing.npos ? std::string(answer)
                                                                          : " " + std::string(answer);
}

[[nodiscard]] inline llmzero::result<llmzero::heap_array<llmzero::token_id>>
encode_dialogue(const llmzero::model & model, std::optional<std::string_view> system, std::span<const turn> turns,
                std::string_view question) {
    const llmzero::chat_template & format = *model.chat().format;
    const bool is_continued = &format == &llmzero::raw_template;
    std::vector<std::string> answers; // the segments are views of them
    for (const turn & t : turns) {
        answers.push_back(is_continued ? continuation(t.answer) : t.answer);
    }
    llmzero::chat_prompt prompt(format, model.text().vocab(), system);
    LLMZERO_CHECK(prompt.start());
    for (std::size_t i = 0; i < turns.size(); ++i) {
        LLMZERO_CHECK(prompt.user(turns[i].question));
        LLMZERO_CHECK(prompt.answer(answers[i]));
        LLMZERO_CHECK(prompt.end_answer());
    }
    LLMZERO_CHECK(prompt.user(question));
    return model.text().encode(prompt.segments(), {.add_special = false});
}

// How many of the newest turns have at most `most` tokens, as they count alone.
[[nodiscard]] inline llmzero::result<std::size_t> count_newest(const llmzero::model & model,
                                                               std::span<const turn> turns, std::size_t most) {
    std::size_t n_tokens = 0;
    for (std::size_t n = 0; n < turns.size(); ++n) {
        const turn & t = turns[turns.size() - 1 - n];
        LLMZERO_ASSIGN(const auto tokens, encode_dialogue(model, "", {}, t.question + "\n" + t.answer));
        n_tokens += tokens.size();
        if (n_tokens > most) {
            return n;
        }
    }
    return turns.size();
}

} // namespace detail

// `usual`: turns that were left out the last time, which may do again.
// Errors: context_full (the question alone does not fit; the message is for the one who asked), out_of_memory.
[[nodiscard]] inline llmzero::result<dialogue_tokens>
make_dialogue_tokens(const llmzero::model & model, std::optional<std::string_view> system, std::span<const turn> turns,
                     std::string_view question, std::uint32_t context, std::uint32_t max_tokens,
                     std::size_t usual = 0) {
    dialogue_tokens made;
    if (model.config().has_encoder()) {
        LLMZERO_ASSIGN(made.tokens, llmzero::conversation::first_prompt(model, {.system = system}, question));
        made.n_left_out = turns.size();
    } else {
        LLMZERO_ASSIGN(made.tokens, detail::encode_dialogue(model, system, {}, question));
    }
    if (made.tokens.size() + 1 >= context) {
        return llmzero::error(llmzero::error_code::context_full,
                              "The question is too long: with what the model is told before it, it has %zu tokens, "
                              "and the model reads and writes at most %lu. Please ask with fewer words, below.",
                              made.tokens.size(), static_cast<unsigned long>(context));
    }
    if (turns.empty() || model.config().has_encoder()) {
        return made;
    }
    const std::size_t alone = made.tokens.size();
    const std::size_t room = std::min(max_tokens, context / 4);
    const std::size_t most = context - room;
    LLMZERO_ASSIGN(std::size_t fit, detail::count_newest(model, turns, alone < most ? most - alone : 0));
    std::size_t n_left_out = turns.size() - fit;
    if (n_left_out > 0 && n_left_out <= usual && usual < turns.size()) {
        n_left_out = usual;
    } else if (n_left_out > 0) {
        LLMZERO_ASSIGN(fit, detail::count_newest(model, turns, alone < context / 2 ? context / 2 - alone : 0));
        n_left_out = turns.size() - fit;
    }
    for (; n_left_out < turns.size(); ++n_left_out) {
        LLMZERO_ASSIGN(auto all, detail::encode_dialogue(model, system, turns.subspan(n_left_out), question));
        if (all.size() <= most) {
            made.tokens = std::move(all);
            break;
        }
    }
    made.n_left_out = n_left_out;
    return made;
}

} // namespace stick
