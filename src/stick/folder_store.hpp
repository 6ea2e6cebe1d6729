// A folder on any Linux machine as a store of the user's files.
//
// Nothing outside the folder is ever reached: each part of a path is opened by itself and no link is followed. Folders
// that another user may change meanwhile do no harm beyond that. A walk enters at most max_depth folders below each
// other and lists at most max_files files.
//
// Programs save files in two ways, and neither must lose what a user wrote when an answer comes at the same time. One
// that puts another file in the place of the old one: the answer then stands in a file that is gone, which append()
// sees. One that writes into the file: append() compares before and after; where both wrote, the answer is taken back
// and what the user saved stays.
#pragma once

#include "stick/descriptor.hpp"
#include "stick/file_names.hpp"
#include "stick/file_store.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

static_assert(sizeof(::off_t) == 8, "compile with -D_FILE_OFFSET_BITS=64: inode numbers and sizes may be large");

namespace stick {

class folder_store final : public file_store {
public:
    static constexpr std::size_t max_depth = 16;
    static constexpr std::size_t max_files = 20000;

    // Errors: io.
    [[nodiscard]] static llmzero::result<folder_store> open(const std::string & folder) {
        descriptor root(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!root.is_open()) {
            return failed("open the folder", folder);
        }
        return folder_store(std::move(root));
    }

    [[nodiscard]] llmzero::result<std::vector<file_entry>> list() override {
        std::vector<file_entry> found;
        LLMZERO_CHECK(walk(::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "", 0, found));
        return found;
    }

    [[nodiscard]] llmzero::result<std::string> read(const std::string & path,
                                                    std::uint64_t most = max_file_bytes) override {
        LLMZERO_ASSIGN(const descriptor file, open_file(path, O_RDONLY));
        return content_of(file.get(), path, most);
    }

    [[nodiscard]] llmzero::status append(const std::string & path, std::string_view expected,
                                         std::string_view more) override {
        LLMZERO_ASSIGN(const descriptor file, open_file(path, O_RDWR | O_APPEND));
        if (!has_content(file.get(), path, expected)) {
            return changed(path);
        }
        const llmzero::status written = write_all(file.get(), path, more);
        std::string both(expected);
        both += more;
        if (written && is_at(path, file.get()) && has_content(file.get(), path, both)) {
            return ::fdatasync(file.get()) == 0 ? llmzero::success() : failed("sync", path);
        }
        take_back(file.get(), path, expected, more);
        return written ? changed(path) : written.error();
    }

    [[nodiscard]] llmzero::status replace(const std::string & path, std::optional<std::string_view> expected,
                                          std::string_view content) override {
        LLMZERO_ASSIGN(const descriptor folder, open_folder_of(path));
        const std::string name(name_of_path(path));
        struct stat before = {};
        const bool is_there = ::fstatat(folder.get(), name.c_str(), &before, AT_SYMLINK_NOFOLLOW) == 0;
        if (is_there && !S_ISREG(before.st_mode)) {
            return llmzero::error(llmzero::error_code::io, "cannot replace %s: it is no regular file",
                                  llmzero::quoted(path).c_str());
        }
        if (expected) {
            const auto present = read(path);
            if (!present || *present != *expected) {
                return changed(path);
            }
        }
        llmzero::status put = put_beside(folder.get(), name, path, content, is_there ? &before : nullptr);
        // On a full disk STATUS.TXT has to say so in the room that it has.
        const bool is_told = !put && !expected && is_there && overwrite(folder.get(), name, content);
        return is_told ? llmzero::success() : std::move(put);
    }

private:
    explicit folder_store(descriptor && root) : root_(std::move(root)) {}

    static llmzero::error failed(const char * what, std::string_view path) {
        const int reason = errno;
        return llmzero::error(llmzero::error_code::io, "cannot %s %s: %s", what, llmzero::quoted(path).c_str(),
                              std::strerror(reason));
    }

    static llmzero::error changed(std::string_view path) {
        return llmzero::error(llmzero::error_code::cancelled, "%s has changed meanwhile",
                              llmzero::quoted(path).c_str());
    }

    // Takes the open folder. What cannot be read in it is left out: it may be gone by then, or not be for us.
    [[nodiscard]] llmzero::status walk(int number, const std::string & place, std::size_t depth,
                                       std::vector<file_entry> & found) {
        DIR * const folder = number >= 0 ? ::fdopendir(number) : nullptr;
        if (folder == nullptr) {
            const llmzero::error why = failed("read the folder", place.empty() ? "." : place);
            if (number >= 0) {
                ::close(number);
            }
            return depth == 0 ? llmzero::status(why) : llmzero::success();
        }
        std::vector<std::string> names;
        for (const dirent * entry = ::readdir(folder); entry != nullptr; entry = ::readdir(folder)) {
            if (!is_litter_name(entry->d_name)) {
                names.emplace_back(entry->d_name);
            }
        }
        for (const std::string & name : names) {
            struct stat status = {};
            if (found.size() >= max_files ||
                ::fstatat(::dirfd(folder), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
                continue;
            }
            if (S_ISREG(status.st_mode)) {
                found.push_back(entry_of(place + name, status));
            } else if (S_ISDIR(status.st_mode) && depth < max_depth) {
                constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
                const llmzero::status walked =
                    walk(::openat(::dirfd(folder), name.c_str(), flags), place + name + '/', depth + 1, found);
                static_cast<void>(walked.has_value());
            }
        }
        ::closedir(folder);
        return llmzero::success();
    }

    static file_entry entry_of(std::string path, const struct stat & status) {
        file_entry entry;
        entry.path = std::move(path);
        entry.size = static_cast<std::uint64_t>(status.st_size);
        const auto nanoseconds = [](const timespec & time) {
            return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
        };
        entry.modified = nanoseconds(status.st_mtim);
        for (const std::uint64_t part :
             {static_cast<std::uint64_t>(entry.modified), static_cast<std::uint64_t>(nanoseconds(status.st_ctim)),
              static_cast<std::uint64_t>(status.st_ino), entry.size}) {
            entry.version = (entry.version ^ part) * 0x9e3779b97f4a7c15u;
            entry.version ^= entry.version >> 29;
        }
        return entry;
    }

    // The folder that a path's last part is in.
    [[nodiscard]] llmzero::result<descriptor> open_folder_of(std::string_view path) const {
        descriptor at(::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        for (std::string_view rest = path; at.is_open();) {
            const std::size_t slash = rest.find('/');
            const std::string part(rest.substr(0, slash));
            if (part.empty() || part == "." || part == ".." || part.find('\0') != part.npos) {
                return llmzero::error(llmzero::error_code::io, "%s is no path inside the folder",
                                      llmzero::quoted(path).c_str());
            }
            if (slash == rest.npos) {
                return at;
            }
            at = descriptor(::openat(at.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            rest.remove_prefix(slash + 1);
        }
        return failed("open", path);
    }

    // A regular file. Without O_NONBLOCK a named pipe would stop the service.
    [[nodiscard]] llmzero::result<descriptor> open_file(const std::string & path, int flags) const {
        LLMZERO_ASSIGN(const descriptor folder, open_folder_of(path));
        const std::string name(name_of_path(path));
        descriptor file(::openat(folder.get(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
        if (!file.is_open()) {
            if (errno == ENOENT) {
                return changed(path);
            }
            return failed("open", path);
        }
        struct stat status = {};
        if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
            return llmzero::error(llmzero::error_code::io, "%s is no regular file", llmzero::quoted(path).c_str());
        }
        return file;
    }

    [[nodiscard]] static llmzero::result<std::string> content_of(int file, std::string_view path, std::uint64_t most) {
        std::string content;
        char piece[16384];
        for (std::uint64_t at = 0;;) {
            const ssize_t got = ::pread(file, piece, sizeof piece, static_cast<off_t>(at));
            if (got < 0 && errno != EINTR) {
                return failed("read", path);
            }
            if (got == 0) {
                return content;
            }
            at += got < 0 ? 0 : static_cast<std::uint64_t>(got);
            if (at > most) {
                return llmzero::error(llmzero::error_code::bad_argument, "%s has more than %llu bytes",
                                      llmzero::quoted(path).c_str(), static_cast<unsigned long long>(most));
            }
            content.append(piece, got < 0 ? 0 : static_cast<std::size_t>(got));
        }
    }

    [[nodiscard]] static bool has_content(int file, std::string_view path, std::string_view expected) {
        const auto content = content_of(file, path, expected.size());
        return content && *content == expected;
    }

    // Whether the path still leads to the open file.
    [[nodiscard]] bool is_at(const std::string & path, int file) const {
        const auto folder = open_folder_of(path);
        struct stat opened = {};
        struct stat named = {};
        const std::string name(name_of_path(path));
        return folder && ::fstat(file, &opened) == 0 &&
               ::fstatat(folder->get(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
               opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
    }

    [[nodiscard]] static llmzero::status write_all(int file, std::string_view path, std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t written = ::write(file, bytes.data(), bytes.size());
            if (written < 0 && errno != EINTR) {
                return failed("write", path);
            }
            bytes.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
        }
        return llmzero::success();
    }

    // Writes another file and puts it in the place of this one, of which `before` tells.
    [[nodiscard]] static llmzero::status put_beside(int folder, const std::string & name, std::string_view path,
                                                    std::string_view content, const struct stat * before) {
        // Hidden, so that nobody sees it; one that a power cut left behind is overwritten.
        const std::string beside = "." + name + ".new";
        constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
        const descriptor file(::openat(folder, beside.c_str(), flags, 0666));
        if (!file.is_open()) {
            return failed("write", path);
        }
        keep_owner(file.get(), folder, before);
        const llmzero::status written = write_all(file.get(), path, content);
        if (!written || ::fsync(file.get()) != 0 || ::renameat(folder, beside.c_str(), folder, name.c_str()) != 0) {
            const llmzero::status why = written ? failed("write", path) : llmzero::status(written.error());
            ::unlinkat(folder, beside.c_str(), 0);
            return why.error();
        }
        static_cast<void>(::fsync(folder));
        return llmzero::success();
    }

    // Where that fails the content is as it was.
    static bool overwrite(int folder, const std::string & name, std::string_view content) {
        constexpr int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
        const descriptor file(::openat(folder, name.c_str(), flags));
        const auto before = file.is_open() ? content_of(file.get(), name, max_file_bytes) : failed("write", name);
        const auto put = [&file](std::string_view bytes) {
            return ::pwrite(file.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()) &&
                   ::ftruncate(file.get(), static_cast<off_t>(bytes.size())) == 0 && ::fsync(file.get()) == 0;
        };
        if (!before || put(content)) {
            return before.has_value();
        }
        static_cast<void>(put(*before));
        return false;
    }

    // After an append that did not end well: removes what it added, if that is what the file ends with.
    static void take_back(int file, std::string_view path, std::string_view expected, std::string_view more) {
        const auto content = content_of(file, path, max_file_bytes + more.size());
        if (!content) {
            return;
        }
        std::size_t kept = content->size();
        if (content->ends_with(more)) {
            kept -= more.size();
        } else if (content->starts_with(expected) && more.starts_with(content->substr(expected.size()))) {
            kept = expected.size(); // a part, where the disk is full
        }
        if (kept < content->size() && ::ftruncate(file, static_cast<off_t>(kept)) != 0) {
            return; // what stays is our own text, behind the user's
        }
    }

    // A service may run as another user than the one whose folder it is.
    static void keep_owner(int file, int folder, const struct stat * before) {
        struct stat around = {};
        if (before != nullptr) {
            static_cast<void>(::fchmod(file, before->st_mode & 07777));
        } else if (::fstat(folder, &around) != 0) {
            return;
        }
        const struct stat & like = before != nullptr ? *before : around;
        if (like.st_uid != ::geteuid() || like.st_gid != ::getegid()) {
            if (::fchown(file, like.st_uid, like.st_gid) != 0) {
                return; // only root may
            }
        }
    }

    descriptor root_;
};

} // namespace stick
