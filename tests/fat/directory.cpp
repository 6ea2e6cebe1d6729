#include "fat/directory.hpp"

#include "fat/format.hpp"
#include "fat/sample_tree.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace {

fat::directory_entry plain_entry(const char * name) {
    fat::directory_entry entry;
    fat::short_name bytes;
    std::copy_n(name, bytes.size(), bytes.begin());
    entry.set_name(bytes);
    entry.set_attributes(fat::attribute_archive);
    return entry;
}

// The root of a small FAT16 volume with these slots.
std::vector<std::string> names_of(const std::vector<fat::raw_entry> & slots) {
    fat::memory_device device(4400);
    REQUIRE(fat::format(device, {.kind = fat::fat_kind::fat16, .sectors_per_cluster = 1}));
    const auto opened = fat::volume::open(device);
    REQUIRE(opened);
    for (std::size_t i = 0; i < slots.size(); ++i) {
        std::copy(slots[i].begin(), slots[i].end(),
                  device.bytes().begin() +
                      static_cast<std::ptrdiff_t>(opened->layout().root_start * fat::sector_bytes + i * 32));
    }
    fat::folder_reader reader(opened->parts(), 0);
    std::vector<std::string> names;
    fat::folder_item item;
    for (;;) {
        const auto more = reader.next(item);
        REQUIRE(more);
        if (!*more) {
            const auto still = reader.next(item);
            REQUIRE(still);
            CHECK(!*still);
            return names;
        }
        names.push_back(item.is_orphan ? "orphan of " + std::to_string(item.slots.size())
                                       : item.name + " in " + std::to_string(item.slots.size()));
    }
}

using list_of_names = std::vector<std::string>;

fat::raw_entry freed() {
    fat::directory_entry entry = plain_entry("GONE       ");
    entry.set_free();
    return entry.raw();
}

} // namespace

TEST_CASE("directory: long and short names, free slots, the end") {
    const fat::directory_entry a = plain_entry("ALONGN~1TXT");
    const fat::directory_entry b = plain_entry("B       TXT");
    std::vector<fat::raw_entry> slots = fat::long_name_entries(u"a long name.txt", a.name());
    slots.push_back(a.raw());
    slots.push_back(freed());
    slots.push_back(b.raw());
    CHECK(names_of(slots) == list_of_names{"a long name.txt in 3", "B.TXT in 1"});
    slots.push_back({});
    slots.push_back(plain_entry("BEHIND     ").raw());
    CHECK(names_of(slots).size() == 2);
    CHECK(names_of({}).empty());
}

TEST_CASE("directory: parts of names without their entry") {
    const fat::directory_entry a = plain_entry("ALONGN~1TXT");
    const auto parts = fat::long_name_entries(u"a long name.txt", a.name());
    REQUIRE(parts.size() == 2);
    const fat::raw_entry b = plain_entry("B       TXT").raw();
    CHECK(names_of({parts[0], parts[1]}) == list_of_names{"orphan of 2"});
    CHECK(names_of({parts[0], parts[1], freed(), a.raw()}) == list_of_names{"orphan of 2", "ALONGN~1.TXT in 1"});
    CHECK(names_of({parts[0], parts[1], b}) == list_of_names{"orphan of 2", "B.TXT in 1"}); // of another name
    CHECK(names_of({parts[0], a.raw()}) == list_of_names{"orphan of 1", "ALONGN~1.TXT in 1"});
    CHECK(names_of({parts[1], a.raw()}) == list_of_names{"orphan of 1", "ALONGN~1.TXT in 1"});
    CHECK(names_of({parts[0], parts[0], parts[1], a.raw()}) == list_of_names{"orphan of 1", "a long name.txt in 3"});
    CHECK(names_of({parts[0], parts[1], parts[1], a.raw()}) ==
          list_of_names{"orphan of 2", "orphan of 1", "ALONGN~1.TXT in 1"});
}

TEST_CASE("directory: a name that leads elsewhere is not believed") {
    const fat::directory_entry a = plain_entry("ALIAS      ");
    for (const char16_t * name : {u"../up", u"a/b", u"a\\b", u"..", u"."}) {
        auto slots = fat::long_name_entries(name, a.name());
        slots.push_back(a.raw());
        CHECK(names_of(slots) == list_of_names{"ALIAS in 2"});
    }
}

TEST_CASE("directory: the slots of a folder end, also where its chain does not") {
    const auto image = fat_test::sample_volume();
    fat::memory_device device(image);
    auto opened = fat::volume::open(device);
    REQUIRE(opened);
    const auto folder = opened->find("folder");
    REQUIRE(folder);
    REQUIRE(*folder);
    const std::uint32_t first = (*folder)->first_cluster;
    const auto count = [&](std::uint32_t cluster) {
        fat::slot_reader reader(opened->parts(), cluster);
        fat::slot found;
        for (std::uint32_t n = 0;; ++n) {
            const auto more = reader.next(found);
            REQUIRE(more);
            if (!*more) {
                return n;
            }
        }
    };
    CHECK(count(0) == 512);
    CHECK(count(first) % fat::slots_per_sector == 0);
    CHECK(count(first) > 60);
    CHECK(count(1) == 0);
    CHECK(count(0x0fffffff) == 0);
    opened->table().set(first, first);
    CHECK(count(first) == fat::max_slots);
}
