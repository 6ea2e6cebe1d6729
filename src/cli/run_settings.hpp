// The options of llmzero-run: what they are called, what they take and what they default to, in one table.
// The defaults are those of the library's own option structs.
#pragma once

#include <llmzero/llmzero.hpp>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/help.hpp"
#include "cli/option.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace cli {

struct run_settings {
    std::string model; // empty: the built-in one
    llmzero::load_mode load = llmzero::load_options{}.mode;
    automatic_number memory; // bytes for model and session; empty: what the system has available; 0: no limit

    std::string prompt;
    std::string file; // "-": standard input
    bool ids = false;

    std::uint32_t n_predict = llmzero::generate_options{}.max_tokens;
    std::vector<std::string> stop;
    bool ignore_eos = false;

    std::uint32_t ctx_size = 0; // 0: what prompt and output need, within the model's context and the memory
    llmzero::kv_type kv = llmzero::session_options{}.kv;
    std::uint32_t batch = llmzero::session_options{}.batch;

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
inline constexpr const char * kv_type_names[] = {"f32", "q8"};

// The table refers to `s`, which must stay where it is.
[[nodiscard]] inline option_table run_options(run_settings & s) {
    constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
    return {
        heading("Model"),
        file('m', "model", s.model, "GGUF file to run.", "the built-in model"),
        choice(0, "load", s.load, load_mode_names, "HOW",
               "How to get at the file: map it, read it, or auto: map it where the system can, else read it."),
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

        heading("Generation"),
        whole('n', "n-predict", s.n_predict, 0, most, "Tokens to write at most; 0 only reads the prompt."),
        texts(0, "stop", s.stop, "TEXT", "Stop where the output contains this text; may be given several times."),
        toggle(0, "ignore-eos", s.ignore_eos, "Continue after the model's own end of the text."),
        whole('c', "ctx-size", s.ctx_size, 0, most, "Tokens of prompt and output together.",
              "0: what prompt and output need, within the model's context and the memory"),
        choice(0, "kv", s.kv, kv_type_names, "TYPE",
               "Type of the key-value cache: f32, or q8: about a quarter of its size."),
        whole(0, "batch", s.batch, 1, llmzero::session::max_batch, "Tokens of the prompt that are worked on together."),

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
        toggle(0, "no-display-prompt", s.no_display_prompt, "Write only what the model adds, not the prompt."),
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
           "       llmzero-run --help\n";
}

[[nodiscard]] inline std::string run_help(const option_table & table) {
    std::string out = "llmzero-run continues a text with a small language model.\n\n" + run_usage();
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
// Without any, standard input, unless that is a terminal.
[[nodiscard]] inline llmzero::status settle_prompt(run_settings & s, option_table & table, bool input_is_terminal) {
    const origin prompt = find_option(table, "prompt")->source;
    const origin file = find_option(table, "file")->source;
    if (prompt == origin::standard && file == origin::standard) {
        if (input_is_terminal) {
            return llmzero::error(llmzero::error_code::bad_argument,
                                  "there is no prompt: give it with -p TEXT, -f FILE "
                                  "or on standard input");
        }
        s.file = "-";
    } else if (prompt == file) {
        return llmzero::error(llmzero::error_code::bad_argument,
                              "-p and -f are both given; the prompt comes from one of them");
    } else if (prompt > file) {
        s.file.clear();
    }
    return llmzero::success();
}

} // namespace cli
