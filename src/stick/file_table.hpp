// What the service knows of each file: since when it is as it is, and what was found in it. Made from the listings of a
// store; the time comes from the caller, in milliseconds that only grow.
//
// A file is looked into once it is complete and has not changed for a while. What was found holds until its version
// changes.
#pragma once

#include "stick/file_names.hpp"
#include "stick/file_store.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stick {

enum class verdict : std::uint8_t {
    unknown,   // not looked into yet
    nothing,   // there is nothing to answer in it
    question,  // waits for its answer
    failed,    // the answer could not be made; to be tried when something changes
    too_large, // to be a conversation
};

struct settling {
    std::int64_t full_ms = 2000;   // for how long a file must not have changed
    std::int64_t empty_ms = 10000; // the same where it is empty: its content may be on its way
};

class file_table {
public:
    struct record {
        file_entry entry;
        std::int64_t since_ms = 0;            // as it is
        std::int64_t unfinished_since_ms = 0; // where it is not complete
        verdict found = verdict::unknown;
    };

    explicit file_table(settling times) : times_(times) {}

    // Takes in what a store lists. Files that are none of the user's questions are known at once.
    void update(std::vector<file_entry> && listed, std::int64_t now_ms) {
        std::map<std::string, record, std::less<>> next;
        for (file_entry & entry : listed) {
            const auto known = records_.find(entry.path);
            record r;
            if (known != records_.end() && known->second.entry.version == entry.version &&
                known->second.entry.size == entry.size) {
                r.since_ms = known->second.since_ms;
                r.found = known->second.found;
                r.unfinished_since_ms = known->second.entry.is_complete ? now_ms : known->second.unfinished_since_ms;
            } else {
                r.since_ms = r.unfinished_since_ms = now_ms;
                const bool may_ask =
                    entry.size == 0 ? !prompt_of_name(entry.path).empty() : may_be_conversation(entry.path);
                r.found = may_ask ? verdict::unknown : verdict::nothing;
            }
            r.entry = std::move(entry);
            std::string path = r.entry.path;
            next.insert_or_assign(std::move(path), std::move(r));
        }
        records_ = std::move(next);
    }

    [[nodiscard]] const record * find(std::string_view path) const {
        const auto at = records_.find(path);
        return at == records_.end() ? nullptr : &at->second;
    }
    // One of the service's own files, in whatever letters its name is written.
    [[nodiscard]] const record * find_own(std::string_view name) const {
        if (const record * exact = find(name)) {
            return exact;
        }
        const auto at = std::find_if(records_.begin(), records_.end(),
                                     [name](const auto & r) { return cli::same_name(r.first, name); });
        return at == records_.end() ? nullptr : &at->second;
    }

    // Paths of files that have been quiet for long enough, and were not looked into.
    [[nodiscard]] std::vector<std::string> due(std::int64_t now_ms) const {
        std::vector<std::string> paths;
        for (const auto & [path, r] : records_) {
            if (r.found == verdict::unknown && r.entry.is_complete && now_ms >= due_ms(r)) {
                paths.push_back(path);
            }
        }
        return paths;
    }
    // When the next one will be; nothing: none.
    [[nodiscard]] std::optional<std::int64_t> next_due_ms() const {
        std::optional<std::int64_t> next;
        for (const auto & [path, r] : records_) {
            if (r.found == verdict::unknown && r.entry.is_complete) {
                next = std::min(next.value_or(due_ms(r)), due_ms(r));
            }
        }
        return next;
    }
    // Paths of what may be conversations, and since when they have not been complete.
    [[nodiscard]] std::vector<std::pair<std::string, std::int64_t>> unfinished() const {
        std::vector<std::pair<std::string, std::int64_t>> found;
        for (const auto & [path, r] : records_) {
            if (!r.entry.is_complete && may_be_conversation(path)) {
                found.emplace_back(path, r.unfinished_since_ms);
            }
        }
        return found;
    }
    // What is complete counts as quiet: somebody said that all is written.
    void settle_now() {
        for (auto & [path, r] : records_) {
            r.since_ms = std::numeric_limits<std::int64_t>::min() / 2;
        }
    }

    void set(std::string_view path, verdict found) {
        const auto at = records_.find(path);
        if (at != records_.end()) {
            at->second.found = found;
        }
    }
    // It is to be looked into again when it has been quiet.
    void forget(std::string_view path, std::int64_t now_ms) {
        const auto at = records_.find(path);
        if (at != records_.end()) {
            at->second.found = verdict::unknown;
            at->second.since_ms = now_ms;
        }
    }
    // What failed is tried once more.
    void retry_failed() {
        for (auto & [path, r] : records_) {
            r.found = r.found == verdict::failed ? verdict::question : r.found;
        }
    }

    // Paths of the files with this verdict, the oldest first.
    [[nodiscard]] std::vector<std::string> with(verdict wanted) const {
        std::vector<const record *> found;
        for (const auto & [path, r] : records_) {
            if (r.found == wanted) {
                found.push_back(&r);
            }
        }
        std::stable_sort(found.begin(), found.end(),
                         [](const record * a, const record * b) { return a->entry.modified < b->entry.modified; });
        std::vector<std::string> paths;
        for (const record * r : found) {
            paths.push_back(r->entry.path);
        }
        return paths;
    }

private:
    [[nodiscard]] std::int64_t due_ms(const record & r) const {
        return r.since_ms + (r.entry.size == 0 ? times_.empty_ms : times_.full_ms);
    }

    settling times_;
    std::map<std::string, record, std::less<>> records_;
};

} // namespace stick
