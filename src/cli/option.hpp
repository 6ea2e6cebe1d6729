// One option of a program, described once: reading the command line and the environment, --help and --json
// all work from a table of these.
//
//     settings s;                       // a plain struct, the defaults beside its members
//     std::vector<cli::option> table = {
//         cli::heading("Sampling"),
//         cli::number(0, "temp", s.temperature, 0, 100, "Temperature; 0 always takes the likeliest token."),
//     };
//
// An option refers to the member it sets, and takes its default from the value found there when it is made.
// Its long name gives the other two: --n-predict, LLMZERO_N_PREDICT in the environment, "n_predict" in JSON.
#pragma once

#include <llmzero/base/result.hpp>

#include "cli/json.hpp"
#include "cli/numbers.hpp"

#include <cstddef>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cli {

// Where a value came from. A later one replaces an earlier one.
enum class origin : std::uint8_t { standard, environment, command_line };

// A number that may be left to the program: empty when it is.
using automatic_number = std::optional<std::uint64_t>;

// An enum with the values 0, 1, ..., seen through its names.
struct choice_target {
    void * value;
    std::size_t (*get)(const void *);
    void (*set)(void *, std::size_t);
    std::span<const char * const> names;
};

struct option {
    using target = std::variant<std::monostate, bool *, std::string *, std::vector<std::string> *, std::uint32_t *,
                                automatic_number *, float *, choice_target>;

    char letter = 0;             // 'n' for -n; 0: only the long form
    const char * name = nullptr; // "n-predict"
    const char * takes = "";     // what stands for the value in --help: "N"; empty for a switch
    const char * help = "";      // the text of a heading, where `where` is empty
    target where = {};
    std::uint64_t low = 0, high = 0;    // range of a whole number
    double lowest = 0.0, highest = 0.0; // range of a float
    const char * automatic_word = "";   // what gives an automatic_number back to the program: "-1"
    bool is_bytes = false;              // an automatic_number that is a size: 200M
    bool may_be_empty = true;           // of a text
    bool is_request = false;            // asks for something else than the work: not in the environment, not in JSON
    std::string standard = {};          // the default as text, for --help; empty: not shown
    origin source = origin::standard;

    [[nodiscard]] bool is_heading() const { return std::holds_alternative<std::monostate>(where); }
    [[nodiscard]] bool is_switch() const { return std::holds_alternative<bool *>(where); }
};

using option_table = std::vector<option>;

// ---- Making options ----

// A line above the options that follow it in --help.
[[nodiscard]] inline option heading(const char * text) {
    option made;
    made.help = text;
    return made;
}

[[nodiscard]] inline option toggle(char letter, const char * name, bool & value, const char * help) {
    option made;
    made.letter = letter;
    made.name = name;
    made.help = help;
    made.where = &value;
    return made;
}

// Text of any content. `standard` says in --help what holds when the option is absent.
[[nodiscard]] inline option text(char letter, const char * name, std::string & value, const char * takes,
                                 const char * help, const char * standard = "") {
    option made;
    made.letter = letter;
    made.name = name;
    made.takes = takes;
    made.help = help;
    made.where = &value;
    made.standard = standard;
    return made;
}

// The name of a file: text that is not empty.
[[nodiscard]] inline option file(char letter, const char * name, std::string & value, const char * help,
                                 const char * standard = "") {
    option made = text(letter, name, value, "FILE", help, standard);
    made.may_be_empty = false;
    return made;
}

// May be given several times; each adds a text that is not empty.
[[nodiscard]] inline option texts(char letter, const char * name, std::vector<std::string> & values, const char * takes,
                                  const char * help) {
    option made;
    made.letter = letter;
    made.name = name;
    made.takes = takes;
    made.help = help;
    made.where = &values;
    made.may_be_empty = false;
    return made;
}

// A whole number from `low` to `high`. `standard` replaces the default's digits in --help.
[[nodiscard]] inline option whole(char letter, const char * name, std::uint32_t & value, std::uint32_t low,
                                  std::uint32_t high, const char * help, const char * standard = nullptr) {
    option made;
    made.letter = letter;
    made.name = name;
    made.takes = "N";
    made.help = help;
    made.where = &value;
    made.low = low;
    made.high = high;
    made.standard = standard != nullptr ? std::string(standard) : std::to_string(value);
    return made;
}

// A whole number of 64 bits, or `word`, which leaves it to the program. `standard` says what that does.
[[nodiscard]] inline option automatic(char letter, const char * name, automatic_number & value, const char * takes,
                                      const char * word, const char * help, const char * standard) {
    option made;
    made.letter = letter;
    made.name = name;
    made.takes = takes;
    made.help = help;
    made.where = &value;
    made.high = std::numeric_limits<std::uint64_t>::max();
    made.automatic_word = word;
    made.standard = standard;
    return made;
}

// A number that is left to the program, or at most `high`.
[[nodiscard]] inline option up_to(std::uint64_t high, option made) {
    made.high = high;
    return made;
}

// The same for a number of bytes.
[[nodiscard]] inline option bytes(char letter, const char * name, automatic_number & value, const char * word,
                                  const char * help, const char * standard) {
    option made = automatic(letter, name, value, "SIZE", word, help, standard);
    made.is_bytes = true;
    return made;
}

[[nodiscard]] inline option number(char letter, const char * name, float & value, double lowest, double highest,
                                   const char * help) {
    option made;
    made.letter = letter;
    made.name = name;
    made.takes = "X";
    made.help = help;
    made.where = &value;
    made.lowest = lowest;
    made.highest = highest;
    made.standard = shortest(value);
    return made;
}

// One of `names`, which name the values 0, 1, ... of Enum in order.
template <class Enum>
[[nodiscard]] option choice(char letter, const char * name, Enum & value, std::span<const char * const> names,
                            const char * takes, const char * help) {
    option made;
    made.letter = letter;
    made.name = name;
    made.takes = takes;
    made.help = help;
    made.where = choice_target{
        &value, [](const void * from) { return static_cast<std::size_t>(*static_cast<const Enum *>(from)); },
        [](void * to, std::size_t index) { *static_cast<Enum *>(to) = static_cast<Enum>(index); }, names};
    made.standard = names[static_cast<std::size_t>(value)];
    return made;
}

// --help and --version.
[[nodiscard]] inline option request(option made) {
    made.is_request = true;
    return made;
}

// ---- Names ----

// Names of choices are the same in capital and in small letters.
[[nodiscard]] inline bool same_name(std::string_view a, std::string_view b) {
    const auto small = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return small(x) == small(y); });
}

// "LLMZERO_N_PREDICT" for n-predict.
[[nodiscard]] inline std::string environment_name(const option & o) {
    std::string name = "LLMZERO_";
    for (const char * c = o.name; *c != 0; ++c) {
        name += *c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? static_cast<char>(*c - 'a' + 'A') : *c;
    }
    return name;
}

// "n_predict" for n-predict.
[[nodiscard]] inline std::string json_name(const option & o) {
    std::string name = o.name;
    for (char & c : name) {
        c = c == '-' ? '_' : c;
    }
    return name;
}

// ---- Setting values ----

// Sets the option's target from text; on an error the target is unchanged. The message does not name the
// option: the caller knows how the user spelt it.
[[nodiscard]] inline llmzero::status set_from_text(option & o, std::string_view given) {
    using llmzero::error;
    constexpr auto bad = llmzero::error_code::bad_argument;
    const llmzero::quoted shown(given);
    const bool needs_text =
        std::holds_alternative<std::string *>(o.where) || std::holds_alternative<std::vector<std::string> *>(o.where);
    if (needs_text && given.empty() && !o.may_be_empty) {
        return error(bad, "must not be empty");
    }
    if (auto * const * flag = std::get_if<bool *>(&o.where)) {
        if (given == "1" || given == "true" || given == "yes" || given == "on") {
            **flag = true;
        } else if (given == "0" || given == "false" || given == "no" || given == "off") {
            **flag = false;
        } else {
            return error(bad, "%s is neither yes (1, true, yes, on) nor no (0, false, no, off)", shown.c_str());
        }
    } else if (auto * const * content = std::get_if<std::string *>(&o.where)) {
        (*content)->assign(given);
    } else if (auto * const * list = std::get_if<std::vector<std::string> *>(&o.where)) {
        (*list)->emplace_back(given);
    } else if (auto * const * small = std::get_if<std::uint32_t *>(&o.where)) {
        const auto value = parse_whole(given);
        if (!value || *value < o.low || *value > o.high) {
            return error(bad, "%s is not a whole number from %llu to %llu", shown.c_str(),
                         static_cast<unsigned long long>(o.low), static_cast<unsigned long long>(o.high));
        }
        **small = static_cast<std::uint32_t>(*value);
    } else if (auto * const * large = std::get_if<automatic_number *>(&o.where)) {
        const auto value = o.is_bytes ? parse_bytes(given) : parse_whole(given);
        if (given == o.automatic_word) {
            **large = std::nullopt;
        } else if (value && *value <= o.high) {
            **large = value;
        } else {
            return error(bad, "%s is neither %s nor a whole number from 0 to %llu%s", shown.c_str(), o.automatic_word,
                         static_cast<unsigned long long>(o.high),
                         o.is_bytes ? " or a size such as 512K, 200M, 1G" : "");
        }
    } else if (auto * const * real = std::get_if<float *>(&o.where)) {
        const auto value = parse_number(given);
        if (!value || *value < o.lowest || *value > o.highest) {
            return error(bad, "%s is not a number from %g to %g", shown.c_str(), o.lowest, o.highest);
        }
        **real = static_cast<float>(*value);
    } else if (auto * named = std::get_if<choice_target>(&o.where)) {
        std::string known;
        for (std::size_t i = 0; i < named->names.size(); ++i) {
            if (same_name(given, named->names[i])) {
                named->set(named->value, i);
                return llmzero::success();
            }
            known += (i == 0 ? "" : ", ") + std::string(named->names[i]);
        }
        return error(bad, "%s is not one of: %s", shown.c_str(), known.c_str());
    }
    return llmzero::success();
}

// ---- Telling values ----

// The option's value, as one JSON value. A number that is left to the program is null.
inline void write_value(json_writer & json, const option & o) {
    if (auto * const * flag = std::get_if<bool *>(&o.where)) {
        json.value(**flag);
    } else if (auto * const * content = std::get_if<std::string *>(&o.where)) {
        json.value(std::string_view(**content));
    } else if (auto * const * list = std::get_if<std::vector<std::string> *>(&o.where)) {
        json.begin_array();
        for (const std::string & item : **list) {
            json.value(std::string_view(item));
        }
        json.end_array();
    } else if (auto * const * small = std::get_if<std::uint32_t *>(&o.where)) {
        json.value(**small);
    } else if (auto * const * large = std::get_if<automatic_number *>(&o.where)) {
        if (**large) {
            json.value(***large);
        } else {
            json.null();
        }
    } else if (auto * const * real = std::get_if<float *>(&o.where)) {
        json.value(**real);
    } else if (auto * named = std::get_if<choice_target>(&o.where)) {
        json.value(named->names[named->get(named->value)]);
    }
}

// {"model":...,"n_predict":256,...}: every option of the table with its value.
inline void write_options(json_writer & json, const option_table & table) {
    json.begin_object();
    for (const option & o : table) {
        if (!o.is_heading() && !o.is_request) {
            json.key(json_name(o));
            write_value(json, o);
        }
    }
    json.end_object();
}

} // namespace cli
