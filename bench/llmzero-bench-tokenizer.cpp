// llmzero-bench-tokenizer: how fast a vocabulary turns text into tokens, in MB (10^6 bytes) per second, for ordinary
// text and for one repeated character, at 64 KB, 256 KB and 1 MB. Time that grows linearly, or as n log n, shows as a
// rate that stays or falls slowly; one that halves where the size doubles is quadratic.
//
// Each size is measured some times after one run to warm up, in processor time, so that what else the machine does
// hardly shows. The vocabulary of any GGUF file will do.

// File offsets of 64 bits on 32-bit systems too; before any header.
#define _FILE_OFFSET_BITS 64

#include <llmzero/kernels/target.hpp>
#include <llmzero/storage/file.hpp>
#include <llmzero/tokenizer/tokenizer.hpp>
#include <llmzero/tokenizer/utf8.hpp>
#include <llmzero/version.hpp>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/help.hpp"
#include "cli/json.hpp"
#include "cli/option.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/prompt.hpp"
#include "cli/signals.hpp"
#include "statistics.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using cli::exit_code;
using llmzero::error;
using llmzero::error_code;

enum class format_choice { md, json };
constexpr const char * format_names[] = {"md", "json"};

constexpr std::string_view own_text =
    "Once upon a time there was a girl who kept 3 lamps in her window: one for the boats, one for the birds, and one "
    "for herself. \"Why do you need so many?\" asked the baker's boy. She didn't answer at once.\n\n"
    "In the evening the fog came up from the harbour, and the lamps were all that could be seen of the town. A ship "
    "that had been at sea for 217 days found its way home by them; its captain, a quiet man, brought her an orange.\n";

struct bench_settings {
    std::string model;
    std::string text; // a file; empty: the text above
    std::string character = "a";
    std::uint32_t kilobytes = 1024;
    std::uint32_t repetitions = 5;
    format_choice output = format_choice::md;
    bool version = false;
    bool help = false;
};

cli::option_table options_of(bench_settings & s) {
    return {
        cli::heading("Input"),
        cli::file('m', "model", s.model, "GGUF file whose vocabulary is measured.", "needed"),
        cli::file('f', "file", s.text, "Text that is repeated to fill each size; - is standard input.", "a story"),
        cli::text('c', "character", s.character, "TEXT", "What the other kind of text repeats: a."),

        cli::heading("Measurement"),
        cli::whole('k', "kilobytes", s.kilobytes, 16, 65536, "The largest size; the others are 1/4 and 1/16 of it."),
        cli::whole('r', "repetitions", s.repetitions, 1, 10000, "Measurements of each."),

        cli::heading("Output"),
        cli::choice('o', "output", s.output, format_names, "FORMAT", "md: a table; json: an array of objects."),
        cli::request(cli::toggle(0, "version", s.version, "Print the version and what it was built for.")),
        cli::request(cli::toggle('h', "help", s.help, "Print this text.")),
    };
}

// Processor time of this program, in nanoseconds from anywhere.
double processor_ns() {
    timespec now = {};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return 1e9 * static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec);
}

// What is measured: the vocabulary, and what its file says about it.
struct subject {
    llmzero::tokenizer text;
    std::string kind; // "gpt2 (smollm)"
    double load_ms = 0.0;
};

struct measurement {
    const char * what; // "text" or "repeated"
    std::string text;
    std::size_t n_tokens = 0;
    std::vector<double> ns;
    std::vector<double> mb_per_second;
};

llmzero::result<subject> load(const llmzero::byte_source & source) {
    LLMZERO_ASSIGN(const auto file, llmzero::gguf_file::open(source));
    const double start = processor_ns();
    LLMZERO_ASSIGN(llmzero::tokenizer text, llmzero::tokenizer::create(file));
    const double took = processor_ns() - start;
    LLMZERO_ASSIGN(const std::string_view model, file.get<std::string_view>("tokenizer.ggml.model"));
    LLMZERO_ASSIGN(const std::string_view pre, file.get_or<std::string_view>("tokenizer.ggml.pre", ""));
    return subject{std::move(text), std::string(model) + (pre.empty() ? "" : " (" + std::string(pre) + ")"),
                   took / 1e6};
}

// `bytes` bytes of repetitions, less what would be cut from a character.
std::string repeated(std::string_view text, std::size_t bytes) {
    std::string all;
    all.reserve(bytes + text.size());
    while (all.size() < bytes) {
        all += text;
    }
    std::size_t whole = 0;
    while (whole < bytes) {
        const std::size_t next = whole + llmzero::first_utf8_unit(std::string_view(all).substr(whole)).bytes;
        if (next > bytes) {
            break;
        }
        whole = next;
    }
    all.resize(whole);
    return all;
}

llmzero::result<std::vector<measurement>> texts_of(const bench_settings & s) {
    llmzero::heap_array<char> content;
    std::string_view text = own_text;
    if (!s.text.empty()) {
        LLMZERO_ASSIGN(content, cli::read_text_file(s.text.c_str()));
        text = {content.data(), content.size()};
    }
    if (text.empty() || s.character.empty()) {
        return error(error_code::bad_argument, "%s is empty: there is nothing to repeat",
                     text.empty() ? "the text" : "the character");
    }
    std::vector<measurement> all;
    for (const auto & [what, part] : {std::pair{"text", text}, {"repeated", std::string_view(s.character)}}) {
        for (const std::size_t share : {16u, 4u, 1u}) {
            all.push_back({what, repeated(part, std::size_t{s.kilobytes} * 1024 / share), 0, {}, {}});
        }
    }
    return all;
}

llmzero::status measure(const llmzero::tokenizer & text, std::uint32_t repetitions, measurement & m) {
    for (std::uint32_t i = 0; i <= repetitions; ++i) { // the first is not counted
        if (cli::caught_signal() != 0) {
            return error(error_code::cancelled, "interrupted");
        }
        const double start = processor_ns();
        LLMZERO_ASSIGN(const auto tokens, text.encode(m.text, {.add_special = false}));
        const double took = std::max(processor_ns() - start, 1.0);
        m.n_tokens = tokens.size();
        if (i > 0) {
            m.ns.push_back(took);
            m.mb_per_second.push_back(1e3 * static_cast<double>(m.text.size()) / took);
        }
    }
    return llmzero::success();
}

std::string rounded(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.*f", value < 1.0 ? 3 : 2, value);
    return text;
}

std::string as_table(const subject & of, const std::vector<measurement> & all) {
    std::string out = "| vocabulary | tokens in it | memory | load | encodes | bytes | tokens | MB/s |\n"
                      "| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: |\n";
    for (const measurement & m : all) {
        const bench::summary rate = bench::summarise(m.mb_per_second);
        out += "| " + cli::harmless(of.kind) + " | " + std::to_string(of.text.vocab().size()) + " | " +
               rounded(static_cast<double>(of.text.memory_bytes()) / (1 << 20)) + " MiB | " + rounded(of.load_ms) +
               " ms | " + m.what + " | " + std::to_string(m.text.size()) + " | " + std::to_string(m.n_tokens) + " | " +
               rounded(rate.mean) + " \xc2\xb1 " + rounded(rate.deviation) + " |\n";
    }
    return out;
}

std::string as_json(const subject & of, const bench_settings & s, const std::vector<measurement> & all) {
    std::string out;
    cli::json_writer json(out);
    json.begin_array();
    for (const measurement & m : all) {
        const bench::summary ns = bench::summarise(m.ns);
        const bench::summary rate = bench::summarise(m.mb_per_second);
        json.begin_object();
        json.member("version", LLMZERO_VERSION_STRING);
        json.member("target", LLMZERO_TARGET_NAME);
        json.member("model_filename", std::string_view(s.model));
        json.member("tokenizer", std::string_view(of.kind));
        json.member("n_vocab", std::uint64_t{of.text.vocab().size()});
        json.member("tokenizer_bytes", std::uint64_t{of.text.memory_bytes()});
        json.member("load_ms", of.load_ms);
        json.member("encodes", m.what);
        json.member("n_bytes", std::uint64_t{m.text.size()});
        json.member("n_tokens", std::uint64_t{m.n_tokens});
        json.member("avg_ns", static_cast<std::uint64_t>(ns.mean));
        json.member("stddev_ns", static_cast<std::uint64_t>(ns.deviation));
        json.member("avg_mbs", rate.mean);
        json.member("stddev_mbs", rate.deviation);
        json.end_object();
    }
    json.end_array();
    out += '\n';
    return out;
}

exit_code fail(const error & e, bool loading) {
    const bool interrupted = cli::caught_signal() != 0;
    std::fprintf(stderr, "llmzero-bench-tokenizer: %s\n",
                 interrupted ? "interrupted" : cli::harmless(e.message()).c_str());
    return interrupted ? exit_code::interrupted : cli::exit_code_for(e, loading);
}

exit_code run(const bench_settings & s) {
    auto file = llmzero::file_source::open(s.model.c_str());
    if (!file) {
        return fail(file.error(), true);
    }
    const auto of = load(*file);
    if (!of) {
        return fail(of.error().in(s.model.c_str()), true);
    }
    auto all = texts_of(s);
    if (!all) {
        return fail(all.error(), false);
    }
    for (measurement & m : *all) {
        cli::progress_line line("measuring", "texts");
        line.update(static_cast<std::uint64_t>(&m - all->data()), all->size());
        const llmzero::status measured = measure(of->text, s.repetitions, m);
        if (!measured) {
            return fail(measured.error(), false);
        }
    }
    cli::output out;
    out.write(s.output == format_choice::md ? as_table(*of, *all) : as_json(*of, s, *all));
    return cli::exit_code_for_output(out.problem());
}

std::string help_text(const cli::option_table & table) {
    return "llmzero-bench-tokenizer measures how fast text becomes tokens.\n\n"
           "usage: llmzero-bench-tokenizer -m FILE [options]\n" +
           cli::help_of(table) +
           "\nMB/s: 10^6 bytes of text per second of processor time, mean and standard\n"
           "deviation. Exit status: as of llmzero-run.\n";
}

} // namespace

int main(int argc, char ** argv) {
    cli::prepare_standard_streams();
    cli::handle_signals();
    bench_settings settings;
    cli::option_table options = options_of(settings);
    const auto words = std::span<char * const>(argv, static_cast<std::size_t>(argc)).subspan(argc > 0 ? 1 : 0);
    llmzero::status read = cli::parse_command_line(options, words);
    if (read && settings.model.empty() && !settings.help && !settings.version) {
        read = error(error_code::bad_argument, "-m is missing: the GGUF file whose vocabulary is measured");
    }
    if (!read) {
        fail(read.error(), false);
        std::fputs("usage: llmzero-bench-tokenizer --help\n", stderr);
        return static_cast<int>(exit_code::usage);
    }
    if (settings.help || settings.version) {
        cli::output out;
        out.write(settings.help ? help_text(options)
                                : std::string("llmzero-bench-tokenizer " LLMZERO_VERSION_STRING
                                              " for " LLMZERO_TARGET_NAME "\n"));
        return static_cast<int>(cli::exit_code_for_output(out.problem()));
    }
    return static_cast<int>(run(settings));
}
