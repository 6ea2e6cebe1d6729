// The options of llmzero-stick, in one table.
#pragma once

#include <llmzero/llmzero.hpp>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/help.hpp"
#include "cli/option.hpp"

#include <cstdint>
#include <cstdio>
#include <string>

namespace stick {

struct stick_settings {
    std::string dir; // one of the two is given
    std::string image;
    bool once = false;

    std::string model;  // empty: the built-in one
    std::string models; // folder; empty: that of `model`, if it is given
    cli::automatic_number memory;
    llmzero::kv_type kv = llmzero::session_options{}.kv;
    std::uint32_t threads = llmzero::session_options{}.threads;

    bool verbose = false;
    bool version = false;
    bool help = false;
};

inline constexpr const char * stick_kv_names[] = {"f32", "q8", "auto"};

// The table refers to `s`, which must stay where it is.
[[nodiscard]] inline cli::option_table stick_options(stick_settings & s) {
    cli::option dir = cli::text(0, "dir", s.dir, "FOLDER",
                                "Serve the text files in this folder, and in those below it. Links are not followed.");
    dir.may_be_empty = false;
    cli::option models = cli::text(0, "models", s.models, "FOLDER",
                                   "Where the .gguf files are that SETTINGS.TXT may name.", "the folder of --model");
    models.may_be_empty = false;
    return {
        cli::heading("Files"),
        dir,
        cli::file(0, "image", s.image,
                  "Serve the files in this FAT image or partition, which nobody else may use meanwhile."),
        cli::toggle(0, "once", s.once, "Answer what is there, and end."),

        cli::heading("Model"),
        cli::file('m', "model", s.model, "GGUF file to answer with.", "the built-in model"),
        models,
        cli::bytes(0, "memory", s.memory, "auto",
                   "Memory that model and session may take together, as 512K, 200M or 1G; 0: no limit.",
                   "what the system has available"),
        cli::choice(0, "kv", s.kv, stick_kv_names, "TYPE",
                    "Type of the key-value cache: f32, or q8: about a quarter of its size, so that conversations may "
                    "be longer where memory is short; auto: q8 where it is faster."),
        cli::whole('t', "threads", s.threads, 0, llmzero::thread_team::max_threads, "Threads that share the work.",
                   "0: one for each core, at most 4 for a model below 200 MB, 1 for a tiny one"),

        cli::heading("Output"),
        cli::toggle('v', "verbose", s.verbose, "Tell on standard error what is done. So it is on a terminal."),
        cli::request(cli::toggle(0, "version", s.version, "Print the version and what it was built for.")),
        cli::request(cli::toggle('h', "help", s.help, "Print this text.")),
    };
}

[[nodiscard]] inline std::string stick_usage() {
    return "usage: llmzero-stick --dir FOLDER [options]\n"
           "       llmzero-stick --image FILE [options]\n"
           "       llmzero-stick --help\n";
}

[[nodiscard]] inline std::string stick_help(const cli::option_table & table) {
    std::string out =
        "llmzero-stick answers text files: save one with a question, and read the answer in it.\n\n" + stick_usage();
    out += cli::help_of(table);
    out += "\nREADME.TXT, which is put there, tells how to ask; SETTINGS.TXT has the length of\n"
           "answers, the temperature, the seed and more; STATUS.TXT tells what is being done.\n"
           "What people wrote is never changed: answers are added behind it.\n"
           "\nEach option may also be set in the environment, --model a.gguf as\n"
           "LLMZERO_MODEL=a.gguf and --once as LLMZERO_ONCE=1; the command line wins.\n"
           "\nExit status:\n";
    for (const cli::exit_code_meaning & e : cli::exit_codes) {
        char number[16];
        std::snprintf(number, sizeof number, "  %3d  ", static_cast<int>(e.code));
        out += number;
        cli::append_wrapped(out, e.meaning, 7, 7);
    }
    return out;
}

// What goes together, and what follows from what.
[[nodiscard]] inline llmzero::status settle(stick_settings & s, bool has_built_in) {
    using llmzero::error;
    constexpr auto bad = llmzero::error_code::bad_argument;
    if (s.dir.empty() == s.image.empty()) {
        return error(bad, s.dir.empty() ? "--dir FOLDER or --image FILE is needed: where the text files are"
                                        : "--dir and --image are both given; one place is served");
    }
    if (s.model.empty() && s.models.empty() && !has_built_in) {
        return error(bad, "-m FILE is needed: this program was built without a model of its own");
    }
    if (s.models.empty() && !s.model.empty()) {
        const std::size_t slash = s.model.rfind('/');
        s.models = slash == s.model.npos ? "." : slash == 0 ? "/" : s.model.substr(0, slash);
    }
    return llmzero::success();
}

} // namespace stick
