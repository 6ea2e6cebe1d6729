// What llmzero-quantize says about the file it made: a table for people, an object for programs.
#pragma once

#include <llmzero/model/model_quantiser.hpp>

#include "cli/json.hpp"
#include "cli/numbers.hpp"
#include "cli/option.hpp"
#include "cli/text.hpp"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

struct quantize_row {
    std::string name;
    llmzero::tensor_type from = llmzero::tensor_type::f32; // that of `to` for random weights
    llmzero::tensor_type to = llmzero::tensor_type::f32;
    std::uint64_t n_weights = 0;
    std::uint64_t bytes = 0;
    double squared_error = 0.0;
    double energy = 0.0;

    [[nodiscard]] double nmse() const { return energy > 0.0 ? squared_error / energy : 0.0; }
    [[nodiscard]] double rmse() const {
        return n_weights > 0 ? std::sqrt(squared_error / static_cast<double>(n_weights)) : 0.0;
    }
};

[[nodiscard]] inline quantize_row row_of(const llmzero::quantised_tensor & made) {
    return {std::string(made.tensor->name),
            made.tensor->type,
            made.type,
            made.n_weights,
            made.bytes,
            made.squared_error,
            made.energy};
}

struct quantize_report {
    std::string output;
    std::uint64_t input_bytes = 0; // 0 for random weights
    std::uint64_t output_bytes = 0;
    bool is_measured = false;
    std::vector<quantize_row> rows;

    // All rows of one type, or of all types, together.
    [[nodiscard]] quantize_row total(const llmzero::tensor_type * of = nullptr) const {
        quantize_row sum;
        for (const quantize_row & row : rows) {
            if (of == nullptr || row.to == *of) {
                sum.to = row.to;
                sum.n_weights += row.n_weights;
                sum.bytes += row.bytes;
                sum.squared_error += row.squared_error;
                sum.energy += row.energy;
            }
        }
        return sum;
    }

    // The types of the output that occur, in the order of the format's table.
    [[nodiscard]] std::vector<quantize_row> by_type() const {
        std::vector<quantize_row> sums;
        for (const llmzero::tensor_type_info & info : llmzero::tensor_types) {
            const quantize_row sum = total(&info.type);
            if (sum.n_weights > 0) {
                sums.push_back(sum);
            }
        }
        return sums;
    }
};

// "OUT.gguf: 105.4 MB, 6.27 bits a weight: Q5_0 78.1M, ...": megabytes of a million bytes, as file managers count.
[[nodiscard]] inline std::string summary_line(const quantize_report & report) {
    char text[160];
    const quantize_row all = report.total();
    std::snprintf(text, sizeof text, ": %.1f MB, %.2f bits a weight:", static_cast<double>(report.output_bytes) / 1e6,
                  8.0 * static_cast<double>(all.bytes) / static_cast<double>(all.n_weights));
    std::string line = report.output + text;
    const char * separator = " ";
    for (const quantize_row & sum : report.by_type()) {
        std::snprintf(text, sizeof text, "%s%s %.3gM", separator, llmzero::name_of(sum.to),
                      static_cast<double>(sum.n_weights) / 1e6);
        line += text;
        separator = ", ";
    }
    return line + "\n";
}

// A line for each tensor, and one for all. rmse: root of the mean squared error; nmse: squared error over squares.
[[nodiscard]] inline std::string report_table(const quantize_report & report) {
    std::string out = "tensor                               from   to          weights        bytes  rmse      nmse\n";
    char text[200];
    const auto add = [&](const std::string & name, const char * from, const char * to, const quantize_row & row) {
        std::snprintf(text, sizeof text, "%-36s %-6s %-6s %12llu %12llu", harmless_line(name).c_str(), from, to,
                      static_cast<unsigned long long>(row.n_weights), static_cast<unsigned long long>(row.bytes));
        out += text;
        if (report.is_measured) {
            std::snprintf(text, sizeof text, "  %.2e  %.2e", row.rmse(), row.nmse());
            out += text;
        }
        out += '\n';
    };
    for (const quantize_row & row : report.rows) {
        add(row.name, llmzero::name_of(row.from), llmzero::name_of(row.to), row);
    }
    add("all", "", "", report.total());
    return out;
}

namespace detail {

inline void write_sums(json_writer & json, const quantize_row & row, bool is_measured) {
    json.member("weights", row.n_weights);
    json.member("bytes", row.bytes);
    if (is_measured) {
        json.member("rmse", row.rmse());
        json.member("nmse", row.nmse());
    }
}

} // namespace detail

[[nodiscard]] inline std::string report_json(const quantize_report & report, const option_table & options) {
    std::string out;
    json_writer json(out);
    json.begin_object();
    json.member("file", std::string_view(report.output));
    json.member("input_bytes", report.input_bytes);
    json.member("output_bytes", report.output_bytes);
    json.key("all");
    json.begin_object();
    detail::write_sums(json, report.total(), report.is_measured);
    json.end_object();
    json.key("types");
    json.begin_array();
    for (const quantize_row & sum : report.by_type()) {
        json.begin_object();
        json.member("type", llmzero::name_of(sum.to));
        detail::write_sums(json, sum, report.is_measured);
        json.end_object();
    }
    json.end_array();
    json.key("tensors");
    json.begin_array();
    for (const quantize_row & row : report.rows) {
        json.begin_object();
        json.member("name", std::string_view(row.name));
        json.member("from", llmzero::name_of(row.from));
        json.member("type", llmzero::name_of(row.to));
        detail::write_sums(json, row, report.is_measured);
        json.end_object();
    }
    json.end_array();
    json.key("options");
    write_options(json, options);
    json.end_object();
    out += '\n';
    return out;
}

} // namespace cli
