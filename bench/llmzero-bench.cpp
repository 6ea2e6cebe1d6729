// llmzero-bench: how fast a model reads a prompt (rows "pp32") and writes text (rows "tg16") on this machine, in
// tokens per second, as mean and standard deviation over repetitions after one run to warm up. Tokenising and
// sampling are not measured. Rows and JSON fields are named as in llama.cpp's llama-bench.
//
// The last column is what text costs in memory traffic: the packed weights read for one token (all of them once,
// of the embedding table a row) times tokens per second. The KV cache and activations are not counted.
//
// With --perplexity FILE it measures instead how well the model expects a text (perplexity.hpp).

// File offsets of 64 bits on 32-bit systems too; before any header.
#define _FILE_OFFSET_BITS 64

#include <llmzero/llmzero.hpp>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/help.hpp"
#include "cli/json.hpp"
#include "cli/option.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/signals.hpp"
#include "perplexity.hpp"
#include "random_model/random_model.hpp"
#include "statistics.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using cli::exit_code;
using llmzero::error;
using llmzero::error_code;

enum class shape_choice : std::size_t {};
enum class type_choice : std::size_t {};
enum class head_choice : std::size_t {}; // 0: as the rest
enum class format_choice { md, json };
constexpr auto shape_names = [] {
    std::array<const char *, std::size(random_model::shapes)> names{};
    for (std::size_t i = 0; i < names.size(); ++i) {
        names[i] = random_model::shapes[i].name;
    }
    return names;
}();
// Types of random weights; for each a mix that, pure, is that type.
struct named_type {
    const char * name;
    llmzero::type_mix mix;
};
using llmzero::type_mix;
constexpr named_type types[] = {
    {"q8_0", type_mix::q8_0},   {"q4_0", type_mix::q4_0}, {"q4_1", type_mix::q4_1},     {"q5_0", type_mix::q5_0},
    {"q5_1", type_mix::q5_1},   {"q2_k", type_mix::q2_k}, {"q3_k", type_mix::q3_k_s},   {"q4_k", type_mix::q4_k_s},
    {"q5_k", type_mix::q5_k_s}, {"q6_k", type_mix::q6_k}, {"iq4_nl", type_mix::iq4_nl}, {"f32", type_mix::f32},
    {"f16", type_mix::f16},     {"bf16", type_mix::bf16},
};
static_assert(std::size(types) == std::size(llmzero::encoders));
constexpr auto head_names = [] {
    std::array<const char *, std::size(types) + 1> names{"same"};
    for (std::size_t i = 0; i < std::size(types); ++i) {
        names[i + 1] = types[i].name;
    }
    return names;
}();
constexpr std::span<const char * const> type_names = std::span(head_names).subspan(1);
constexpr const char * format_names[] = {"md", "json"};
constexpr const char * load_mode_names[] = {"auto", "map", "read"};
constexpr const char * kv_type_names[] = {"f32", "q8"};

struct bench_settings {
    std::string model;       // empty: random weights
    shape_choice shape = {}; // the first
    type_choice type = {};
    head_choice head = {};
    llmzero::load_mode load = llmzero::load_options{}.mode;
    std::uint32_t n_prompt = 32;
    std::uint32_t n_gen = 16;
    std::uint32_t repetitions = 5;
    std::uint32_t batch = llmzero::session_options{}.batch;
    llmzero::kv_type kv = llmzero::session_options{}.kv;
    bench::perplexity_settings perplexity;
    format_choice output = format_choice::md;
    bool version = false;
    bool help = false;
};

cli::option_table options_of(bench_settings & s) {
    constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
    return {
        cli::heading("Model"),
        cli::file('m', "model", s.model, "GGUF file to measure.", "random weights"),
        cli::choice(0, "load", s.load, load_mode_names, "HOW", "How to get at the file: map, read, or auto."),
        cli::choice(0, "random", s.shape, shape_names, "SHAPE",
                    "Shape of a model with random weights: stories15m, smollm2-135m, smollm2-360m, lamini-flan-t5-77m, "
                    "qwen2.5-0.5b or gemma3-270m."),
        cli::choice(0, "type", s.type, type_names, "TYPE",
                    "Its type: q8_0, q4_0, q4_1, q5_0, q5_1, q2_k, q3_k, q4_k, q5_k, q6_k, iq4_nl, f32, f16 or bf16. "
                    "Where rows do not fit the blocks of that type it is a larger one."),
        cli::choice(0, "head", s.head, head_names, "TYPE",
                    "The type of its embedding, which is also its output; files that are called Q4_0 often have Q8_0 "
                    "there."),

        cli::heading("Measurement"),
        cli::whole('p', "n-prompt", s.n_prompt, 0, 1048576, "Tokens of the prompt; 0: do not measure reading."),
        cli::whole('n', "n-gen", s.n_gen, 0, 1048576, "Tokens to write; 0: do not measure writing."),
        cli::whole('r', "repetitions", s.repetitions, 1, 10000, "Measurements of each."),
        cli::whole('b', "batch", s.batch, 1, llmzero::session::max_batch,
                   "Tokens of the prompt that are worked on together."),
        cli::choice(0, "kv", s.kv, kv_type_names, "TYPE", "Type of the key-value cache: f32 or q8."),

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
        cli::choice('o', "output", s.output, format_names, "FORMAT", "md: a table; json: an array of objects."),
        cli::request(cli::toggle(0, "version", s.version, "Print the version and what it was built for.")),
        cli::request(cli::toggle('h', "help", s.help, "Print this text.")),
    };
}

// What is measured: the model, and what its file says about it.
struct subject {
    llmzero::model model;
    std::string name;
    std::string type;                  // of most of its weights
    std::uint64_t file_bytes = 0;      // of all tensors
    std::uint64_t n_params = 0;        // elements of all tensors
    std::uint64_t bytes_per_token = 0; // packed weights that are read to write one token
};

struct measurement {
    std::uint32_t n_prompt = 0; // one of the two is 0
    std::uint32_t n_gen = 0;
    std::time_t when = 0;
    std::vector<double> ns;
    std::vector<double> tokens_per_second;

    [[nodiscard]] std::string name() const {
        return n_prompt != 0 ? "pp" + std::to_string(n_prompt) : "tg" + std::to_string(n_gen);
    }
};

bool may_go_on() {
    return cli::caught_signal() == 0;
}

// Of a model with an encoder (T5): its weights, and those of the keys and values of cross-attention.
bool is_read_once_for_a_source(std::string_view tensor) {
    return tensor.starts_with("enc.") || tensor.find(".cross_attn_k.") != tensor.npos ||
           tensor.find(".cross_attn_v.") != tensor.npos;
}

llmzero::result<subject> load(const llmzero::byte_source & source, const bench_settings & s) {
    cli::progress_line line("loading the model", "MB");
    const auto progress = [&line](std::uint64_t done, std::uint64_t total) {
        line.update(done >> 20, total >> 20);
        return may_go_on();
    };
    llmzero::load_options options;
    options.progress = progress;
    LLMZERO_ASSIGN(llmzero::model model, llmzero::load(source, options));
    LLMZERO_ASSIGN(const auto file, llmzero::gguf_file::open(source));
    subject made{model, std::string(model.name()), "", 0, 0, 0};
    if (made.name.empty()) {
        made.name = s.model;
    }
    std::uint64_t most = 0;
    for (const llmzero::tensor_type_info & info : llmzero::tensor_types) {
        std::uint64_t elements = 0;
        for (const llmzero::gguf_tensor & tensor : file.tensors()) {
            if (tensor.type == info.type) {
                elements += std::uint64_t{tensor.cols()} * tensor.rows();
                made.file_bytes += tensor.bytes;
            }
        }
        made.n_params += elements;
        if (elements > most) {
            most = elements;
            made.type = info.name;
        }
    }
    made.bytes_per_token = model.memory_bytes() - model.text().memory_bytes();
    const llmzero::gguf_tensor * const embedding = file.find_tensor("token_embd.weight");
    if (embedding != nullptr && file.find_tensor("output.weight") != nullptr) {
        // A table of its own, of which a token reads one row.
        const auto packed = llmzero::find_block_type(embedding->type)->packed;
        made.bytes_per_token -= model.kernels().packed_bytes(packed, embedding->rows(), embedding->cols()) -
                                model.kernels().packed_bytes(packed, 1, embedding->cols());
    }
    for (const llmzero::gguf_tensor & tensor : file.tensors()) {
        const llmzero::block_type * const type = llmzero::find_block_type(tensor.type);
        if (model.config().has_encoder() && type != nullptr && is_read_once_for_a_source(tensor.name)) {
            made.bytes_per_token -= model.kernels().packed_bytes(type->packed, tensor.rows(), tensor.cols());
        }
    }
    return made;
}

// The file of a model with random weights, all matrices of one type but the output head, which is also the embedding in
// most models.
llmzero::result<llmzero::heap_array<std::byte>> random_gguf(const bench_settings & s) {
    const random_model::model_shape & shape = random_model::shapes[static_cast<std::size_t>(s.shape)];
    const random_model::tensor_list list(shape);
    const auto facts = random_model::facts_of(shape);
    const auto type = static_cast<std::size_t>(s.type);
    const auto head = static_cast<std::size_t>(s.head);
    LLMZERO_ASSIGN(auto chosen, llmzero::choose_types(types[type].mix, true, list.tensors(), facts));
    LLMZERO_ASSIGN(const auto of_head,
                   llmzero::choose_types(types[head == 0 ? type : head - 1].mix, true, list.tensors(), facts));
    const std::size_t head_tensor = list.tensors()[1].name == "output.weight" ? 1 : 0;
    chosen[head_tensor] = of_head[head_tensor];
    LLMZERO_ASSIGN(const auto file, random_model::random_file::create(shape, list, chosen.span(), 1));
    LLMZERO_ASSIGN(const std::uint64_t file_bytes, file.file_bytes());
    const auto size = llmzero::to_size(file_bytes);
    if (!size) {
        return error(error_code::out_of_memory, "the model does not fit into this machine's memory");
    }
    llmzero::heap_array<std::byte> made;
    LLMZERO_CHECK(made.reserve(*size));
    LLMZERO_CHECK(file.write([&made](std::span<const std::byte> bytes) { return made.append(bytes); }));
    return made;
}

llmzero::result<subject> load(const bench_settings & s) {
    if (!s.model.empty()) {
        LLMZERO_ASSIGN(const auto file, llmzero::file_source::open(s.model.c_str(), s.load));
        auto loaded = load(file, s);
        return loaded ? std::move(loaded) : loaded.error().in(s.model.c_str());
    }
    LLMZERO_ASSIGN(const auto gguf, random_gguf(s));
    return load(llmzero::memory_source(gguf.span()), s);
}

// One run of what `m` measures; its time is added unless it only warms up.
llmzero::status run_once(llmzero::session & session, std::span<const llmzero::token_id> tokens, measurement & m,
                         bool has_encoder, bool warms_up) {
    session.rewind();
    if (m.n_prompt == 0 && has_encoder) {
        LLMZERO_CHECK(session.prefill(tokens.first(1))); // an answer needs something to answer
    }
    const auto start = std::chrono::steady_clock::now();
    if (m.n_prompt != 0) {
        LLMZERO_CHECK(session.prefill(tokens.first(m.n_prompt), [](std::size_t, std::size_t) { return may_go_on(); }));
    }
    for (std::uint32_t i = 0; i < m.n_gen; ++i) {
        LLMZERO_CHECK(session.decode(tokens[i], may_go_on));
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    if (!warms_up) {
        m.ns.push_back(took.count());
        m.tokens_per_second.push_back(1e9 * (m.n_prompt + m.n_gen) / took.count());
    }
    return llmzero::success();
}

llmzero::result<std::vector<measurement>> measure(const subject & of, const bench_settings & s) {
    std::vector<measurement> all;
    if (s.n_prompt != 0) {
        all.push_back({.n_prompt = s.n_prompt, .n_gen = 0, .when = 0, .ns = {}, .tokens_per_second = {}});
    }
    if (s.n_gen != 0) {
        all.push_back({.n_prompt = 0, .n_gen = s.n_gen, .when = 0, .ns = {}, .tokens_per_second = {}});
    }
    if (all.empty()) {
        return error(error_code::bad_argument, "-p and -n are both 0: there is nothing to measure");
    }
    llmzero::session_options options;
    // Source and answer of a model with an encoder share the context, with a start token between them.
    const bool has_encoder = of.model.config().has_encoder();
    options.context = std::max(s.n_prompt, s.n_gen) + (has_encoder ? 2 : 0);
    options.batch = s.batch;
    options.kv = s.kv;
    LLMZERO_ASSIGN(llmzero::session session, llmzero::session::create(of.model, options));

    // Any tokens will do; different ones, so that the embedding's rows come from all over the table.
    std::vector<llmzero::token_id> tokens(options.context);
    llmzero::random_generator random(1);
    for (llmzero::token_id & token : tokens) {
        token = static_cast<llmzero::token_id>(random.next() % of.model.config().n_vocab);
    }
    for (measurement & m : all) {
        const std::string what = "measuring " + m.name();
        cli::progress_line line(what.c_str(), "runs");
        m.when = std::time(nullptr);
        for (std::uint32_t i = 0; i <= s.repetitions; ++i) { // the first is not counted
            LLMZERO_CHECK(run_once(session, tokens, m, has_encoder, i == 0));
            line.update(i + 1, s.repetitions + 1);
        }
    }
    return all;
}

std::string rounded(double value, int digits) {
    char text[32];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

// Three significant digits or more: "0.312", "12.3", "1234.5".
std::string rate_text(double value) {
    return rounded(value, value < 1.0 ? 3 : value < 100.0 ? 2 : 1);
}

double gigabytes_per_second(const subject & of, const bench::summary & rate) {
    return rate.mean * static_cast<double>(of.bytes_per_token) / 1e9;
}

std::string as_table(const subject & of, const std::vector<measurement> & all) {
    std::string out = "| model | type | size | params | kernels | test | t/s | GB/s |\n"
                      "| --- | --- | ---: | ---: | --- | ---: | ---: | ---: |\n";
    for (const measurement & m : all) {
        const bench::summary rate = bench::summarise(m.tokens_per_second);
        out += "| " + cli::harmless(of.name) + " | " + of.type + " | " +
               rounded(static_cast<double>(of.file_bytes) / (1 << 20), 2) + " MiB | " +
               rounded(static_cast<double>(of.n_params) / 1e6, 2) + " M | " + of.model.kernels().name + " | " +
               m.name() + " | " + rate_text(rate.mean) + " \xc2\xb1 " + rate_text(rate.deviation) + " | " +
               (m.n_gen != 0 ? rate_text(gigabytes_per_second(of, rate)) : std::string("-")) + " |\n";
    }
    return out;
}

std::string as_json(const subject & of, const bench_settings & s, const std::vector<measurement> & all) {
    std::string out;
    cli::json_writer json(out);
    json.begin_array();
    for (const measurement & m : all) {
        const bench::summary ns = bench::summarise(m.ns);
        const bench::summary rate = bench::summarise(m.tokens_per_second);
        char when[32] = "";
        std::tm utc = {};
        if (gmtime_r(&m.when, &utc) != nullptr) {
            std::strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
        }
        json.begin_object();
        json.member("version", LLMZERO_VERSION_STRING);
        json.member("target", LLMZERO_TARGET_NAME);
        json.member("kernels", of.model.kernels().name);
        json.member("model_filename", std::string_view(s.model));
        json.member("model_name", std::string_view(of.name));
        json.member("model_type", std::string_view(of.type));
        json.member("model_size", of.file_bytes);
        json.member("model_n_params", of.n_params);
        json.member("n_batch", s.batch);
        json.member("n_threads", std::uint32_t{1});
        json.member("type_k", name_of(s.kv));
        json.member("type_v", name_of(s.kv));
        json.member("n_prompt", m.n_prompt);
        json.member("n_gen", m.n_gen);
        json.member("test_time", static_cast<const char *>(when));
        json.member("avg_ns", static_cast<std::uint64_t>(ns.mean));
        json.member("stddev_ns", static_cast<std::uint64_t>(ns.deviation));
        json.member("avg_ts", rate.mean);
        json.member("stddev_ts", rate.deviation);
        json.key("samples_ns");
        json.begin_array();
        for (const double sample : m.ns) {
            json.value(static_cast<std::uint64_t>(sample));
        }
        json.end_array();
        json.key("samples_ts");
        json.begin_array();
        for (const double sample : m.tokens_per_second) {
            json.value(sample);
        }
        json.end_array();
        json.member("weight_bytes_per_token", of.bytes_per_token);
        json.end_object();
    }
    json.end_array();
    out += '\n';
    return out;
}

exit_code fail(const error & e, bool loading) {
    const bool interrupted = cli::caught_signal() != 0;
    std::fprintf(stderr, "llmzero-bench: %s\n", interrupted ? "interrupted" : cli::harmless(e.message()).c_str());
    return interrupted ? exit_code::interrupted : cli::exit_code_for(e, loading);
}

exit_code run_perplexity(const subject & of, bench_settings s) {
    s.perplexity.kv = s.kv;
    const auto facts = bench::measure_perplexity(of.model, s.perplexity);
    if (!facts) {
        return fail(facts.error(), false);
    }
    cli::output out;
    out.write(s.output == format_choice::md
                  ? bench::perplexity_table(of.name, of.type, of.model, *facts)
                  : bench::perplexity_json(of.name, of.type, s.model, of.model, s.perplexity, *facts));
    return cli::exit_code_for_output(out.problem());
}

exit_code run(const bench_settings & s) {
    const auto of = load(s);
    if (!of) {
        return fail(of.error(), true);
    }
    if (!s.perplexity.file.empty()) {
        return run_perplexity(*of, s);
    }
    const auto all = measure(*of, s);
    if (!all) {
        return fail(all.error(), false);
    }
    cli::output out;
    out.write(s.output == format_choice::md ? as_table(*of, *all) : as_json(*of, s, *all));
    return cli::exit_code_for_output(out.problem());
}

std::string help_text(const cli::option_table & table) {
    return "llmzero-bench measures how fast a model reads and writes text.\n\n"
           "usage: llmzero-bench [-m FILE | --random SHAPE --type TYPE] [options]\n"
           "       llmzero-bench -m FILE --perplexity FILE [options]\n" +
           cli::help_of(table) +
           "\nt/s: tokens per second, mean and standard deviation. GB/s: packed weights read\n"
           "per second while text is written. Perplexity: the exponential of the mean of\n"
           "-ln p over the scored tokens; top-1: the share of them that were the likeliest.\n"
           "Exit status: as of llmzero-run.\n";
}

} // namespace

int main(int argc, char ** argv) {
    cli::reserve_standard_descriptors();
    cli::handle_signals();
    bench_settings settings;
    cli::option_table options = options_of(settings);
    const auto words = std::span<char * const>(argv, static_cast<std::size_t>(argc)).subspan(argc > 0 ? 1 : 0);
    llmzero::status read = cli::parse_command_line(options, words);
    if (read && !settings.model.empty() && cli::find_option(options, "random")->source == cli::origin::command_line) {
        read = error(error_code::bad_argument, "-m and --random are both given; one model is measured");
    }
    if (!read) {
        fail(read.error(), false);
        std::fputs("usage: llmzero-bench --help\n", stderr);
        return static_cast<int>(exit_code::usage);
    }
    if (settings.help || settings.version) {
        cli::output out;
        out.write(settings.help
                      ? help_text(options)
                      : std::string("llmzero-bench " LLMZERO_VERSION_STRING " for " LLMZERO_TARGET_NAME "\n"));
        return static_cast<int>(cli::exit_code_for_output(out.problem()));
    }
    return static_cast<int>(run(settings));
}
