// What is in a GGUF file, as text for people and as an object for programs: metadata, tensors, types, and what the
// library would need to run it. Long arrays are shortened to their first elements, long texts for people too.
#pragma once

#include <llmzero/llmzero.hpp>

#include "cli/json.hpp"
#include "cli/numbers.hpp"
#include "cli/option.hpp"
#include "cli/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cli {

// What tensors were before they were packed. A packed file that is malformed, or of a layout that is not known, is
// shown as it is.
[[nodiscard]] inline llmzero::packed_tensors originals_of(const llmzero::gguf_file & file) {
    auto packed = llmzero::packed_tensors::read(file);
    return packed ? std::move(*packed) : llmzero::packed_tensors();
}

// Whether the library can run the file, and what memory that takes.
struct file_needs {
    std::string why_not; // empty: it can
    std::uint32_t context = 0;
    const char * kv = "";
    std::uint64_t model_bytes = 0;
    std::uint64_t session_bytes = 0;

    [[nodiscard]] bool runs() const { return why_not.empty(); }
};

// Tensors of one type, or of all.
struct type_sum {
    const char * type = "";
    std::uint64_t n_tensors = 0;
    std::uint64_t n_weights = 0;
    std::uint64_t bytes = 0;

    void add(const llmzero::gguf_tensor & tensor) {
        ++n_tensors;
        n_weights += std::uint64_t{tensor.cols()} * tensor.rows();
        bytes += tensor.bytes;
    }
};

[[nodiscard]] inline type_sum sum_of(const llmzero::gguf_file & file) {
    const llmzero::packed_tensors packed = originals_of(file);
    type_sum all;
    for (const llmzero::gguf_tensor & tensor : file.tensors()) {
        all.add(packed.as_it_was(tensor));
    }
    return all;
}

// The types that occur, in the order of the format's table.
[[nodiscard]] inline std::vector<type_sum> sums_by_type(const llmzero::gguf_file & file) {
    const llmzero::packed_tensors packed = originals_of(file);
    std::vector<type_sum> sums;
    for (const llmzero::tensor_type_info & info : llmzero::tensor_types) {
        type_sum sum;
        sum.type = info.name;
        for (const llmzero::gguf_tensor & tensor : file.tensors()) {
            if (const llmzero::gguf_tensor original = packed.as_it_was(tensor); original.type == info.type) {
                sum.add(original);
            }
        }
        if (sum.n_tensors > 0) {
            sums.push_back(sum);
        }
    }
    return sums;
}

namespace detail {

inline constexpr std::size_t shown_elements = 5;
inline constexpr std::size_t shown_bytes = 100; // of a text

// Writes the value of type `type` that lies at `at`: a number or a bool.
inline void write_number(json_writer & json, llmzero::gguf_type type, const std::byte * at) {
    using llmzero::gguf_type;
    switch (type) {
    case gguf_type::f32: json.value(llmzero::load_little_endian<float>(at)); return;
    case gguf_type::f64: json.value(llmzero::load_little_endian<double>(at)); return;
    case gguf_type::boolean: json.value(*at != std::byte{0}); return;
    default: break;
    }
    const llmzero::detail::gguf_integer number = llmzero::detail::load_integer(type, at);
    if (number.is_negative) {
        json.value(static_cast<std::int64_t>(number.bits));
    } else {
        json.value(number.bits);
    }
}

// The first elements of an array, at most `most`.
inline void write_elements(json_writer & json, const llmzero::gguf_entry & entry, std::size_t most) {
    json.begin_array();
    const std::size_t n = std::min(entry.count, most);
    if (entry.element_type == llmzero::gguf_type::string) {
        auto strings = llmzero::gguf_strings(entry.payload.data(), entry.count).begin();
        for (std::size_t i = 0; i < n; ++i, ++strings) {
            json.value(*strings);
        }
    } else {
        for (std::size_t i = 0; i < n; ++i) {
            write_number(json, entry.element_type, entry.payload.data() + i * llmzero::size_of(entry.element_type));
        }
    }
    json.end_array();
}

// "u32", "string[49152]"
[[nodiscard]] inline std::string type_text(const llmzero::gguf_entry & entry) {
    return entry.type == llmzero::gguf_type::array
               ? std::string(name_of(entry.element_type)) + "[" + std::to_string(entry.count) + "]"
               : std::string(name_of(entry.type));
}

// The value on one line, as JSON writes it.
[[nodiscard]] inline std::string value_text(const llmzero::gguf_entry & entry) {
    std::string out;
    json_writer json(out);
    switch (entry.type) {
    case llmzero::gguf_type::array:
        write_elements(json, entry, shown_elements);
        if (entry.count > shown_elements) {
            out.back() = ',';
            out += "...]";
        }
        return out;
    case llmzero::gguf_type::string: {
        const std::string_view text = llmzero::as_text(entry.payload);
        json.value(text.substr(0, shown_bytes));
        return text.size() > shown_bytes ? out + "... (" + std::to_string(text.size()) + " bytes)" : out;
    }
    default: write_number(json, entry.type, entry.payload.data()); return out;
    }
}

// "576 x 49152", fastest dimension first
[[nodiscard]] inline std::string shape_text(const llmzero::gguf_tensor & tensor) {
    std::string out;
    for (std::size_t i = 0; i < tensor.n_dims; ++i) {
        out += (i == 0 ? "" : " x ") + std::to_string(tensor.shape[i]);
    }
    return out;
}

// `text`, and blanks up to `width`.
[[nodiscard]] inline std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text;
}

[[nodiscard]] inline std::string millions(std::uint64_t count) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f M", static_cast<double>(count) / 1e6);
    return text;
}

} // namespace detail

[[nodiscard]] inline std::string info_text(std::string_view name, const llmzero::gguf_file & file,
                                           const file_needs & needs) {
    using detail::padded;
    const type_sum all = sum_of(file);
    const llmzero::packed_tensors packed = originals_of(file);
    const std::string kernels =
        packed.layout() != nullptr ? std::string(", packed for ") + packed.layout()->layout_name : "";
    std::string out = std::string(name) + ": " + readable_bytes(file.source().size()) + ", GGUF version " +
                      std::to_string(file.version()) + kernels +
                      "\n\nMetadata: " + std::to_string(file.metadata().size()) + " keys\n";
    for (const llmzero::gguf_entry & entry : file.metadata()) {
        out += "  " + padded(std::string(entry.key), 40) + " " + padded(detail::type_text(entry), 14) + " " +
               detail::value_text(entry) + "\n";
    }
    out += "\nTensors: " + std::to_string(all.n_tensors) + "\n";
    for (const llmzero::gguf_tensor & tensor : file.tensors()) {
        const llmzero::gguf_tensor original = packed.as_it_was(tensor);
        out += "  " + padded(harmless_line(tensor.name), 40) + " " + padded(name_of(original.type), 7) + " " +
               padded(detail::shape_text(original), 16) + " " + readable_bytes(tensor.bytes) + "\n";
    }
    out += "\nTypes\n";
    const auto add = [&out](const char * what, const type_sum & sum) {
        out += "  " + padded(what, 7) + " " + padded(std::to_string(sum.n_tensors) + " tensors", 13) + " " +
               padded(detail::millions(sum.n_weights) + " weights", 20) + " " + readable_bytes(sum.bytes) + "\n";
    };
    for (const type_sum & sum : sums_by_type(file)) {
        add(sum.type, sum);
    }
    add("all", all);
    if (!needs.runs()) {
        return harmless(out + "\nllmzero cannot run this file: " + needs.why_not + "\n");
    }
    out += "\nllmzero can run this file. Memory\n  " + padded("model", 40) + " " + readable_bytes(needs.model_bytes) +
           "\n  " + padded("context of " + std::to_string(needs.context) + " tokens, " + needs.kv + " cache", 40) +
           " " + readable_bytes(needs.session_bytes) + "\n  " + padded("together", 40) + " " +
           readable_bytes(needs.model_bytes + needs.session_bytes) + "\n";
    return harmless(out);
}

[[nodiscard]] inline std::string info_json(std::string_view name, const llmzero::gguf_file & file,
                                           const file_needs & needs, const option_table & options) {
    const type_sum all = sum_of(file);
    std::string out;
    json_writer json(out);
    json.begin_object();
    json.member("file", name);
    json.member("bytes", file.source().size());
    json.member("gguf_version", file.version());
    json.member("alignment", file.alignment());
    const llmzero::packed_tensors packed = originals_of(file);
    if (packed.layout() != nullptr) {
        json.member("packed_for", packed.layout()->layout_name);
    }
    json.key("metadata");
    json.begin_array(); // not an object: a key of a file may be any text
    for (const llmzero::gguf_entry & entry : file.metadata()) {
        json.begin_object();
        json.member("key", entry.key);
        json.member("type", name_of(entry.type));
        if (entry.type == llmzero::gguf_type::array) {
            json.member("element_type", name_of(entry.element_type));
            json.member("count", std::uint64_t{entry.count});
            json.key("first");
            detail::write_elements(json, entry, detail::shown_elements);
        } else if (entry.type == llmzero::gguf_type::string) {
            json.member("value", llmzero::as_text(entry.payload));
        } else {
            json.key("value");
            detail::write_number(json, entry.type, entry.payload.data());
        }
        json.end_object();
    }
    json.end_array();
    json.key("tensors");
    json.begin_array();
    for (const llmzero::gguf_tensor & tensor : file.tensors()) {
        json.begin_object();
        json.member("name", tensor.name);
        const llmzero::gguf_tensor original = packed.as_it_was(tensor);
        json.member("type", name_of(original.type));
        json.key("shape");
        json.begin_array();
        for (std::size_t i = 0; i < original.n_dims; ++i) {
            json.value(original.shape[i]);
        }
        json.end_array();
        json.member("offset", tensor.offset);
        json.member("bytes", tensor.bytes);
        json.end_object();
    }
    json.end_array();
    json.key("types");
    json.begin_array();
    for (const type_sum & sum : sums_by_type(file)) {
        json.begin_object();
        json.member("type", sum.type);
        json.member("tensors", sum.n_tensors);
        json.member("weights", sum.n_weights);
        json.member("bytes", sum.bytes);
        json.end_object();
    }
    json.end_array();
    json.member("weights", all.n_weights);
    json.member("tensor_bytes", all.bytes);
    json.member("runs", needs.runs());
    if (needs.runs()) {
        json.key("memory");
        json.begin_object();
        json.member("model", needs.model_bytes);
        json.member("context", needs.context);
        json.member("session", needs.session_bytes);
        json.member("together", needs.model_bytes + needs.session_bytes);
        json.end_object();
    } else {
        json.member("why_not", std::string_view(needs.why_not));
    }
    json.key("options");
    write_options(json, options);
    json.end_object();
    out += '\n';
    return out;
}

} // namespace cli
