// File offsets of 64 bits on 32-bit systems too; before any header.
#define _FILE_OFFSET_BITS 64

// llmzero-run: continues or answers a text with a small language model. The options are in cli/run_settings.hpp, what
// is said about a run in cli/run_report.hpp, what is done in run/program.hpp and run/dialogue.hpp.
#include <llmzero/llmzero.hpp>

#include "cli/command_line.hpp"
#include "cli/output.hpp"
#include "cli/run_settings.hpp"
#include "cli/signals.hpp"
#include "embedded_model.hpp"
#include "run/dialogue.hpp"
#include "run/program.hpp"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

int main(int argc, char ** argv) {
    cli::prepare_standard_streams();
    cli::handle_signals();

    cli::run_settings settings;
    cli::option_table options = cli::run_options(settings);
    llmzero::status read =
        cli::parse_environment(options, [](const char * name) -> const char * { return std::getenv(name); });
    const auto words = std::span<char * const>(argv, static_cast<std::size_t>(argc)).subspan(argc > 0 ? 1 : 0);
    const llmzero::status command_line = cli::parse_command_line(options, words);

    cli::output out;
    const bool lists_kernels = settings.kernels == cli::kernels_list_word;
    if (command_line && (settings.help || settings.version || lists_kernels)) {
        out.write(settings.help ? cli::run_help(options)
                  : lists_kernels
                      ? cli::list_of_kernels()
                      : std::string("llmzero-run " LLMZERO_VERSION_STRING " for " LLMZERO_TARGET_NAME "\n"));
        return static_cast<int>(cli::exit_code_for_output(out.problem()));
    }
    if (read && !command_line) {
        read = command_line.error();
    }
    if (read) {
        if (auto settled = cli::settle_prompt(settings, options, cli::is_terminal(STDIN_FILENO)); !settled) {
            read = settled.error();
        }
    }
    if (read && settings.model.empty() && embedded_model().empty()) {
        read = llmzero::error(llmzero::error_code::bad_argument,
                              "-m FILE is needed: this program was built without a model of its own");
    }
    if (read) {
        if (auto kernels = cli::chosen_kernels(settings.kernels); !kernels) {
            read = kernels.error();
        }
    }
    run::program program(settings, options);
    if (!read) {
        const cli::exit_code code = program.fail(read.error(), cli::exit_code::usage);
        std::fputs(cli::run_usage().c_str(), stderr);
        return static_cast<int>(code);
    }
    return static_cast<int>(settings.interactive ? run::dialogue(program).run() : program.run_once());
}
