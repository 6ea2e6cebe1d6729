#include "fat/long_name.hpp"

#include <doctest/doctest.h>
#include <string>

namespace {

const fat::short_name some_alias = {'A', 'L', 'I', 'A', 'S', '~', '1', ' ', 'T', 'X', 'T'};

// What a reader makes of entries as they stand; "" when it is no name of the alias.
std::string read_long_name(const std::vector<fat::raw_entry> & entries) {
    fat::long_name_reader reader;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (!(i == 0 ? reader.begin(entries[i]) : reader.add(entries[i]))) {
            return "";
        }
    }
    return reader.is_name_of(some_alias) ? reader.text() : "";
}

} // namespace

TEST_CASE("long name: every length goes in and comes out") {
    for (std::size_t n = 1; n <= fat::max_name_units; ++n) {
        std::string name;
        for (std::size_t i = 0; i < n; ++i) {
            name += static_cast<char>('a' + i % 26);
        }
        const auto entries = fat::long_name_entries(fat::to_utf16(name), some_alias);
        REQUIRE(entries.size() == (n + 12) / 13);
        REQUIRE(read_long_name(entries) == name);
    }
    const std::string emoji = "\xf0\x9f\x98\x80\xd7\xa9 \xc3\xa4.txt";
    CHECK(read_long_name(fat::long_name_entries(fat::to_utf16(emoji), some_alias)) == emoji);
}

TEST_CASE("long name: the bytes of a part") {
    const auto entries = fat::long_name_entries(u"abcdefghijklmnop", some_alias);
    REQUIRE(entries.size() == 2);
    CHECK(entries[0][0] == std::byte{0x42}); // the last part comes first
    CHECK(entries[1][0] == std::byte{0x01});
    CHECK(entries[0][11] == std::byte{0x0f});
    CHECK(entries[0][13] == std::byte{fat::checksum_of(some_alias)});
    CHECK(entries[0][1] == std::byte{'n'});
    CHECK(fat::load<std::uint16_t>(entries[0], 7) == 0);
    CHECK(fat::load<std::uint16_t>(entries[0], 9) == 0xffff);
    CHECK(fat::load<std::uint16_t>(entries[0], 30) == 0xffff);
    CHECK(entries[1][30] == std::byte{'m'});
    // A name that fills its parts has no end in them.
    CHECK(fat::load<std::uint16_t>(fat::long_name_entries(u"abcdefghijklm", some_alias)[0], 30) == 'm');
}

TEST_CASE("long name: checksum of the short name") {
    // By hand: rotate right, add.
    CHECK(fat::checksum_of({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}) == 1);
    CHECK(fat::checksum_of({0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}) == 0x80);
    CHECK(fat::checksum_of({0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1}) == 0x81);
}

TEST_CASE("long name: what does not fit together is no name") {
    const auto good = fat::long_name_entries(u"a name that takes three entries, yes", some_alias);
    REQUIRE(good.size() == 3);
    CHECK(read_long_name(good) != "");
    auto bad = good;
    bad[1][13] ^= std::byte{1}; // checksum
    CHECK(read_long_name(bad) == "");
    bad = good;
    bad[2][0] = std::byte{2}; // number
    CHECK(read_long_name(bad) == "");
    bad = good;
    bad[0][0] = std::byte{3}; // does not say that it is the last part
    CHECK(read_long_name(bad) == "");
    for (const unsigned number : {0x40u, 0x55u, 0x5fu, 0xc3u, 0x63u}) {
        bad = good;
        bad[0][0] = std::byte{static_cast<unsigned char>(number)};
        CHECK(read_long_name(bad) == "");
    }
    bad = good;
    bad.pop_back();
    CHECK(read_long_name(bad) == "");
    bad = good;
    for (auto & entry : bad) {
        entry[13] ^= std::byte{1}; // of another short name
    }
    CHECK(read_long_name(bad) == "");
}

TEST_CASE("long name: names that a file can have") {
    for (const char * good : {"a", ".hidden", "a b", "\xc3\xa4", "a,b;c=d[e]+f", "COM"}) {
        CHECK(fat::is_valid_name(good));
    }
    for (const char * bad :
         {"", ".", "..", "a.", "a ", "a/b", "a\\b", "a:b", "a*", "a?", "a\"b", "<", ">", "|", "a\x01", "a\x7f"}) {
        CHECK(!fat::is_valid_name(bad));
    }
    CHECK(fat::is_valid_name(std::string(255, 'x')));
    CHECK(!fat::is_valid_name(std::string(256, 'x')));
    std::string emoji;
    for (int i = 0; i < 128; ++i) {
        emoji += "\xf0\x9f\x98\x80";
    }
    CHECK(!fat::is_valid_name(emoji)); // 256 units
    CHECK(fat::is_valid_name(emoji.substr(4)));
}
