// --interactive: answers line by line what comes on standard input. What was read is kept between turns.
//
// On a terminal "> " asks for a turn. Ctrl-C stops an answer, and the next turn goes on from there; a second one, or
// one where a turn is asked for, leaves, as does the end of the input. A line that ends with \ goes on in the next.
// After each answer stands a newline; with --json each answer is an object on a line of its own.
#pragma once

#include "cli/line_reader.hpp"
#include "run/program.hpp"

#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace run {

class dialogue {
public:
    explicit dialogue(program & on)
        : on_(on), input_(STDIN_FILENO), asks_(on.screen.is_terminal() && cli::is_terminal(STDIN_FILENO)) {}

    exit_code run() {
        const llmzero::status ended = converse();
        if (!ended) {
            return on_.fail(ended.error());
        }
        if (on_.screen.problem() != 0) {
            return on_.fail_output();
        }
        return after_signals(has_failed_ ? exit_code::run_error : exit_code::ok);
    }

private:
    llmzero::status converse() {
        const bool has_first_turn = !on_.settings.prompt.empty() || !on_.settings.file.empty();
        std::string text;
        if (has_first_turn) {
            LLMZERO_ASSIGN(text, on_.prompt_text());
        }
        LLMZERO_ASSIGN(const llmzero::model model, on_.load(facts_));
        const llmzero::conversation_options options = on_.chat_options(model, facts_);
        LLMZERO_ASSIGN(const auto prefix, llmzero::conversation::fixed_prefix(model, options));
        LLMZERO_ASSIGN(llmzero::session session,
                       on_.make_session(model, prefix.size() + 1, llmzero::session::max_default_context,
                                        program::share::half, facts_));
        LLMZERO_ASSIGN(auto chat, llmzero::conversation::create(std::move(session), options));
        on_.prompt_cache.load(chat.session(), prefix.span(),
                              llmzero::conversation::has_system(model, options) ? prefix.size() : 0);
        if (!on_.settings.prompt_cache.empty() && !model.config().has_encoder() &&
            !llmzero::conversation::has_system(model, options)) {
            complain("note: --prompt-cache has no effect: there is no system turn to keep; --system gives one");
        }
        if (has_first_turn) {
            LLMZERO_CHECK(answer(chat, text));
        }
        while (on_.screen.problem() == 0 && cli::caught_signal() == 0) {
            LLMZERO_ASSIGN(const bool has_turn, read_turn(text));
            if (!has_turn) {
                break;
            }
            if (!text.empty()) {
                LLMZERO_CHECK(answer(chat, text));
            }
        }
        return llmzero::success();
    }

    // False at the end of the input, or when a signal ended the waiting.
    llmzero::result<bool> read_turn(std::string & text) {
        text.clear();
        ask("> ");
        for (std::string line;;) {
            switch (input_.next(line)) {
            case cli::read_outcome::line: break;
            case cli::read_outcome::failed: return error(error_code::io, "standard input: %s", std::strerror(errno));
            case cli::read_outcome::end:
                if (!text.empty()) { // its last line ended with a backslash, and nothing came after it
                    text.pop_back();
                    return true;
                }
                [[fallthrough]];
            case cli::read_outcome::interrupted:
                ask("\n"); // so that the shell's prompt begins a line
                return false;
            }
            if (line.ends_with('\\')) {
                line.back() = '\n';
                text += line;
                ask(". ");
                continue;
            }
            text += line;
            return true;
        }
    }

    void ask(std::string_view marker) {
        if (asks_) {
            on_.screen.write(marker);
        }
    }

    // A turn that cannot be answered is said, and the conversation goes on.
    llmzero::status answer(llmzero::conversation & chat, const std::string & text) {
        const std::vector<std::string_view> stop(on_.settings.stop.begin(), on_.settings.stop.end());
        cli::progress_line line("reading", "tokens");
        const auto may_go_on = [this] {
            return on_.may_go_on();
        };
        const auto on_prefill = [&](std::size_t done, std::size_t total) {
            if (done < total) {
                line.update(done, total);
            } else {
                line.erase();
            }
            return on_.may_go_on();
        };
        const auto on_text = [this](std::string_view part) {
            on_.screen.show(part);
            return on_.may_go_on();
        };
        llmzero::generate_options options = on_.generation_options(stop);
        options.on_prefill = on_prefill;
        options.keep_going = may_go_on;
        on_.screen.begin_line();
        const auto done = chat.answer(text, options, on_text);
        line.erase();
        if (!done) {
            if (done.error().code() == error_code::out_of_memory) {
                return done.error();
            }
            has_failed_ = true;
            complain(done.error().message());
            if (on_.settings.json) {
                on_.screen.write(cli::error_json(done.error(), cli::exit_code_for(done.error(), false)));
            }
            return llmzero::success();
        }
        facts_.generation = done->how;
        facts_.n_kept = done->n_kept;
        on_.report(facts_);
        if (!on_.settings.json) {
            on_.screen.end_line();
        }
        tell(*done);
        on_.prompt_cache.save(chat.session());
        if (cli::caught_signal() != 0) {
            cli::forget_interrupt();
        }
        return llmzero::success();
    }

    // What is not to be seen from the answer.
    void tell(const llmzero::chat_answer & done) const {
        if (!on_.is_talkative()) {
            return;
        }
        if (done.n_forgotten > 0) {
            complain("note: the context is full: " + std::to_string(done.n_forgotten) +
                     (done.n_forgotten == 1 ? " old turn was" : " old turns were") + " forgotten, and " +
                     std::to_string(done.how.n_prompt) + (done.how.n_prompt == 1 ? " token was" : " tokens were") + " read to go on");
        }
        switch (done.how.reason) {
        case llmzero::stop_reason::max_tokens:
            complain("note: the answer was cut after " + std::to_string(done.how.n_generated) +
                     " tokens; -n allows more");
            break;
        case llmzero::stop_reason::context_full: complain("note: the answer was cut where the context ends"); break;
        default: break;
        }
        if (on_.settings.verbose) {
            std::fputs(cli::summary_line(facts_).c_str(), stderr);
        }
    }

    program & on_;
    cli::line_reader input_;
    bool asks_; // on a terminal
    bool has_failed_ = false;
    cli::run_facts facts_;
};

} // namespace run
