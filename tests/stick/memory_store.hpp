// A store in memory, for tests of what works on stores: what users and cuts do to files is done by the test.
#pragma once

#include "stick/file_store.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace support {

class memory_store final : public stick::file_store {
public:
    struct file {
        std::string content;
        std::int64_t modified = 0;
        std::uint64_t version = 0;
        bool is_complete = true;
    };

    // As a user saves a file.
    void save(const std::string & path, std::string_view content) {
        ++time_;
        file & saved = files[path];
        saved.content = content;
        saved.modified = time_;
        saved.version = static_cast<std::uint64_t>(time_);
    }
    [[nodiscard]] std::string content(const std::string & path) const {
        const auto at = files.find(path);
        return at == files.end() ? "(no file)" : at->second.content;
    }

    [[nodiscard]] llmzero::result<std::vector<stick::file_entry>> list() override {
        std::vector<stick::file_entry> found;
        for (const auto & [path, f] : files) {
            found.push_back({path, f.content.size(), f.modified, f.version, f.is_complete});
        }
        return found;
    }
    [[nodiscard]] llmzero::result<std::string> read(const std::string & path,
                                                    std::uint64_t most = stick::max_file_bytes) override {
        ++n_reads;
        const auto at = files.find(path);
        if (at == files.end()) {
            return llmzero::error(llmzero::error_code::cancelled, "gone");
        }
        if (at->second.content.size() > most) {
            return llmzero::error(llmzero::error_code::bad_argument, "too large");
        }
        return at->second.content;
    }
    [[nodiscard]] llmzero::status begin_writing() override {
        if (refuses_to_begin) {
            return llmzero::error(*refuses_to_begin, "refused");
        }
        if (is_busy) {
            return llmzero::error(llmzero::error_code::cancelled, "busy");
        }
        ++n_begun;
        for (auto & [path, f] : files) {
            f.is_complete = f.is_complete || completes_when_written;
        }
        is_writing = true;
        return llmzero::success();
    }
    llmzero::status end_writing() override {
        is_writing = false;
        return fails_to_end ? llmzero::status(llmzero::error(llmzero::error_code::io, "the disk fails"))
                            : llmzero::success();
    }
    [[nodiscard]] llmzero::status append(const std::string & path, std::string_view expected,
                                         std::string_view more) override {
        LLMZERO_CHECK(check_writing());
        const auto at = files.find(path);
        if (at == files.end() || at->second.content != expected) {
            return llmzero::error(llmzero::error_code::cancelled, "changed");
        }
        save(path, at->second.content + std::string(more));
        ++n_appends;
        return llmzero::success();
    }
    [[nodiscard]] llmzero::status replace(const std::string & path, std::optional<std::string_view> expected,
                                          std::string_view content) override {
        LLMZERO_CHECK(check_writing());
        const auto at = files.find(path);
        if (expected && (at == files.end() || at->second.content != *expected)) {
            return llmzero::error(llmzero::error_code::cancelled, "changed");
        }
        save(path, content);
        return llmzero::success();
    }

    std::map<std::string, file> files;
    bool is_busy = false;    // somebody else writes
    bool is_writing = false; // between begin_writing() and end_writing()
    bool is_full = false;
    bool completes_when_written = false; // what is not complete, as a volume that is recovered
    bool fails_to_end = false;
    std::optional<llmzero::error_code> refuses_to_begin;
    int n_reads = 0;
    int n_begun = 0;
    int n_appends = 0;

private:
    [[nodiscard]] llmzero::status check_writing() const {
        if (!is_writing) {
            return llmzero::error(llmzero::error_code::io, "written outside begin_writing() and end_writing()");
        }
        if (is_full) {
            return llmzero::error(llmzero::error_code::io, "the volume is full");
        }
        return llmzero::success();
    }

    std::int64_t time_ = 0;
};

} // namespace support
