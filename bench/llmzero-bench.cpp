// llmzero-bench: how fast a model reads a prompt (rows "pp32") and writes text (rows "tg16") on this machine, in
// tokens per second, as mean and standard deviation over repetitions (speed.hpp). Or, with --products, what a product
// of each packed format costs (kernels.hpp), or, with --perplexity FILE, how well the model expects a text
// (perplexity.hpp).

// File offsets of 64 bits on 32-bit systems too; before any header.
#define _FILE_OFFSET_BITS 64

#include <llmzero/llmzero.hpp>

#include "cells.hpp"
#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/help.hpp"
#include "cli/kernels_choice.hpp"
#include "cli/option.hpp"
#include "cli/output.hpp"
#include "cli/quantize_settings.hpp"
#include "cli/signals.hpp"
#include "kernels.hpp"
#include "perplexity.hpp"
#include "speed.hpp"
#include "speed_report.hpp"
#include "subject.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using bench::output_format;
using cli::exit_code;
using llmzero::error;
using llmzero::error_code;

enum class shape_choice : std::size_t {};
constexpr auto shape_names = [] {
    std::array<const char *, std::size(random_model::shapes)> names{};
    for (std::size_t i = 0; i < names.size(); ++i) {
        names[i] = random_model::shapes[i].name;
    }
    return names;
}();
constexpr const char * load_mode_names[] = {"auto", "map", "read"};
constexpr const char * kv_type_names[] = {"f32", "q8", "auto"};

struct bench_settings {
    bench::subject_settings subject;
    shape_choice shape = {}; // the first
    std::string type = "Q8_0";
    std::string head;
    bench::speed_settings speed;
    bench::kernel_settings products;
    std::string kernels_name;
    bench::perplexity_settings perplexity;
    output_format output = output_format::md;
    bool version = false;
    bool help = false;
};

cli::option_table options_of(bench_settings & s) {
    constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
    return {
        cli::heading("Model"),
        cli::file('m', "model", s.subject.model, "GGUF file to measure.", "random weights"),
        cli::choice(0, "load", s.subject.load, load_mode_names, "HOW", "How to get at the file: map, read, or auto."),
        cli::choice(0, "random", s.shape, shape_names, "SHAPE",
                    "Shape of a model with random weights: stories15m, smollm2-135m, smollm2-360m, lamini-flan-t5-77m, "
                    "qwen2.5-0.5b or gemma3-270m."),
        cli::text(0, "type", s.type, "TYPE",
                  "Its type: Q4_K_M, Q4_0, ...; the list is below. Each is a mix of types, chosen tensor by tensor as "
                  "llama.cpp does.",
                  "Q8_0"),
        cli::toggle(0, "pure", s.subject.pure,
                    "That type for all matrices, the embedding and the output head included, where a mix has larger "
                    "ones. Rows that do not fit its blocks get a larger type."),
        cli::text(0, "head", s.head, "TYPE",
                  "The type of its embedding, which is also its output; files that are called Q4_0 often have Q8_0 "
                  "there.",
                  "as --type says"),

        cli::heading("Measurement"),
        cli::text(0, "kernels", s.kernels_name, "NAME", cli::kernels_help, cli::kernels_standard),
        cli::whole('p', "n-prompt", s.speed.n_prompt, 0, 1048576, "Tokens of the prompt; 0: do not measure reading."),
        cli::whole('n', "n-gen", s.speed.n_gen, 0, 1048576, "Tokens to write; 0: do not measure writing."),
        cli::whole('d', "n-depth", s.speed.n_depth, 0, 1048576,
                   "Tokens that stand before them, for a long text; for a model with an encoder the tokens of its "
                   "source."),
        cli::whole('r', "repetitions", s.speed.repetitions, 1, 10000, "Measurements of each."),
        cli::whole('b', "batch", s.speed.batch, 1, llmzero::session::max_batch,
                   "Tokens of the prompt that are worked on together."),
        cli::whole('t', "threads", s.speed.threads, 0, llmzero::thread_team::max_threads,
                   "Threads that share the work on a model.",
                   "0: one for each core, at most 4 for a model below 200 MB, 1 for a tiny one"),
        cli::choice(0, "kv", s.speed.kv, kv_type_names, "TYPE",
                    "Type of the key-value cache: f32, q8, or auto: q8 where it is faster."),

        cli::heading("Products"),
        cli::toggle(0, "products", s.products.is_asked_for,
                    "Measure products of a matrix in each packed format with a vector, instead of a model."),
        cli::choice(
            0, "format", s.products.format, bench::format_choice_names, "NAME",
            "Only this one: f32, f16, bf16, q8, q8_offset, q5, q5_offset, q4, q4_offset, q8_halves, q4_halves or "
            "q4_halves_offset."),
        cli::whole(0, "rows", s.products.rows, 0, 262144, "Rows of the matrix.",
                   "32 and 8192, for the caches and for memory"),
        cli::whole(0, "cols", s.products.cols, 0, 65536, "Columns of the matrix, a multiple of 256.", "256 and 1024"),
        cli::whole(0, "tokens", s.products.tokens, 1, llmzero::session::max_batch,
                   "Vectors that are multiplied at once."),
        cli::number(0, "clock", s.products.clock_mhz, 0.0, 100000.0,
                    "The core's clock in MHz, for cycles; 0: what the system says."),

        cli::heading("Perplexity"),
        cli::file(0, "perplexity", s.perplexity.file,
                  "Measure how well the model expects the text of this file (- is standard input), instead of speed."),
        cli::text(0, "separator", s.perplexity.separator, "LINE",
                  "The file holds several texts with this line between them, such as <|endoftext|>; each is scored by "
                  "itself.",
                  "one text"),
        cli::whole('c', "ctx-size", s.perplexity.context, 0, most,
                   "Tokens that are scored together. A longer text is taken in stretches of this length, each from an "
                   "empty cache.",
                   "0: the model's context, at most 512"),
        cli::toggle(0, "cut", s.perplexity.cut, "Score only the first stretch of each text."),

        cli::heading("Output"),
        cli::choice('o', "output", s.output, bench::output_format_names, "FORMAT",
                    "md: a table; csv: a line for each row; json: an array of objects."),
        cli::request(cli::toggle(0, "version", s.version, "Print the version and what it was built for.")),
        cli::request(cli::toggle('h', "help", s.help, "Print this text.")),
    };
}

llmzero::result<llmzero::type_mix> type_named(const char * option, const std::string & name) {
    const llmzero::type_mix_info * const found = llmzero::find_type_mix(name);
    if (found == nullptr) {
        return error(error_code::bad_argument, "%s: %s is not one of: %s", option, llmzero::quoted(name).c_str(),
                     cli::type_mix_names().c_str());
    }
    return found->mix;
}

// Finds out what the texts of the options mean, and whether that is one thing.
llmzero::status settle(bench_settings & s, cli::option_table & options) {
    const auto is_given = [&options](const char * name) {
        return cli::find_option(options, name)->source == cli::origin::command_line;
    };
    s.subject.shape = &random_model::shapes[static_cast<std::size_t>(s.shape)];
    LLMZERO_ASSIGN(s.subject.type, type_named("--type", s.type));
    s.subject.has_head = is_given("head");
    if (s.subject.has_head) {
        LLMZERO_ASSIGN(s.subject.head, type_named("--head", s.head));
    }
    s.products.repetitions = s.speed.repetitions;
    s.perplexity.kv = s.speed.kv;
    s.subject.threads = s.perplexity.threads = s.speed.threads;
    LLMZERO_ASSIGN(s.subject.kernels, cli::chosen_kernels(s.kernels_name));
    if (!s.subject.model.empty() && is_given("random")) {
        return error(error_code::bad_argument, "-m and --random are both given; one model is measured");
    }
    if (s.products.is_asked_for && (!s.subject.model.empty() || is_given("random") || !s.perplexity.file.empty())) {
        return error(error_code::bad_argument, "--products measures no model: -m, --random and --perplexity do not go "
                                               "with it");
    }
    if (!s.perplexity.file.empty() && s.output == output_format::csv) {
        return error(error_code::bad_argument, "--perplexity has no csv; there are md and json");
    }
    return llmzero::success();
}

exit_code fail(const error & e, bool loading) {
    const bool interrupted = cli::caught_signal() != 0;
    std::fprintf(stderr, "llmzero-bench: %s\n", interrupted ? "interrupted" : cli::harmless(e.message()).c_str());
    return interrupted ? exit_code::interrupted : cli::exit_code_for(e, loading);
}

exit_code write(const std::string & text) {
    cli::output out;
    out.write(text);
    return cli::exit_code_for_output(out.problem());
}

exit_code run_kernels(const bench_settings & s) {
    const llmzero::kernel_set & kernels = s.subject.kernels != nullptr ? *s.subject.kernels : llmzero::best_kernels();
    const auto all = bench::measure_kernels(kernels, s.products);
    if (!all) {
        return fail(all.error(), false);
    }
    switch (s.output) {
    case output_format::md: return write(bench::kernel_table(kernels, s.products, *all));
    case output_format::csv: return write(bench::csv_of(bench::kernel_rows(kernels, s.products, *all)));
    case output_format::json: break;
    }
    return write(bench::json_of(bench::kernel_rows(kernels, s.products, *all)));
}

exit_code run_perplexity(const bench::subject & of, const bench_settings & s) {
    const auto facts = bench::measure_perplexity(of.model, s.perplexity);
    if (!facts) {
        return fail(facts.error(), false);
    }
    return write(s.output == output_format::md
                     ? bench::perplexity_table(of.name, of.type, of.model, *facts)
                     : bench::perplexity_json(of.name, of.type, s.subject.model, of.model, s.perplexity, *facts));
}

exit_code run(const bench_settings & s) {
    if (s.products.is_asked_for) {
        return run_kernels(s);
    }
    const auto of = bench::load(s.subject);
    if (!of) {
        return fail(of.error(), true);
    }
    if (!s.perplexity.file.empty()) {
        return run_perplexity(*of, s);
    }
    const auto all = bench::measure_speed(*of, s.speed);
    if (!all) {
        return fail(all.error(), false);
    }
    switch (s.output) {
    case output_format::md: return write(bench::speed_table(*of, *all));
    case output_format::csv: return write(bench::csv_of(bench::speed_rows(*of, s.subject, s.speed, *all)));
    case output_format::json: break;
    }
    return write(bench::json_of(bench::speed_rows(*of, s.subject, s.speed, *all)));
}

std::string help_text(const cli::option_table & table) {
    std::string out = "llmzero-bench measures how fast a model reads and writes text.\n\n"
                      "usage: llmzero-bench [-m FILE | --random SHAPE --type TYPE [--pure]] [options]\n"
                      "       llmzero-bench --products [options]\n"
                      "       llmzero-bench -m FILE --perplexity FILE [options]\n" +
                      cli::help_of(table) + "\nTypes: ";
    cli::append_wrapped(out, cli::type_mix_names() + ".", 2, 7);
    return out + "\nt/s: tokens per second, mean and standard deviation. MB/token: packed weights\n"
                 "read to write a token; GB/s: the same in a second; read GB/s: as many bytes,\n"
                 "just read. peak: the most memory that the program had until then. ns/MAC: time for a multiplication "
                 "and addition.\n"
                 "Perplexity: the exponential of the mean of -ln p over the scored tokens; top-1:\n"
                 "the share of them that were the likeliest. Exit status: as of llmzero-run.\n";
}

} // namespace

int main(int argc, char ** argv) {
    cli::prepare_standard_streams();
    cli::handle_signals();
    bench_settings settings;
    cli::option_table options = options_of(settings);
    const auto words = std::span<char * const>(argv, static_cast<std::size_t>(argc)).subspan(argc > 0 ? 1 : 0);
    llmzero::status read = cli::parse_command_line(options, words);
    const bool lists_kernels = settings.kernels_name == cli::kernels_list_word;
    if (read && !settings.help && !settings.version && !lists_kernels) {
        read = settle(settings, options);
    }
    if (!read) {
        fail(read.error(), false);
        std::fputs("usage: llmzero-bench --help\n", stderr);
        return static_cast<int>(exit_code::usage);
    }
    if (settings.help || settings.version || lists_kernels) {
        cli::output out;
        out.write(settings.help ? help_text(options)
                  : lists_kernels
                      ? cli::list_of_kernels()
                      : std::string("llmzero-bench " LLMZERO_VERSION_STRING " for " LLMZERO_TARGET_NAME "\n"));
        return static_cast<int>(cli::exit_code_for_output(out.problem()));
    }
    return static_cast<int>(run(settings));
}
