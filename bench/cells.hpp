// How the results of llmzero-bench are written: a row is a list of named values, which become a line of CSV or an
// object of JSON; a table for people has columns of its own.
#pragma once

#include "cli/json.hpp"
#include "cli/numbers.hpp"
#include "cli/text.hpp"

#include <cstdint>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace bench {

enum class output_format { md, csv, json };
inline constexpr const char * output_format_names[] = {"md", "csv", "json"};

// A value that is not known is null, and empty in CSV. Lists are left out of CSV.
using cell = std::variant<std::monostate, bool, std::uint64_t, double, std::string, std::vector<std::uint64_t>,
                          std::vector<double>>;
using row = std::vector<std::pair<std::string_view, cell>>;

template <class T> [[nodiscard]] cell known_or_null(const std::optional<T> & value) {
    return value ? cell(*value) : cell();
}

namespace detail {

inline void write_cell(cli::json_writer & json, const cell & from) {
    const auto write_list = [&json](const auto & list) {
        json.begin_array();
        for (const auto item : list) {
            json.value(item);
        }
        json.end_array();
    };
    if (const auto * const truth = std::get_if<bool>(&from)) {
        json.value(*truth);
    } else if (const auto * const whole = std::get_if<std::uint64_t>(&from)) {
        json.value(*whole);
    } else if (const auto * const real = std::get_if<double>(&from)) {
        json.value(*real);
    } else if (const auto * const text = std::get_if<std::string>(&from)) {
        json.value(std::string_view(*text));
    } else if (const auto * const wholes = std::get_if<std::vector<std::uint64_t>>(&from)) {
        write_list(*wholes);
    } else if (const auto * const reals = std::get_if<std::vector<double>>(&from)) {
        write_list(*reals);
    } else {
        json.null();
    }
}

// As JSON writes it, in quotes that are doubled inside (RFC 4180).
[[nodiscard]] inline std::string csv_cell(const cell & from) {
    std::string text;
    if (const auto * const given = std::get_if<std::string>(&from)) {
        text = cli::harmless_line(*given);
    } else if (!std::holds_alternative<std::monostate>(from)) {
        cli::json_writer json(text);
        write_cell(json, from);
    }
    std::string quoted = "\"";
    for (const char c : text) {
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    }
    return quoted + "\"";
}

[[nodiscard]] inline bool is_list(const cell & of) {
    return std::holds_alternative<std::vector<std::uint64_t>>(of) || std::holds_alternative<std::vector<double>>(of);
}

} // namespace detail

// An array of objects.
[[nodiscard]] inline std::string json_of(std::span<const row> rows) {
    std::string out;
    cli::json_writer json(out);
    json.begin_array();
    for (const row & r : rows) {
        json.begin_object();
        for (const auto & [name, content] : r) {
            json.key(name);
            detail::write_cell(json, content);
        }
        json.end_object();
    }
    json.end_array();
    return out + "\n";
}

// A line with the names, and one for each row; all rows have the names of the first.
[[nodiscard]] inline std::string csv_of(std::span<const row> rows) {
    std::string out;
    for (std::size_t i = 0; i <= rows.size() && !rows.empty(); ++i) {
        const char * separator = "";
        for (const auto & [name, content] : rows[i == 0 ? 0 : i - 1]) {
            if (!detail::is_list(content)) {
                out += separator + (i == 0 ? std::string(name) : detail::csv_cell(content));
                separator = ",";
            }
        }
        out += '\n';
    }
    return out;
}

// Lines of a Markdown table: the first has the columns' names, with a colon at the end of those that are right-aligned.
[[nodiscard]] inline std::string table_of(std::span<const std::vector<std::string>> lines) {
    std::string out;
    for (const std::vector<std::string> & line : lines) {
        const bool is_first = &line == lines.data();
        std::string below = "|";
        out += "|";
        for (const std::string & text : line) {
            const bool is_right = is_first && text.ends_with(':');
            out += " " + (is_right ? text.substr(0, text.size() - 1) : text) + " |";
            below += is_right ? " ---: |" : " --- |";
        }
        out += is_first ? "\n" + below + "\n" : "\n";
    }
    return out;
}

[[nodiscard]] inline std::string rounded(double value, int digits) {
    char text[32];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

// Three significant digits or more: "0.312", "12.3", "1234.5".
[[nodiscard]] inline std::string rate_text(double value) {
    return rounded(value, value < 1.0 ? 3 : value < 100.0 ? 2 : 1);
}

} // namespace bench
