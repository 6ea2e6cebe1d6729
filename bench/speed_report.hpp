// What llmzero-bench says about the speed of a model. Tests and fields are named as in llama.cpp's llama-bench
// (tools/llama-bench/llama-bench.cpp: test::get_fields), those that have a meaning here; what it does not have comes
// after its fields.
//
// GB/s is what text costs in memory traffic: the packed weights that are read for one token (all of them once, of the
// embedding table a row) times tokens per second. The KV cache and activations are not counted. Beside it is how fast
// one thread just reads as many bytes.
#pragma once

#include "cells.hpp"
#include "speed.hpp"
#include "statistics.hpp"
#include "subject.hpp"

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

namespace bench {

namespace detail {

// "2026-01-31T12:00:00Z".
[[nodiscard]] inline std::string time_text(std::time_t when) {
    char text[32] = "";
    if (const std::tm * const utc = std::gmtime(&when)) {
        std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", utc);
    }
    return text;
}

[[nodiscard]] inline std::vector<std::uint64_t> whole(const std::vector<double> & samples) {
    std::vector<std::uint64_t> made;
    for (const double sample : samples) {
        made.push_back(static_cast<std::uint64_t>(sample));
    }
    return made;
}

} // namespace detail

[[nodiscard]] inline std::string speed_table(const subject & of, const std::vector<measurement> & all) {
    std::vector<std::vector<std::string>> lines;
    lines.push_back({"model", "type", "size:", "params:", "kernels",
                     "threads:", "test:", "t/s:", "GB/s:", "read GB/s:", "of it:", "MB/token:", "peak:"});
    for (const measurement & m : all) {
        const summary rate = summarise(m.tokens_per_second);
        const summary read = summarise(m.read_bytes_per_second);
        const double bytes = static_cast<double>(of.bytes_per_token);
        const bool writes = m.n_gen != 0;
        lines.push_back({
            cli::harmless(of.name),
            of.type,
            rounded(static_cast<double>(of.file_bytes) / (1 << 20), 2) + " MiB",
            rounded(static_cast<double>(of.n_params) / 1e6, 2) + " M",
            of.model.kernels().name,
            std::to_string(m.n_threads),
            m.name(),
            rate_text(rate.mean) + " \xc2\xb1 " + rate_text(rate.deviation),
            writes ? rate_text(rate.mean * bytes / 1e9) : "-",
            writes ? rate_text(read.mean / 1e9) : "-",
            writes ? rounded(100 * rate.mean * bytes / read.mean, 0) + " %" : "-",
            writes ? rate_text(bytes / 1e6) : "-",
            m.peak_bytes ? rounded(static_cast<double>(*m.peak_bytes) / (1 << 20), 2) + " MiB" : "-",
        });
    }
    return table_of(lines);
}

// For CSV and JSON.
[[nodiscard]] inline std::vector<row> speed_rows(const subject & of, const subject_settings & model,
                                                 const speed_settings & s, const std::vector<measurement> & all) {
    std::vector<row> rows;
    for (const measurement & m : all) {
        const summary ns = summarise(m.ns);
        const summary rate = summarise(m.tokens_per_second);
        rows.push_back({
            {"backends", std::string("CPU")},
            {"model_filename", model.model},
            {"model_type", of.type},
            {"model_size", of.file_bytes},
            {"model_n_params", of.n_params},
            {"n_batch", std::uint64_t{s.batch}},
            {"n_ubatch", std::uint64_t{s.batch}},
            {"n_threads", std::uint64_t{m.n_threads}},
            {"type_k", std::string(name_of(llmzero::chosen_kv(s.kv, of.model)))},
            {"type_v", std::string(name_of(llmzero::chosen_kv(s.kv, of.model)))},
            {"use_mmap", !model.model.empty() && model.load != llmzero::load_mode::read},
            {"n_prompt", std::uint64_t{m.n_prompt}},
            {"n_gen", std::uint64_t{m.n_gen}},
            {"n_depth", std::uint64_t{m.n_depth}},
            {"test_time", detail::time_text(m.when)},
            {"avg_ns", static_cast<std::uint64_t>(ns.mean)},
            {"stddev_ns", static_cast<std::uint64_t>(ns.deviation)},
            {"avg_ts", rate.mean},
            {"stddev_ts", rate.deviation},
            {"samples_ns", detail::whole(m.ns)},
            {"samples_ts", m.tokens_per_second},
            {"version", std::string(LLMZERO_VERSION_STRING)},
            {"target", std::string(LLMZERO_TARGET_NAME)},
            {"kernels", std::string(of.model.kernels().name)},
            {"model_name", of.name},
            {"weight_bytes_per_token", of.bytes_per_token},
            {"weight_bytes_per_second",
             m.n_gen != 0 ? cell(rate.mean * static_cast<double>(of.bytes_per_token)) : cell()},
            {"samples_read_bytes_per_second", m.read_bytes_per_second},
            {"read_bytes_per_second", m.n_gen != 0 ? cell(summarise(m.read_bytes_per_second).mean) : cell()},
            {"peak_memory_bytes", known_or_null(m.peak_bytes)},
        });
    }
    return rows;
}

} // namespace bench
