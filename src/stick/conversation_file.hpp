// A text file as a conversation: what its bytes say, and the bytes that an answer adds at its end.
//
//     Why is the sky blue?
//                                                                            <- from here on ours
//     --- llmzero: SmolLM2-135M-Instruct, 48 tokens, 3 lines, 12.3 s ---
//     Light is scattered ...
//     --- llmzero: write below this line to go on ---
//     And at night?                                                          <- the next question
//
// A question is what stands behind the last answer, and is not only white space: so a file is answered once, until more
// is written below. Where a file was empty, its name is the first question.
//
// People edit all of this. A marker counts where it is a line of its own that nothing stands before, so one that is
// quoted or indented is text. An answer ends at its closing line, however it was edited; where that line is missing,
// the opening line tells how many lines to look for. Where these are not there either, the answer was cut off, by a
// full disk or a power cut, and the question is open. A closing line without an opening one ends what was there to
// answer.
#pragma once

#include "cli/numbers.hpp"
#include "stick/file_names.hpp"
#include "stick/file_store.hpp"
#include "stick/text_encoding.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stick {

// A question that was answered.
struct turn {
    std::string question;
    std::string answer;
};

struct conversation_file {
    text_form form;
    std::vector<turn> turns; // what was said before; refusals are left out
    std::string question;    // empty: there is nothing to answer
    std::string gap;         // what stands between the end of the file and an opening line
    bool has_rest = false;   // the file ends with the beginning of an answer that was cut off
};

// What an opening line tells.
struct answer_facts {
    std::string model;
    std::uint32_t n_tokens = 0;
    bool is_cut = false; // it could have gone on
    double seconds = 0;
};

inline constexpr std::string_view marker_begin = "--- llmzero: ";
inline constexpr std::string_view marker_end = " ---";
inline constexpr std::string_view closing_line = "--- llmzero: write below this line to go on ---";
inline constexpr std::string_view refusal_words = "no answer";
inline constexpr std::string_view again_words = ", once more"; // the answer before it is a rest

namespace detail {

inline constexpr std::string_view blanks = " \t\v\f\n";

[[nodiscard]] inline std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(blanks);
    return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}
[[nodiscard]] inline std::string_view without_end(std::string_view line) {
    const std::size_t last = line.find_last_not_of(blanks);
    return line.substr(0, last == line.npos ? 0 : last + 1);
}

[[nodiscard]] inline bool is_closing(std::string_view line) {
    return without_end(line) == closing_line;
}
[[nodiscard]] inline bool is_opening(std::string_view line) {
    line = without_end(line);
    return line.starts_with(marker_begin) && line.ends_with(marker_end) && line != closing_line &&
           line.size() >= marker_begin.size() + marker_end.size();
}

// "..., 3 lines, ...": 3.
[[nodiscard]] inline std::optional<std::size_t> lines_of_opening(std::string_view line) {
    const std::size_t word = line.rfind(" line");
    const std::size_t comma = word == line.npos ? line.npos : line.rfind(", ", word);
    if (comma == line.npos) {
        return std::nullopt;
    }
    const auto count = cli::parse_whole(line.substr(comma + 2, word - comma - 2));
    return count && *count <= max_file_bytes ? std::optional(static_cast<std::size_t>(*count)) : std::nullopt;
}

// Reads the lines of a conversation one after the other.
class conversation_reader {
public:
    conversation_reader(conversation_file & into, std::string first_question)
        : into_(into), first_question_(std::move(first_question)) {}

    void read(std::string_view text) {
        while (!text.empty()) {
            const std::size_t newline = text.find('\n');
            const bool is_whole = newline != text.npos;
            read_line(text.substr(0, newline), is_whole);
            text.remove_prefix(is_whole ? newline + 1 : text.size());
        }
        into_.has_rest = is_in_answer_ && n_lines_ && !expected_end_;
        end_answer_without_closing();
        into_.question = is_closed_ ? std::string() : std::string(trimmed(said_));
    }

private:
    void read_line(std::string_view line, bool is_whole) {
        if (is_closing(line)) {
            if (is_in_answer_) {
                end_answer(answer_.size());
            }
            is_closed_ = true;
        } else if (is_opening(line)) {
            if (without_end(line).ends_with(std::string(again_words) + std::string(marker_end))) {
                is_in_answer_ = false; // of a rest
            }
            end_answer_without_closing();
            is_in_answer_ = true;
            is_refusal_ = line.substr(marker_begin.size()).starts_with(refusal_words);
            n_lines_ = lines_of_opening(line);
            answer_.clear();
            n_answer_lines_ = 0;
            expected_end_ = n_lines_ == 0 ? std::optional<std::size_t>(0) : std::nullopt;
        } else if (is_in_answer_) {
            answer_ += line;
            answer_ += is_whole ? "\n" : "";
            n_answer_lines_ += is_whole ? 1 : 0;
            if (is_whole && n_answer_lines_ == n_lines_) {
                expected_end_ = answer_.size();
            }
        } else {
            add_to_said(line);
        }
    }

    void add_to_said(std::string_view line) {
        is_closed_ = is_closed_ && trimmed(line).empty();
        said_ += line;
        said_ += '\n';
    }

    // The answer is the first `size` bytes of what was read since its opening line.
    void end_answer(std::size_t size) {
        std::string question(trimmed(said_));
        if (question.empty() && into_.turns.empty() && !has_answer_) {
            question = first_question_;
        }
        const std::string_view text = trimmed(std::string_view(answer_).substr(0, size));
        if (!question.empty() && !text.empty() && !is_refusal_) {
            into_.turns.push_back({std::move(question), std::string(text)});
        }
        said_.clear();
        is_in_answer_ = false;
        is_closed_ = true;
        has_answer_ = true;
    }

    // At the end, or before the opening line of another answer.
    void end_answer_without_closing() {
        if (!is_in_answer_) {
            return;
        }
        if (!n_lines_) { // somebody edited the opening line, too: it is ours, but who knows how long
            end_answer(answer_.size());
        } else if (expected_end_) {
            const std::string rest = answer_.substr(*expected_end_);
            end_answer(*expected_end_);
            if (!closing_line.starts_with(trimmed(rest))) { // or it was cut off in there
                add_to_said(rest);
            }
        } else { // cut off: the question is open, and so it is before an answer that was made once more
            is_in_answer_ = false;
        }
    }

    conversation_file & into_;
    std::string first_question_;
    std::string said_;   // by the user, since the last answer
    std::string answer_; // since its opening line
    std::size_t n_answer_lines_ = 0;
    std::optional<std::size_t> n_lines_;      // as the opening line says
    std::optional<std::size_t> expected_end_; // bytes of answer_ that these lines are, once they are there
    bool is_in_answer_ = false;
    bool is_refusal_ = false;
    bool is_closed_ = false; // nothing but white space was said since a closing line
    bool has_answer_ = false;
};

// What may stand in a file: no control characters, and no line that could be taken for a marker.
[[nodiscard]] inline std::string harmless_answer(std::string_view answer) {
    std::string text;
    cli::for_each_character(answer, [&text](std::string_view bytes, std::uint32_t character) {
        const bool is_control = (character < 0x20 && character != '\n' && character != '\t') || character == 0x7f;
        text += is_control ? std::string_view() : bytes;
    });
    std::string lines;
    for (std::string_view rest = trimmed(text); !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        lines += line.starts_with(without_end(marker_begin)) ? " " : "";
        lines += line;
        lines += '\n';
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return lines;
}

[[nodiscard]] inline std::string with_markers(const conversation_file & file, const std::string & facts,
                                              const std::string & lines, const std::string & more) {
    const auto n_lines = static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n'));
    std::string text = file.gap;
    text += marker_begin;
    text += facts + ", " + std::to_string(n_lines) + (n_lines == 1 ? " line" : " lines") + more;
    text += file.has_rest ? again_words : "";
    text += marker_end;
    text += "\n" + lines;
    text += closing_line;
    text += '\n';
    return encode_text(text, file.form);
}

} // namespace detail

// What a file of this path and content says; nothing where it is no text.
[[nodiscard]] inline std::optional<conversation_file> read_conversation(std::string_view path, std::string_view bytes) {
    const auto decoded = decode_text(bytes);
    if (!decoded) {
        return std::nullopt;
    }
    conversation_file made;
    made.form = decoded->form;
    detail::conversation_reader(made, prompt_of_name(path)).read(decoded->text);
    if (bytes.empty()) {
        made.question = prompt_of_name(path);
    } else if (!decoded->text.empty() && decoded->text != "\n") {
        made.gap = decoded->text.ends_with("\n\n") ? "" : decoded->text.ends_with('\n') ? "\n" : "\n\n";
    }
    return made;
}

// The bytes that an answer adds to the file. What the model wrote is white space or nothing: none.
[[nodiscard]] inline std::string answer_bytes(const conversation_file & file, std::string_view answer,
                                              const answer_facts & facts) {
    const std::string lines = detail::harmless_answer(answer);
    if (lines.empty()) {
        return {};
    }
    std::string model;
    cli::for_each_character(facts.model.substr(0, 60), [&model](std::string_view bytes, std::uint32_t character) {
        model += character < 0x20 || character == 0x7f ? std::string_view(" ") : bytes;
    });
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, ", %.1f s", facts.seconds);
    return detail::with_markers(file,
                                (model.empty() ? "a model" : model) + ", " + std::to_string(facts.n_tokens) +
                                    (facts.n_tokens == 1 ? " token" : " tokens") +
                                    (facts.is_cut ? " and cut there" : ""),
                                lines, seconds);
}

// The bytes that say why there is no answer.
[[nodiscard]] inline std::string refusal_bytes(const conversation_file & file, std::string_view why) {
    return detail::with_markers(file, std::string(refusal_words), detail::harmless_answer(why), "");
}

} // namespace stick
