// How fast a model reads a prompt and writes text: repeated runs, timed after one to warm up. Tokenising and sampling
// are not measured. Beside each run that writes stands how fast as many bytes as its weights are just read.
#pragma once

#include <llmzero/llmzero.hpp>

#include "cli/memory.hpp"
#include "cli/progress.hpp"
#include "read_speed.hpp"
#include "subject.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bench {

struct speed_settings {
    std::uint32_t n_prompt = 32;
    std::uint32_t n_gen = 16;
    std::uint32_t n_depth = 0; // tokens that stand before those that are measured
    std::uint32_t repetitions = 5;
    std::uint32_t batch = llmzero::session_options{}.batch;
    llmzero::kv_type kv = llmzero::session_options{}.kv;
    std::uint32_t threads = llmzero::session_options{}.threads;
};

struct measurement {
    std::uint32_t n_prompt = 0; // one of the two is 0
    std::uint32_t n_gen = 0;
    std::uint32_t n_depth = 0;
    std::uint32_t n_threads = 0;
    std::time_t when = 0;
    std::vector<double> ns;
    std::vector<double> tokens_per_second;
    std::vector<double> read_bytes_per_second; // of runs that write
    std::optional<std::uint64_t> peak_bytes;   // of the program, after the first run

    // "pp32", "tg16", "tg16 @ d1000".
    [[nodiscard]] std::string name() const {
        return (n_prompt != 0 ? "pp" + std::to_string(n_prompt) : "tg" + std::to_string(n_gen)) +
               (n_depth != 0 ? " @ d" + std::to_string(n_depth) : "");
    }
};

namespace detail {

// Brings the session to where the measured tokens follow: n_depth tokens, or for a model with an encoder that writes, a
// source of so many.
[[nodiscard]] inline llmzero::status go_to_depth(llmzero::session & session, std::span<const llmzero::token_id> tokens,
                                                 const measurement & m, bool has_encoder) {
    session.rewind(has_encoder ? 0 : m.n_depth);
    const std::uint32_t wanted = has_encoder && m.n_gen != 0 ? std::max(m.n_depth, 1u) : m.n_depth;
    if (session.position() < wanted) {
        return session.prefill(tokens.first(wanted), [](std::size_t, std::size_t) { return may_go_on(); });
    }
    return llmzero::success();
}

// One run of what `m` measures; its time is added unless it only warms up.
[[nodiscard]] inline llmzero::status run_once(llmzero::session & session, std::span<const llmzero::token_id> tokens,
                                              measurement & m, bool has_encoder, bool warms_up) {
    LLMZERO_CHECK(go_to_depth(session, tokens, m, has_encoder));
    const auto start = std::chrono::steady_clock::now();
    if (m.n_prompt != 0) {
        LLMZERO_CHECK(session.prefill(tokens.last(m.n_prompt), [](std::size_t, std::size_t) { return may_go_on(); }));
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

} // namespace detail

// Errors: bad_argument (nothing to measure), and those of a session.
[[nodiscard]] inline llmzero::result<std::vector<measurement>> measure_speed(const subject & measured,
                                                                             const speed_settings & s) {
    using llmzero::error;
    using llmzero::error_code;
    const llmzero::model & of = measured.model;
    const bool has_encoder = of.config().has_encoder();
    if (s.n_prompt == 0 && s.n_gen == 0) {
        return error(error_code::bad_argument, "-p and -n are both 0: there is nothing to measure");
    }
    if (has_encoder && s.n_prompt != 0 && s.n_depth != 0) {
        return error(error_code::bad_argument,
                     "-d does not go with -p here: a model with an encoder reads every source "
                     "from its beginning; -p 0 measures an answer to a source of -d tokens");
    }
    std::vector<measurement> all;
    for (const bool reads : {true, false}) {
        if ((reads ? s.n_prompt : s.n_gen) != 0) {
            measurement m;
            (reads ? m.n_prompt : m.n_gen) = reads ? s.n_prompt : s.n_gen;
            m.n_depth = s.n_depth;
            all.push_back(m);
        }
    }
    llmzero::session_options options;
    // Source and answer of a model with an encoder share the context, with a start token between them.
    options.context = s.n_depth + std::max(s.n_prompt, s.n_gen) + (has_encoder ? 2 : 0);
    options.batch = s.batch;
    options.kv = s.kv;
    options.threads = s.threads;
    LLMZERO_ASSIGN(llmzero::session session, llmzero::session::create(of, options));

    // Any tokens will do; different ones, so that the embedding's rows come from all over the table.
    std::vector<llmzero::token_id> tokens(options.context);
    llmzero::random_generator random(1);
    for (llmzero::token_id & token : tokens) {
        token = static_cast<llmzero::token_id>(random.next() % of.config().n_vocab);
    }
    for (measurement & m : all) {
        const std::string what = "measuring " + m.name();
        cli::progress_line line(what.c_str(), "runs");
        m.when = std::time(nullptr);
        m.n_threads = session.threads();
        LLMZERO_CHECK(detail::run_once(session, tokens, m, has_encoder, true));
        m.peak_bytes = cli::peak_memory();
        const memory_reader reader(m.n_gen != 0 ? measured.bytes_per_token : 0);
        for (std::uint32_t i = 0; i < s.repetitions; ++i) {
            line.update(i + 1, s.repetitions + 1);
            LLMZERO_CHECK(detail::run_once(session, tokens, m, has_encoder, false));
            if (m.n_gen != 0) {
                m.read_bytes_per_second.push_back(reader.read((m.n_gen + 3) / 4));
            }
        }
    }
    return all;
}

} // namespace bench
