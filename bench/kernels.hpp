// llmzero-bench --products: what a multiplication and addition (MAC) costs, for every packed format.
//
// y(rows) = W(rows, cols) x(cols), once for each of `tokens` vectors, with random W; preparing x is not timed. A
// repetition does the same number of products every time, whatever the machine, so that two numbers of repetitions
// under the timing model differ by products alone: bench/pizero/per-token 1 3 llmzero-bench --products ... -r @ says
// milliseconds for a repetition, and the table how many MACs that is. A clock that a program reads under an emulator
// says nothing about the board.
#pragma once

#include <llmzero/llmzero.hpp>

#include "cells.hpp"
#include "cli/memory.hpp"
#include "cli/progress.hpp"
#include "statistics.hpp"
#include "subject.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

// In the order of packed_format's enumerators.
inline constexpr const char * packed_format_names[] = {
    "f32",       "f16", "bf16",      "q8",        "q8_offset", "q5",
    "q5_offset", "q4",  "q4_offset", "q8_halves", "q4_halves", "q4_halves_offset",
};
enum class format_choice : std::size_t {}; // 0: all, then the formats
inline constexpr auto format_choice_names = [] {
    std::array<const char *, std::size(packed_format_names) + 1> names{"all"};
    std::copy(std::begin(packed_format_names), std::end(packed_format_names), names.begin() + 1);
    return names;
}();

struct matrix_size {
    std::uint32_t rows;
    std::uint32_t cols;
};
// One that stays in the caches of a small core, whole tiles of its kernels; and one that comes from memory.
inline constexpr matrix_size standard_sizes[] = {{32, 256}, {8192, 1024}};

struct kernel_settings {
    bool is_asked_for = false;
    format_choice format = {};
    std::uint32_t rows = 0; // 0 with 0 columns: the standard sizes
    std::uint32_t cols = 0;
    std::uint32_t tokens = 1;
    std::uint32_t repetitions = 5;
    float clock_mhz = 0.0f; // 0: what the system says

    static constexpr std::uint64_t macs_of_a_repetition = 8 << 20; // at least
};

struct kernel_measurement {
    llmzero::packed_format format = {};
    std::uint32_t rows = 0;
    std::uint32_t cols = 0;
    std::uint32_t tokens = 0;
    std::uint64_t packed_bytes = 0;
    std::uint64_t macs = 0; // of a repetition
    std::vector<double> ns_per_mac;
};

// The core's clock, in MHz: what is given, or what Linux says it is at this moment or at most.
[[nodiscard]] inline std::optional<double> clock_of(const kernel_settings & s) {
    if (s.clock_mhz > 0.0f) {
        return static_cast<double>(s.clock_mhz);
    }
    const auto whole_file = [](std::string_view text) {
        return cli::parse_whole(text.substr(0, text.find('\n')));
    };
    for (const char * const path : {"/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq",
                                    "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq"}) {
        if (const auto kilohertz = cli::find_in_file(path, whole_file); kilohertz && *kilohertz > 0) {
            return static_cast<double>(*kilohertz) / 1000.0;
        }
    }
    // x86: "cpu MHz\t\t: 2445.404".
    const auto mhz = cli::find_in_file("/proc/cpuinfo", [](std::string_view text) -> std::optional<std::uint64_t> {
        const std::size_t at = text.find("cpu MHz");
        const std::size_t colon = at == text.npos ? at : text.find(": ", at);
        return colon == text.npos
                   ? std::nullopt
                   : cli::parse_whole(text.substr(colon + 2, text.find_first_of(".\n", colon) - colon - 2));
    });
    return mhz && *mhz > 0 ? std::optional(static_cast<double>(*mhz)) : std::nullopt;
}

namespace detail {

struct code_range {
    int lowest;
    std::uint32_t count;
};

[[nodiscard]] inline code_range codes_of(llmzero::packed_format format) {
    if (llmzero::has_nibbles(format)) {
        return {llmzero::lowest_nibble(format), 16};
    }
    switch (format) {
    case llmzero::packed_format::q5: return {-16, 32};
    case llmzero::packed_format::q5_offset: return {0, 32};
    case llmzero::packed_format::q8_halves: return {-32, 64};
    default: return {-128, 256};
    }
}

// One row of weights, as pack_row() wants it. Which numbers does not matter, but denormal floats would.
class weight_row {
public:
    weight_row(llmzero::packed_format format, std::size_t cols)
        : is_quantised_(llmzero::is_quantised(format)), is_f32_(format == llmzero::packed_format::f32),
          floats_(is_quantised_ ? 0 : cols, 0.5f), halves_(is_quantised_ ? 0 : cols, std::uint16_t{0x3c00}),
          groups_(is_quantised_ ? cols / llmzero::group_size : 0) {
        const code_range codes = codes_of(format);
        llmzero::random_generator random(1);
        for (llmzero::weight_group & group : groups_) {
            llmzero::set_scales(1.0f / 64.0f, llmzero::has_offset(format) ? 0.25f : 0.0f, &group);
            for (std::int8_t & code : group.code) {
                code = static_cast<std::int8_t>(codes.lowest + static_cast<int>(random.next() % codes.count));
            }
        }
    }

    [[nodiscard]] const void * data() const {
        if (is_quantised_) {
            return groups_.data();
        }
        return is_f32_ ? static_cast<const void *>(floats_.data()) : halves_.data();
    }

private:
    bool is_quantised_;
    bool is_f32_;
    std::vector<float> floats_;
    std::vector<std::uint16_t> halves_;
    std::vector<llmzero::weight_group> groups_;
};

[[nodiscard]] inline llmzero::result<kernel_measurement> measure_kernel(const llmzero::kernel_set & kernels,
                                                                        llmzero::packed_format format, matrix_size size,
                                                                        const kernel_settings & s) {
    kernel_measurement made;
    made.format = format;
    const auto [rows, cols] = size;
    made.rows = rows;
    made.cols = cols;
    made.tokens = s.tokens;
    LLMZERO_ASSIGN(const auto w, llmzero::packed_matrix::create(kernels, format, rows, cols));
    made.packed_bytes = w.size_bytes();
    const weight_row weights(format, cols);
    for (std::size_t row = 0; row < rows; ++row) {
        kernels.pack_row(w.view(), row, weights.data());
    }
    const llmzero::activation_kind kind = kernels.kind_for(format);
    const std::size_t prepared_bytes = kernels.activation_bytes(kind, cols);
    LLMZERO_ASSIGN(auto prepared, llmzero::heap_array<std::byte>::create(prepared_bytes * s.tokens));
    LLMZERO_ASSIGN(auto x, llmzero::heap_array<float>::create(std::size_t{cols} * s.tokens));
    llmzero::random_generator random(2);
    for (float & value : x.span()) {
        value = static_cast<float>(random.next() % 2001) / 1000.0f - 1.0f;
    }
    kernels.prepare(kind, x.data(), cols, s.tokens, prepared.data());
    LLMZERO_ASSIGN(auto y, llmzero::heap_array<float>::create(std::size_t{rows} * s.tokens));
    const std::uint64_t macs = std::uint64_t{rows} * cols * s.tokens;
    const std::uint64_t products = (kernel_settings::macs_of_a_repetition + macs - 1) / macs;
    made.macs = macs * products;
    for (std::uint32_t i = 0; i <= s.repetitions; ++i) { // the first is not counted
        const auto start = std::chrono::steady_clock::now();
        for (std::uint64_t n = 0; n < products; ++n) {
            kernels.multiply(w.view(), 0, rows, prepared.data(), s.tokens, y.data(), rows);
        }
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
        if (i != 0) {
            made.ns_per_mac.push_back(took.count() / static_cast<double>(made.macs));
        }
        if (!may_go_on()) {
            return llmzero::error(llmzero::error_code::cancelled, "cancelled between two repetitions");
        }
    }
    // Looked at, so that no compiler may leave the products out.
    if (!std::all_of(y.data(), y.data() + y.size(), [](float value) { return std::isfinite(value); })) {
        return llmzero::error(llmzero::error_code::bad_argument, "the products of %s are not finite",
                              packed_format_names[static_cast<std::size_t>(format)]);
    }
    return made;
}

[[nodiscard]] inline double bytes_per_second(const kernel_measurement & m) {
    const double macs = static_cast<double>(m.rows) * m.cols * m.tokens;
    return static_cast<double>(m.packed_bytes) / (macs * summarise(m.ns_per_mac).mean * 1e-9);
}

} // namespace detail

// Errors: bad_argument (columns that no group fits), out_of_memory, cancelled.
[[nodiscard]] inline llmzero::result<std::vector<kernel_measurement>>
measure_kernels(const llmzero::kernel_set & kernels, const kernel_settings & s) {
    if (s.cols % 256 != 0) {
        return llmzero::error(llmzero::error_code::bad_argument, "--cols is %lu, expected a multiple of 256",
                              static_cast<unsigned long>(s.cols));
    }
    std::vector<matrix_size> sizes(std::begin(standard_sizes), std::end(standard_sizes));
    if (s.rows != 0 || s.cols != 0) {
        sizes = {{s.rows != 0 ? s.rows : sizes.back().rows, s.cols != 0 ? s.cols : sizes.back().cols}};
    }
    std::vector<kernel_measurement> all;
    cli::progress_line line("measuring", "products");
    for (std::size_t f = 0; f < std::size(packed_format_names); ++f) {
        if (s.format != format_choice{} && static_cast<std::size_t>(s.format) != f + 1) {
            continue;
        }
        for (const matrix_size size : sizes) {
            LLMZERO_ASSIGN(auto measured,
                           detail::measure_kernel(kernels, static_cast<llmzero::packed_format>(f), size, s));
            all.push_back(std::move(measured));
            line.update(all.size(), sizes.size() * std::size(packed_format_names));
        }
    }
    return all;
}

// GB/s: packed weights that are read in a second.
[[nodiscard]] inline std::string kernel_table(const llmzero::kernel_set & kernels, const kernel_settings & s,
                                              const std::vector<kernel_measurement> & all) {
    const auto clock = clock_of(s);
    std::vector<std::vector<std::string>> lines;
    lines.push_back({"kernels", "format", "rows x cols:", "tokens:", "bits:", "MACs:", "ns/MAC:",
                     "cycles/MAC" + (clock ? " at " + rounded(*clock, 0) + " MHz" : std::string()) + ":", "GB/s:"});
    for (const kernel_measurement & m : all) {
        const summary ns = summarise(m.ns_per_mac);
        lines.push_back({
            kernels.name,
            packed_format_names[static_cast<std::size_t>(m.format)],
            std::to_string(m.rows) + " x " + std::to_string(m.cols),
            std::to_string(m.tokens),
            rounded(8.0 * static_cast<double>(m.packed_bytes) / (static_cast<double>(m.rows) * m.cols), 2),
            std::to_string(m.macs),
            rounded(ns.mean, 4) + " \xc2\xb1 " + rounded(ns.deviation, 4),
            clock ? rounded(ns.mean * *clock / 1e3, 3) : "-",
            rate_text(detail::bytes_per_second(m) / 1e9),
        });
    }
    return table_of(lines);
}

// For CSV and JSON.
[[nodiscard]] inline std::vector<row> kernel_rows(const llmzero::kernel_set & kernels, const kernel_settings & s,
                                                  const std::vector<kernel_measurement> & all) {
    const auto clock = clock_of(s);
    std::vector<row> rows;
    for (const kernel_measurement & m : all) {
        const summary ns = summarise(m.ns_per_mac);
        rows.push_back({
            {"kernels", std::string(kernels.name)},
            {"format", std::string(packed_format_names[static_cast<std::size_t>(m.format)])},
            {"rows", std::uint64_t{m.rows}},
            {"cols", std::uint64_t{m.cols}},
            {"n_tokens", std::uint64_t{m.tokens}},
            {"packed_bytes", m.packed_bytes},
            {"macs", m.macs},
            {"avg_ns_per_mac", ns.mean},
            {"stddev_ns_per_mac", ns.deviation},
            {"samples_ns_per_mac", m.ns_per_mac},
            {"clock_mhz", known_or_null(clock)},
            {"cycles_per_mac", clock ? cell(ns.mean * *clock / 1e3) : cell()},
            {"weight_bytes_per_second", detail::bytes_per_second(m)},
            {"version", std::string(LLMZERO_VERSION_STRING)},
            {"target", std::string(LLMZERO_TARGET_NAME)},
        });
    }
    return rows;
}

} // namespace bench
