#include "fat/volume.hpp"

#include "fat/format.hpp"
#include "fat/recording_device.hpp"
#include "fat/sample_tree.hpp"
#include "fat/strict_check.hpp"

#include <doctest/doctest.h>
#include <set>
#include <string>

namespace {

fat::file_info file_at(const fat::volume & volume, std::string_view path) {
    const auto found = volume.find(path);
    REQUIRE(found);
    REQUIRE(*found);
    return **found;
}

bool is_at(const fat::volume & volume, std::string_view path) {
    const auto found = volume.find(path);
    REQUIRE(found);
    return found->has_value();
}

} // namespace

TEST_CASE("volume: lists, finds and reads every file") {
    for (const fat::fat_kind kind : {fat::fat_kind::fat16, fat::fat_kind::fat32}) {
        fat::memory_device device(fat_test::sample_volume(kind));
        const auto opened = fat::volume::open(device);
        REQUIRE(opened);
        const fat_test::strict_check check(device.bytes());
        REQUIRE(check.problem() == "");
        fat_test::file_map found;
        REQUIRE(opened->visit([&](const fat::file_info & file) {
            const auto content = opened->content(file, 1 << 20);
            REQUIRE(content);
            CHECK(opened->has_zero_slack(file).value());
            CHECK((file.is_folder() || opened->has_whole_chain(file)));
            found[file.is_folder() ? file.path + '/' : file.path] = *content;
            const auto again = opened->find(file.path);
            REQUIRE(again);
            REQUIRE(*again);
            CHECK((*again)->place == file.place);
            CHECK((*again)->path == file.path);
            return true;
        }));
        CHECK((found == check.files()));
        CHECK(found.size() == 21);
    }
}

TEST_CASE("volume: what a file is") {
    fat::memory_device device(fat_test::sample_volume());
    const auto opened = fat::volume::open(device);
    REQUIRE(opened);
    const fat::file_info file = file_at(*opened, "a question.txt");
    CHECK(file.size == 3000);
    CHECK(file.attributes == fat::attribute_archive);
    CHECK(file.modified == fat::timestamp::of({2024, 5, 6, 7, 8, 10}));
    CHECK(file.created == file.modified);
    CHECK(!file.is_folder());
    CHECK(file_at(*opened, "folder").is_folder());
    CHECK(opened->free_bytes() == std::uint64_t{opened->table().n_free()} * 512);
}

TEST_CASE("volume: names are found in any case and by their aliases") {
    fat::memory_device device(fat_test::sample_volume());
    const auto opened = fat::volume::open(device);
    REQUIRE(opened);
    CHECK(is_at(*opened, "readme.txt"));
    CHECK(is_at(*opened, "FOLDER/Another Folder/\xc3\x84\xc3\x96\xc3\x9c \xf0\x9f\x98\x80.TXT"));
    CHECK(is_at(*opened, "AQUEST~1.TXT"));
    for (const char * none : {"", "/", "folder/", "/folder", "nothing", "README.TXT/x", "folder//one.txt", ".", "..",
                              "folder/..", "folder/./one.txt", "SAMPLE"}) {
        CHECK(!is_at(*opened, none));
    }
}

TEST_CASE("volume: a walk enters what it is told to, and stops") {
    fat::memory_device device(fat_test::sample_volume());
    const auto opened = fat::volume::open(device);
    REQUIRE(opened);
    std::set<std::string> seen;
    REQUIRE(opened->visit([&](const fat::file_info & file) {
        seen.insert(file.path);
        return !file.is_folder();
    }));
    CHECK(seen == std::set<std::string>{"README.TXT", "a question.txt", "folder", "EMPTY"});
    int n = 0;
    REQUIRE(opened->visit([&](const fat::file_info &) { return ++n < 2; }));
    CHECK(n == 2);
}

TEST_CASE("volume: whole and cut files are told apart") {
    fat::memory_device device(fat_test::sample_volume());
    auto opened = fat::volume::open(device);
    REQUIRE(opened);
    fat::file_info file = file_at(*opened, "a question.txt"); // 6 clusters
    CHECK(opened->has_whole_chain(file));
    file.size = 3073; // a seventh would be needed
    CHECK(!opened->has_whole_chain(file));
    CHECK(opened->content(file, 1 << 20).error().code() == llmzero::error_code::malformed);
    file.size = 2560; // more than needed
    CHECK(!opened->has_whole_chain(file));
    CHECK(opened->content(file, 1 << 20).value() == std::string(2560, static_cast<char>('a' + 3000 % 26)));
    file.size = 0;
    CHECK(!opened->has_whole_chain(file)); // a size that did not arrive yet
    file.first_cluster = 0;
    CHECK(opened->has_whole_chain(file));
    file.size = 1;
    CHECK(!opened->has_whole_chain(file));
    CHECK(!opened->has_zero_slack(file));
    CHECK(opened->content(file_at(*opened, "a question.txt"), 2999).error().code() ==
          llmzero::error_code::bad_argument);
}

TEST_CASE("volume: bytes behind a file's end are seen") {
    fat::memory_device device(fat_test::sample_volume());
    const auto opened = fat::volume::open(device);
    REQUIRE(opened);
    const fat::file_info file = file_at(*opened, "a question.txt");
    CHECK(opened->has_zero_slack(file).value());
    const auto at = static_cast<std::size_t>(opened->sector_at(file, file.size).value());
    device.bytes()[at * fat::sector_bytes + 511] = std::byte{1};
    CHECK(!opened->has_zero_slack(file).value());
    device.bytes()[at * fat::sector_bytes + 511] = std::byte{0};
    device.bytes()[at * fat::sector_bytes + file.size % 512] = std::byte{1};
    CHECK(!opened->has_zero_slack(file).value());
}

TEST_CASE("volume: a file is read in pieces of any size") {
    fat::memory_device device(fat_test::sample_volume());
    {
        auto edit = fat::editor::open(device);
        REQUIRE(edit);
        std::string text;
        for (int i = 0; i < 900; ++i) {
            text += std::to_string(i) + ' ';
        }
        REQUIRE(edit->replace("numbers", text, {}));
    }
    const auto opened = fat::volume::open(device);
    REQUIRE(opened);
    const fat::file_info file = file_at(*opened, "numbers");
    const std::string whole = opened->content(file, 10000).value();
    for (const std::size_t step : {1u, 7u, 511u, 512u, 513u, 1024u, 5000u}) {
        fat::file_reader reader(*opened, file);
        std::string text;
        std::vector<std::byte> piece(step);
        while (reader.remaining() > 0) {
            const auto n = reader.read(piece);
            REQUIRE(n);
            REQUIRE(*n > 0);
            text.append(reinterpret_cast<const char *>(piece.data()), *n);
        }
        CHECK(text == whole);
        CHECK(reader.read(piece).value() == 0);
    }
}

TEST_CASE("volume: folders inside themselves end") {
    fat::memory_device device(fat_test::sample_volume());
    auto opened = fat::volume::open(device);
    REQUIRE(opened);
    // "third" leads to "folder" again.
    const fat::file_info third = file_at(*opened, "folder/another folder/third");
    const fat::file_info folder = file_at(*opened, "folder");
    fat::store<std::uint16_t>(device.bytes(),
                              static_cast<std::size_t>(third.place.sector) * 512 + third.place.offset + 26,
                              static_cast<std::uint16_t>(folder.first_cluster));
    int n = 0;
    REQUIRE(opened->visit([&](const fat::file_info &) { return ++n < 1000; }));
    CHECK(n < 30);
    // To the root: of FAT16, a folder without a cluster.
    fat::store<std::uint16_t>(device.bytes(),
                              static_cast<std::size_t>(third.place.sector) * 512 + third.place.offset + 26, 0);
    n = 0;
    REQUIRE(opened->visit([&](const fat::file_info &) { return ++n < 1000; }));
    CHECK(n < 30);
}

TEST_CASE("volume: errors of the disk come through") {
    fat_test::recording_device device(fat_test::sample_volume());
    const auto opened = fat::volume::open(device);
    REQUIRE(opened);
    const fat::file_info file = file_at(*opened, "a question.txt");
    for (std::size_t good = 0; good < 6; ++good) {
        device.good_reads = good;
        const auto visited = opened->visit([](const fat::file_info &) { return true; });
        REQUIRE(!visited);
        CHECK(visited.error().code() == llmzero::error_code::io);
    }
    device.good_reads = 0;
    CHECK(!opened->find("a question.txt"));
    CHECK(!opened->content(file, 10000));
    CHECK(!opened->has_zero_slack(file));
    CHECK(!fat::volume::open(device));
}
