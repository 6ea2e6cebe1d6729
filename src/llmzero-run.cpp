// File offsets of 64 bits on 32-bit systems too; before any header.
#define _FILE_OFFSET_BITS 64

// llmzero-run: continues a text with a small language model. The options are in cli/run_settings.hpp, what is
// said about a run in cli/run_report.hpp; here they are put together with the library.
#include <llmzero/llmzero.hpp>

#include "cli/command_line.hpp"
#include "cli/logits_file.hpp"
#include "cli/memory.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/prompt.hpp"
#include "cli/run_report.hpp"
#include "cli/run_settings.hpp"
#include "cli/seed.hpp"
#include "cli/signals.hpp"
#include "embedded_model.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace {

using cli::exit_code;
using llmzero::error;
using llmzero::error_code;

void complain(std::string_view message) {
    // Messages may name files, whose names may hold anything.
    std::fprintf(stderr, "llmzero-run: %s\n", cli::harmless(message).c_str());
}

// The exit code of a run that a signal has ended, or `otherwise`.
exit_code after_signals(exit_code otherwise) {
    switch (cli::caught_signal()) {
    case 0: return otherwise;
    case SIGTERM: return exit_code::terminated;
    default: return exit_code::interrupted;
    }
}

class program {
public:
    program(cli::run_settings & settings, const cli::option_table & options)
        : settings_(settings), options_(options), text_is_shown_(isatty(STDOUT_FILENO) == 1 && !settings.json),
          is_talkative_(settings.verbose || isatty(STDERR_FILENO) == 1) {}

    exit_code run() {
        auto outcome = load_and_generate();
        if (outcome) {
            return finish(*outcome);
        }
        return fail(outcome.error(), cli::exit_code_for(outcome.error(), loading_));
    }

    // Reports an error as the user asked for it.
    exit_code fail(const error & e, exit_code code) {
        code = after_signals(code);
        complain(cli::caught_signal() != 0 ? "interrupted" : e.message());
        if (e.code() == error_code::over_budget && !settings_.memory) {
            complain("that budget is what the system has available; --memory 0 goes beyond it");
        }
        if (settings_.json) {
            out_.write(cli::error_json(e, code));
        }
        return code;
    }

private:
    bool may_go_on() const { return cli::caught_signal() == 0 && out_.problem() == 0 && !logits_.failed(); }

    llmzero::result<cli::run_facts> load_and_generate() {
        LLMZERO_ASSIGN(const auto file_content, prompt_content());
        std::string_view prompt = settings_.prompt;
        if (!settings_.file.empty()) {
            const bool standard_input = settings_.file == "-";
            LLMZERO_ASSIGN(prompt, cli::prompt_of({file_content.data(), file_content.size()},
                                                  standard_input ? "standard input" : settings_.file.c_str()));
        }
        if (!settings_.dump_logits.empty()) {
            LLMZERO_CHECK(logits_.create(settings_.dump_logits));
        }

        cli::run_facts facts;
        LLMZERO_ASSIGN(const llmzero::model model, load(facts));
        LLMZERO_ASSIGN(const auto tokens,
                       settings_.ids ? cli::parse_ids(prompt, model.config().n_vocab) : model.text().encode(prompt));
        LLMZERO_CHECK(set_shown_prompt(model, prompt, tokens.span()));
        LLMZERO_ASSIGN(llmzero::session session, make_session(model, tokens.size(), facts));
        LLMZERO_ASSIGN(facts.generation, generate(session, tokens.span()));
        return facts;
    }

    llmzero::result<llmzero::heap_array<char>> prompt_content() {
        if (settings_.file.empty()) {
            return llmzero::heap_array<char>();
        }
        if (settings_.file == "-" && isatty(STDIN_FILENO) == 1) {
            complain("reading the prompt from the terminal; Ctrl-D at the start of a line ends it");
        }
        return cli::read_text_file(settings_.file.c_str());
    }

    llmzero::result<llmzero::model> load(cli::run_facts & facts) {
        const auto start = std::chrono::steady_clock::now();
        budget_ = settings_.memory.value_or(cli::available_memory().value_or(0));
        cli::progress_line line("loading the model", "MB");
        const auto progress = [&line](std::uint64_t done, std::uint64_t total) {
            line.update(done >> 20, total >> 20);
            return cli::caught_signal() == 0;
        };
        llmzero::load_options options;
        options.mode = settings_.load;
        options.memory_budget_bytes = budget_;
        options.progress = progress;
        loading_ = true;
        auto model = settings_.model.empty() ? llmzero::load(embedded_model(), options)
                                             : llmzero::load(settings_.model.c_str(), options);
        if (!model) {
            return settings_.model.empty() ? model.error().in("the built-in model") : model.error();
        }
        loading_ = false;
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
        facts.load_ms = took.count();
        facts.model_name = model->name();
        return model;
    }

    llmzero::result<llmzero::session> make_session(const llmzero::model & model, std::size_t n_prompt,
                                                   cli::run_facts & facts) {
        llmzero::session_options options;
        options.kv = settings_.kv;
        options.batch = settings_.batch;
        options.context = settings_.ctx_size;
        bool memory_shortens = false;
        std::uint64_t useful_context = 0;
        if (budget_ != 0) {
            // 0 would be no limit.
            options.memory_budget_bytes = budget_ - std::min(budget_ - 1, model.memory_bytes());
        }
        if (options.context == 0) {
            auto needed = [&model, options](std::uint32_t context) mutable {
                options.context = context;
                return llmzero::session::bytes_needed(model, options);
            };
            const std::uint64_t useful = std::uint64_t{n_prompt} + settings_.n_predict;
            const std::uint64_t most =
                std::min<std::uint64_t>(std::max<std::uint64_t>(useful, 1), model.config().context);
            options.context =
                cli::longest_context(static_cast<std::uint32_t>(most), options.memory_budget_bytes, needed);
            if (options.context < n_prompt) { // create() says what the prompt would need
                options.context = static_cast<std::uint32_t>(std::min<std::uint64_t>(n_prompt, most));
            }
            memory_shortens = options.context < most;
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
        if (settings_.verbose) {
            std::fprintf(stderr, "[ llmzero %s for %s, kernels: %s ]\n", LLMZERO_VERSION_STRING, LLMZERO_TARGET_NAME,
                         model.kernels().name);
            std::fprintf(stderr, "[ model %s, %s, loaded in %.2f s; context %lu of %lu tokens, %s ]\n",
                         llmzero::quoted(model.name()).c_str(), cli::readable_bytes(model.memory_bytes()).c_str(),
                         facts.load_ms / 1000.0, static_cast<unsigned long>(facts.context),
                         static_cast<unsigned long>(model.config().context),
                         cli::readable_bytes(session_bytes).c_str());
        }
        return session;
    }

    llmzero::result<llmzero::generation> generate(llmzero::session & session,
                                                  std::span<const llmzero::token_id> prompt) {
        const std::vector<std::string_view> stop(settings_.stop.begin(), settings_.stop.end());
        cli::progress_line line("reading the prompt", "tokens");
        const auto keep_going = [this] {
            return may_go_on();
        };
        const auto on_prefill = [&](std::size_t done, std::size_t total) {
            line.update(done, total);
            return may_go_on();
        };
        const auto on_logits = [&](std::span<const float> row) {
            line.erase();
            show_prompt();
            logits_.write(row);
        };
        const auto on_text = [this](std::string_view text) {
            show(text);
            return may_go_on();
        };

        llmzero::generate_options options;
        options.max_tokens = settings_.n_predict;
        options.sampling = settings_.sampling;
        options.sampling.seed = settings_.seed ? *settings_.seed : cli::draw_seed();
        options.stop = stop;
        options.ignore_end_of_text = settings_.ignore_eos;
        options.on_prefill = on_prefill;
        options.on_logits = on_logits;
        options.keep_going = keep_going;
        auto made = session.generate(prompt, options, on_text);
        if (made) {
            LLMZERO_CHECK(logits_.close());
        }
        return made;
    }

    // What is shown before the model's own text: the prompt as it was given, or the text of its ids.
    llmzero::status set_shown_prompt(const llmzero::model & model, std::string_view prompt,
                                     std::span<const llmzero::token_id> tokens) {
        if (settings_.no_display_prompt || settings_.json) {
            return llmzero::success();
        }
        if (!settings_.ids) {
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
        show(shown_prompt_);
        shown_prompt_.clear();
    }

    void show(std::string_view text) {
        if (settings_.json) {
            text_ += text;
        } else {
            // Only a terminal can be steered by what is written to it; a file gets the model's own bytes.
            out_.write(text_is_shown_ ? std::string_view(cli::harmless(text)) : text);
        }
        ends_with_newline_ = text.empty() ? ends_with_newline_ : text.ends_with('\n');
    }

    exit_code finish(const cli::run_facts & facts) {
        if (settings_.json) {
            out_.write(cli::result_json(facts, text_, options_));
        } else if (text_is_shown_ && !ends_with_newline_) {
            out_.write("\n"); // so that the shell's prompt begins a line
        }
        if (out_.problem() != 0) {
            if (out_.problem() != EPIPE) {
                complain(std::string("standard output: ") + std::strerror(out_.problem()));
            }
            return cli::exit_code_for_output(out_.problem());
        }
        if (is_talkative_ || cli::caught_signal() != 0) {
            std::fputs(cli::summary_line(facts).c_str(), stderr);
        }
        return after_signals(exit_code::ok);
    }

    cli::run_settings & settings_;
    const cli::option_table & options_;
    bool text_is_shown_; // on a terminal
    bool is_talkative_;
    bool loading_ = false;
    std::uint64_t budget_ = 0; // bytes for model and session; 0: no limit
    cli::output out_;
    cli::logits_file logits_;
    std::string text_;         // of the JSON object
    std::string shown_prompt_; // empty once it was shown
    bool ends_with_newline_ = true;
};

} // namespace

int main(int argc, char ** argv) {
    cli::reserve_standard_descriptors();
    cli::handle_signals();

    cli::run_settings settings;
    cli::option_table options = cli::run_options(settings);
    llmzero::status read =
        cli::parse_environment(options, [](const char * name) -> const char * { return std::getenv(name); });
    const auto words = std::span<char * const>(argv, static_cast<std::size_t>(argc)).subspan(argc > 0 ? 1 : 0);
    const llmzero::status command_line = cli::parse_command_line(options, words);

    cli::output out;
    if (command_line && (settings.help || settings.version)) {
        out.write(settings.help ? cli::run_help(options)
                                : std::string("llmzero-run " LLMZERO_VERSION_STRING " for " LLMZERO_TARGET_NAME "\n"));
        return static_cast<int>(cli::exit_code_for_output(out.problem()));
    }
    program run(settings, options);
    if (read && !command_line) {
        read = command_line.error();
    }
    if (read) {
        if (auto settled = cli::settle_prompt(settings, options, isatty(STDIN_FILENO) == 1); !settled) {
            read = settled.error();
        }
    }
    if (read && settings.model.empty() && embedded_model().empty()) {
        read = error(error_code::bad_argument, "-m FILE is needed: this program was built without a model of its own");
    }
    if (!read) {
        const exit_code code = run.fail(read.error(), exit_code::usage);
        std::fputs(cli::run_usage().c_str(), stderr);
        return static_cast<int>(code);
    }
    return static_cast<int>(run.run());
}
