#include "stick/fat_store.hpp"

#include "fat/format.hpp"
#include "fat/memory_device.hpp"
#include "fat/recording_device.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>

namespace {

fat::memory_device fat_disk() {
    fat::memory_device disk(4400);
    REQUIRE(fat::format(disk, {.kind = fat::fat_kind::fat16, .sectors_per_cluster = 1}));
    auto edit = fat::editor::open(disk);
    REQUIRE(edit);
    REQUIRE(edit->replace("question.txt", "Why?", fat::timestamp::of({2024, 1, 1, 10, 0, 0})));
    REQUIRE(edit->make_folder("folder", {}));
    REQUIRE(
        edit->replace("folder/\xc3\x84rger \xf0\x9f\x98\x80.txt", "later", fat::timestamp::of({2024, 1, 1, 11, 0, 0})));
    REQUIRE(edit->make_folder(".Trashes", {}));
    REQUIRE(edit->replace(".Trashes/old.txt", "gone", {}));
    REQUIRE(edit->replace("._question.txt", "litter", {}));
    REQUIRE(edit->replace("zz last.txt", "Who?", fat::timestamp::of({2024, 1, 1, 10, 0, 2})));
    return disk;
}

llmzero::error_code fat_code_of(const llmzero::status & status) {
    REQUIRE(!status);
    return status.error().code();
}

std::vector<stick::file_entry> fat_listed(stick::fat_store & store) {
    auto entries = store.list();
    REQUIRE(entries);
    std::sort(entries->begin(), entries->end(), [](const auto & a, const auto & b) { return a.modified < b.modified; });
    return std::move(*entries);
}

} // namespace

TEST_CASE("fat store: lists what is no litter, the oldest first by its time") {
    fat::memory_device disk = fat_disk();
    stick::fat_store store(disk);
    const auto entries = fat_listed(store);
    REQUIRE(entries.size() == 3);
    CHECK(entries[0].path == "question.txt");
    CHECK(entries[0].size == 4);
    CHECK(entries[0].is_complete);
    CHECK(entries[1].path == "zz last.txt");
    CHECK(entries[2].path == "folder/\xc3\x84rger \xf0\x9f\x98\x80.txt");
    CHECK(store.read(entries[2].path).value() == "later");
    CHECK(store.read("question.txt", 3).error().code() == llmzero::error_code::bad_argument);
    CHECK(store.read("nothing.txt").error().code() == llmzero::error_code::cancelled);
    CHECK(store.read("folder").error().code() == llmzero::error_code::cancelled);
}

TEST_CASE("fat store: what Windows hides is left alone, but for the service's own files") {
    fat::memory_device disk = fat_disk();
    stick::fat_store store(disk);
    REQUIRE(store.begin_writing());
    REQUIRE(store.replace("SETTINGS.TXT", std::nullopt, "x"));
    REQUIRE(store.end_writing());
    CHECK(fat_listed(store).size() == 4);
    const auto hide = [&disk](const char * path, std::uint8_t attribute) {
        const auto volume = fat::volume::open(disk);
        REQUIRE(volume);
        const fat::slot_place place = volume->find(path).value().value().place;
        disk.bytes()[static_cast<std::size_t>(place.sector) * 512 + place.offset + 11] |= std::byte{attribute};
    };
    hide("question.txt", fat::attribute_hidden);
    hide("zz last.txt", fat::attribute_system);
    hide("folder", fat::attribute_hidden);
    hide("SETTINGS.TXT", fat::attribute_hidden);
    const auto entries = fat_listed(store);
    REQUIRE(entries.size() == 1);
    CHECK(entries[0].path == "SETTINGS.TXT");
}

TEST_CASE("fat store: files that a host has not finished are not complete") {
    fat::memory_device disk = fat_disk();
    stick::fat_store store(disk);
    const auto volume = fat::volume::open(disk);
    REQUIRE(volume);
    const fat::file_info file = volume->find("question.txt").value().value();
    const auto entry = disk.bytes().subspan(static_cast<std::size_t>(file.place.sector) * 512 + file.place.offset, 32);
    const auto content = static_cast<std::size_t>(volume->layout().sector_of(file.first_cluster)) * 512;
    const std::uint64_t before = fat_listed(store)[0].version;
    fat::store<std::uint32_t>(entry, 28, 600); // the second cluster is not yet there
    CHECK(!fat_listed(store)[0].is_complete);
    CHECK(fat_listed(store)[0].version != before);
    fat::store<std::uint32_t>(entry, 28, 4);
    disk.bytes()[content + 100] = std::byte{1}; // more came than the size says
    CHECK(!fat_listed(store)[0].is_complete);
    disk.bytes()[content + 100] = std::byte{0};
    CHECK(fat_listed(store)[0].is_complete);
    CHECK(fat_listed(store)[0].version == before);
}

TEST_CASE("fat store: writes only between begin and end, and only to what was read") {
    fat::memory_device disk = fat_disk();
    stick::fat_store store(disk);
    CHECK(fat_code_of(store.append("question.txt", "Why?", " Because.")) == llmzero::error_code::cancelled);
    CHECK(fat_code_of(store.replace("README.TXT", std::nullopt, "x")) == llmzero::error_code::cancelled);
    REQUIRE(store.begin_writing());
    REQUIRE(store.append("question.txt", "Why?", " Because."));
    CHECK(store.read("question.txt").value() == "Why? Because.");
    CHECK(fat_code_of(store.append("question.txt", "Why?", " Because.")) == llmzero::error_code::cancelled);
    CHECK(fat_code_of(store.append("nothing.txt", "", "x")) == llmzero::error_code::cancelled);
    REQUIRE(store.replace("README.TXT", std::nullopt, "read me"));
    REQUIRE(store.replace("README.TXT", "read me", "again"));
    CHECK(fat_code_of(store.replace("README.TXT", "read me", "x")) == llmzero::error_code::cancelled);
    CHECK(fat_code_of(store.replace("folder", std::nullopt, "x")) == llmzero::error_code::io);
    CHECK(fat_code_of(store.replace("large", std::nullopt, std::string(3'000'000, 'x'))) == llmzero::error_code::io);
    REQUIRE(store.end_writing());
    CHECK(fat_code_of(store.append("question.txt", "Why? Because.", "x")) == llmzero::error_code::cancelled);
    CHECK(store.read("README.TXT").value() == "again");
    CHECK(!fat::recover(disk)->any());
}

TEST_CASE("fat store: a volume that is none is an error") {
    fat::memory_device zeros(4400);
    stick::fat_store store(zeros);
    CHECK(store.list().error().code() == llmzero::error_code::malformed);
    CHECK(fat_code_of(store.begin_writing()) == llmzero::error_code::malformed);
    CHECK(!store.read("question.txt"));
}

TEST_CASE("fat store: a full volume has room for what STATUS.TXT has to say") {
    fat::memory_device disk = fat_disk();
    stick::fat_store store(disk);
    REQUIRE(store.begin_writing());
    REQUIRE(store.replace("STATUS.TXT", std::nullopt, "ready"));
    const auto left = static_cast<std::size_t>(fat::volume::open(disk)->free_bytes());
    REQUIRE(store.replace("filler", std::nullopt, std::string(left, 'f')));
    CHECK(fat_code_of(store.append("question.txt", "Why?", std::string(600, 'x'))) == llmzero::error_code::io);
    CHECK(fat_code_of(store.replace("README.TXT", std::nullopt, "x")) == llmzero::error_code::io);
    REQUIRE(store.replace("STATUS.TXT", std::nullopt, "the volume is full"));
    // Of what is the user's, too, the old text stays until the new one stands.
    CHECK(fat_code_of(store.replace("STATUS.TXT", "the volume is full", "x")) == llmzero::error_code::io);
    REQUIRE(store.end_writing());
    CHECK(store.read("STATUS.TXT").value() == "the volume is full");
    CHECK(store.read("question.txt").value() == "Why?");
}

TEST_CASE("fat store: recovers, and tells of a disk that cannot be written") {
    const fat::memory_device good = fat_disk();
    fat_test::recording_device disk({good.bytes().begin(), good.bytes().end()});
    disk.good_writes = 0;
    stick::fat_store store(disk);
    CHECK(store.recover()); // there is nothing to do
    REQUIRE(store.begin_writing());
    CHECK(fat_code_of(store.replace("README.TXT", std::nullopt, "x")) == llmzero::error_code::io);
    CHECK(fat_code_of(store.end_writing()) == llmzero::error_code::io);
    REQUIRE(store.begin_writing());
    CHECK(store.end_writing());

    std::vector<std::byte> marked(good.bytes().begin(), good.bytes().end());
    marked[0x25] = std::byte{1}; // a host has it mounted, or had
    fat_test::recording_device left(marked);
    stick::fat_store after(left);
    CHECK(after.recover());
    CHECK(left.log.writes.size() == 1);
    CHECK(left.bytes()[0x25] == std::byte{0});
}
