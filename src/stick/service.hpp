// The service: finds questions in the files of a store, answers them one after the other, the oldest first, and writes
// the answers. It neither sleeps nor looks at clocks: the time, news of the store and the wish to end come from
// `surroundings`, and step() returns how long nothing will have to be done.
//
//     while (!outside.should_end()) { sleep up to service.step() ms, or until there is news }
//     service.finish();
//
// An answer whose file is changed or deleted meanwhile is dropped; what the file says then is a question of its own.
// Nothing that goes wrong ends the service: it is told in STATUS.TXT, or, where it is about a question, in its file.
//
// Where writing takes the volume from somebody (a USB host), answers wait for each other for up to
// service_options::patience_ms, and STATUS.TXT is written with them only.
#pragma once

#include "stick/answerer.hpp"
#include "stick/conversation_file.hpp"
#include "stick/file_store.hpp"
#include "stick/file_table.hpp"
#include "stick/outbox.hpp"
#include "stick/settings.hpp"
#include "stick/status.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stick {

class surroundings {
public:
    virtual ~surroundings() = default;
    [[nodiscard]] virtual std::int64_t now_ms() = 0; // only grows
    [[nodiscard]] virtual bool should_end() = 0;
    // Whether the store may have changed since this was asked before.
    [[nodiscard]] virtual bool has_news() = 0;
    // Of what is being done, for consoles and lamps.
    virtual void show(const status_facts &) {}

protected:
    surroundings() = default;
    surroundings(const surroundings &) = default;
    surroundings & operator=(const surroundings &) = default;
};

struct service_options {
    settling times = {};
    std::int64_t patience_ms = 0;    // that an answer waits for others, to be written with them
    bool writes_any_time = true;     // writing takes the volume from nobody
    std::int64_t progress_ms = 5000; // between two reports of progress in STATUS.TXT
    // After which a file that is not complete is told of. Linux takes 67 s to finish one; then nothing more will come,
    // and what is written then puts the file right, so that it is answered.
    std::int64_t unfinished_ms = 120000;
    retry_times retry = {};
    std::string notice = {}; // for STATUS.TXT: what people have to know of this store
};

class service {
public:
    service(file_store & store, answerer & thinker, surroundings & outside, service_options options = {})
        : store_(store), thinker_(thinker), outside_(outside), options_(options), files_(options.times),
          outbox_(options.retry) {
        facts_.notice = options_.notice;
    }

    // Does what there is to do, one question at most. Returns for how many milliseconds nothing will be due; nothing:
    // until there is news.
    std::optional<std::int64_t> step() {
        look();
        write_if_due();
        if (has_model_ && !outside_.should_end()) {
            const std::vector<std::string> queue = files_.with(verdict::question);
            if (!queue.empty()) {
                answer(queue.front());
                write_if_due();
            }
        }
        return idle_ms();
    }

    // All files that are complete may be looked into: somebody said that everything is written.
    void settle_now() { wants_settling_ = true; }

    // Writes what is ready. The service may be asked to go on afterwards.
    void finish() {
        facts_.is_stopped = true;
        write();
        facts_.is_stopped = false;
    }

    // Nothing waits: neither files nor answers. What cannot be done for want of a model or of memory does not count.
    [[nodiscard]] bool is_done() const {
        return outbox_.answers().empty() && !files_.next_due_ms() &&
               (!has_model_ || files_.with(verdict::question).empty());
    }
    [[nodiscard]] const status_facts & facts() const { return facts_; }
    [[nodiscard]] std::size_t n_unwritten() const { return outbox_.answers().size(); }

private:
    // ---- Looking ----

    void look() {
        saw_news_ = false;
        auto listed = store_.list();
        if (!listed) {
            fail(listed.error().message());
            return;
        }
        files_.update(std::move(*listed), outside_.now_ms());
        if (std::exchange(wants_settling_, false)) {
            files_.settle_now();
        }
        if (is_first_ && files_.find_own(readme_name) == nullptr) {
            outbox_.add(own_file{readme_name, std::nullopt, readme_text()});
        }
        if (is_first_ && files_.find_own(settings_name) == nullptr) {
            outbox_.add(own_file{settings_name, std::nullopt, default_settings_text()});
        }
        read_settings_file();
        is_first_ = false;
        has_model_ = thinker_.prepare(settings_);
        facts_.model = thinker_.model_name();
        facts_.model_note = thinker_.model_note();
        for (const std::string & path : files_.due(outside_.now_ms())) {
            files_.set(path, judge(path));
        }
        facts_.left_alone = files_.with(verdict::too_large);
        facts_.unfinished.clear();
        for (auto & [path, since_ms] : files_.unfinished()) {
            if (outside_.now_ms() - since_ms >= options_.unfinished_ms) {
                facts_.unfinished.push_back(std::move(path));
            }
        }
    }

    [[nodiscard]] verdict judge(const std::string & path) {
        const file_table::record * const known = files_.find(path);
        if (known->entry.size > max_file_bytes) {
            return verdict::too_large;
        }
        const auto content = store_.read(path);
        if (!content) {
            if (content.error().code() == llmzero::error_code::io) {
                fail(content.error().message());
            }
            return verdict::nothing; // until it is another file
        }
        const auto conversation = read_conversation(path, *content);
        return conversation && !conversation->question.empty() ? verdict::question : verdict::nothing;
    }

    void read_settings_file() {
        const file_table::record * const known = files_.find_own(settings_name);
        const std::uint64_t version = known == nullptr ? 0 : known->entry.version;
        const bool is_quiet =
            is_first_ || known == nullptr || outside_.now_ms() - known->since_ms >= options_.times.full_ms;
        if (version == settings_version_ || !is_quiet || (known != nullptr && !known->entry.is_complete)) {
            return;
        }
        settings_version_ = version;
        settings_file read;
        if (known != nullptr) {
            const auto content = store_.read(known->entry.path);
            if (!content) {
                facts_.settings_mistake = content.error().message();
                return;
            }
            read = read_settings(*content, thinker_.models());
            if (read.annotated != *content) {
                outbox_.add(own_file{known->entry.path, *content, read.annotated});
            }
        }
        facts_.settings_mistake = read.mistake;
        settings_ = read.values;
        files_.retry_failed();
    }

    // ---- Answering ----

    void answer(const std::string & path) {
        const auto content = store_.read(path);
        const auto asked = content ? read_conversation(path, *content) : std::nullopt;
        if (!asked || asked->question.empty()) {
            files_.forget(path, outside_.now_ms());
            return;
        }
        facts_.work = {path, 0, 0, 0};
        bool is_stale = false;
        const auto go_on = [&](const thinking & state) {
            facts_.work = {path, state.n_read, state.n_to_read, state.n_written};
            outside_.show(facts_);
            const bool has_news = outside_.has_news();
            saw_news_ = saw_news_ || has_news;
            is_stale = is_stale || (has_news && !is_still(path, *content));
            report_progress();
            return !is_stale && !outside_.should_end();
        };
        tell_queue();
        report_progress();
        const auto made = thinker_.answer(asked->turns, asked->question, settings_, go_on);
        facts_.work = {};
        if (made) {
            facts_.tokens_per_second = made->tokens_per_second;
            std::string bytes = answer_bytes(*asked, made->text, made->facts);
            const bool is_answer = !bytes.empty();
            if (!is_answer) {
                bytes = refusal_bytes(*asked, "The model had nothing to say to this. Please ask otherwise, below.");
            }
            outbox_.add(ready_answer{path, *content, std::move(bytes), outside_.now_ms(), is_answer});
            files_.set(path, verdict::nothing);
        } else if (made.error().code() == llmzero::error_code::context_full) {
            outbox_.add(
                ready_answer{path, *content, refusal_bytes(*asked, made.error().message()), outside_.now_ms(), false});
            files_.set(path, verdict::nothing);
        } else if (made.error().code() != llmzero::error_code::cancelled) {
            fail(cli::harmless_line(path) + ": " + made.error().message());
            files_.set(path, verdict::failed);
        } else if (is_stale) {
            files_.forget(path, outside_.now_ms());
        }
        outside_.show(facts_);
    }

    // Whether the file is there with this content; what cannot be told now is found out when the answer is written.
    [[nodiscard]] bool is_still(const std::string & path, const std::string & content) {
        const auto listed = store_.list();
        if (!listed) {
            return true;
        }
        const auto at = std::find_if(listed->begin(), listed->end(), [&](const auto & e) { return e.path == path; });
        if (at == listed->end()) {
            return false;
        }
        const file_table::record * const known = files_.find(path);
        if (known != nullptr && known->entry.version == at->version && known->entry.size == at->size) {
            return true;
        }
        if (at->size != content.size()) {
            return false;
        }
        const auto present = store_.read(path);
        return present && *present == content;
    }

    void tell_queue() {
        facts_.queue = files_.with(verdict::question);
        std::erase(facts_.queue, facts_.work.path);
    }

    void report_progress() {
        const std::int64_t now = outside_.now_ms();
        if (options_.writes_any_time && now >= reported_ms_ + options_.progress_ms && now >= outbox_.not_before_ms()) {
            reported_ms_ = now;
            write();
        }
    }

    // ---- Writing ----

    [[nodiscard]] bool has_reason_to_write() const {
        if (outbox_.has_own_files()) {
            return true;
        }
        if (!outbox_.answers().empty()) {
            const bool is_late = outside_.now_ms() - outbox_.answers().front().since_ms >= options_.patience_ms;
            return is_late || !has_model_ || files_.with(verdict::question).empty();
        }
        // Where it costs, only what somebody has to know.
        return options_.writes_any_time ? is_status_old() : worries() != written_worries_ || has_untold_unfinished();
    }
    [[nodiscard]] bool is_status_old() const {
        return status_text(facts_) != written_status_ || files_.find_own(status_name) == nullptr;
    }
    // Empty: all is well, and that is no reason to write.
    [[nodiscard]] std::string worries() const {
        return std::string(facts_.model.empty() ? "no model" : "") + facts_.model_note + facts_.last_error +
               facts_.settings_mistake;
    }
    [[nodiscard]] bool has_untold_unfinished() const {
        return std::any_of(facts_.unfinished.begin(), facts_.unfinished.end(), [&](const std::string & path) {
            return std::find(told_unfinished_.begin(), told_unfinished_.end(), path) == told_unfinished_.end();
        });
    }

    void write_if_due() {
        tell_queue();
        if (outside_.now_ms() >= outbox_.not_before_ms() && has_reason_to_write()) {
            write();
        }
    }

    void write() {
        std::string told; // in STATUS.TXT
        const auto status_file = [&](const outbox::outcome & so_far) -> std::optional<own_file> {
            facts_.n_answers += so_far.n_answers;
            note_writing(so_far);
            if (!is_status_old()) {
                return std::nullopt;
            }
            const file_table::record * const known = files_.find_own(status_name);
            told = status_text(facts_);
            return own_file{known == nullptr ? status_name : known->entry.path, std::nullopt, told};
        };
        const outbox::outcome done = outbox_.write(store_, outside_.now_ms(), status_file);
        note_writing(done);
        for (const std::string & path : done.dropped) {
            files_.forget(path, outside_.now_ms());
        }
        if (done.error.empty() && !told.empty()) {
            written_status_ = told;
        }
        if (done.error.empty() && outbox_.not_before_ms() == 0) {
            written_worries_ = worries();
            told_unfinished_ = facts_.unfinished;
            saw_news_ = saw_news_ || !told_unfinished_.empty(); // that may have put them right
        }
    }

    // An error of writing is the last one until writing succeeds.
    void note_writing(const outbox::outcome & done) {
        if (!done.error.empty()) {
            fail(done.error);
            is_writing_error_ = true;
        } else if (is_writing_error_ && done.n_answers > 0) {
            fail("");
        }
    }

    void fail(std::string_view why) {
        facts_.last_error = why;
        is_writing_error_ = false;
    }

    [[nodiscard]] std::optional<std::int64_t> idle_ms() {
        if (saw_news_) {
            return 0;
        }
        if (has_model_ && !files_.with(verdict::question).empty()) {
            return 0;
        }
        const std::int64_t now = outside_.now_ms();
        std::optional<std::int64_t> next = files_.next_due_ms();
        const auto consider = [&next](std::int64_t at) {
            next = std::min(next.value_or(at), at);
        };
        if (has_reason_to_write()) {
            consider(std::max(now, outbox_.not_before_ms()));
        } else if (!outbox_.answers().empty()) {
            consider(outbox_.answers().front().since_ms + options_.patience_ms);
        }
        if (const file_table::record * known = files_.find_own(settings_name);
            known != nullptr && known->entry.version != settings_version_) {
            consider(known->since_ms + options_.times.full_ms);
        }
        for (const auto & [path, since_ms] : files_.unfinished()) {
            if (const std::int64_t due = since_ms + options_.unfinished_ms; due > now) {
                consider(due);
            }
        }
        return next ? std::optional(std::max<std::int64_t>(0, *next - now)) : std::nullopt;
    }

    file_store & store_;
    answerer & thinker_;
    surroundings & outside_;
    service_options options_;
    file_table files_;
    outbox outbox_;
    settings settings_;
    std::uint64_t settings_version_ = 0;
    status_facts facts_;
    bool is_first_ = true;
    bool has_model_ = false;
    bool wants_settling_ = false;
    bool saw_news_ = false; // since the last look
    std::string written_status_;
    std::string written_worries_;
    std::vector<std::string> told_unfinished_;
    bool is_writing_error_ = false;
    std::int64_t reported_ms_ = std::numeric_limits<std::int64_t>::min() / 2;
};

} // namespace stick
