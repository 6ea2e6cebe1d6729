// File offsets of 64 bits on 32-bit systems too; before any header.
#define _FILE_OFFSET_BITS 64

// llmzero-info: tells what is in a model file, and what memory it needs. The options are in cli/info_settings.hpp, what
// is told in cli/file_info.hpp.
#include <llmzero/llmzero.hpp>

#include "cli/command_line.hpp"
#include "cli/file_info.hpp"
#include "cli/info_settings.hpp"
#include "cli/output.hpp"
#include "cli/run_report.hpp"
#include "cli/signals.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace {

using cli::exit_code;
using llmzero::error;

void complain(std::string_view message) {
    std::fprintf(stderr, "llmzero-info: %s\n", cli::harmless(message).c_str());
}

exit_code fail(const error & e, exit_code code, const cli::info_settings & settings) {
    complain(e.message());
    if (settings.json) {
        cli::output out;
        out.write(cli::error_json(e, code));
    }
    return code;
}

// What the library says about the file; an error only where that is not about the file.
llmzero::result<cli::file_needs> needs_of(const llmzero::byte_source & source, const cli::info_settings & settings) {
    cli::file_needs needs;
    const auto outline = llmzero::outline_of(source);
    if (!outline) {
        const auto code = outline.error().code();
        if (code != llmzero::error_code::malformed && code != llmzero::error_code::unsupported) {
            return outline.error();
        }
        needs.why_not = outline.error().message();
        return needs;
    }
    const std::uint32_t standard = std::min(outline->config().context, llmzero::session::max_default_context);
    needs.context = settings.ctx_size != 0 ? settings.ctx_size : standard;
    needs.kv = name_of(llmzero::chosen_kv(settings.kv, *outline));
    needs.model_bytes = outline->memory_bytes();
    llmzero::session_options options;
    options.context = needs.context;
    options.kv = settings.kv;
    options.batch = settings.batch;
    needs.session_bytes = llmzero::session::bytes_needed(*outline, options);
    return needs;
}

llmzero::result<std::string> information(const cli::info_settings & settings, const cli::option_table & options) {
    const std::string & name = settings.files[0];
    LLMZERO_ASSIGN(const auto source, llmzero::file_source::open(name.c_str()));
    const auto file = llmzero::gguf_file::open(source);
    if (!file) {
        return file.error().in(name.c_str());
    }
    const auto needs = needs_of(source, settings);
    if (!needs) {
        return needs.error().in(name.c_str());
    }
    return settings.json ? cli::info_json(name, *file, *needs, options) : cli::info_text(name, *file, *needs);
}

} // namespace

int main(int argc, char ** argv) {
    cli::prepare_standard_streams();
    cli::handle_signals();

    cli::info_settings settings;
    cli::option_table options = cli::info_options(settings);
    llmzero::status read =
        cli::parse_environment(options, [](const char * name) -> const char * { return std::getenv(name); });
    const auto words = std::span<char * const>(argv, static_cast<std::size_t>(argc)).subspan(argc > 0 ? 1 : 0);
    const llmzero::status command_line = cli::parse_command_line(options, words, &settings.files);

    cli::output out;
    if (command_line && (settings.help || settings.version)) {
        out.write(settings.help ? cli::info_help(options)
                                : std::string("llmzero-info " LLMZERO_VERSION_STRING " for " LLMZERO_TARGET_NAME "\n"));
        return static_cast<int>(cli::exit_code_for_output(out.problem()));
    }
    if (read && !command_line) {
        read = command_line.error();
    }
    if (read) {
        if (auto settled = cli::settle_info(settings); !settled) {
            read = settled.error();
        }
    }
    if (!read) {
        const exit_code code = fail(read.error(), exit_code::usage, settings);
        std::fputs(cli::info_usage().c_str(), stderr);
        return static_cast<int>(code);
    }
    const auto text = information(settings, options);
    if (!text) {
        return static_cast<int>(fail(text.error(), cli::exit_code_for(text.error(), true), settings));
    }
    out.write(*text);
    if (out.problem() != 0 && out.problem() != EPIPE) {
        complain(std::string("standard output: ") + std::strerror(out.problem()));
    }
    return static_cast<int>(cli::exit_code_for_output(out.problem()));
}
