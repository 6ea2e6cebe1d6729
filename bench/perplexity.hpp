// llmzero-bench --perplexity: how well a model expects the text of a file.
//
// The file's parts (all of it, or what stands between lines that are the separator) become tokens; each part is scored
// in stretches of at most `context` tokens, every one from an empty cache and with the token in front that the model
// wants at the start of a text. With `cut` only the first stretch of each part counts. The first token of a stretch is
// given, the others are scored.
#pragma once

#include <llmzero/llmzero.hpp>

#include "cli/json.hpp"
#include "cli/progress.hpp"
#include "cli/prompt.hpp"
#include "cli/signals.hpp"
#include "cli/text_parts.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct perplexity_settings {
    std::string file; // empty: not asked for
    std::string separator;
    std::uint32_t context = 0; // 0: what the model was trained for, at most max_standard_context
    bool cut = false;
    llmzero::kv_type kv = llmzero::session_options{}.kv;
    std::uint32_t threads = llmzero::session_options{}.threads;

    static constexpr std::uint32_t max_standard_context = 512;
};

struct perplexity_facts {
    llmzero::perplexity_sum sum;
    std::uint32_t context = 0;
    std::uint64_t n_parts = 0;
    std::uint64_t n_stretches = 0;
    std::uint32_t n_threads = 0;
    double seconds = 0.0;

    [[nodiscard]] double tokens_per_second() const { return static_cast<double>(sum.n_scored) / seconds; }
};

// The stretches of all parts, one behind the other, and where each of them ends.
struct stretches {
    llmzero::heap_array<llmzero::token_id> tokens;
    std::vector<std::size_t> ends;
};

[[nodiscard]] inline llmzero::result<stretches> stretches_of(const llmzero::tokenizer & text,
                                                             const std::vector<std::string_view> & parts,
                                                             std::size_t context, bool cut) {
    stretches made;
    const llmzero::token_id bos = text.vocab().add_bos() ? text.vocab().bos() : llmzero::no_token;
    const std::size_t room = context - (bos != llmzero::no_token ? 1 : 0);
    for (const std::string_view part : parts) {
        LLMZERO_ASSIGN(const auto tokens, text.encode(part, {.add_special = false}));
        for (std::size_t begin = 0; begin < tokens.size() && !(cut && begin > 0); begin += room) {
            if (bos != llmzero::no_token) {
                LLMZERO_CHECK(made.tokens.push_back(bos));
            }
            LLMZERO_CHECK(made.tokens.append(tokens.span().subspan(begin, std::min(room, tokens.size() - begin))));
            made.ends.push_back(made.tokens.size());
        }
    }
    return made;
}

[[nodiscard]] inline llmzero::result<perplexity_facts> measure_perplexity(const llmzero::model & model,
                                                                          const perplexity_settings & settings) {
    LLMZERO_ASSIGN(const auto content, cli::read_text_file(settings.file.c_str()));
    LLMZERO_ASSIGN(const std::string_view text,
                   cli::prompt_of({content.data(), content.size()}, settings.file.c_str()));
    const std::vector<std::string_view> parts = cli::split_text(text, settings.separator);

    perplexity_facts facts;
    facts.n_parts = parts.size();
    facts.context = settings.context != 0 ? settings.context
                                          : std::min(model.config().context, perplexity_settings::max_standard_context);
    if (facts.context < 2) {
        return llmzero::error(llmzero::error_code::bad_argument,
                              "--ctx-size is 1, expected 2 or more: the first token of a text is not scored");
    }
    LLMZERO_ASSIGN(llmzero::session session,
                   llmzero::session::create(
                       model, {.context = facts.context, .kv = settings.kv, .batch = 1, .threads = settings.threads}));
    LLMZERO_ASSIGN(const stretches all, stretches_of(model.text(), parts, facts.context, settings.cut));
    facts.n_stretches = all.ends.size();
    facts.n_threads = session.threads();

    cli::progress_line line("measuring perplexity", "tokens");
    const auto start = std::chrono::steady_clock::now();
    std::size_t begin = 0;
    for (const std::size_t end : all.ends) {
        const auto progress = [&](std::size_t done) {
            line.update(begin + done, all.tokens.size());
            return cli::caught_signal() == 0;
        };
        LLMZERO_CHECK(
            llmzero::add_perplexity(session, all.tokens.span().subspan(begin, end - begin), facts.sum, progress));
        begin = end;
    }
    facts.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (facts.sum.n_scored == 0) {
        return llmzero::error(llmzero::error_code::bad_argument,
                              "%s: there is nothing to score: no part has two tokens", settings.file.c_str());
    }
    return facts;
}

[[nodiscard]] inline std::string perplexity_table(std::string_view model_name, std::string_view model_type,
                                                  const llmzero::model & model, const perplexity_facts & facts) {
    char numbers[200];
    std::snprintf(numbers, sizeof numbers, "%lu | %llu | %llu | %.4f | %.4f | %.1f",
                  static_cast<unsigned long>(facts.context), static_cast<unsigned long long>(facts.n_parts),
                  static_cast<unsigned long long>(facts.sum.n_scored), facts.sum.perplexity(), facts.sum.top1_share(),
                  facts.tokens_per_second());
    return "| model | type | kernels | context | parts | scored | perplexity | top-1 | t/s |\n"
           "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n| " +
           cli::harmless(model_name) + " | " + std::string(model_type) + " | " + model.kernels().name + " | " +
           numbers + " |\n";
}

// An array of one object, whose first members are those of the other measurements.
[[nodiscard]] inline std::string perplexity_json(std::string_view model_name, std::string_view model_type,
                                                 std::string_view model_file, const llmzero::model & model,
                                                 const perplexity_settings & settings, const perplexity_facts & facts) {
    std::string out;
    cli::json_writer json(out);
    json.begin_array();
    json.begin_object();
    json.member("version", LLMZERO_VERSION_STRING);
    json.member("target", LLMZERO_TARGET_NAME);
    json.member("kernels", model.kernels().name);
    json.member("model_filename", model_file);
    json.member("model_name", model_name);
    json.member("model_type", model_type);
    json.member("n_threads", facts.n_threads);
    json.member("type_k", name_of(llmzero::chosen_kv(settings.kv, model)));
    json.member("type_v", name_of(llmzero::chosen_kv(settings.kv, model)));
    json.member("text_filename", std::string_view(settings.file));
    json.member("separator", std::string_view(settings.separator));
    json.member("n_ctx", facts.context);
    json.member("cut", settings.cut);
    json.member("n_parts", facts.n_parts);
    json.member("n_stretches", facts.n_stretches);
    json.member("n_scored", facts.sum.n_scored);
    json.member("nll", facts.sum.nll);
    json.member("perplexity", facts.sum.perplexity());
    json.member("top1", facts.sum.top1_share());
    json.member("seconds", facts.seconds);
    json.member("avg_ts", facts.tokens_per_second());
    json.end_object();
    json.end_array();
    out += '\n';
    return out;
}

} // namespace bench
