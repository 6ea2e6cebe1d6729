// Reads a command line and the environment into a table of options.
//
// Forms: --name value, --name=value, --switch, -n value. A value may begin with '-'. "--" ends the options.
// An option that is given twice keeps the later value; one that takes a list gathers them. The command line
// replaces what the environment says (LLMZERO_N_PREDICT=16); an empty variable counts as absent.
// A word that belongs to no option is one of the program's operands where it has some (file names), else an error.
#pragma once

#include <llmzero/base/function_ref.hpp>
#include <llmzero/base/result.hpp>

#include "cli/option.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

[[nodiscard]] inline option * find_option(option_table & table, std::string_view name) {
    for (option & o : table) {
        if (!o.is_heading() && name == o.name) {
            return &o;
        }
    }
    return nullptr;
}

[[nodiscard]] inline option * find_letter(option_table & table, char letter) {
    for (option & o : table) {
        if (!o.is_heading() && letter != 0 && o.letter == letter) {
            return &o;
        }
    }
    return nullptr;
}

// How many characters must be added, removed, replaced or exchanged with their neighbour to turn a into b.
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before.swap(above);
        above.swap(row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
    }
    return row[b.size()];
}

// What the user may have meant by `word`, "--temp" for "--temperature"; empty when nothing is near.
[[nodiscard]] inline std::string suggestion(const option_table & table, std::string_view word) {
    const std::size_t dashes = std::min(word.find_first_not_of('-'), word.size());
    const std::string_view name = word.substr(dashes, std::min(word.find('='), word.size()) - dashes);
    std::string best;
    if (name.empty() || name.size() > 40) { // nobody means that by accident
        return best;
    }
    std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
    for (const option & o : table) {
        if (o.is_heading()) {
            continue;
        }
        const std::string_view known = o.name;
        const bool begins =
            name.size() >= 3 && known.size() >= 3 && (known.starts_with(name) || name.starts_with(known));
        const std::size_t distance = begins ? 1 : edit_distance(name, known);
        if (distance < best_distance && distance < std::min(name.size(), known.size())) {
            best_distance = distance;
            best = "--" + std::string(known);
        }
        const bool attached = dashes == 1 && o.letter != 0 && word[1] == o.letter && word.size() > 2;
        if (attached && !o.is_switch() && (word[2] == '=' || (word[2] >= '0' && word[2] <= '9'))) {
            return std::string("-") + o.letter + " " + llmzero::quoted(word.substr(word[2] == '=' ? 3 : 2)).c_str();
        }
    }
    return best;
}

// Sets options from the environment. `look_up` is std::getenv in a program.
[[nodiscard]] inline llmzero::status parse_environment(option_table & table,
                                                       llmzero::function_ref<const char *(const char *)> look_up) {
    for (option & o : table) {
        if (o.is_heading() || o.is_request) {
            continue;
        }
        const std::string name = environment_name(o);
        const char * const value = look_up(name.c_str());
        if (value == nullptr || *value == 0) {
            continue;
        }
        if (const auto set = set_from_text(o, value); !set) {
            return set.error().in(name.c_str());
        }
        o.source = origin::environment;
    }
    return llmzero::success();
}

// Sets options from the words of a command line (without the program's name). After an error the rest is
// still read, so that switches such as --json are known when the error is reported; the first error counts.
// Operands are added to `operands`, in their order; nullptr where the program takes none.
[[nodiscard]] inline llmzero::status parse_command_line(option_table & table, std::span<char * const> words,
                                                        std::vector<std::string> * operands = nullptr) {
    using llmzero::error;
    constexpr auto bad = llmzero::error_code::bad_argument;
    llmzero::status outcome = llmzero::success();
    const auto note = [&outcome](const error & e) {
        if (outcome) {
            outcome = e;
        }
    };
    bool options_ended = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        if (options_ended || word.size() < 2 || word[0] != '-') {
            if (operands != nullptr) {
                operands->emplace_back(word);
                continue;
            }
            note(error(bad, "%s belongs to no option; a text with blanks needs quotes: -p \"Once upon a time\"",
                       llmzero::quoted(word).c_str()));
            continue;
        }
        if (word == "--") {
            options_ended = true;
            continue;
        }
        const bool is_long = word.starts_with("--");
        const std::size_t equals = is_long ? word.find('=') : word.npos;
        option * const o = is_long            ? find_option(table, word.substr(2, equals - 2))
                           : word.size() == 2 ? find_letter(table, word[1])
                                              : nullptr;
        if (o == nullptr) {
            const std::string meant = suggestion(table, word);
            note(error(bad, "there is no option %s%s%s%s", llmzero::quoted(word).c_str(),
                       meant.empty() ? "" : "; did you mean ", meant.c_str(), meant.empty() ? "" : "?"));
            continue;
        }
        const std::string spelt = is_long ? "--" + std::string(o->name) : std::string(word);
        std::string_view value = "yes"; // of a switch without "="
        if (equals != word.npos) {
            value = word.substr(equals + 1);
        } else if (!o->is_switch()) {
            if (i + 1 == words.size()) {
                note(error(bad, "%s needs a value: %s %s", spelt.c_str(), spelt.c_str(), o->takes));
                break;
            }
            value = words[++i];
        }
        if (auto * const * list = std::get_if<std::vector<std::string> *>(&o->where);
            list != nullptr && o->source == origin::environment) {
            (*list)->clear(); // the command line replaces the environment's list instead of adding to it
        }
        if (const auto set = set_from_text(*o, value); !set) {
            note(set.error().in(spelt.c_str()));
            continue;
        }
        o->source = origin::command_line;
    }
    return outcome;
}

} // namespace cli
