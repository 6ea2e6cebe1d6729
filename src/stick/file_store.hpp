// The user's files as the service sees them, wherever they are: a folder (folder_store.hpp) or a FAT volume.
//
// Paths are relative to the store's root, with '/' between folders and none at the beginning: UTF-8 where the names
// are. A path goes back to the store as list() gave it.
//
// What belongs to the user is only ever appended to, and only while it is still what was read: append() compares. What
// belongs to the service (README.TXT and its like) is replaced as a whole. A store may need to take the volume from
// somebody else before it writes, so all writing stands between begin_writing() and end_writing(); it should be short.
//
// Errors are values. `cancelled` is no failure: the file has changed, or it is not the moment to write.
#pragma once

#include <llmzero/base/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stick {

struct file_entry {
    std::string path;
    std::uint64_t size = 0;
    std::int64_t modified = 0; // of two files the one with the smaller number is older; the unit is the store's own
    // Differs where the content may differ, as far as can be told without reading it: made of times, places, the size.
    std::uint64_t version = 0;
    // Whether the file is whole as far as the store can tell: a host writes the parts of a file in any order. Whether
    // it is quiet, too, is for the service to see.
    bool is_complete = true;
};

// What a user's file may have at most, in bytes: what is larger is no conversation.
inline constexpr std::uint64_t max_file_bytes = std::uint64_t{256} << 10;

class file_store {
public:
    virtual ~file_store() = default;

    // All regular files of the root and of the folders in it, in any order. What file_names.hpp calls litter may be
    // left out, and is not entered where it is a folder.
    // Errors: io, malformed (a volume that is damaged).
    [[nodiscard]] virtual llmzero::result<std::vector<file_entry>> list() = 0;

    // The content. Errors: cancelled (there is no such file any more), io, bad_argument (more than `most` bytes).
    [[nodiscard]] virtual llmzero::result<std::string> read(const std::string & path,
                                                            std::uint64_t most = max_file_bytes) = 0;

    // Before the first writing and after the last. Errors: cancelled (not at this moment: somebody else is writing; to
    // be asked again later), io. end_writing() is called after every begin_writing() that succeeded.
    [[nodiscard]] virtual llmzero::status begin_writing() { return llmzero::success(); }
    virtual llmzero::status end_writing() { return llmzero::success(); }

    // Adds `more` at the end of a file whose content is `expected`. After an error the file is as it was.
    // Errors: cancelled (it has another content, or is gone), io (the volume is full, cannot be written, ...).
    [[nodiscard]] virtual llmzero::status append(const std::string & path, std::string_view expected,
                                                 std::string_view more) = 0;

    // Gives the file this content as a whole, and makes it where there is none. With `expected` only while it has that
    // content. Errors: cancelled (it has another one, or is gone), io.
    [[nodiscard]] virtual llmzero::status replace(const std::string & path, std::optional<std::string_view> expected,
                                                  std::string_view content) = 0;

protected:
    file_store() = default;
    file_store(const file_store &) = default;
    file_store(file_store &&) = default;
    file_store & operator=(const file_store &) = default;
    file_store & operator=(file_store &&) = default;
};

} // namespace stick
