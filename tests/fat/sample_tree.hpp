// A small volume with files and folders of every kind.
#pragma once

#include "fat/editor.hpp"
#include "fat/format.hpp"
#include "fat/memory_device.hpp"

#include <string>
#include <vector>

namespace fat_test {

// Empty when making it failed.
inline std::vector<std::byte> sample_volume(fat::fat_kind kind = fat::fat_kind::fat16) {
    fat::memory_device device(kind == fat::fat_kind::fat32 ? 67200 : 4400);
    if (!fat::format(device, {.kind = kind, .sectors_per_cluster = 1, .serial = 0x1234abcd, .label = "SAMPLE"})) {
        return {};
    }
    auto edit = fat::editor::open(device);
    if (!edit) {
        return {};
    }
    const fat::timestamp when = fat::timestamp::of({2024, 5, 6, 7, 8, 10});
    bool good = edit->replace("README.TXT", std::string(700, 'r'), when).has_value();
    const auto put = [&](const std::string & path, std::size_t n) {
        good = good && edit->replace(path, std::string(n, static_cast<char>('a' + n % 26)), when);
    };
    const auto folder = [&](const std::string & path) {
        good = good && edit->make_folder(path, when);
    };
    put("a question.txt", 3000);
    folder("folder");
    folder("folder/another folder");
    folder("folder/another folder/third");
    put("folder/one.txt", 1);
    put("folder/another folder/\xc3\xa4\xc3\xb6\xc3\xbc \xf0\x9f\x98\x80.txt", 513);
    put("folder/another folder/third/empty.txt", 0);
    for (int i = 0; i < 12; ++i) {
        put("folder/a rather long name of a file, number " + std::to_string(i) + ".txt",
            static_cast<std::size_t>(i) * 200);
    }
    folder("EMPTY");
    return good ? std::vector<std::byte>(device.bytes().begin(), device.bytes().end()) : std::vector<std::byte>();
}

} // namespace fat_test
