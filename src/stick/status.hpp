// What the service tells people beside answers: STATUS.TXT and README.TXT. Lines end with CR LF, which every editor on
// every system reads.
#pragma once

#include "cli/numbers.hpp"
#include "cli/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace stick {

// What is being done.
struct work_state {
    std::string path; // of the file that is being answered; empty: none
    std::size_t n_read = 0;
    std::size_t n_to_read = 0; // tokens of the question and of what was said before
    std::size_t n_written = 0; // tokens of the answer
};

struct status_facts {
    std::string model;            // what answers; empty: nothing does
    std::string model_note;       // why it is not another one
    double tokens_per_second = 0; // of the last answer; 0: there was none
    bool is_starting = false;     // nothing is known yet
    bool is_stopped = false;      // the service has ended
    work_state work;
    std::vector<std::string> queue;      // paths, the next one first; without the one that is being answered
    std::uint64_t n_answers = 0;         // since the start
    std::vector<std::string> left_alone; // paths of files that are too large to be conversations
    std::vector<std::string> unfinished; // paths of files that a computer has not finished for a long time
    std::string last_error;
    std::string settings_mistake;
    std::string notice; // what people have to know of the store, if anything
};

namespace detail {

inline void append_paths(std::string & out, const char * what, const std::vector<std::string> & paths) {
    constexpr std::size_t shown = 10;
    if (paths.empty()) {
        return;
    }
    out += std::string(what) + "\r\n";
    for (std::size_t i = 0; i < std::min(shown, paths.size()); ++i) {
        out += "  " + cli::harmless_line(paths[i]) + "\r\n";
    }
    if (paths.size() > shown) {
        out += "  and " + std::to_string(paths.size() - shown) + " more\r\n";
    }
}

[[nodiscard]] inline std::string work_text(const work_state & work) {
    const std::string name = cli::harmless_line(work.path);
    if (work.n_written > 0) {
        return "answering " + name + ", " + std::to_string(work.n_written) +
               (work.n_written == 1 ? " token" : " tokens");
    }
    return "reading " + name +
           (work.n_to_read > 0 ? ", " + std::to_string(work.n_read) + "/" + std::to_string(work.n_to_read) + " tokens"
                               : "");
}

} // namespace detail

// "ready"; "reading a.txt, 12/37 tokens".
[[nodiscard]] inline std::string doing_text(const status_facts & facts) {
    return facts.is_stopped           ? "not running"
           : facts.is_starting        ? "starting; this is written anew with the first answer"
           : !facts.work.path.empty() ? detail::work_text(facts.work)
           : facts.model.empty()      ? "waiting for a model"
                                      : "ready";
}

[[nodiscard]] inline std::string status_text(const status_facts & facts) {
    const std::string model = cli::harmless_line(facts.model);
    std::string out = "llmzero is " + doing_text(facts);
    if (!facts.notice.empty()) {
        out += "\r\n\r\n" + cli::harmless_line(facts.notice);
    }
    out += "\r\n\r\nModel: " + (model.empty() ? "none" : model) + "\r\n";
    if (!facts.model_note.empty()) {
        out += "  " + cli::harmless_line(facts.model_note) + "\r\n";
    }
    char speed[48] = "nothing was answered yet";
    if (facts.tokens_per_second > 0) {
        std::snprintf(speed, sizeof speed, "%.1f tokens a second", facts.tokens_per_second);
    }
    out += std::string("Speed: ") + speed + "\r\n";
    out += "Answers since the start: " + std::to_string(facts.n_answers) + "\r\n";
    out += "Waiting: " + std::to_string(facts.queue.size()) + "\r\n";
    detail::append_paths(out, "Next:", facts.queue);
    detail::append_paths(out, "Too large to be conversations, and left alone:", facts.left_alone);
    detail::append_paths(out, "Left unfinished by the computer, so that their answers had to wait:", facts.unfinished);
    if (!facts.settings_mistake.empty()) {
        out += "In SETTINGS.TXT: " + cli::harmless_line(facts.settings_mistake) + "\r\n";
    }
    out += "Last error: " + (facts.last_error.empty() ? "none" : cli::harmless_line(facts.last_error)) + "\r\n";
    return out;
}

[[nodiscard]] inline std::string readme_text() {
    return "llmzero answers text files with a small language model. It runs in here, and nowhere else.\r\n"
           "1. Make a text file of any name that ends with .txt, write a question into it, and save it here.\r\n"
           "2. The answer comes at the end of that file. A drive may vanish for some seconds then: look again.\r\n"
           "3. To go on, write below the last line of the answer, and save. What you wrote is never changed.\r\n"
           "4. An empty file whose name is the question works too: \"Why is the sky blue.txt\".\r\n"
           "5. Several files are answered one after the other, the oldest first. Folders are fine.\r\n"
           "6. Deleting or changing a file stops its answer.\r\n"
           "7. SETTINGS.TXT has the model, the length of answers and more; a mistake is explained in it.\r\n"
           "8. STATUS.TXT tells what is being done, what is waiting, and what went wrong.\r\n"
           "9. Other files are left alone: other names, hidden ones, and texts of more than 256 KiB.\r\n";
}

} // namespace stick
