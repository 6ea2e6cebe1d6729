// A file that takes the place of another one as a whole: whatever happens, a power cut included, there is the
// old content or the new one, never a part.
//
// It is written beside the place as PATH.new, synced, renamed, and the folder is synced. What a cut leaves behind under
// that name is overwritten by the next writer; a lock keeps two writers apart. A file that is not committed is removed.
//
// Errors are io, with the path and the system's words.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/storage/file_calls.hpp>

#include <cerrno>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

class replacement_file {
public:
    [[nodiscard]] static result<replacement_file> create(std::string_view path) {
        replacement_file made;
        LLMZERO_CHECK(join(made.path_, path, ""));
        LLMZERO_CHECK(join(made.new_path_, path, ".new"));
        detail::file_status attributes{};
        if (detail::status_of_path(made.path_.data(), attributes) == 0 && !S_ISREG(attributes.st_mode)) {
            return llmzero::error(error_code::io, "cannot replace '%.160s': it is no regular file", made.path_.data());
        }
        LLMZERO_CHECK(made.open_locked());
        return made;
    }

    replacement_file(replacement_file && other) noexcept
        : path_(std::move(other.path_)), new_path_(std::move(other.new_path_)),
          descriptor_(std::exchange(other.descriptor_, -1)) {}
    replacement_file & operator=(replacement_file &&) = delete;
    replacement_file(const replacement_file &) = delete;
    replacement_file & operator=(const replacement_file &) = delete;
    ~replacement_file() {
        if (descriptor_ >= 0) {
            detail::discard_file(descriptor_, new_path_.data());
        }
    }

    [[nodiscard]] status write(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            const auto written = detail::write_file(descriptor_, bytes.data(), bytes.size());
            if (written < 0 && errno != EINTR) {
                return failed("write");
            }
            bytes = bytes.subspan(written < 0 ? 0 : static_cast<std::size_t>(written));
        }
        return success();
    }

    // Puts the file in its place; nothing may be written afterwards.
    [[nodiscard]] status commit() {
        if (detail::sync_file(descriptor_) != 0) {
            return failed("sync");
        }
        if (detail::put_in_place(std::exchange(descriptor_, -1), new_path_.data(), path_.data()) != 0) {
            return failed("rename");
        }
        sync_folder();
        return success();
    }

private:
    replacement_file() = default;

    [[nodiscard]] static status join(heap_array<char> & out, std::string_view a, std::string_view b) {
        LLMZERO_CHECK(out.append({a.data(), a.size()}));
        LLMZERO_CHECK(out.append({b.data(), b.size()}));
        return out.push_back('\0');
    }

    [[nodiscard]] status open_locked() {
        descriptor_ = detail::open_alone(new_path_.data());
        if (descriptor_ < 0 && errno == EWOULDBLOCK) {
            return llmzero::error(error_code::io, "'%.160s' is being written by another program", path_.data());
        }
        return descriptor_ < 0 ? status(failed("open")) : success();
    }

    // So that the new name survives a power cut. The file is whole with or without it, so a failure does not count.
    void sync_folder() {
        const std::string_view path(path_.data());
        const std::size_t slash = path.rfind('/');
        const char * folder = ".";
        if (slash != path.npos) {
            path_[slash == 0 ? 1 : slash] = '\0';
            folder = path_.data();
        }
        detail::sync_folder(folder);
    }

    [[nodiscard]] error failed(const char * what) const {
        return llmzero::error(error_code::io, "cannot %s '%.160s': %s", what, new_path_.data(),
                              detail::system_message(errno).c_str());
    }

    heap_array<char> path_;     // zero-terminated
    heap_array<char> new_path_; // zero-terminated
    int descriptor_ = -1;       // -1: nothing to remove
};

} // namespace llmzero::inline LLMZERO_ABI
