// The options of llmzero-run: what they are called, what they take and what they default to, in one table.
// The defaults are those of the library's own option structs.
#pragma once

#include <llmzero/llmzero.hpp>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/help.hpp"
#include "cli/kernels_choice.hpp"
#include "cli/option.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

namespace cli {

// The model's own chat template, or one of llmzero::chat_templates: its index + 1.
enum class template_choice : std::size_t { automatic = 0 };

inline constexpr auto template_names = [] {
    std::array<const char *, std::size(llmzero::chat_templates) + 1> names = {"auto"};
    for (std::size_t i = 0; i < std::size(llmzero::chat_templates); ++i) {
        names[i + 1] = llmzero::chat_templates[i].name;
    }
    return names;
}();

// nullptr: the model's own.
[[nodiscard]] inline const llmzero::chat_template * chosen_template(template_choice choice) {
    return choice == template_choice::automatic ? nullptr
                                                : &llmzero::chat_templates[static_cast<std::size_t>(choice) - 1];
}

struct run_settings {
    std::string model; // empty: the built-in one
    llmzero::load_mode load = llmzero::load_options{}.mode;
    llmzero::head_mode head = llmzero::load_options{}.head;
    std::string kernels; // a kernel set's name, or kernels_list_word; empty: the best
    std::uint32_t threads = llmzero::session_options{}.threads;
    automatic_number memory; // bytes for model and session; empty: what the system has available; 0: no limit

    std::string prompt;
    std::string file; // "-": standard input
    bool ids = false;

    bool chat = false; // also where one of the following is set
    bool interactive = false;
    bool has_system = false; // whether `system` was given
    std::string system;
    template_choice chat_template = template_choice::automatic;
    std::string prompt_cache; // empty: none

    std::uint32_t n_predict = llmzero::generate_options{}.max_tokens;
    std::vector<std::string> stop;
    bool ignore_eos = false;

    std::uint32_t ctx_size = 0; // 0: what prompt and output need, within the model's context and the memory; for
                                // --interactive session::max_default_context within these, and half of the memory
    llmzero::kv_type kv = llmzero::session_options{}.kv;
    std::uint32_t batch = llmzero::session_options{}.batch;
    automatic_number draft; // tokens verified ahead; empty: where that should pay

    llmzero::sampler_options sampling;
    automatic_number seed; // empty: drawn

    bool no_display_prompt = false;
    bool json = false;
    std::string dump_logits;
    bool verbose = false;
    bool version = false;
    bool help = false;
};

inline constexpr const char * load_mode_names[] = {"auto", "map", "read"};
inline constexpr const char * head_mode_names[] = {"auto", "full", "sketch"};
inline constexpr const char * kv_type_names[] = {"f32", "q8", "auto"};

// The table refers to `s`, which must stay where it is.
[[nodiscard]] inline option_table run_options(run_settings & s) {
    constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
    return {
        heading("Model"),
        file('m', "model", s.model, "GGUF file to run.", "the built-in model"),
        choice(0, "load", s.load, load_mode_names, "HOW",
               "How to get at the file: map it, read it, or auto: map it where the system can, else read it."),
        choice(
            0, "head", s.head, head_mode_names, "HOW",
            "How the likeliest tokens are found: by the whole output layer (full), or with a copy of it in 4 bits that "
            "says which of its rows are needed (sketch), or auto: as sketch where that is faster. The text is the "
            "same."),
        text(0, "kernels", s.kernels, "NAME", kernels_help, kernels_standard),
        whole('t', "threads", s.threads, 0, llmzero::thread_team::max_threads,
              "Threads that share the work. The text is the same with any number of them.",
              "0: one for each core, at most 4 for a model below 200 MB, 1 for a tiny one"),
        bytes(0, "memory", s.memory, "auto",
              "Memory that model and session may take together, as 512K, 200M or 1G; 0: no limit. What needs more is "
              "refused with figures before it is taken.",
              "what the system has available"),

        heading("Prompt"),
        text('p', "prompt", s.prompt, "TEXT", "Text to continue; it may be empty."),
        file('f', "file", s.file,
             "File with the text to continue; - is standard input, which is also read when there is neither -p nor "
             "-f and it is no terminal. A newline at the file's end is left out."),
        toggle(0, "ids", s.ids, "Read the prompt as token ids, with blanks or commas between them."),

        file(0, "prompt-cache", s.prompt_cache,
             "Keep the model's state after the system turn, or else after the whole prompt, in this file; the next run "
             "with the same beginning does not read it again. Written where it is missing, of another model or --kv, "
             "damaged, or without all of that beginning; a file that is something else is left alone. It may come from "
             "another machine."),

        heading("Chat"),
        toggle(0, "chat", s.chat,
               "Take the prompt as what a user says, written as the model's chat template wants it; only the answer is "
               "shown. Special tokens in it are text."),
        text(0, "system", s.system, "TEXT", "Text of the system turn; an empty one leaves it out. Means --chat.",
             "the template's own, if any"),
        choice(0, "template", s.chat_template, template_names, "NAME",
               "Chat template: auto, the model's own, or smollm2, qwen2.5, qwen2, qwen3, qwen3-no-think, chatml, "
               "llama3.1, llama3, llama2, mistral, gemma, phi3, zephyr, deepseek-r1, deepseek, alpaca, or raw: the "
               "text as it is. Means --chat."),
        toggle(0, "interactive", s.interactive,
               "Chat: answer each line of standard input, after -p or -f if given, until its end. Ctrl-C stops an "
               "answer, a second one leaves; \\ at the end of a line goes on in the next. When the context is full "
               "the oldest turns are forgotten, the system turn is not."),

        heading("Generation"),
        whole('n', "n-predict", s.n_predict, 0, most, "Tokens to write at most; 0 only reads the prompt."),
        texts(0, "stop", s.stop, "TEXT", "Stop where the output contains this text; may be given several times."),
        toggle(0, "ignore-eos", s.ignore_eos, "Continue after the model's own end of the text."),
        whole('c', "ctx-size", s.ctx_size, 0, most, "Tokens of prompt and output together.",
              "0: what prompt and output need, or for --interactive 4096, if model and memory allow"),
        choice(0, "kv", s.kv, kv_type_names, "TYPE",
               "Type of the key-value cache: f32, q8 (about a quarter of its size), or auto: q8 where it is faster."),
        whole(0, "batch", s.batch, 1, llmzero::session::max_batch, "Tokens of the prompt that are worked on together."),
        up_to(
            llmzero::session::max_draft_tokens,
            automatic(0, "draft", s.draft, "N", "auto",
                      "Tokens that are guessed from repetitions in the text and verified together with the one before "
                      "them; 0: none. Changes the time that the text takes, never the text.",
                      "where that should pay")),

        heading("Sampling"),
        automatic('s', "seed", s.seed, "N", "-1",
                  "Seed of the random numbers. The same seed gives the same text on the same build.", "-1: drawn"),
        number(0, "temp", s.sampling.temperature, 0.0, 1000.0, "Temperature; 0 always takes the likeliest token."),
        whole(0, "top-k", s.sampling.top_k, 0, most, "Choose among the K likeliest tokens; 0: all."),
        number(0, "top-p", s.sampling.top_p, 0.0, 1.0,
               "Choose among the likeliest tokens that together have this probability; 1: all."),
        number(0, "min-p", s.sampling.min_p, 0.0, 1.0,
               "Choose among tokens at least this probable, relative to the likeliest; 0: all."),
        number(0, "repeat-penalty", s.sampling.repeat_penalty, 0.01, 1000.0,
               "Make tokens less likely that came before; 1: off."),
        whole(0, "repeat-last-n", s.sampling.repeat_last_n, 0, llmzero::sampler::max_repeat_last_n,
              "How many last tokens that penalty looks at."),

        heading("Output"),
        toggle(0, "no-display-prompt", s.no_display_prompt,
               "Write only what the model adds, not the prompt. Models with an encoder (T5), which answer a text, "
               "never write "
               "it."),
        toggle(0, "json", s.json, "Write one JSON object: text, token counts, times, seed, why it stopped."),
        file(0, "dump-logits", s.dump_logits,
             "Write the logits of the prompt's last token and of each token after it to this file, which must not "
             "exist: float32, little endian, one row of vocabulary size each."),
        toggle('v', "verbose", s.verbose, "Tell on standard error what is loaded, and statistics."),
        request(toggle(0, "version", s.version, "Print the version and what it was built for.")),
        request(toggle('h', "help", s.help, "Print this text.")),
    };
}

[[nodiscard]] inline std::string run_usage() {
    return "usage: llmzero-run [-m FILE] -p TEXT [options]\n"
           "       llmzero-run [-m FILE] --interactive [options]\n"
           "       llmzero-run --help\n";
}

[[nodiscard]] inline std::string run_help(const option_table & table) {
    std::string out = "llmzero-run continues a text with a small language model, or answers it.\n\n" + run_usage();
    out += help_of(table);
    out += "\nThe text goes to standard output, everything else to standard error: progress\n"
           "and a line of statistics when that is a terminal, else only errors.\n"
           "\nEach option may also be set in the environment, --n-predict 16 as\n"
           "LLMZERO_N_PREDICT=16 and --json as LLMZERO_JSON=1; the command line wins.\n"
           "\nExit status:\n";
    for (const exit_code_meaning & e : exit_codes) {
        char number[16];
        std::snprintf(number, sizeof number, "  %3d  ", static_cast<int>(e.code));
        out += number;
        append_wrapped(out, e.meaning, 7, 7);
    }
    return out;
}

// Leaves one source of the prompt: the one from the command line where the other is from the environment.
// Without any, standard input, unless that is a terminal or has the turns of a conversation. What a chat means is
// settled.
[[nodiscard]] inline llmzero::status settle_prompt(run_settings & s, option_table & table, bool input_is_terminal) {
    using llmzero::error;
    constexpr auto bad = llmzero::error_code::bad_argument;
    const origin prompt = find_option(table, "prompt")->source;
    const origin file = find_option(table, "file")->source;
    s.has_system = find_option(table, "system")->source != origin::standard;
    s.chat = s.chat || s.interactive || s.has_system || s.chat_template != template_choice::automatic;
    if (s.chat && s.ids) {
        return error(bad, "--ids and a chat do not go together: the chat template wants text");
    }
    if (s.interactive && !s.dump_logits.empty()) {
        return error(bad, "--dump-logits is for one prompt, not for --interactive");
    }
    if (prompt == origin::standard && file == origin::standard) {
        if (s.interactive) {
            return llmzero::success();
        }
        if (input_is_terminal) {
            return error(bad, "there is no prompt: give it with -p TEXT, -f FILE or on standard input");
        }
        s.file = "-";
    } else if (prompt == file) {
        return error(bad, "-p and -f are both given; the prompt comes from one of them");
    } else if (prompt > file) {
        s.file.clear();
    } else if (s.interactive && s.file == "-") {
        return error(bad, "-f - and --interactive both read standard input; leave -f - out");
    }
    return llmzero::success();
}

} // namespace cli
