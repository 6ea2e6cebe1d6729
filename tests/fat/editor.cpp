#include "fat/editor.hpp"

#include "fat/format.hpp"
#include "fat/recording_device.hpp"
#include "fat/sample_tree.hpp"
#include "fat/strict_check.hpp"

#include <doctest/doctest.h>
#include <random>
#include <string>

namespace {

const fat::timestamp noon = fat::timestamp::of({2024, 6, 7, 12, 0, 0});

std::vector<std::byte> empty_volume(std::uint64_t n_sectors = 4400) {
    fat::memory_device device(n_sectors);
    REQUIRE(fat::format(device, {.kind = fat::fat_kind::fat16, .sectors_per_cluster = 1}));
    return {device.bytes().begin(), device.bytes().end()};
}

fat::editor opened(fat::block_device & device) {
    auto edit = fat::editor::open(device);
    REQUIRE(edit);
    return std::move(*edit);
}

fat_test::file_map files_of(std::span<const std::byte> image) {
    const fat_test::strict_check check(image);
    CHECK(check.problem() == "");
    return check.files();
}

llmzero::error_code code_of(const llmzero::status & status) {
    REQUIRE(!status);
    return status.error().code();
}

} // namespace

TEST_CASE("editor: writes what is asked for, on both kinds and with clusters of several sizes") {
    for (const std::uint32_t per_cluster : {1u, 2u, 8u}) {
        for (const fat::fat_kind kind : {fat::fat_kind::fat16, fat::fat_kind::fat32}) {
            if (kind == fat::fat_kind::fat32 && per_cluster > 1) {
                continue; // hundreds of megabytes
            }
            fat::memory_device device(kind == fat::fat_kind::fat32 ? 67200 : 4400 * per_cluster);
            REQUIRE(fat::format(device, {.kind = kind, .sectors_per_cluster = per_cluster}));
            fat::editor edit = opened(device);
            fat_test::file_map wanted;
            std::mt19937 random(per_cluster);
            for (int i = 0; i < 150; ++i) {
                const std::string folder = i % 3 == 0 ? "" : i % 3 == 1 ? "a folder/" : "a folder/inside \xc3\xa4/";
                const std::string path = folder + "file " + std::to_string(random() % 25) + ".txt";
                if (i == 1 || i == 2) {
                    REQUIRE(edit.make_folder(folder.substr(0, folder.size() - 1), noon));
                    wanted[folder] = "";
                }
                const std::string text(random() % 3000, static_cast<char>('a' + i % 26));
                if (wanted.contains(path) && random() % 2 == 0) {
                    REQUIRE(edit.append(path, text, noon));
                    wanted[path] += text;
                } else {
                    REQUIRE(edit.replace(path, text, noon));
                    wanted[path] = text;
                }
            }
            CHECK((files_of(device.bytes()) == wanted));
            CHECK(!fat::recover(device)->any());
        }
    }
}

TEST_CASE("editor: an entry keeps what is not changed") {
    fat::memory_device device(fat_test::sample_volume());
    fat::editor edit = opened(device);
    const fat::file_info before = edit.files().find("README.TXT").value().value();
    REQUIRE(edit.append("readme.txt", "more", noon));
    const fat::file_info after = edit.files().find("README.TXT").value().value();
    CHECK(after.place == before.place);
    CHECK(after.first_cluster == before.first_cluster);
    CHECK(after.created == before.created);
    CHECK(after.modified == noon);
    CHECK(after.size == before.size + 4);
    REQUIRE(edit.append("README.TXT", "more", {})); // a clock that was reset
    CHECK(edit.files().find("README.TXT").value()->modified == noon);
    REQUIRE(edit.replace("README.TXT", "", noon));
    CHECK(edit.files().find("README.TXT").value()->first_cluster == 0);
}

TEST_CASE("editor: short names that are names get no long one") {
    fat::memory_device device(empty_volume());
    fat::editor edit = opened(device);
    REQUIRE(edit.replace("README.TXT", "x", noon));
    REQUIRE(edit.replace("Status.txt", "x", noon));
    fat::folder_reader reader(edit.files().parts(), 0);
    fat::folder_item item;
    REQUIRE(reader.next(item).value());
    CHECK(item.slots.size() == 1);
    REQUIRE(reader.next(item).value());
    CHECK(item.slots.size() == 2);
    CHECK(item.name == "Status.txt");
    CHECK(fat::to_text(item.entry.name()) == "STATUS.TXT");
}

TEST_CASE("editor: free slots are used again") {
    fat::memory_device device(empty_volume());
    {
        fat::editor edit = opened(device);
        for (int i = 0; i < 8; ++i) {
            REQUIRE(edit.replace("a long name of a file " + std::to_string(i), "x", noon));
        }
        const fat::slot_place place = edit.files().find("a long name of a file 3").value()->place;
        device.bytes()[static_cast<std::size_t>(place.sector) * 512 + place.offset] = fat::free_mark; // deleted
    }
    fat::editor edit = opened(device); // frees its cluster and the parts of its name
    CHECK(edit.repaired().freed_clusters == 1);
    REQUIRE(edit.replace("other long name of a file", "x", noon)); // as many parts
    const fat::slot_place third = edit.files().find("other long name of a file").value()->place;
    const fat::slot_place fourth = edit.files().find("a long name of a file 4").value()->place;
    CHECK(third.sector * 512 + third.offset < fourth.sector * 512 + fourth.offset);
    CHECK(files_of(device.bytes()).size() == 8);
}

TEST_CASE("editor: what cannot be is refused, and nothing is written") {
    fat_test::recording_device device(fat_test::sample_volume());
    fat::editor edit = opened(device);
    CHECK(code_of(edit.append("nothing.txt", "x", noon)) == llmzero::error_code::bad_argument);
    CHECK(code_of(edit.append("folder", "x", noon)) == llmzero::error_code::bad_argument);
    CHECK(code_of(edit.replace("folder", "x", noon)) == llmzero::error_code::bad_argument);
    CHECK(code_of(edit.replace("nowhere/x.txt", "x", noon)) == llmzero::error_code::bad_argument);
    CHECK(code_of(edit.replace("README.TXT/x.txt", "x", noon)) == llmzero::error_code::bad_argument);
    CHECK(code_of(edit.make_folder("README.TXT", noon)) == llmzero::error_code::bad_argument);
    for (const char * name : {"", "folder/", "a:b", "..", "folder/..", "a.", "/x"}) {
        CHECK(code_of(edit.replace(name, "x", noon)) == llmzero::error_code::bad_argument);
    }
    CHECK(edit.make_folder("Folder", noon)); // is there
    CHECK(edit.append("README.TXT", "", noon));
    CHECK(device.log.writes.empty());
}

TEST_CASE("editor: a full volume stays as it was") {
    fat_test::recording_device device(empty_volume());
    fat::editor edit = opened(device);
    const std::string large(1'000'000, 'l');
    REQUIRE(edit.replace("one", large, noon));
    REQUIRE(edit.replace("two", large, noon));
    const auto before = files_of(device.bytes());
    const std::size_t n_writes = device.log.writes.size();
    CHECK(code_of(edit.replace("three", large, noon)) == llmzero::error_code::io);
    CHECK(code_of(edit.replace("one", large, noon)) == llmzero::error_code::io); // both contents do not fit
    CHECK(code_of(edit.append("two", large, noon)) == llmzero::error_code::io);
    CHECK(device.log.writes.size() == n_writes);
    CHECK((files_of(device.bytes()) == before));
    // To the last cluster.
    const auto left = static_cast<std::size_t>(edit.files().free_bytes());
    REQUIRE(left > 1024);
    CHECK(code_of(edit.append("two", std::string(left + 1000, 'x'), noon)) == llmzero::error_code::io);
    REQUIRE(edit.replace("three", std::string(left, 'x'), noon));
    CHECK(edit.files().free_bytes() == 0);
    CHECK(code_of(edit.make_folder("folder", noon)) == llmzero::error_code::io);
    CHECK(edit.replace("no content", "", noon));
    CHECK(files_of(device.bytes()).size() == 4);
}

TEST_CASE("editor: a file is written in its own place where the volume is full") {
    fat_test::recording_device device(empty_volume());
    {
        fat::editor edit = opened(device);
        REQUIRE(edit.replace("status", std::string(1200, 'o'), noon)); // three clusters
        REQUIRE(edit.replace("others", std::string(700, 'x'), noon));
        REQUIRE(edit.replace("filler", std::string(static_cast<std::size_t>(edit.files().free_bytes()), 'f'), noon));
        REQUIRE(code_of(edit.replace("status", "full", noon)) == llmzero::error_code::io);
        CHECK(code_of(edit.overwrite("nothing", "full", noon)) == llmzero::error_code::bad_argument);
        CHECK(code_of(edit.overwrite("status", "", noon)) == llmzero::error_code::io);
        CHECK(code_of(edit.overwrite("status", std::string(1537, 'x'), noon)) == llmzero::error_code::io);
        CHECK_FALSE(edit.has_failed());
    }
    auto wanted = files_of(device.bytes());
    for (const std::string & content : {std::string(1536, 'n'), std::string(600, 's'), std::string("short")}) {
        const std::vector<std::byte> before(device.bytes().begin(), device.bytes().end());
        device.log = {};
        fat::editor edit = opened(device);
        REQUIRE(edit.overwrite("status", content, noon));
        wanted["status"] = content;
        CHECK((files_of(device.bytes()) == wanted));
        fat_test::for_each_cut(before, device.log, 20, 1,
                               [&](const std::vector<std::byte> & cut, std::size_t, std::size_t) {
                                   fat::memory_device cut_device(cut);
                                   REQUIRE(fat::recover(cut_device));
                                   auto found = files_of(cut_device.bytes());
                                   found["status"] = content; // any mixture
                                   CHECK((found == wanted));
                               });
    }
    device.good_writes = 1;
    fat::editor edit = opened(device);
    CHECK(code_of(edit.overwrite("status", "again", noon)) == llmzero::error_code::io);
    CHECK(edit.has_failed());
}

TEST_CASE("editor: a full root folder of FAT16") {
    fat::memory_device device(empty_volume());
    fat::editor edit = opened(device);
    for (int i = 0; i < 512; ++i) {
        REQUIRE(edit.replace("F" + std::to_string(i), "", noon));
    }
    const auto refused = edit.replace("F512", "x", noon);
    CHECK(code_of(refused) == llmzero::error_code::io);
    CHECK(std::string(refused.error().message()) == "the folder has no room for 'F512': it has 512 entries");
    CHECK(edit.append("F511", "x", noon));
    CHECK(files_of(device.bytes()).size() == 512);
}

TEST_CASE("editor: whichever write or flush fails, nothing is lost and the next editor goes on") {
    const auto image = fat_test::sample_volume();
    const auto before = files_of(image);
    const auto work = [](fat::editor & edit, int which) {
        switch (which) {
        case 0: return edit.append("a question.txt", std::string(2000, 'y'), noon);
        case 1: return edit.replace("a question.txt", std::string(2000, 'y'), noon);
        case 2: return edit.replace("folder/some long name of an answer.txt", std::string(2000, 'y'), noon);
        default: return edit.make_folder("folder/some long name of a folder", noon);
        }
    };
    for (int which = 0; which < 4; ++which) {
        for (const bool flushes : {false, true}) {
            for (std::size_t good = 0;; ++good) {
                fat_test::recording_device device(image);
                fat::editor edit = opened(device);
                (flushes ? device.good_flushes : device.good_writes) = good;
                const llmzero::status done = work(edit, which);
                device.good_flushes = device.good_writes = 1000;
                if (done) {
                    CHECK(good > 2);
                    break;
                }
                CHECK(done.error().code() == llmzero::error_code::io);
                const std::size_t n_writes = device.log.writes.size();
                CHECK(code_of(edit.replace("README.TXT", "x", noon)) == llmzero::error_code::io);
                CHECK(device.log.writes.size() == n_writes);
                fat::editor again = opened(device);
                auto after = files_of(device.bytes());
                for (const auto & [path, content] : before) {
                    if (path != "a question.txt") {
                        CHECK(after.at(path) == content);
                    }
                }
                REQUIRE(work(again, which));
                CHECK(files_of(device.bytes()).size() >= before.size());
            }
        }
    }
}

TEST_CASE("editor: a disk that cannot be written is not opened for it, and stays as it is") {
    auto image = fat_test::sample_volume();
    fat_test::recording_device device(image);
    device.good_writes = 0;
    fat::editor edit = opened(device); // nothing was to be repaired
    CHECK(code_of(edit.append("README.TXT", "x", noon)) == llmzero::error_code::io);
    CHECK((files_of(device.bytes()) == files_of(image)));
    image[0x25] = std::byte{1};
    fat_test::recording_device in_use(image);
    in_use.good_writes = 0;
    CHECK(!fat::editor::open(in_use));
}
