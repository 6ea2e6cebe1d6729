// File offsets of 64 bits on 32-bit systems too; before any header.
#define _FILE_OFFSET_BITS 64

// llmzero-stick: answers text files in a folder or a FAT image. The options are in stick/stick_settings.hpp, what is
// done in stick/program.hpp and stick/service.hpp. As the first process of a board it is a USB stick: board/init.hpp.
#include <llmzero/llmzero.hpp>

#include "board/init.hpp"
#include "cli/command_line.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"
#include "embedded_model.hpp"
#include "stick/program.hpp"
#include "stick/stick_settings.hpp"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <unistd.h>

int main(int argc, char ** argv) {
    if (getpid() == 1) {
        board::run_as_init(embedded_model());
    }
    cli::prepare_standard_streams();
    cli::handle_signals();

    stick::stick_settings settings;
    cli::option_table options = stick::stick_options(settings);
    llmzero::status read =
        cli::parse_environment(options, [](const char * name) -> const char * { return std::getenv(name); });
    const auto words = std::span<char * const>(argv, static_cast<std::size_t>(argc)).subspan(argc > 0 ? 1 : 0);
    const llmzero::status command_line = cli::parse_command_line(options, words);

    cli::output out;
    if (command_line && (settings.help || settings.version)) {
        out.write(settings.help
                      ? stick::stick_help(options)
                      : std::string("llmzero-stick " LLMZERO_VERSION_STRING " for " LLMZERO_TARGET_NAME "\n"));
        return static_cast<int>(cli::exit_code_for_output(out.problem()));
    }
    if (read && !command_line) {
        read = command_line.error();
    }
    if (read) {
        read = stick::settle(settings, !embedded_model().empty());
    }
    if (!read) {
        stick::complain(read.error().message());
        std::fputs(stick::stick_usage().c_str(), stderr);
        return static_cast<int>(cli::exit_code::usage);
    }
    return static_cast<int>(stick::program(settings, embedded_model()).run());
}
