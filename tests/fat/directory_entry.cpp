#include "fat/directory_entry.hpp"

#include <doctest/doctest.h>

TEST_CASE("directory entry: fields go in and come out where they belong") {
    fat::directory_entry entry;
    CHECK(entry.is_end());
    CHECK(entry.is_free());
    entry.set_name(fat::dot_name);
    CHECK(!entry.is_free());
    CHECK(entry.is_dots());
    entry.set_name({'R', 'E', 'A', 'D', 'M', 'E', ' ', ' ', 'T', 'X', 'T'});
    CHECK(!entry.is_dots());
    entry.set_attributes(fat::attribute_archive);
    entry.set_size(0x12345678);
    entry.set_cluster(0x00abcdef, true);
    const fat::timestamp early = fat::timestamp::of({2001, 2, 3, 4, 5, 6});
    const fat::timestamp late = fat::timestamp::of({2011, 12, 13, 14, 15, 16});
    entry.set_created(early);
    entry.set_modified(late);
    CHECK(entry.size() == 0x12345678);
    CHECK(entry.cluster(true) == 0x00abcdef);
    CHECK(entry.cluster(false) == 0xcdef);
    CHECK(entry.created() == early);
    CHECK(entry.modified() == late);
    const fat::raw_entry & raw = entry.raw();
    CHECK(raw[11] == std::byte{0x20});
    CHECK(fat::load<std::uint16_t>(raw, 14) == early.time);
    CHECK(fat::load<std::uint16_t>(raw, 16) == early.date);
    CHECK(fat::load<std::uint16_t>(raw, 18) == late.date);
    CHECK(fat::load<std::uint16_t>(raw, 20) == 0x00ab);
    CHECK(fat::load<std::uint16_t>(raw, 22) == late.time);
    CHECK(fat::load<std::uint16_t>(raw, 24) == late.date);
    CHECK(fat::load<std::uint16_t>(raw, 26) == 0xcdef);
    // FAT16 leaves the upper half as it is: OS/2 keeps something there.
    entry.set_cluster(5, false);
    CHECK(entry.cluster(true) == 0x00ab0005);
    entry.set_free();
    CHECK(entry.is_free());
    CHECK(!entry.is_end());
}

TEST_CASE("directory entry: what it is of") {
    fat::directory_entry entry;
    entry.set_attributes(0x0f);
    CHECK(entry.is_long_name());
    CHECK(!entry.is_label());
    CHECK(!entry.is_folder());
    entry.set_attributes(fat::attribute_label);
    CHECK(entry.is_label());
    CHECK(!entry.is_folder());
    entry.set_attributes(fat::attribute_folder | fat::attribute_hidden);
    CHECK(entry.is_folder());
    CHECK(!entry.is_long_name());
    entry.set_attributes(fat::attribute_label | fat::attribute_folder);
    CHECK(!entry.is_folder());
    entry.set_attributes(0xcf); // bits that nobody defined
    CHECK(entry.is_long_name());
}
