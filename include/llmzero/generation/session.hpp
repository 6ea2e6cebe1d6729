// A session: one text in progress. Prefill reads a prompt, decode adds a token, generate does both and gives
// out text as it is made. A session belongs to one thread; sessions of one model may run on several. Each may have
// threads of its own that share its work, and sleep between two calls: what it computes is the same to the bit.
//
// Example:
//     auto model = llmzero::load("model.gguf").value();
//     auto session = llmzero::session::create(model, {.context = 512}).value();
//     auto done = session.generate("Once upon a time", {.max_tokens = 64}, [](std::string_view text) {
//         std::fwrite(text.data(), 1, text.size(), stdout);
//         return true; // false stops
//     });
//
// A model with an encoder (T5) answers a source text instead of continuing a prompt. The source is read as a whole, so
// every prompt is a new text: it replaces what the session held. Tokens of the source, the decoder's start token and
// those of the answer are counted together, in position() and in context().
#pragma once

#include <llmzero/base/cores.hpp>
#include <llmzero/base/function_ref.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/thread_team.hpp>
#include <llmzero/generation/drafting.hpp>
#include <llmzero/generation/generate_options.hpp>
#include <llmzero/generation/sampler.hpp>
#include <llmzero/generation/stop_strings.hpp>
#include <llmzero/model/model.hpp>
#include <llmzero/tokenizer/detokenizer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

struct session_options {
    // Tokens, prompt and answer together; 0: what the model was trained for (model_config::context), but at most
    // session::max_default_context. More than the model was trained for is possible, but text beyond that gets worse.
    std::uint32_t context = 0;
    kv_type kv = kv_type::automatic;       // how keys and values are kept
    std::uint32_t batch = 32;              // tokens of a prompt evaluated together
    std::uint32_t draft_tokens = 3;        // verified ahead at most; each takes memory for a row of logits
    std::uint64_t memory_budget_bytes = 0; // refuse, before taking it, to need more than this; 0: no limit
    // That share the work, the caller's among them: 1 makes none. 0: default_threads(), one for each core that the
    // process may use, at most four for a model below 200 MB, and one where a token takes less than 0.1 ms.
    std::uint32_t threads = 0;
};

class prompt_cache;

class session {
public:
    using text_function = function_ref<bool(std::string_view text)>;
    using prefill_function = function_ref<bool(std::size_t done, std::size_t total)>;

    // The largest session_options::batch.
    static constexpr std::uint32_t max_batch = 4096;
    // The largest session_options::draft_tokens.
    static constexpr std::uint32_t max_draft_tokens = drafting::max_tokens;
    // Files may promise a context whose cache no small machine can hold, so that has to be asked for.
    static constexpr std::uint32_t max_default_context = 4096;

    // Memory that create() takes for these options, in bytes, without the stacks of threads.
    [[nodiscard]] static std::uint64_t bytes_needed(const model & from, const session_options & options = {}) {
        const state_options state = resolved(from, options);
        return from.network().state_bytes(state) + bytes_beside(state);
    }
    // The same for a model that has not been loaded.
    [[nodiscard]] static std::uint64_t bytes_needed(const model_outline & from, const session_options & options = {}) {
        const state_options state = resolved(from, options);
        return from.state_bytes(state) + bytes_beside(state);
    }

    // Errors: bad_argument (context, batch, draft_tokens or threads out of range), over_budget, out_of_memory.
    [[nodiscard]] static result<session> create(const model & from, const session_options & options = {}) {
        if (options.context > detail::max_context) {
            return error(error_code::bad_argument, "a context of %lu tokens was asked for, expected at most %lu",
                         static_cast<unsigned long>(options.context), static_cast<unsigned long>(detail::max_context));
        }
        if (options.batch < 1 || options.batch > max_batch) {
            return error(error_code::bad_argument, "batch is %lu, expected 1 to %lu",
                         static_cast<unsigned long>(options.batch), static_cast<unsigned long>(max_batch));
        }
        if (options.draft_tokens > max_draft_tokens) {
            return error(error_code::bad_argument, "draft_tokens is %lu, expected 0 to %lu",
                         static_cast<unsigned long>(options.draft_tokens),
                         static_cast<unsigned long>(max_draft_tokens));
        }
        if (options.threads != 0) {
            LLMZERO_CHECK(thread_team::check(options.threads));
        }
        const std::uint64_t bytes = bytes_needed(from, options);
        LLMZERO_CHECK(detail::check_budget(bytes, options.memory_budget_bytes, "the session"));
        if (!to_size(bytes)) { // every array that the session takes is smaller than all of them together
            return error(error_code::out_of_memory, "a session of %llu bytes does not fit into this machine's memory",
                         static_cast<unsigned long long>(bytes));
        }
        state_options state = resolved(from, options);
        LLMZERO_ASSIGN(auto team, thread_team::create_for(options.threads, state.threads));
        state.threads = size_of(team.get());
        state.team = team.get();
        session made(from, state);
        made.team_ = std::move(team);
        LLMZERO_ASSIGN(made.state_, from.network().create_state(state));
        LLMZERO_CHECK(made.tokens_.reserve(std::size_t{state.context} + 1));
        return made;
    }

    // Evaluates tokens after those that are there; logits() are then those of the last one. `progress` is called
    // at least once a layer and may stop: the error is `cancelled`, and position() says how far it came.
    //
    // With an encoder the tokens are the source of a new text, and the decoder's start token is evaluated after them.
    // Of a source that was cancelled nothing stays.
    // Errors: context_full, bad_argument (an id outside the vocabulary, no tokens), cancelled.
    [[nodiscard]] status prefill(std::span<const token_id> tokens, prefill_function progress = {}) {
        if (has_encoder()) {
            return read_source(tokens, progress);
        }
        LLMZERO_CHECK(check(tokens));
        LLMZERO_CHECK(evaluate_pending({}));
        has_logits_ = false;
        for (std::size_t done = 0; done < tokens.size();) {
            const std::size_t n = std::min<std::size_t>(options_.batch, tokens.size() - done);
            const bool is_last = done + n == tokens.size();
            const auto keep_going = [&] {
                return progress(done, tokens.size());
            };
            LLMZERO_CHECK(state_->evaluate(tokens.subspan(done, n), position_,
                                           is_last ? logits_wanted::last : logits_wanted::none,
                                           progress ? function_ref<bool()>(keep_going) : function_ref<bool()>()));
            LLMZERO_CHECK(tokens_.append(tokens.subspan(done, n))); // there is room: it cannot fail
            position_ += static_cast<std::uint32_t>(n);
            done += n;
        }
        show_logits(0);
        if (progress && !progress(tokens.size(), tokens.size())) {
            return error(error_code::cancelled, "cancelled after the last token");
        }
        return success();
    }

    // The same for one token; with an encoder, for one token of the answer.
    [[nodiscard]] status decode(token_id token, function_ref<bool()> keep_going = {}) {
        if (has_encoder() && n_source_ == 0) {
            return error(error_code::bad_argument, "there is no source text to answer; prefill() comes first");
        }
        LLMZERO_CHECK(check(std::span(&token, 1)));
        LLMZERO_CHECK(evaluate_pending({}));
        return evaluate_one(token, keep_going);
    }

    // Of the last evaluated token: [n_vocab]. Empty when there is none.
    [[nodiscard]] std::span<const float> logits() const {
        if (!has_logits_) {
            return {};
        }
        state_->complete_logits();
        return shown_logits();
    }

    // Tokens evaluated so far, and how many there is room for.
    [[nodiscard]] std::uint32_t position() const { return position_; }
    [[nodiscard]] std::uint32_t context() const { return options_.context; }
    // That share the work.
    [[nodiscard]] std::uint32_t threads() const { return options_.threads; }
    [[nodiscard]] const llmzero::model & model() const { return model_; }
    // The text so far: the evaluated tokens, and the last sampled one where it is still to be evaluated.
    [[nodiscard]] std::span<const token_id> tokens() const { return tokens_.span(); }

    // Forgets the tokens from `position` on; what is before stays and need not be evaluated again. A source stays as a
    // whole or not at all.
    void rewind(std::uint32_t position = 0) {
        position_ = std::min(position, position_);
        if (position_ < n_source_) {
            position_ = 0;
            n_source_ = 0;
        }
        has_logits_ = false;
        pending_ = no_token;
        while (tokens_.size() > position_) {
            tokens_.pop_back();
        }
    }

    // For a text that shall stand here from its first token on: keeps what the session has of it and forgets the rest.
    // Returns position(), from which on the text is to be evaluated: at least its last token, so that there are logits.
    // With an encoder nothing is kept.
    std::uint32_t keep_common(std::span<const token_id> text) {
        const std::size_t most = has_encoder() || text.empty() ? 0 : std::min<std::size_t>(position_, text.size() - 1);
        std::uint32_t common = 0;
        while (common < most && tokens_[common] == text[common]) {
            ++common;
        }
        rewind(common);
        return common;
    }

    // Reads the prompt and continues it; on_text may be empty. The special tokens that the model wants at the start of
    // a text are added where one starts. on_text gets whole UTF-8 characters and returns false to stop.
    //
    // The last token that is sampled is evaluated when the session goes on, so position() does not count it yet.
    // Errors: bad_argument (also options out of range), context_full (the prompt is too long), out_of_memory.
    // A callback that stops is not an error: the reason is `cancelled`.
    [[nodiscard]] result<generation> generate(std::string_view prompt, const generate_options & options,
                                              text_function on_text) {
        LLMZERO_ASSIGN(const heap_array<token_id> tokens,
                       model_.text().encode(prompt, {.add_special = position_ == 0 || has_encoder(),
                                                     .parse_special = options.parse_special}));
        return generate(tokens.span(), options, on_text);
    }

    // The same for a prompt of token ids, to which nothing is added. Without any, the text goes on where it is.
    [[nodiscard]] result<generation> generate(std::span<const token_id> prompt, const generate_options & options,
                                              text_function on_text);

private:
    friend class prompt_cache;
    using clock = std::chrono::steady_clock;

    session(const llmzero::model & from, const state_options & options) : model_(from), options_(options) {}

    static double ms_since(clock::time_point start) {
        return std::chrono::duration<double, std::milli>(clock::now() - start).count();
    }

    // from: a model, or its outline
    template <class described> static state_options resolved(const described & from, const session_options & options) {
        const model_config & config = from.config();
        const std::uint32_t context =
            options.context != 0 ? options.context : std::min(config.context, max_default_context);
        const std::uint32_t batch = std::min(options.batch, context);
        const std::uint32_t logits =
            std::min(std::min(options.draft_tokens, max_draft_tokens) + 1, std::max(batch, 1u));
        const std::uint32_t threads =
            options.threads != 0 ? options.threads : default_threads(from.memory_bytes(), from.kernels().macs_in_ns);
        return {context, chosen_kv(options.kv, from), batch, logits, threads, nullptr};
    }

    // While it lives, tokens are evaluated for their n largest logits.
    class largest_wanted {
    public:
        largest_wanted(network_state & state, std::size_t n) : state_(state) { state_.want_largest(n); }
        ~largest_wanted() { state_.want_largest(0); }
        largest_wanted(const largest_wanted &) = delete;
        largest_wanted & operator=(const largest_wanted &) = delete;

    private:
        network_state & state_;
    };

    [[nodiscard]] bool has_encoder() const { return model_.config().has_encoder(); }

    // Of the tokens that a session remembers, and of its team.
    static std::uint64_t bytes_beside(const state_options & options) {
        return (std::uint64_t{options.context} + 1) * sizeof(token_id) + thread_team::bytes_needed(options.threads);
    }

    // The source of a new text, and the token that the decoder starts with.
    [[nodiscard]] status read_source(std::span<const token_id> source, prefill_function progress) {
        LLMZERO_CHECK(check_ids(source));
        if (source.size() >= options_.context) {
            return error(error_code::context_full,
                         "a source of %zu tokens does not fit: the context has %lu, of which the decoder's start "
                         "token takes one",
                         source.size(), static_cast<unsigned long>(options_.context));
        }
        rewind();
        const auto keep_encoding = [&](std::size_t done) {
            return progress(done, source.size());
        };
        const auto keep_going = [&] {
            return progress(source.size(), source.size());
        };
        using encoding_function = function_ref<bool(std::size_t)>;
        LLMZERO_CHECK(state_->encode(source, progress ? encoding_function(keep_encoding) : encoding_function()));
        LLMZERO_CHECK(tokens_.append(source));
        n_source_ = static_cast<std::uint32_t>(source.size());
        position_ = n_source_;
        status started = evaluate_one(model_.config().decoder_start,
                                      progress ? function_ref<bool()>(keep_going) : function_ref<bool()>());
        if (!started) {
            rewind();
            return started;
        }
        if (progress && !progress(source.size(), source.size())) {
            return error(error_code::cancelled, "cancelled after the last token");
        }
        return success();
    }

    [[nodiscard]] status check(std::span<const token_id> tokens) const {
        LLMZERO_CHECK(check_ids(tokens));
        const std::uint32_t used = std::min(options_.context, position_ + (pending_ != no_token ? 1 : 0));
        if (tokens.size() > options_.context - used) {
            return error(error_code::context_full,
                         "%zu tokens do not fit: the context has %lu, of which %lu are in use", tokens.size(),
                         static_cast<unsigned long>(options_.context), static_cast<unsigned long>(used));
        }
        return success();
    }

    [[nodiscard]] status check_ids(std::span<const token_id> tokens) const {
        if (tokens.empty()) {
            return error(error_code::bad_argument, "there is nothing to evaluate: the prompt has no tokens, and the "
                                                   "model adds none at its start");
        }
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            if (!model_.text().vocab().contains(tokens[i])) {
                return error(error_code::bad_argument, "token %zu is %ld, expected 0 to %zu", i,
                             static_cast<long>(tokens[i]), model_.text().vocab().size() - 1);
            }
        }
        return success();
    }

    [[nodiscard]] status evaluate_one(token_id token, function_ref<bool()> keep_going) {
        has_logits_ = false;
        LLMZERO_CHECK(state_->evaluate(std::span(&token, 1), position_, logits_wanted::last, keep_going));
        if (position_ == tokens_.size()) { // else it stands there already, pending
            tokens_.push_back_unchecked(token);
        }
        ++position_;
        show_logits(0);
        return success();
    }

    // Those that the state has of the last token.
    [[nodiscard]] std::span<const float> shown_logits() const {
        const std::size_t n_vocab = model_.config().n_vocab;
        return state_->logits().subspan(logits_row_ * n_vocab, n_vocab);
    }

    void show_logits(std::size_t row) {
        logits_row_ = row;
        has_logits_ = true;
    }

    // The token that was sampled last, if it has not been evaluated.
    [[nodiscard]] status evaluate_pending(function_ref<bool()> keep_going) {
        if (pending_ != no_token) {
            if (position_ == options_.context) {
                return error(error_code::context_full, "there is no room for another token: the context has %lu",
                             static_cast<unsigned long>(options_.context));
            }
            LLMZERO_CHECK(evaluate_one(pending_, keep_going));
            pending_ = no_token;
        }
        return success();
    }

    // The same, where there is room, in fewer passes: the token may be verified already, or others that may follow it
    // are verified with it. No more than `n_left` tokens are still to be sampled.
    [[nodiscard]] status advance(drafting & draft, std::uint32_t n_left, function_ref<bool()> keep_going) {
        if (draft.confirms(pending_)) {
            ++position_;
            show_logits(logits_row_ + 1);
            pending_ = no_token;
            return success();
        }
        const std::size_t room = std::min({options_.context - position_, n_left, options_.logits});
        const std::span<const token_id> tokens = draft.propose(tokens_.span(), room, model_.config().n_vocab);
        if (tokens.size() == 1) {
            return evaluate_pending(keep_going);
        }
        has_logits_ = false;
        LLMZERO_CHECK(state_->evaluate(tokens, position_, logits_wanted::all, keep_going));
        ++position_;
        show_logits(0);
        pending_ = no_token;
        return success();
    }

    // Whether these tokens, at the start of a text, say nothing: what follows is then the start of the text.
    [[nodiscard]] bool is_silent(std::span<const token_id> tokens) const {
        return std::all_of(tokens.begin(), tokens.end(),
                           [this](token_id token) { return model_.text().decode(token).empty(); });
    }

    // Samples and evaluates until something ends it.
    [[nodiscard]] result<stop_reason> continue_text(const generate_options & options, sampler & choose,
                                                    detokenizer & text, stop_strings & stop, drafting & draft,
                                                    text_function on_text, std::uint32_t & n_generated);

    llmzero::model model_; // keeps the weights alive
    state_options options_;
    std::unique_ptr<thread_team> team_; // of the state
    std::unique_ptr<network_state> state_;
    heap_array<token_id> tokens_; // [position_], and pending_ behind them where there is one
    std::uint32_t position_ = 0;
    std::uint32_t n_source_ = 0;  // tokens of the source, which come first; 0 without an encoder
    token_id pending_ = no_token; // sampled and given out, but not evaluated
    bool has_logits_ = false;
    std::size_t logits_row_ = 0; // of the state's logits: tokens of a batch may be taken in one by one
};

inline result<generation> session::generate(std::span<const token_id> prompt, const generate_options & options,
                                            text_function on_text) {
    generation done;
    done.seed = options.sampling.seed;
    LLMZERO_ASSIGN(sampler choose, sampler::create(options.sampling, model_.config().n_vocab));
    LLMZERO_ASSIGN(stop_strings stop, stop_strings::create(options.stop));
    const bool is_new_source = has_encoder() && !prompt.empty();
    const bool starts_text = is_new_source || (is_silent(tokens()) && is_silent(prompt));
    LLMZERO_ASSIGN(detokenizer text, detokenizer::create(model_.text(), {.strip_leading_space = starts_text}));
    const largest_wanted wanted(*state_, options.on_logits ? 0 : choose.n_largest());
    const clock::time_point start = clock::now();
    if (has_logits_ && pending_ == no_token && prompt.empty()) {
        state_->complete_logits(); // those that are there may be what other options asked for
    }
    if (!is_new_source) {
        LLMZERO_CHECK(evaluate_pending({}));
    }
    const std::uint32_t position_before = position_;
    if (!prompt.empty() || !has_logits_) {
        const status read =
            prefill(prompt, options.on_prefill ? prefill_function(options.on_prefill) : prefill_function());
        done.n_prompt = has_encoder() ? n_source_ : position_ - position_before;
        done.prompt_ms = ms_since(start);
        if (!read && read.error().code() == error_code::cancelled) {
            done.reason = stop_reason::cancelled;
            return done;
        }
        LLMZERO_CHECK(read);
    }
    // With an encoder only the answer: it repeats words of its source, as it should.
    for (const token_id token : tokens().subspan(has_encoder() ? n_source_ + 1 : 0)) {
        choose.accept(token);
    }
    drafting draft(options, model_.network().time_of_four());
    const clock::time_point first_logits = clock::now();
    LLMZERO_ASSIGN(done.reason, continue_text(options, choose, text, stop, draft, on_text, done.n_generated));
    done.generation_ms = ms_since(first_logits);
    done.n_drafted = draft.n_drafted();
    done.n_accepted = draft.n_accepted();
    return done;
}

inline result<stop_reason> session::continue_text(const generate_options & options, sampler & choose,
                                                  detokenizer & text, stop_strings & stop, drafting & draft,
                                                  text_function on_text, std::uint32_t & n_generated) {
    const auto show = [&](std::string_view part) {
        return part.empty() || !on_text || on_text(part);
    };
    if (options.on_logits) {
        options.on_logits(logits());
    }
    stop_reason reason = stop_reason::max_tokens;
    const auto keep_going = options.keep_going ? function_ref<bool()>(options.keep_going) : function_ref<bool()>();
    while (n_generated < options.max_tokens) {
        const token_id token = choose.sample(shown_logits(), state_->present_logits());
        if (model_.text().vocab().is_end_of_generation(token) && !options.ignore_end_of_text) {
            reason = stop_reason::end_of_text;
            break;
        }
        choose.accept(token);
        pending_ = token;
        tokens_.push_back_unchecked(token);
        ++n_generated;
        const stop_strings::output shown = stop.push(text.push(token));
        if (!show(shown.released) || !show(shown.text)) {
            return stop_reason::cancelled;
        }
        if (shown.stopped) {
            return stop_reason::stop_string;
        }
        if (n_generated == options.max_tokens) {
            break;
        }
        if (position_ == options_.context) {
            reason = stop_reason::context_full;
            break;
        }
        const status evaluated = advance(draft, options.max_tokens - n_generated, keep_going);
        if (!evaluated && evaluated.error().code() == error_code::cancelled) {
            reason = stop_reason::cancelled;
            break;
        }
        LLMZERO_CHECK(evaluated);
        if (options.on_logits) {
            options.on_logits(logits());
        }
    }
    // What was held back: the start of a character, or of a stop string that did not come.
    const stop_strings::output rest = stop.push(text.finish());
    if (!show(rest.released) || !show(rest.text) || !show(stop.finish())) {
        return stop_reason::cancelled;
    }
    return reason;
}

} // namespace llmzero::inline LLMZERO_ABI
