// The exit codes of the programs, and what they mean: one list for --help and for the code.
#pragma once

#include <llmzero/base/result.hpp>

#include <cerrno>

namespace cli {

enum class exit_code : int {
    ok = 0,
    run_error = 1,
    usage = 2,
    model_refused = 3,
    no_memory = 4,
    interrupted = 130,   // 128 + SIGINT, as shells count
    output_closed = 141, // 128 + SIGPIPE
    terminated = 143,    // 128 + SIGTERM
};

struct exit_code_meaning {
    exit_code code;
    const char * meaning;
};

inline constexpr exit_code_meaning exit_codes[] = {
    {exit_code::ok, "done"},
    {exit_code::run_error, "the run failed: a file could not be read or written, the prompt does not fit, ..."},
    {exit_code::usage, "the command line or the environment is wrong"},
    {exit_code::model_refused, "the model file is damaged, or of a kind that is not supported"},
    {exit_code::no_memory, "not enough memory: over the --memory budget, or the system has none left"},
    {exit_code::interrupted, "interrupted by Ctrl-C (a second Ctrl-C ends the program at once)"},
    {exit_code::output_closed, "standard output was closed by its reader"},
    {exit_code::terminated, "ended by SIGTERM"},
};

// The code for an error of the library. While a model is loaded, what is wrong is wrong with the model.
[[nodiscard]] inline exit_code exit_code_for(const llmzero::error & e, bool loading) {
    switch (e.code()) {
    case llmzero::error_code::over_budget:
    case llmzero::error_code::out_of_memory: return exit_code::no_memory;
    case llmzero::error_code::malformed:
    case llmzero::error_code::unsupported: return loading ? exit_code::model_refused : exit_code::run_error;
    case llmzero::error_code::bad_argument: return exit_code::usage;
    case llmzero::error_code::cancelled: return exit_code::interrupted;
    case llmzero::error_code::io:
    case llmzero::error_code::context_full: break;
    }
    return exit_code::run_error;
}

// The code for a program whose writing to standard output ended with this errno, or 0.
[[nodiscard]] inline exit_code exit_code_for_output(int problem) {
    return problem == 0 ? exit_code::ok : problem == EPIPE ? exit_code::output_closed : exit_code::run_error;
}

} // namespace cli
