// What waits to be written: answers, and files of the service's own; and when writing may be tried again after it
// failed.
//
// An answer that cannot be written stays here. One whose file is another by now is dropped, as is a file of our own
// that the user has changed at the same time: both will be looked at again.
#pragma once

#include "stick/file_store.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stick {

struct ready_answer {
    std::string path;
    std::string expected; // the content of the file
    std::string bytes;    // to be added
    std::int64_t since_ms = 0;
    bool is_answer = true; // and no refusal
};

struct own_file {
    std::string path;
    std::optional<std::string> expected; // the content that is replaced; empty: any
    std::string content;
};

struct retry_times {
    std::int64_t busy_ms = 500;    // after somebody else was writing
    std::int64_t first_ms = 10000; // after a failure; twice as long each time
    std::int64_t longest_ms = 600000;
};

class outbox {
public:
    struct outcome {
        std::size_t n_answers = 0;
        std::vector<std::string> dropped; // paths whose answers were
        std::string error;                // empty: none
    };

    explicit outbox(retry_times times = {}) : times_(times) {}

    void add(ready_answer && answer) {
        answers_.push_back(std::move(answer));
        has_untried_ = true;
    }
    // Takes the place of one for the same path.
    void add(own_file && file) {
        std::erase_if(own_files_, [&](const own_file & other) { return other.path == file.path; });
        own_files_.push_back(std::move(file));
    }

    [[nodiscard]] const std::vector<ready_answer> & answers() const { return answers_; }
    [[nodiscard]] bool has_own_files() const { return !own_files_.empty(); }
    // When writing may be tried: at any time, if nothing has failed, or if there is an answer that was not tried yet.
    [[nodiscard]] std::int64_t not_before_ms() const { return has_untried_ ? 0 : not_before_ms_; }

    // Writes all there is. `last` makes the file that is written at the end, once it is known how the rest went.
    template <class Last> outcome write(file_store & store, std::int64_t now_ms, Last last) {
        outcome done;
        has_untried_ = false;
        if (const auto begun = store.begin_writing(); !begun) {
            if (begun.error().code() == llmzero::error_code::cancelled) {
                not_before_ms_ = now_ms + times_.busy_ms;
            } else {
                done.error = begun.error().message();
                put_off(now_ms);
            }
            return done;
        }
        write_answers(store, done);
        std::erase_if(own_files_, [&](const own_file & file) { return is_written(store, file, done); });
        if (std::optional<own_file> file = last(done)) {
            static_cast<void>(is_written(store, *file, done));
        }
        if (const auto ended = store.end_writing(); !ended && done.error.empty()) {
            done.error = ended.error().message();
        }
        if (done.error.empty()) {
            not_before_ms_ = 0;
            wait_ms_ = 0;
        } else {
            put_off(now_ms);
        }
        return done;
    }

private:
    void write_answers(file_store & store, outcome & done) {
        std::erase_if(answers_, [&](const ready_answer & a) {
            const auto appended = store.append(a.path, a.expected, a.bytes);
            if (appended) {
                done.n_answers += a.is_answer ? 1 : 0;
                return true;
            }
            if (appended.error().code() == llmzero::error_code::cancelled) {
                done.dropped.push_back(a.path);
                return true;
            }
            done.error = appended.error().message();
            return false;
        });
    }

    // Or not to be written any more.
    static bool is_written(file_store & store, const own_file & file, outcome & done) {
        const auto expected = file.expected ? std::optional<std::string_view>(*file.expected) : std::nullopt;
        const auto replaced = store.replace(file.path, expected, file.content);
        if (replaced || replaced.error().code() == llmzero::error_code::cancelled) {
            return true;
        }
        done.error = replaced.error().message();
        return false;
    }

    void put_off(std::int64_t now_ms) {
        wait_ms_ = std::min(std::max(times_.first_ms, wait_ms_ * 2), times_.longest_ms);
        not_before_ms_ = now_ms + wait_ms_;
    }

    retry_times times_;
    std::vector<ready_answer> answers_; // the oldest first
    std::vector<own_file> own_files_;
    bool has_untried_ = false; // among the answers
    std::int64_t not_before_ms_ = 0;
    std::int64_t wait_ms_ = 0;
};

} // namespace stick
