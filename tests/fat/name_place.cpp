#include "fat/name_place.hpp"

#include "fat/editor.hpp"
#include "fat/format.hpp"
#include "fat/memory_device.hpp"

#include <doctest/doctest.h>
#include <string>

namespace {

fat::memory_device volume_with_folder() {
    fat::memory_device device(4400);
    REQUIRE(fat::format(device, {.kind = fat::fat_kind::fat16, .sectors_per_cluster = 1}));
    auto edit = fat::editor::open(device);
    REQUIRE(edit);
    REQUIRE(edit->make_folder("FOLDER", {}));
    REQUIRE(edit->replace("FOLDER/A.TXT", "", {}));
    return device;
}

} // namespace

TEST_CASE("name place: free slots that follow each other, or more clusters") {
    fat::memory_device device = volume_with_folder();
    const auto volume = fat::volume::open(device);
    REQUIRE(volume);
    const std::uint32_t folder = volume->find("FOLDER").value().value().first_cluster;
    const std::uint64_t sector = volume->layout().sector_of(folder);

    const auto short_one = fat::find_name_place(*volume, folder, "B.TXT");
    REQUIRE(short_one);
    CHECK(fat::to_text(short_one->alias) == "B.TXT");
    CHECK(short_one->slots == std::vector<fat::slot_place>{{sector, 3 * 32}}); // behind ".", ".." and A.TXT
    CHECK(short_one->n_growth == 0);

    const auto long_one = fat::find_name_place(*volume, folder, "a name of 26 characters .tx");
    REQUIRE(long_one);
    CHECK(long_one->n_needed == 4);
    CHECK(long_one->slots.size() == 4);
    CHECK(long_one->slots.front() == fat::slot_place{sector, 3 * 32});

    // 13 slots are left of the 16, and 21 are needed.
    const auto growing = fat::find_name_place(*volume, folder, std::string(255, 'n'));
    REQUIRE(growing);
    CHECK(growing->n_needed == 21);
    CHECK(growing->slots.size() == 13);
    CHECK(growing->n_growth == 1);
    CHECK(growing->last_cluster == folder);

    CHECK(fat::find_name_place(*volume, 0, std::string(255, 'n'))->last_cluster == 0);
    CHECK(fat::to_text(fat::find_name_place(*volume, folder, "a.txt")->alias) != "A.TXT"); // which is taken
}

TEST_CASE("name place: what goes into the slots") {
    fat::directory_entry entry;
    fat::short_name alias;
    const std::string text = "ANAME~1 TXT";
    std::copy(text.begin(), text.end(), alias.begin());
    entry.set_name(alias);
    CHECK(fat::entries_of("ANAME~1.TXT", entry) == std::vector<fat::raw_entry>{entry.raw()});
    const auto entries = fat::entries_of("a name.txt", entry);
    REQUIRE(entries.size() == 2);
    CHECK(fat::directory_entry(entries[0]).is_long_name());
    CHECK(entries[1] == entry.raw());
}

TEST_CASE("name place: the beginning of a folder") {
    fat::memory_device device = volume_with_folder();
    const auto volume = fat::volume::open(device);
    REQUIRE(volume);
    const std::string slots = fat::first_slots(volume->layout(), 7, 0, {});
    CHECK(slots.size() == 512);
    CHECK(slots.starts_with(".          \x10"));
    CHECK(slots.substr(32).starts_with("..         \x10"));
    CHECK(slots[26] == 7);
    CHECK(slots[32 + 26] == 0);
    CHECK(slots.find_first_not_of('\0', 64) == std::string::npos);
}
