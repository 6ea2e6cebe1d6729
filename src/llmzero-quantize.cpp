// File offsets of 64 bits on 32-bit systems too; before any header.
#define _FILE_OFFSET_BITS 64

// llmzero-quantize: makes a smaller model of a larger one, one that is packed for a kind of machine, or one with random
// weights. The options are in
// cli/quantize_settings.hpp, what is said about the result in cli/quantize_report.hpp.
#include <llmzero/llmzero.hpp>
#include <llmzero/model/model_packer.hpp>
#include <llmzero/model/model_quantiser.hpp>

#include "cli/command_line.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "cli/progress.hpp"
#include "cli/quantize_report.hpp"
#include "cli/quantize_settings.hpp"
#include "cli/run_report.hpp"
#include "cli/signals.hpp"
#include "random_model/random_model.hpp"

#include <cerrno>
#include <csignal>
#include <cstdint>
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
    std::fprintf(stderr, "llmzero-quantize: %s\n", cli::harmless(message).c_str());
}

class program {
public:
    program(const cli::quantize_settings & settings, const cli::option_table & options)
        : settings_(settings), options_(options) {}

    exit_code run() {
        report_.output = settings_.output;
        const llmzero::status made = settings_.shape != nullptr ? make_random() : quantise();
        if (!made) {
            return fail(made.error(), cli::exit_code_for(made.error(), true));
        }
        if (settings_.json) {
            out_.write(cli::report_json(report_, options_));
        } else if (settings_.report) {
            out_.write(cli::report_table(report_));
        }
        if (out_.problem() != 0) {
            complain(std::string("standard output: ") + std::strerror(out_.problem()));
            return cli::exit_code_for_output(out_.problem());
        }
        std::fputs(cli::harmless(cli::summary_line(report_)).c_str(), stderr);
        return exit_code::ok;
    }

    exit_code fail(const error & e, exit_code code) {
        if (const int signal = cli::caught_signal(); signal != 0) {
            code = signal == SIGTERM ? exit_code::terminated : exit_code::interrupted;
        }
        complain(cli::caught_signal() != 0 ? "interrupted; nothing was written" : e.message());
        if (settings_.json) {
            out_.write(cli::error_json(e, code));
        }
        return code;
    }

private:
    llmzero::status quantise() {
        const char * const path = settings_.input.c_str();
        // Read, not mapped: each weight is needed once, and a file may be larger than the address space.
        LLMZERO_ASSIGN(const auto source, llmzero::file_source::open(path, llmzero::load_mode::read));
        auto file = llmzero::gguf_file::open(source);
        if (!file) {
            return file.error().in(path);
        }
        if (settings_.layout != nullptr) {
            auto packer = llmzero::model_packer::create(*file, *settings_.layout);
            return packer ? pack(source, *packer) : packer.error().in(path);
        }
        auto quantiser = llmzero::model_quantiser::create(*file, settings_.mix, settings_.pure);
        if (!quantiser) {
            return quantiser.error().in(path);
        }
        return quantise(source, *quantiser);
    }

    llmzero::status quantise(const llmzero::file_source & source, const llmzero::model_quantiser & quantiser) {
        LLMZERO_ASSIGN(report_.output_bytes, quantiser.file_bytes());
        report_.input_bytes = source.size();
        report_.is_measured = settings_.report || settings_.json;
        LLMZERO_ASSIGN(auto output,
                       cli::create_output(settings_.output, {settings_.force, settings_.input, report_.output_bytes}));
        cli::progress_line line("quantising", "million weights");
        const auto progress = [&line](std::uint64_t done, std::uint64_t total) {
            line.update(done / 1'000'000, total / 1'000'000);
            return cli::caught_signal() == 0;
        };
        const auto on_tensor = [this](const llmzero::quantised_tensor & made) {
            report_.rows.push_back(cli::row_of(made));
        };
        const auto sink = [&output](std::span<const std::byte> bytes) {
            return output.write(bytes);
        };
        llmzero::quantiser_options options;
        options.progress = progress;
        options.on_tensor = on_tensor;
        options.measure = report_.is_measured;
        LLMZERO_CHECK(quantiser.write(sink, options));
        tell_of_fallbacks();
        return output.commit();
    }

    llmzero::status pack(const llmzero::file_source & source, const llmzero::model_packer & packer) {
        LLMZERO_ASSIGN(report_.output_bytes, packer.file_bytes());
        report_.input_bytes = source.size();
        LLMZERO_ASSIGN(auto output,
                       cli::create_output(settings_.output, {settings_.force, settings_.input, report_.output_bytes}));
        cli::progress_line line("packing", "MB");
        const auto progress = [&line](std::uint64_t done, std::uint64_t total) {
            line.update(done >> 20, total >> 20);
            return cli::caught_signal() == 0;
        };
        const auto on_tensor = [this](const llmzero::gguf_tensor & from, std::uint64_t bytes) {
            const std::uint64_t n_weights = std::uint64_t{from.cols()} * from.rows();
            report_.rows.push_back({std::string(from.name), from.type, from.type, n_weights, bytes, 0.0, 0.0});
        };
        const auto sink = [&output](std::span<const std::byte> bytes) {
            return output.write(bytes);
        };
        LLMZERO_CHECK(packer.write(sink, {progress, on_tensor}));
        return output.commit();
    }

    // With --pure a user expects one type; where rows do not allow that it is said.
    void tell_of_fallbacks() const {
        const llmzero::tensor_type wanted = llmzero::info_of(settings_.mix).base;
        std::size_t n_others = 0;
        for (const cli::quantize_row & row : report_.rows) {
            n_others += row.to != wanted && row.to != llmzero::tensor_type::f32 ? 1u : 0u;
        }
        if (settings_.pure && n_others > 0) {
            complain("note: the rows of " + std::to_string(n_others) + " tensors are no multiple of the " +
                     std::to_string(llmzero::info_of(wanted).block_size) + " weights of a block of " +
                     llmzero::name_of(wanted) + "; they got larger types");
        }
    }

    llmzero::status make_random() {
        const random_model::model_shape & shape = *settings_.shape;
        const random_model::tensor_list list(shape);
        LLMZERO_ASSIGN(const auto types, llmzero::choose_types(settings_.mix, settings_.pure, list.tensors(),
                                                               random_model::facts_of(shape)));
        LLMZERO_ASSIGN(auto made, random_model::random_file::create(
                                      shape, list, types.span(), settings_.seed.value_or(cli::default_quantize_seed)));
        LLMZERO_CHECK(made.add_file_type(llmzero::info_of(settings_.mix).file_type));
        LLMZERO_ASSIGN(report_.output_bytes, made.file_bytes());
        for (std::size_t i = 0; i < types.size(); ++i) {
            const llmzero::gguf_tensor & tensor = list.tensors()[i];
            const llmzero::tensor_type_info & info = llmzero::info_of(types[i]);
            const std::uint64_t n_weights = std::uint64_t{tensor.cols()} * tensor.rows();
            report_.rows.push_back({std::string(tensor.name), types[i], types[i], n_weights,
                                    n_weights / info.block_size * info.block_bytes, 0.0, 0.0});
        }
        LLMZERO_ASSIGN(auto output, cli::create_output(settings_.output, {settings_.force, "", report_.output_bytes}));
        cli::progress_line line("writing", "MB");
        const auto progress = [&line](std::uint64_t done, std::uint64_t total) {
            line.update(done >> 20, total >> 20);
            return cli::caught_signal() == 0;
        };
        LLMZERO_CHECK(
            made.write([&output](std::span<const std::byte> bytes) { return output.write(bytes); }, progress));
        tell_of_fallbacks();
        return output.commit();
    }

    const cli::quantize_settings & settings_;
    const cli::option_table & options_;
    cli::quantize_report report_;
    cli::output out_;
};

} // namespace

int main(int argc, char ** argv) {
    cli::prepare_standard_streams();
    cli::handle_signals();

    cli::quantize_settings settings;
    cli::option_table options = cli::quantize_options(settings);
    llmzero::status read =
        cli::parse_environment(options, [](const char * name) -> const char * { return std::getenv(name); });
    const auto words = std::span<char * const>(argv, static_cast<std::size_t>(argc)).subspan(argc > 0 ? 1 : 0);
    const llmzero::status command_line = cli::parse_command_line(options, words, &settings.files);

    if (command_line && (settings.help || settings.version)) {
        cli::output out;
        out.write(settings.help
                      ? cli::quantize_help(options)
                      : std::string("llmzero-quantize " LLMZERO_VERSION_STRING " for " LLMZERO_TARGET_NAME "\n"));
        return static_cast<int>(cli::exit_code_for_output(out.problem()));
    }
    program work(settings, options);
    if (read && !command_line) {
        read = command_line.error();
    }
    if (read) {
        if (auto settled = cli::settle_quantize(settings); !settled) {
            read = settled.error();
        }
    }
    if (!read) {
        const exit_code code = work.fail(read.error(), exit_code::usage);
        std::fputs(cli::quantize_usage().c_str(), stderr);
        return static_cast<int>(code);
    }
    return static_cast<int>(work.run());
}
