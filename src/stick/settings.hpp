// SETTINGS.TXT: what a user may choose, as lines "name = value".
//
// A mistake is explained where it was made, in a line under it that begins with "#! ", and stops nothing: the default
// holds. An explanation goes when its mistake is gone. The user's own lines are not changed, not by a byte, in whatever
// encoding they are. A line that begins with # is a remark; a setting without a value has its default.
#pragma once

#include <llmzero/generation/generate_options.hpp>

#include "cli/command_line.hpp"
#include "cli/option.hpp"
#include "stick/text_encoding.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stick {

inline constexpr const char * built_in_model = "built-in";

struct settings {
    std::string model; // the name of one of the models that there are; empty: the default
    std::uint32_t max_tokens = llmzero::generate_options{}.max_tokens;
    float temperature = llmzero::sampler_options{}.temperature;
    cli::automatic_number seed; // empty: drawn for each answer
    bool has_system = false;    // else the chat template's own
    std::string system;

    bool operator==(const settings &) const = default;
};

struct settings_file {
    settings values;
    std::string annotated; // the content with the explanations that belong there
    std::string mistake;   // the first explanation; empty: there is none
    std::size_t n_mistakes = 0;
};

// What the file says where there was none.
[[nodiscard]] inline std::string default_settings_text() {
    const settings standard;
    return "# Settings of llmzero. Change a value behind =, save, and the next answer is made\r\n"
           "# with it. Without a value the default holds. # begins a remark like this one.\r\n"
           "\r\n"
           "# The model that answers: a .gguf file in the folder of models, or built-in.\r\n"
           "model =\r\n"
           "\r\n"
           "# How long an answer may get. A word is about one and a half tokens.\r\n"
           "max tokens = " +
           std::to_string(standard.max_tokens) +
           "\r\n"
           "\r\n"
           "# How freely words are chosen: 0 always takes the likeliest, 1 is free.\r\n"
           "temperature = " +
           cli::shortest(standard.temperature) +
           "\r\n"
           "\r\n"
           "# random, or a number: the same number gives the same answer to the same question.\r\n"
           "seed = random\r\n"
           "\r\n"
           "# What the model is told before each conversation; none: nothing at all.\r\n"
           "system =\r\n";
}

namespace detail {

inline constexpr std::string_view explanation_begin = "#! ";

// The lines of a file, each with its end, as bytes.
[[nodiscard]] inline std::vector<std::string_view> raw_lines(std::string_view bytes, text_encoding encoding) {
    const std::size_t unit = encoding == text_encoding::utf16_le || encoding == text_encoding::utf16_be ? 2 : 1;
    const auto is = [&](std::size_t at, char wanted) {
        return unit == 1                             ? bytes[at] == wanted
               : encoding == text_encoding::utf16_le ? bytes[at] == wanted && bytes[at + 1] == 0
                                                     : bytes[at] == 0 && bytes[at + 1] == wanted;
    };
    std::vector<std::string_view> lines;
    std::size_t begin = 0;
    for (std::size_t at = 0; at + unit <= bytes.size(); at += unit) {
        const std::size_t next = at + unit;
        const bool is_lone_cr = is(at, '\r') && (next + unit > bytes.size() || !is(next, '\n'));
        if (is(at, '\n') || is_lone_cr) {
            lines.push_back(bytes.substr(begin, next - begin));
            begin = next;
        }
    }
    if (begin < bytes.size()) {
        lines.push_back(bytes.substr(begin));
    }
    return lines;
}

[[nodiscard]] inline std::string_view without_blanks(std::string_view text) {
    constexpr std::string_view blank = " \t\v\f\r\n\x1a";
    const std::size_t first = text.find_first_not_of(blank);
    return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(blank) + 1 - first);
}

// "Max_Tokens" is "max-tokens".
[[nodiscard]] inline std::string setting_name(std::string_view text) {
    std::string name(text);
    for (char & c : name) {
        c = c == ' ' || c == '_' || c == '\t' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return name;
}

[[nodiscard]] inline cli::option_table setting_table(settings & s) {
    return {
        cli::text(0, "model", s.model, "NAME", ""),
        cli::whole(0, "max-tokens", s.max_tokens, 1, 65536, ""),
        cli::number(0, "temperature", s.temperature, 0.0, 100.0, ""),
        cli::automatic(0, "seed", s.seed, "N", "random", "", "random"),
        cli::text(0, "system", s.system, "TEXT", ""),
    };
}

// The name of the model that is meant, with or without .gguf; empty: there is none.
[[nodiscard]] inline std::string known_model(std::string_view name, std::span<const std::string> models) {
    for (const std::string & known : models) {
        if (cli::same_name(name, known) || cli::same_name(std::string(name) + ".gguf", known)) {
            return known;
        }
    }
    return {};
}

// Takes one line in; the explanation of what is wrong with it, or nothing.
[[nodiscard]] inline std::string read_setting(std::string_view line, cli::option_table & table, settings & values,
                                              std::span<const std::string> models) {
    line = without_blanks(line);
    if (line.empty() || line[0] == '#') {
        return {};
    }
    const std::size_t equals = line.find_first_of("=:");
    if (equals == line.npos) {
        return "this is no setting: one has its name, =, and its value; # begins a remark";
    }
    const std::string name = setting_name(without_blanks(line.substr(0, equals)));
    const std::string_view value = without_blanks(line.substr(equals + 1));
    cli::option * const known = cli::find_option(table, name);
    if (known == nullptr) {
        const std::string meant = cli::suggestion(table, "--" + name);
        return std::string("there is no setting ") + llmzero::quoted(name).c_str() +
               (meant.empty() ? "; there are: model, max tokens, temperature, seed, system"
                              : "; did you mean " + setting_name(meant.substr(2)) + "?");
    }
    if (value.empty()) {
        settings standard;
        values.model = name == "model" ? "" : values.model;
        values.max_tokens = name == "max-tokens" ? standard.max_tokens : values.max_tokens;
        values.temperature = name == "temperature" ? standard.temperature : values.temperature;
        values.seed = name == "seed" ? standard.seed : values.seed;
        values.has_system = name == "system" ? false : values.has_system;
        return {};
    }
    if (name == "model") {
        const std::string meant = known_model(value, models);
        if (meant.empty()) {
            std::string all;
            for (const std::string & there : models) {
                all += (all.empty() ? "" : ", ") + there;
            }
            return std::string("there is no model ") + llmzero::quoted(value).c_str() + "; there are: " + all;
        }
        values.model = meant;
        return {};
    }
    if (name == "system") {
        values.has_system = true;
        values.system = cli::same_name(value, "none") ? "" : std::string(value);
        return {};
    }
    const auto set = cli::set_from_text(*known, value);
    return set ? std::string() : std::string(set.error().message()) + "; " + known->standard + " is used";
}

} // namespace detail

// What the content of the file says. `models`: the names that there are. A content that is no text has the defaults.
[[nodiscard]] inline settings_file read_settings(std::string_view bytes, std::span<const std::string> models) {
    settings_file made;
    const auto decoded = decode_text(bytes);
    if (!decoded) {
        made.annotated = bytes;
        made.mistake = "it is no text";
        made.n_mistakes = 1;
        return made;
    }
    cli::option_table table = detail::setting_table(made.values);
    for (const std::string_view raw : detail::raw_lines(bytes, decoded->form.encoding)) {
        std::string line = to_utf8(raw, decoded->form.encoding);
        if (line.starts_with(detail::explanation_begin)) {
            continue; // written anew where it still holds
        }
        made.annotated += raw;
        const std::string why = detail::read_setting(line, table, made.values, models);
        if (why.empty()) {
            continue;
        }
        const bool has_end = line.ends_with('\n') || line.ends_with('\r');
        made.annotated += encode_text(std::string(has_end ? "" : "\n") + std::string(detail::explanation_begin) +
                                          cli::harmless_line(why) + "\n",
                                      decoded->form);
        made.mistake = made.mistake.empty() ? why : made.mistake;
        ++made.n_mistakes;
    }
    return made;
}

} // namespace stick
