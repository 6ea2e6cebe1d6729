// The options of llmzero-info, in one table.
#pragma once

#include <llmzero/llmzero.hpp>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/help.hpp"
#include "cli/option.hpp"

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace cli {

struct info_settings {
    std::vector<std::string> files; // one
    std::uint32_t ctx_size = 0;
    llmzero::kv_type kv = llmzero::session_options{}.kv;
    std::uint32_t batch = llmzero::session_options{}.batch;
    bool json = false;
    bool version = false;
    bool help = false;
};

inline constexpr const char * info_kv_names[] = {"f32", "q8", "auto"};

// The table refers to `s`, which must stay where it is.
[[nodiscard]] inline option_table info_options(info_settings & s) {
    return {
        heading("Memory for"),
        whole('c', "ctx-size", s.ctx_size, 0, llmzero::detail::max_context, "Tokens of prompt and output together.",
              "0: what the model was trained for, at most 4096"),
        choice(
            0, "kv", s.kv, info_kv_names, "TYPE",
            "Type of the key-value cache: f32, q8 (about a quarter of it), or auto: as llmzero-run takes by itself."),
        whole(0, "batch", s.batch, 1, llmzero::session::max_batch, "Tokens of the prompt that are worked on together."),

        heading("Output"),
        toggle(0, "json", s.json, "Write one JSON object."),
        request(toggle(0, "version", s.version, "Print the version and what it was built for.")),
        request(toggle('h', "help", s.help, "Print this text.")),
    };
}

[[nodiscard]] inline std::string info_usage() {
    return "usage: llmzero-info FILE.gguf [options]\n"
           "       llmzero-info --help\n";
}

[[nodiscard]] inline std::string info_help(const option_table & table) {
    std::string out = "llmzero-info tells what is in a model file, and what memory it needs.\n\n" + info_usage();
    out += help_of(table);
    out += "\nNothing is loaded: a file may be larger than the memory. Files that llmzero\n"
           "cannot run are shown too, with the reason, as long as they are GGUF.\n"
           "\nEach option may also be set in the environment, --ctx-size 512 as\n"
           "LLMZERO_CTX_SIZE=512 and --json as LLMZERO_JSON=1; the command line wins.\n"
           "\nExit status:\n";
    for (const exit_code_meaning & e : exit_codes) {
        char number[16];
        std::snprintf(number, sizeof number, "  %3d  ", static_cast<int>(e.code));
        out += number;
        append_wrapped(out, e.meaning, 7, 7);
    }
    return out;
}

// One file name.
[[nodiscard]] inline llmzero::status settle_info(const info_settings & s) {
    if (s.files.size() != 1 || s.files[0].empty()) {
        return llmzero::error(llmzero::error_code::bad_argument, "%zu file names are given, expected one: FILE.gguf",
                              s.files.size());
    }
    return llmzero::success();
}

} // namespace cli
