// A FAT volume on a disk as a store of the user's files: --image, and the stick's data partition.
//
// A host may write the disk while it is looked at: list() opens the volume anew and judges which files are whole. The
// disk is written between begin_writing() and end_writing() alone, when no host has it; what a host or a power cut left
// unfinished is put right first. A service begins with recover(), which does only that.
#pragma once

#include "fat/editor.hpp"
#include "stick/file_names.hpp"
#include "stick/file_store.hpp"

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stick {

class fat_store : public file_store {
public:
    static constexpr std::size_t max_files = 20000;

    // The disk outlives the store; nothing is read yet.
    explicit fat_store(fat::block_device & disk) : disk_(&disk) {}

    [[nodiscard]] llmzero::result<std::vector<file_entry>> list() override {
        LLMZERO_ASSIGN(const fat::volume volume, fat::volume::open(*disk_));
        std::vector<file_entry> found;
        llmzero::status judged = llmzero::success();
        LLMZERO_CHECK(volume.visit([&](const fat::file_info & file) {
            if (is_hidden(file) || is_litter_name(name_of_path(file.path))) {
                return !file.is_folder(); // not entered; the walk goes on after a file
            }
            if (file.is_folder()) {
                return true;
            }
            auto entry = entry_of(volume, file);
            if (!entry) {
                judged = entry.error();
                return false;
            }
            found.push_back(std::move(*entry));
            return found.size() < max_files;
        }));
        LLMZERO_CHECK(judged);
        return found;
    }

    [[nodiscard]] llmzero::result<std::string> read(const std::string & path,
                                                    std::uint64_t most = max_file_bytes) override {
        if (edit_) {
            return content_of(edit_->files(), path, most);
        }
        LLMZERO_ASSIGN(const fat::volume volume, fat::volume::open(*disk_));
        return content_of(volume, path, most);
    }

    // Errors: those of begin_writing() and end_writing().
    [[nodiscard]] llmzero::status recover() {
        LLMZERO_CHECK(begin_writing());
        return end_writing();
    }

    [[nodiscard]] llmzero::status begin_writing() override {
        LLMZERO_ASSIGN(fat::editor edit, fat::editor::open(*disk_));
        edit_.emplace(std::move(edit));
        return llmzero::success();
    }

    // Errors: io, where the disk (not only the volume, by being full) has refused a write.
    llmzero::status end_writing() override {
        const bool has_failed = edit_ && edit_->has_failed();
        edit_.reset();
        return has_failed ? llmzero::status(llmzero::error(llmzero::error_code::io, "the disk cannot be written"))
                          : llmzero::success();
    }

    [[nodiscard]] llmzero::status append(const std::string & path, std::string_view expected,
                                         std::string_view more) override {
        LLMZERO_CHECK(check_content(path, expected));
        return edit_->append(path, more, clock());
    }

    [[nodiscard]] llmzero::status replace(const std::string & path, std::optional<std::string_view> expected,
                                          std::string_view content) override {
        LLMZERO_CHECK(expected ? check_content(path, *expected) : check_writing());
        llmzero::status done = io_error(edit_->replace(path, content, clock()));
        // On a full volume STATUS.TXT has to say so in the room that it has.
        const bool is_told = !done && !expected && edit_->overwrite(path, content, clock());
        return is_told ? llmzero::success() : std::move(done);
    }

private:
    // As Windows hides files. The service's own are its own all the same.
    [[nodiscard]] static bool is_hidden(const fat::file_info & file) {
        return (file.attributes & (fat::attribute_hidden | fat::attribute_system)) != 0 && !is_own_file(file.path);
    }

    [[nodiscard]] static llmzero::result<file_entry> entry_of(const fat::volume & volume, const fat::file_info & file) {
        file_entry entry;
        entry.path = file.path;
        entry.size = file.size;
        entry.modified = std::int64_t{file.modified.date} << 16 | file.modified.time;
        for (const std::uint64_t part :
             {static_cast<std::uint64_t>(entry.modified), std::uint64_t{file.created.date} << 16 | file.created.time,
              std::uint64_t{file.first_cluster}, entry.size}) {
            entry.version = (entry.version ^ part) * 0x9e3779b97f4a7c15u;
            entry.version ^= entry.version >> 29;
        }
        // A huge file is no conversation; following its chain would only take time.
        if (file.size <= max_file_bytes) {
            entry.is_complete = volume.has_whole_chain(file);
            if (entry.is_complete) {
                LLMZERO_ASSIGN(entry.is_complete, volume.has_zero_slack(file));
            }
        }
        return entry;
    }

    [[nodiscard]] static llmzero::error changed(std::string_view path) {
        return llmzero::error(llmzero::error_code::cancelled, "%s has changed meanwhile",
                              llmzero::quoted(path).c_str());
    }

    [[nodiscard]] static llmzero::result<std::string> content_of(const fat::volume & volume, const std::string & path,
                                                                 std::uint64_t most) {
        LLMZERO_ASSIGN(const std::optional<fat::file_info> file, volume.find(path));
        if (!file || file->is_folder()) {
            return changed(path);
        }
        return volume.content(*file, most);
    }

    [[nodiscard]] llmzero::status check_writing() const {
        return edit_
                   ? llmzero::success()
                   : llmzero::status(llmzero::error(llmzero::error_code::cancelled, "the volume is not the device's"));
    }

    [[nodiscard]] llmzero::status check_content(const std::string & path, std::string_view expected) {
        LLMZERO_CHECK(check_writing());
        const auto present = content_of(edit_->files(), path, expected.size());
        if (!present && present.error().code() == llmzero::error_code::io) {
            return present.error();
        }
        return present && *present == expected ? llmzero::success() : llmzero::status(changed(path));
    }

    // What stands in the way of writing is of the kind io here.
    [[nodiscard]] static llmzero::status io_error(llmzero::status done) {
        if (!done && done.error().code() == llmzero::error_code::bad_argument) {
            return llmzero::error(llmzero::error_code::io, "%s", done.error().message());
        }
        return done;
    }

    // Local time, as hosts write it. A board without a clock begins in 1970: then 1980 is written.
    [[nodiscard]] static fat::timestamp clock() {
        const std::time_t now = std::time(nullptr);
        std::tm parts = {};
        if (::localtime_r(&now, &parts) == nullptr) {
            return {};
        }
        return fat::timestamp::of(
            {parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec});
    }

    fat::block_device * disk_;
    std::optional<fat::editor> edit_;
};

} // namespace stick
