// What has to hold for whatever lies on a device: everything is listed, found and read in the end, a recovered volume
// needs no second recovery, and what is written to it can be read again.
#pragma once

#include "fat/editor.hpp"

#include <cstdint>
#include <string>

namespace fat_test {

// Empty, or what was broken. `count_writes` returns how many sectors were written so far.
template <class CountWrites> std::string exercise(fat::block_device & device, CountWrites && count_writes) {
    constexpr std::size_t most_files = 200;
    std::string broken;
    const auto look = [&]() -> bool {
        auto opened = fat::volume::open(device);
        if (!opened) {
            return false;
        }
        std::size_t n = 0;
        const auto visited = opened->visit([&](const fat::file_info & file) {
            const auto found = opened->find(file.path);
            if (!found) {
                broken = "finding fails";
            }
            static_cast<void>(opened->has_whole_chain(file));
            static_cast<void>(opened->has_zero_slack(file).has_value());
            const auto content = opened->content(file, 1 << 16);
            if (content && content->size() != file.size) {
                broken = "the size of what was read";
            }
            return ++n < most_files;
        });
        return visited.has_value();
    };
    if (!look()) {
        return broken;
    }
    const auto first = fat::recover(device);
    if (!first) {
        return broken; // FAT12
    }
    const std::size_t before = count_writes();
    const auto second = fat::recover(device);
    if (!second || second->any() || count_writes() != before) {
        return "a second recovery finds something";
    }
    auto edit = fat::editor::open(device);
    if (!edit) {
        return "the recovered volume does not open";
    }
    // Every file is whole then.
    std::string some_path;
    std::size_t n = 0;
    static_cast<void>(edit->files().visit([&](const fat::file_info & file) {
        if (!file.is_folder()) {
            if (!edit->files().has_whole_chain(file)) {
                broken = "a recovered file is cut";
            }
            some_path = file.path;
        }
        return ++n < most_files;
    }));
    const std::string text(3000, 'x');
    for (const std::string & path : {std::string("an answer with a long name.txt"), some_path}) {
        if (!path.empty() && edit->replace(path, text, {}) && edit->append(path, text, {})) {
            const auto found = edit->files().find(path);
            const auto content = found && *found ? edit->files().content(**found, 10000) : std::string();
            if (!content || *content != text + text) {
                broken = "what was written is not read";
            }
        }
    }
    if (edit->make_folder("a folder with a long name", {})) {
        static_cast<void>(edit->replace("a folder with a long name/a.txt", text, {}).has_value());
    }
    const auto last = fat::recover(device);
    if (!last || last->any()) {
        return "the volume is not clean after writing";
    }
    return broken;
}

} // namespace fat_test
