// One run of llmzero-run: loads the model, makes a session, and continues a text or answers it. A conversation
// (--interactive) is in run/dialogue.hpp, which uses the parts here.
#pragma once

#include <llmzero/llmzero.hpp>

#include "cli/logits_file.hpp"
#include "cli/memory.hpp"
#include "cli/progress.hpp"
#include "cli/prompt.hpp"
#include "cli/run_report.hpp"
#include "cli/run_settings.hpp"
#include "cli/seed.hpp"
#include "cli/signals.hpp"
#include "embedded_model.hpp"
#include "run/prompt_file.hpp"
#include "run/screen.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace run {

using cli::exit_code;
using llmzero::error;
using llmzero::error_code;

// The exit code of a run that a signal has ended, or `otherwise`.
inline exit_code after_signals(exit_code otherwise) {
    switch (cli::caught_signal()) {
    case 0: return otherwise;
    case SIGTERM: return exit_code::terminated;
    default: return exit_code::interrupted;
    }
}

class program {
public:
    program(cli::run_settings & chosen, const cli::option_table & options)
        : settings(chosen), screen(chosen.json), prompt_cache(chosen.prompt_cache), options_(options),
          is_talkative_(chosen.verbose || cli::is_terminal(STDERR_FILENO)) {}

    // Continues or answers one prompt.
    exit_code run_once() {
        auto outcome = load_and_generate();
        if (outcome) {
            return finish(*outcome);
        }
        return fail(outcome.error());
    }

    // Reports an error as the user asked for it.
    exit_code fail(const error & e) { return fail(e, cli::exit_code_for(e, is_loading_)); }
    exit_code fail(const error & e, exit_code code) {
        code = after_signals(code);
        complain(cli::caught_signal() != 0 ? "interrupted" : e.message());
        if (e.code() == error_code::over_budget && !settings.memory) {
            complain("that budget is what the system has available; --memory 0 goes beyond it");
        }
        if (settings.json) {
            screen.write(cli::error_json(e, code));
        }
        return code;
    }

    // Reports what was done, and gives the exit code.
    exit_code finish(const cli::run_facts & facts) {
        report(facts);
        if (screen.problem() != 0) {
            return fail_output();
        }
        if (is_talkative_ || cli::caught_signal() != 0) {
            std::fputs(cli::summary_line(facts).c_str(), stderr);
        }
        return after_signals(exit_code::ok);
    }

    // After standard output could not be written.
    exit_code fail_output() {
        if (screen.problem() != EPIPE) {
            complain(std::string("standard output: ") + std::strerror(screen.problem()));
        }
        return cli::exit_code_for_output(screen.problem());
    }

    // The end of a text: its object, or the end of its line.
    void report(const cli::run_facts & facts) {
        if (settings.json) {
            screen.write(cli::result_json(facts, screen.take_text(), options_));
        } else if (screen.is_terminal()) {
            screen.end_line();
        }
    }

    // The prompt of -p or -f.
    llmzero::result<std::string> prompt_text() {
        if (settings.file.empty()) {
            return settings.prompt;
        }
        const bool is_standard_input = settings.file == "-";
        if (is_standard_input && cli::is_terminal(STDIN_FILENO)) {
            complain("reading the prompt from the terminal; Ctrl-D at the start of a line ends it");
        }
        LLMZERO_ASSIGN(const auto content, cli::read_text_file(settings.file.c_str()));
        LLMZERO_ASSIGN(const auto text, cli::prompt_of({content.data(), content.size()},
                                                       is_standard_input ? "standard input" : settings.file.c_str()));
        return std::string(text);
    }

    llmzero::result<llmzero::model> load(cli::run_facts & facts) {
        const auto start = std::chrono::steady_clock::now();
        budget_ = settings.memory.value_or(cli::available_memory().value_or(0));
        cli::progress_line line("loading the model", "MB");
        const auto progress = [&line](std::uint64_t done, std::uint64_t total) {
            line.update(done >> 20, total >> 20);
            return cli::caught_signal() == 0;
        };
        llmzero::load_options options;
        options.mode = settings.load;
        options.head = settings.head;
        options.threads = settings.threads;
        LLMZERO_ASSIGN(options.kernels, cli::chosen_kernels(settings.kernels));
        options.memory_budget_bytes = budget_;
        options.progress = progress;
        is_loading_ = true;
        auto model = settings.model.empty() ? llmzero::load(embedded_model(), options)
                                            : llmzero::load(settings.model.c_str(), options);
        if (!model) {
            return settings.model.empty() ? model.error().in("the built-in model") : model.error();
        }
        is_loading_ = false;
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
        facts.load_ms = took.count();
        facts.model_name = model->name();
        return model;
    }

    // How much of a session's memory may be used when the context is not given: all that is left, or half of it.
    enum class share { all, half };

    // A session for `useful` tokens, if the model and the memory allow it; `needed` tokens must fit.
    llmzero::result<llmzero::session> make_session(const llmzero::model & model, std::uint64_t needed,
                                                   std::uint64_t useful, share how_much, cli::run_facts & facts) {
        llmzero::session_options options;
        options.kv = settings.kv;
        options.batch = settings.batch;
        options.threads = settings.threads;
        if (settings.draft) {
            options.draft_tokens = static_cast<std::uint32_t>(*settings.draft);
        }
        options.context = settings.ctx_size;
        bool memory_shortens = false;
        std::uint64_t useful_context = 0;
        if (budget_ != 0) {
            // 0 would be no limit.
            options.memory_budget_bytes = budget_ - std::min(budget_ - 1, model.memory_bytes());
        }
        if (options.context == 0) {
            auto bytes = [&model, options](std::uint32_t context) mutable {
                options.context = context;
                return llmzero::session::bytes_needed(model, options);
            };
            const std::uint64_t most =
                std::min<std::uint64_t>(std::max<std::uint64_t>(useful, 1), model.config().context);
            const std::uint64_t most_bytes = options.memory_budget_bytes / (how_much == share::half ? 2 : 1);
            options.context = cli::longest_context(static_cast<std::uint32_t>(most), most_bytes, bytes);
            if (options.context < needed) { // create() says what the prompt would need
                options.context = static_cast<std::uint32_t>(std::min<std::uint64_t>(needed, most));
            }
            memory_shortens = how_much == share::all && options.context < most;
            useful_context = most;
        }
        LLMZERO_ASSIGN(llmzero::session session, llmzero::session::create(model, options));
        if (memory_shortens) {
            complain("note: memory holds " + std::to_string(options.context) + " of the " +
                     std::to_string(useful_context) +
                     " tokens of prompt and output; --kv q8, a smaller --batch or more --memory helps");
        }
        if (options.context > model.config().context) {
            complain("note: the model was trained for " + std::to_string(model.config().context) +
                     " tokens; what it writes beyond them is seldom good");
        }
        const std::uint64_t session_bytes = llmzero::session::bytes_needed(model, options);
        facts.context = session.context();
        facts.memory_bytes = model.memory_bytes() + session_bytes;
        if (settings.verbose) {
            std::fprintf(stderr, "[ llmzero %s for %s, kernels: %s, threads: %lu ]\n", LLMZERO_VERSION_STRING,
                         LLMZERO_TARGET_NAME, model.kernels().name, static_cast<unsigned long>(session.threads()));
            std::fprintf(stderr, "[ model %s, %s, loaded in %.2f s; context %lu of %lu tokens, %s ]\n",
                         llmzero::quoted(model.name()).c_str(), cli::readable_bytes(model.memory_bytes()).c_str(),
                         facts.load_ms / 1000.0, static_cast<unsigned long>(facts.context),
                         static_cast<unsigned long>(model.config().context),
                         cli::readable_bytes(session_bytes).c_str());
        }
        return session;
    }

    // How a conversation is written, as the user and the model want it; what is not known for sure is said.
    llmzero::conversation_options chat_options(const llmzero::model & model, cli::run_facts & facts) {
        llmzero::conversation_options chat;
        chat.format = cli::chosen_template(settings.chat_template);
        if (settings.has_system) {
            chat.system = settings.system;
        }
        facts.template_name = (chat.format != nullptr ? chat.format : model.chat().format)->name;
        if (chat.format == nullptr && !model.config().has_encoder()) {
            const std::string tells = "; --template tells how to talk to it";
            switch (model.chat().origin) {
            case llmzero::chat_origin::recognised: break;
            case llmzero::chat_origin::none:
                complain("note: the model has no chat template: it continues a text as it is" + tells);
                break;
            case llmzero::chat_origin::guessed:
                complain(std::string("note: the model's chat template is not a known one; by its tokens it is taken "
                                     "for ") +
                         facts.template_name + tells);
                break;
            case llmzero::chat_origin::unknown:
                complain("note: the model's chat template is not a known one: it continues a text as it is" + tells);
                break;
            }
        }
        return chat;
    }

    // What a generation is asked for.
    llmzero::generate_options generation_options(std::span<const std::string_view> stop) const {
        llmzero::generate_options options;
        options.max_tokens = settings.n_predict;
        options.sampling = settings.sampling;
        options.sampling.seed = settings.seed ? *settings.seed : cli::draw_seed();
        options.stop = stop;
        options.ignore_end_of_text = settings.ignore_eos;
        if (settings.draft) {
            options.draft_tokens = static_cast<std::uint32_t>(*settings.draft);
        }
        return options;
    }

    [[nodiscard]] bool may_go_on() const {
        return cli::caught_signal() == 0 && screen.problem() == 0 && !logits_.failed();
    }
    [[nodiscard]] bool is_talkative() const { return is_talkative_; }

    cli::run_settings & settings;
    display screen;
    prompt_file prompt_cache;

private:
    llmzero::result<cli::run_facts> load_and_generate() {
        LLMZERO_ASSIGN(const std::string prompt, prompt_text());
        if (!settings.dump_logits.empty()) {
            LLMZERO_CHECK(logits_.create(settings.dump_logits));
        }
        cli::run_facts facts;
        LLMZERO_ASSIGN(const llmzero::model model, load(facts));
        std::vector<std::string_view> stop(settings.stop.begin(), settings.stop.end());
        llmzero::heap_array<llmzero::token_id> tokens;
        std::size_t n_fixed = 0; // of the prompt, for the prompt cache
        if (settings.chat) {
            const llmzero::conversation_options chat = chat_options(model, facts);
            LLMZERO_ASSIGN(tokens, llmzero::conversation::first_prompt(model, chat, prompt));
            LLMZERO_ASSIGN(const auto prefix, llmzero::conversation::fixed_prefix(model, chat));
            const auto differ = std::mismatch(prefix.begin(), prefix.end(), tokens.begin(), tokens.end());
            n_fixed = llmzero::conversation::has_system(model, chat)
                          ? static_cast<std::size_t>(differ.first - prefix.begin())
                          : tokens.size();
            const std::string_view end = llmzero::find_chat_template(facts.template_name)->stop;
            if (!end.empty()) {
                stop.push_back(end);
            }
        } else {
            LLMZERO_ASSIGN(tokens,
                           settings.ids ? cli::parse_ids(prompt, model.config().n_vocab) : model.text().encode(prompt));
            n_fixed = tokens.size();
            LLMZERO_CHECK(set_shown_prompt(model, prompt, tokens.span()));
        }
        // A place for the first token after the prompt even where none is to be written: with an encoder the decoder's
        // start token takes it.
        const std::uint64_t useful = std::uint64_t{tokens.size()} + std::max<std::uint32_t>(settings.n_predict, 1);
        LLMZERO_ASSIGN(llmzero::session session, make_session(model, tokens.size(), useful, share::all, facts));
        prompt_cache.load(session, tokens.span(), n_fixed);
        facts.n_kept = session.keep_common(tokens.span());
        LLMZERO_ASSIGN(facts.generation,
                       generate(session, tokens.span().subspan(facts.n_kept), generation_options(stop)));
        prompt_cache.save(session);
        return facts;
    }

    llmzero::result<llmzero::generation> generate(llmzero::session & session, std::span<const llmzero::token_id> prompt,
                                                  llmzero::generate_options options) {
        cli::progress_line line("reading the prompt", "tokens");
        const auto keep_going = [this] {
            return may_go_on();
        };
        const auto on_prefill = [&](std::size_t done, std::size_t total) {
            if (done < total) {
                line.update(done, total);
                return may_go_on();
            }
            line.erase();
            const bool goes_on = may_go_on();
            if (goes_on) {
                show_prompt();
            }
            return goes_on;
        };
        const auto on_logits = [&](std::span<const float> row) {
            logits_.write(row);
        };
        const auto on_text = [this](std::string_view text) {
            screen.show(text);
            return may_go_on();
        };
        options.on_prefill = on_prefill;
        if (!settings.dump_logits.empty()) { // else not all logits need be computed
            options.on_logits = on_logits;
        }
        options.keep_going = keep_going;
        auto made = session.generate(prompt, options, on_text);
        if (made) {
            LLMZERO_CHECK(logits_.close());
        }
        return made;
    }

    // What is shown before the model's own text: the prompt as it was given, or the text of its ids. Nothing before an
    // answer, which does not continue its prompt.
    llmzero::status set_shown_prompt(const llmzero::model & model, std::string_view prompt,
                                     std::span<const llmzero::token_id> tokens) {
        if (settings.no_display_prompt || settings.json || model.config().has_encoder()) {
            return llmzero::success();
        }
        if (!settings.ids) {
            shown_prompt_ = prompt;
            return llmzero::success();
        }
        LLMZERO_ASSIGN(auto text, llmzero::detokenizer::create(model.text()));
        for (const llmzero::token_id token : tokens) {
            shown_prompt_ += text.push(token);
        }
        shown_prompt_ += text.finish();
        return llmzero::success();
    }

    // Once, when the prompt has been read.
    void show_prompt() {
        screen.show(shown_prompt_);
        shown_prompt_.clear();
    }

    const cli::option_table & options_;
    bool is_talkative_;
    bool is_loading_ = false;
    std::uint64_t budget_ = 0; // bytes for model and session; 0: no limit
    cli::logits_file logits_;
    std::string shown_prompt_; // empty once it was shown
};

} // namespace run
