// A conversation on a session: turns of a user and answers, written as the model's chat template wants them. What was
// evaluated is kept between turns, so that a turn costs its own tokens only.
//
// Example:
//     auto model = llmzero::load("smollm2-135m-instruct.gguf").value();
//     auto session = llmzero::session::create(model, {.context = 1024}).value();
//     auto chat = llmzero::conversation::create(std::move(session), {.system = "Answer in one sentence."}).value();
//     for (const char * turn : {"Why is the sky blue?", "And at night?"}) {
//         auto done = chat.answer(turn, {.max_tokens = 64}, [](std::string_view text) {
//             std::cout << text << std::flush;
//             return true; // false stops
//         });
//     }
//
// An answer ends with an end-of-turn token; one that was cut (max_tokens, cancelled, a stop text, the context's end) is
// closed before the next turn as if it had ended there.
//
// When the context has no room for a turn and a quarter of itself for the answer, the oldest turns go, with their
// answers, until at most half of it is in use. The system turn stays. The turns that stay move, so they are evaluated
// again, which chat_answer tells: about as many tokens as half the context, once for each half that is written.
//
// A model with an encoder (T5) has no memory of turns: each is a text of its own, after the system text if there is
// one.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/generation/session.hpp>
#include <llmzero/tokenizer/chat_prompt.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

struct conversation_options {
    const chat_template * format = nullptr;      // nullptr: the model's own
    std::optional<std::string_view> system = {}; // empty: what the template has itself; "": no system turn
};

struct chat_answer {
    generation how;                // n_prompt: tokens evaluated before the answer, of this turn and of older ones
    std::uint32_t n_kept = 0;      // tokens of the conversation that needed no evaluation
    std::uint32_t n_forgotten = 0; // old turns that made room
};

class conversation {
public:
    using text_function = llmzero::session::text_function;

    // The tokens that a conversation begins with when this is its first turn.
    [[nodiscard]] static result<heap_array<token_id>>
    first_prompt(const model & with, const conversation_options & options, std::string_view text) {
        if (with.config().has_encoder()) {
            return encode_alone(with, options.system, text);
        }
        return encode_turn(with, format_of(with, options), options.system, text, true);
    }

    // What every first prompt begins with, whatever its text: the system turn, if there is one, and what the template
    // writes before a user's text. Empty for a model with an encoder.
    [[nodiscard]] static result<heap_array<token_id>> fixed_prefix(const model & with,
                                                                   const conversation_options & options) {
        if (with.config().has_encoder()) {
            return heap_array<token_id>();
        }
        // A text that begins with a letter, and one that begins with a digit.
        LLMZERO_ASSIGN(auto prefix, first_prompt(with, options, "x"));
        LLMZERO_ASSIGN(const auto other, first_prompt(with, options, "0"));
        const auto differ = std::mismatch(prefix.begin(), prefix.end(), other.begin(), other.end());
        LLMZERO_CHECK(prefix.resize(static_cast<std::size_t>(differ.first - prefix.begin())));
        return prefix;
    }

    // Whether there is a system turn, the caller's or the template's own.
    [[nodiscard]] static bool has_system(const model & with, const conversation_options & options) {
        return chat_prompt(format_of(with, options), with.text().vocab(), options.system).has_system();
    }

    // The session's content is forgotten where it is not the beginning of the conversation.
    // Errors: context_full (the system turn leaves no room for another), out_of_memory.
    [[nodiscard]] static result<conversation> create(llmzero::session on, const conversation_options & options = {}) {
        conversation made(std::move(on), format_of(on.model(), options));
        if (options.system) {
            made.is_system_given_ = true;
            LLMZERO_CHECK(made.system_.append({options.system->data(), options.system->size()}));
        }
        LLMZERO_ASSIGN(made.prefix_, fixed_prefix(made.session_.model(), options));
        if (made.prefix_.size() >= made.context()) {
            return error(error_code::context_full,
                         "the system turn has %zu tokens, expected less than the context's %lu", made.prefix_.size(),
                         static_cast<unsigned long>(made.context()));
        }
        LLMZERO_CHECK(made.tokens_.reserve(std::size_t{made.context()} + 1));
        LLMZERO_CHECK(made.planned_.reserve(std::size_t{made.context()} + 1));
        return made;
    }

    // A user's turn, and the model's answer to it. options.parse_special has no effect: what people write is text.
    //
    // Errors: context_full (this turn alone is too long), those of session::generate. The conversation is then as it
    // was before, and so it is when reading was cancelled before the first token of an answer.
    [[nodiscard]] result<chat_answer> answer(std::string_view text, const generate_options & options,
                                             text_function on_text);

    // Forgets all turns; the system turn stays.
    void clear() {
        turns_.clear();
        tokens_.clear();
    }

    // Turns, each with its answer, that the next answer takes into account.
    [[nodiscard]] std::size_t n_turns() const { return turns_.size(); }
    // fixed_prefix(): worth a prompt cache where there is a system turn.
    [[nodiscard]] std::span<const token_id> prefix() const { return prefix_.span(); }
    [[nodiscard]] const chat_template & format() const { return *format_; }
    [[nodiscard]] llmzero::session & session() { return session_; }

private:
    struct turn {
        heap_array<char> text;
        std::uint32_t n_opening = 0; // tokens from the end of the answer before up to the beginning of this one
        std::uint32_t n_answer = 0;
    };

    conversation(llmzero::session && on, const chat_template & format) : session_(std::move(on)), format_(&format) {}

    static const chat_template & format_of(const model & with, const conversation_options & options) {
        return options.format != nullptr ? *options.format : *with.chat().format;
    }

    // As in the options.
    [[nodiscard]] std::optional<std::string_view> system() const {
        return is_system_given_ ? std::optional<std::string_view>({system_.data(), system_.size()}) : std::nullopt;
    }
    [[nodiscard]] std::uint32_t context() const { return session_.context(); }

    [[nodiscard]] static result<heap_array<token_id>> encode_turn(const model & with, const chat_template & format,
                                                                  std::optional<std::string_view> system,
                                                                  std::string_view text, bool is_first) {
        chat_prompt prompt(format, with.text().vocab(), system);
        LLMZERO_CHECK(is_first ? prompt.start() : prompt.end_answer());
        LLMZERO_CHECK(prompt.user(text));
        return with.text().encode(prompt.segments(), {.add_special = false, .continues = !is_first});
    }
    [[nodiscard]] result<heap_array<token_id>> encode_turn(std::string_view text, bool is_first) const {
        return encode_turn(session_.model(), *format_, system(), text, is_first);
    }

    [[nodiscard]] static result<heap_array<token_id>>
    encode_alone(const model & with, std::optional<std::string_view> system, std::string_view text) {
        const bool has_system = system && !system->empty();
        const text_segment all[] = {{has_system ? *system : ""}, {has_system ? "\n\n" : ""}, {text}};
        return with.text().encode(all);
    }

    // Of the first `count` turns.
    [[nodiscard]] std::size_t count_tokens(std::size_t count) const {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < count; ++i) {
            sum += turns_[i].n_opening + turns_[i].n_answer;
        }
        return sum;
    }

    // The turns that will make room, and what begins the text once they are gone.
    struct plan {
        std::uint32_t n_forgotten = 0;
        heap_array<token_id> first_opening; // of the oldest turn that stays, when others go
        heap_array<token_id> opening;       // of the new turn
    };
    [[nodiscard]] result<plan> make_plan(std::string_view text, std::uint32_t max_tokens) const;

    // Writes the planned text into planned_.
    [[nodiscard]] status follow(const plan & p);

    // Tokens of `answer` that make no more than `bytes` bytes of text.
    [[nodiscard]] std::size_t count_shown(std::span<const token_id> answer, std::size_t bytes) const {
        std::size_t n = 0;
        for (; n < answer.size(); ++n) {
            const std::size_t more = session_.model().text().decode(answer[n]).size();
            if (more > bytes) {
                break;
            }
            bytes -= more;
        }
        return n;
    }

    // Takes the answer in, without the stop text that it may end with: nothing can fail here.
    void commit(plan & p, turn && asked, const generation & how, std::size_t shown_bytes);

    llmzero::session session_;
    const chat_template * format_;
    bool is_system_given_ = false;
    heap_array<char> system_; // where it is
    heap_array<token_id> prefix_;
    heap_array<turn> turns_;
    heap_array<token_id> tokens_;  // of all turns: what the session should hold
    heap_array<token_id> planned_; // the same with the next turn
};

inline result<conversation::plan> conversation::make_plan(std::string_view text, std::uint32_t max_tokens) const {
    const std::size_t room = std::min(max_tokens, context() / 4);
    for (plan made;; ++made.n_forgotten) {
        const bool is_alone = made.n_forgotten == turns_.size();
        std::size_t kept = tokens_.size();
        if (made.n_forgotten > 0 && !is_alone) {
            const turn & first = turns_[made.n_forgotten];
            LLMZERO_ASSIGN(made.first_opening, encode_turn({first.text.data(), first.text.size()}, true));
            kept = tokens_.size() - count_tokens(made.n_forgotten) - first.n_opening + made.first_opening.size();
        } else if (is_alone) {
            made.first_opening.clear();
            kept = 0;
        }
        if (made.n_forgotten == 0 || is_alone) { // the same for all plans that keep a turn
            LLMZERO_ASSIGN(made.opening, encode_turn(text, is_alone));
        }
        const std::size_t n_tokens = kept + made.opening.size();
        if (is_alone && n_tokens >= context()) {
            return error(error_code::context_full,
                         "this turn has %zu tokens, with the system turn; expected less than the context's %lu. The "
                         "conversation is as it was",
                         n_tokens, static_cast<unsigned long>(context()));
        }
        const std::size_t most = made.n_forgotten == 0 ? context() - room : context() / 2;
        if (is_alone || n_tokens <= most) {
            return made;
        }
    }
}

inline status conversation::follow(const plan & p) {
    planned_.clear();
    if (p.n_forgotten < turns_.size()) {
        const std::size_t first =
            p.n_forgotten == 0 ? 0 : count_tokens(p.n_forgotten) + turns_[p.n_forgotten].n_opening;
        LLMZERO_CHECK(planned_.append(p.first_opening.span()));
        LLMZERO_CHECK(planned_.append(tokens_.span().subspan(first)));
    }
    return planned_.append(p.opening.span());
}

inline void conversation::commit(plan & p, turn && asked, const generation & how, std::size_t shown_bytes) {
    std::span<const token_id> said = session_.tokens();
    if (how.reason == stop_reason::stop_string) {
        said = said.first(planned_.size() + count_shown(said.subspan(planned_.size()), shown_bytes));
    }
    asked.n_opening = static_cast<std::uint32_t>(p.opening.size());
    asked.n_answer = static_cast<std::uint32_t>(said.size() - planned_.size());
    if (p.n_forgotten > 0) {
        std::move(turns_.begin() + p.n_forgotten, turns_.end(), turns_.begin());
        for (std::uint32_t i = 0; i < p.n_forgotten; ++i) {
            turns_.pop_back();
        }
        if (!turns_.empty()) {
            turns_[0].n_opening = static_cast<std::uint32_t>(p.first_opening.size());
        }
    }
    turns_.push_back_unchecked(std::move(asked));
    tokens_.clear();
    for (const token_id token : said) {
        tokens_.push_back_unchecked(token);
    }
}

inline result<chat_answer> conversation::answer(std::string_view text, const generate_options & options,
                                                text_function on_text) {
    heap_array<std::string_view> stops;
    LLMZERO_CHECK(stops.append(options.stop));
    if (!format_->stop.empty()) {
        LLMZERO_CHECK(stops.push_back(format_->stop));
    }
    generate_options with_stops = options;
    with_stops.stop = stops.span();
    chat_answer done;
    if (session_.model().config().has_encoder()) {
        LLMZERO_ASSIGN(const auto tokens, encode_alone(session_.model(), system(), text));
        LLMZERO_ASSIGN(done.how, session_.generate(tokens.span(), with_stops, on_text));
        return done;
    }
    turn asked;
    LLMZERO_CHECK(asked.text.append({text.data(), text.size()}));
    if (turns_.size() == turns_.capacity()) {
        LLMZERO_CHECK(turns_.reserve(2 * turns_.size() + 8));
    }
    LLMZERO_ASSIGN(plan planned, make_plan(text, options.max_tokens));
    LLMZERO_CHECK(follow(planned));
    done.n_kept = session_.keep_common(planned_.span());
    done.n_forgotten = planned.n_forgotten;
    std::size_t shown_bytes = 0;
    const auto show = [&](std::string_view part) {
        shown_bytes += part.size();
        return !on_text || on_text(part);
    };
    LLMZERO_ASSIGN(done.how, session_.generate(planned_.span().subspan(done.n_kept), with_stops, show));
    if (done.how.n_generated > 0 || done.how.reason != stop_reason::cancelled) {
        commit(planned, std::move(asked), done.how, shown_bytes);
    }
    return done;
}

} // namespace llmzero::inline LLMZERO_ABI
