// Random trees, made by one side and read by the other: mtools writes what this code reads, and this code writes what
// mtools reads and fsck.vfat checks. LLMZERO_FAT_TREES=n makes so many trees; else a few.
#include "fat/editor.hpp"
#include "fat/file_device.hpp"
#include "fat/format.hpp"
#include "fat/host_tools.hpp"
#include "fat/memory_device.hpp"
#include "fat/strict_check.hpp"
#include "support/scale.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <random>
#include <string>
#include <vector>

namespace {

using fat_test::file_map;
using fat_test::run_command;

int n_trees(int few) {
    const char * asked = std::getenv("LLMZERO_FAT_TREES");
    return asked != nullptr ? std::atoi(asked) : support::full_scale() ? few : 2;
}

// mtools loses accents that are characters of their own, and all beyond 16 bits: some trees do without.
std::string random_name(std::mt19937 & random, bool for_mtools) {
    static const std::vector<std::string> parts = {"a",
                                                   "B",
                                                   "1",
                                                   "-",
                                                   "_",
                                                   " x",
                                                   ".y",
                                                   "long",
                                                   "README",
                                                   "(1)",
                                                   "+",
                                                   "\xc3\xa4",
                                                   "\xc3\x89",
                                                   "\xc3\x9f",
                                                   "\xd7\xa9\xd7\x9c",
                                                   "\xd9\x85\xd8\xb1",
                                                   "\xe6\x97\xa5\xe6\x9c\xac",
                                                   "\xd0\x96\xd1\x8f",
                                                   "e\xcc\x81",
                                                   "\xf0\x9f\x98\x80",
                                                   "\xf0\x9f\x91\xa9"};
    std::string name = for_mtools ? "f" : ""; // the shell's '*' leaves out what begins with a dot
    for (std::size_t n = 1 + random() % (random() % 8 == 0 ? 40 : 6); n > 0; --n) {
        name += parts[random() % (parts.size() - (for_mtools ? 3 : 0))];
    }
    return name + (random() % 3 == 0 ? "" : ".txt");
}

// A tree in which no two names of a folder differ in case alone.
file_map random_tree(std::mt19937 & random, std::size_t cluster_bytes, bool for_mtools) {
    file_map tree;
    std::set<std::u16string> taken;
    std::vector<std::string> folders = {""};
    for (std::size_t n = random() % 30; n > 0; --n) {
        const std::string path = folders[random() % folders.size()] + random_name(random, for_mtools);
        const std::size_t name_units = fat::to_utf16(path.substr(path.rfind('/') + 1)).size();
        if (!taken.insert(fat::folded(path)).second || name_units > 200 || path.size() > 700) {
            continue;
        }
        if (random() % 5 == 0) {
            folders.push_back(path + '/');
            tree[path + '/'] = "";
            continue;
        }
        std::size_t size = random() % 3000;
        if (random() % 4 == 0) {
            size = random() % 5 * cluster_bytes + random() % 3 - (random() % 2 == 0 ? 0 : 1);
            size = size > 100000 ? 0 : size;
        }
        std::string & text = tree[path];
        while (text.size() < size) {
            text += static_cast<char>(random() % 256);
        }
    }
    return tree;
}

fat::format_options random_format(std::mt19937 & random, std::uint64_t & n_sectors) {
    constexpr std::uint32_t per_cluster[] = {1, 2, 4};
    const std::uint32_t size = per_cluster[random() % 3];
    n_sectors = 4400 * size + random() % 500;
    return {.kind = fat::fat_kind::fat16, .sectors_per_cluster = size, .serial = static_cast<std::uint32_t>(random())};
}

// The tree as files below a folder; what is there, as a tree.
void write_tree(const file_map & tree, const std::string & folder) {
    REQUIRE(run_command("mkdir '" + folder + "'").status == 0);
    for (const auto & [path, content] : tree) { // a folder comes before what is in it
        const std::string place = folder + '/' + path;
        if (path.back() == '/') {
            REQUIRE(mkdir(place.c_str(), 0777) == 0);
        } else {
            REQUIRE(fat_test::write_file(place, std::as_bytes(std::span(content))));
        }
    }
}

file_map read_tree(const std::string & folder) {
    file_map tree;
    const std::string list =
        run_command("cd '" + folder + "' && find . -mindepth 1 -type d -printf '%P/\\n' -o -type f -printf '%P\\n'")
            .output;
    for (std::size_t begin = 0; begin < list.size();) {
        const std::size_t end = std::min(list.find('\n', begin), list.size());
        const std::string path = list.substr(begin, end - begin);
        begin = end + 1;
        if (path.back() == '/') {
            tree[path] = "";
        } else {
            const auto bytes = fat_test::read_bytes(folder + '/' + path);
            tree[path] = std::string(reinterpret_cast<const char *>(bytes.data()), bytes.size());
        }
    }
    return tree;
}

file_map tree_of(fat::block_device & device) {
    file_map tree;
    const auto opened = fat::volume::open(device);
    REQUIRE(opened);
    REQUIRE(opened->visit([&](const fat::file_info & file) {
        CHECK((file.is_folder() || opened->has_whole_chain(file)));
        const auto content = opened->content(file, 1 << 20);
        REQUIRE(content);
        tree[file.is_folder() ? file.path + '/' : file.path] = *content;
        return true;
    }));
    return tree;
}

// What is different: the first path.
std::string difference(const file_map & a, const file_map & b) {
    for (const auto * each : {&a, &b}) {
        for (const auto & [path, content] : *each) {
            const auto & other = each == &a ? b : a;
            if (!other.contains(path)) {
                return "only " + std::string(each == &a ? "left: '" : "right: '") + path + "'";
            }
            if (other.at(path) != content) {
                return "content of '" + path + "'";
            }
        }
    }
    return "";
}

} // namespace

TEST_CASE("volume: trees that this code writes are what mtools reads") {
    if (!fat_test::has_host_tools("trees for mtools")) {
        return;
    }
    std::mt19937 random(1);
    int compared = 0;
    const int n = n_trees(40);
    for (int i = 0; i < n; ++i) {
        const fat_test::scratch_folder scratch;
        std::uint64_t n_sectors = 0;
        const fat::format_options options = random_format(random, n_sectors);
        fat::memory_device device(n_sectors);
        REQUIRE(fat::format(device, options));
        const file_map tree = random_tree(random, options.sectors_per_cluster * fat::sector_bytes, i % 3 != 0);
        {
            auto edit = fat::editor::open(device);
            REQUIRE(edit);
            for (const auto & [path, content] : tree) {
                const fat::timestamp when = fat::timestamp::of({2024, 3, 4, 5, 6, 8});
                const std::size_t half = random() % (content.size() + 1); // written in two parts
                REQUIRE((path.back() == '/' ? edit->make_folder(path.substr(0, path.size() - 1), when)
                                            : edit->replace(path, content.substr(0, half), when)));
                if (path.back() != '/') {
                    REQUIRE(edit->append(path, content.substr(half), when));
                }
            }
        }
        INFO("tree ", i, " with ", tree.size(), " files and folders");
        REQUIRE(fat_test::strict_check(device.bytes()).problem() == "");
        REQUIRE(difference(fat_test::strict_check(device.bytes()).files(), tree) == "");
        REQUIRE(difference(tree_of(device), tree) == "");
        REQUIRE(fat_test::fsck(device.bytes(), scratch) == "");
        if (i % 3 != 0 && !tree.empty()) {
            REQUIRE(run_command("mkdir '" + scratch.path("out") + "'").status == 0);
            const auto copied =
                run_command("mcopy -s -n -m -i '" + scratch.path("fsck.img") + "' '::*' '" + scratch.path("out") + "'");
            INFO(copied.output);
            REQUIRE(copied.status == 0);
            REQUIRE(difference(read_tree(scratch.path("out")), tree) == "");
            ++compared;
        }
    }
    CHECK((n < 20 || compared > n / 3));
    MESSAGE(n, " trees written, all judged by fsck.vfat, ", compared, " copied out by mtools");
}

TEST_CASE("volume: trees that mtools writes are read, and then written to") {
    if (!fat_test::has_host_tools("trees of mtools")) {
        return;
    }
    std::mt19937 random(2);
    const int n = n_trees(25);
    for (int i = 0; i < n; ++i) {
        const fat_test::scratch_folder scratch;
        const std::string image = scratch.path("disk.img");
        const bool is_fat32 = i % 25 == 24;
        const std::string made =
            is_fat32 ? "mkfs.vfat -C -F 32 -s 1 '" + image + "' 34000" : "mkfs.vfat -C -F 16 -s 2 '" + image + "' 8000";
        REQUIRE(run_command(made).status == 0);
        file_map tree = random_tree(random, 1024, true);
        while (tree.empty()) {
            tree = random_tree(random, 1024, true);
        }
        write_tree(tree, scratch.path("in"));
        const auto copied = run_command("mcopy -s -Q -i '" + image + "' '" + scratch.path("in") + "'/* ::/");
        INFO("tree ", i, ": ", copied.output);
        REQUIRE(copied.status == 0);
        auto device = fat::file_device::open(image);
        REQUIRE(device);
        REQUIRE(difference(tree_of(*device), tree) == "");
        auto edit = fat::editor::open(*device);
        REQUIRE(edit);
        int changed = 0;
        for (auto & [path, content] : tree) {
            if (path.back() != '/' && ++changed <= 5) {
                REQUIRE(edit->append(path, "\nand an answer", {}));
                content += "\nand an answer";
            }
        }
        REQUIRE(edit->replace("an answer.txt", "yes", {}));
        tree["an answer.txt"] = "yes";
        REQUIRE(difference(tree_of(*device), tree) == "");
        REQUIRE(fat_test::fsck(fat_test::read_bytes(image), scratch) == "");
    }
    MESSAGE(n, " trees of mtools read and written to");
}
