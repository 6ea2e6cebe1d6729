// Where a run's text goes: to standard output as it is made, or, for --json, into a string for the object.
#pragma once

#include "cli/output.hpp"
#include "cli/text.hpp"

#include <cstdio>
#include <string>
#include <string_view>

namespace run {

inline void complain(std::string_view message) {
    // Messages may name files, whose names may hold anything.
    std::fprintf(stderr, "llmzero-run: %s\n", cli::harmless(message).c_str());
}

class display {
public:
    explicit display(bool json) : json_(json), is_terminal_(cli::is_terminal(STDOUT_FILENO) && !json) {}

    // Text of a model or of a user.
    void show(std::string_view text) {
        if (json_) {
            text_ += text;
        } else {
            // Only a terminal can be steered by what is written to it; a file gets the model's own bytes.
            out_.write(is_terminal_ ? std::string_view(cli::harmless(text)) : text);
        }
        ends_with_newline_ = text.empty() ? ends_with_newline_ : text.ends_with('\n');
    }

    // What is ours: markers, objects.
    void write(std::string_view bytes) { out_.write(bytes); }

    // A line of its own begins, which end_line() will end even if nothing is shown in it.
    void begin_line() { ends_with_newline_ = false; }
    // So that what follows, a shell's prompt for one, begins a line.
    void end_line() {
        if (!ends_with_newline_) {
            out_.write("\n");
            ends_with_newline_ = true;
        }
    }

    // What was shown since the last call, for an object.
    [[nodiscard]] std::string take_text() {
        std::string text;
        text.swap(text_);
        return text;
    }

    [[nodiscard]] bool is_terminal() const { return is_terminal_; }
    // The errno of a writing that failed, or 0.
    [[nodiscard]] int problem() const { return out_.problem(); }

private:
    cli::output out_;
    bool json_;
    bool is_terminal_;
    bool ends_with_newline_ = true;
    std::string text_;
};

} // namespace run
