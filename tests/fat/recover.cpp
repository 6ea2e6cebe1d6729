#include "fat/recover.hpp"

#include "fat/editor.hpp"
#include "fat/recording_device.hpp"
#include "fat/sample_tree.hpp"
#include "fat/strict_check.hpp"

#include <doctest/doctest.h>
#include <string>

namespace {

// The sample volume, to be damaged and recovered.
class patient {
public:
    explicit patient(fat::fat_kind kind = fat::fat_kind::fat16) : device(fat_test::sample_volume(kind)) {
        auto opened = fat::volume::open(device);
        REQUIRE(opened);
        layout = opened->layout();
        before = fat_test::strict_check(device.bytes()).files();
    }

    fat::file_info at(const char * path) {
        const auto opened = fat::volume::open(device);
        REQUIRE(opened);
        const auto found = opened->find(path);
        REQUIRE(found);
        REQUIRE(*found);
        return **found;
    }
    std::span<std::byte> entry(const char * path) {
        const fat::slot_place place = at(path).place;
        return device.bytes().subspan(static_cast<std::size_t>(place.sector) * 512 + place.offset, 32);
    }
    // An entry of the table, in both copies.
    void set(std::uint32_t cluster, std::uint32_t value) {
        auto opened = fat::volume::open(device);
        REQUIRE(opened);
        opened->table().set(cluster, value);
        REQUIRE(opened->table().commit(device, layout));
    }
    // Recovers; it is clean then, and stays as it is.
    fat::repairs recovered() {
        CHECK(fat_test::strict_check(device.bytes()).problem() != "");
        const auto done = fat::recover(device);
        REQUIRE(done);
        CHECK(done->any());
        CHECK(fat_test::strict_check(device.bytes()).problem() == "");
        CHECK(!fat::recover(device)->any());
        return *done;
    }
    // What is different after it.
    fat_test::file_map files() { return fat_test::strict_check(device.bytes()).files(); }

    fat::memory_device device;
    fat::geometry layout;
    fat_test::file_map before;
};

} // namespace

TEST_CASE("recover: a consistent volume is only read") {
    for (const fat::fat_kind kind : {fat::fat_kind::fat16, fat::fat_kind::fat32}) {
        fat_test::recording_device device(fat_test::sample_volume(kind));
        const auto done = fat::recover(device);
        REQUIRE(done);
        CHECK(!done->any());
        CHECK(device.log.writes.empty());
        CHECK(device.log.flushes.empty());
    }
}

TEST_CASE("recover: clusters of no file are freed") {
    patient p;
    p.set(4000, 4001);
    p.set(4001, 0xffff);
    p.set(4002, 4002);
    CHECK(p.recovered().freed_clusters == 3);
    CHECK((p.files() == p.before));
}

TEST_CASE("recover: bad clusters stay what they are") {
    patient p;
    p.set(4000, 0xfff7);
    CHECK(!fat::recover(p.device)->any());
}

TEST_CASE("recover: a chain longer than its file is cut") {
    patient p;
    const fat::file_info file = p.at("folder/one.txt");
    p.set(file.first_cluster, 4000);
    p.set(4000, 0xffff);
    const fat::repairs done = p.recovered();
    CHECK(done.cut_chains == 1);
    CHECK(done.freed_clusters == 1);
    CHECK((p.files() == p.before));
}

TEST_CASE("recover: a chain that leads into free space behind its file's end is cut") {
    patient p;
    p.set(p.at("folder/one.txt").first_cluster, 4000);
    CHECK(p.recovered().cut_chains == 1);
    CHECK((p.files() == p.before));
}

TEST_CASE("recover: a file longer than its chain gets the chain's size") {
    patient p;
    fat::store<std::uint32_t>(p.entry("folder/one.txt"), 28, 5000);
    CHECK(p.recovered().shortened_files == 1);
    CHECK(p.at("folder/one.txt").size == 512);
    // None at all.
    fat::store<std::uint16_t>(p.entry("README.TXT"), 26, 0xfff0);
    CHECK(p.recovered().shortened_files == 1);
    CHECK(p.at("README.TXT").size == 0);
    // A size of nothing has no cluster.
    fat::store<std::uint32_t>(p.entry("folder/one.txt"), 28, 0);
    CHECK(p.recovered().freed_clusters == 1);
    CHECK(p.at("folder/one.txt").first_cluster == 0);
}

TEST_CASE("recover: of two files with one cluster the first keeps it") {
    patient p;
    const fat::file_info first = p.at("README.TXT");
    fat::store<std::uint16_t>(p.entry("a question.txt"), 26, static_cast<std::uint16_t>(first.first_cluster));
    p.recovered();
    CHECK(p.files().at("README.TXT") == p.before.at("README.TXT"));
    CHECK(p.at("a question.txt").size == 0);
}

TEST_CASE("recover: a chain in a circle ends") {
    patient p;
    const fat::file_info file = p.at("a question.txt");
    p.set(file.first_cluster, file.first_cluster);
    CHECK(p.recovered().shortened_files == 1);
    CHECK(p.at("a question.txt").size == 512);
    const std::uint32_t folder = p.at("folder").first_cluster;
    p.set(folder, folder);
    p.recovered();
}

TEST_CASE("recover: bytes behind a file's end become zero") {
    patient p;
    const auto at = static_cast<std::size_t>(p.layout.sector_of(p.at("folder/one.txt").first_cluster));
    p.device.bytes()[at * 512 + 1] = std::byte{9};
    p.device.bytes()[at * 512 + 511] = std::byte{9};
    CHECK(p.recovered().cleared_slacks == 1);
    CHECK((p.files() == p.before));
}

TEST_CASE("recover: parts of a name without an entry go") {
    patient p;
    p.entry("a question.txt")[0] = fat::free_mark;
    const fat::repairs done = p.recovered();
    CHECK(done.removed_entries == 1);
    CHECK(done.freed_clusters == 6);
    p.before.erase("a question.txt");
    CHECK((p.files() == p.before));
}

TEST_CASE("recover: folders that lead nowhere, to their parents or to a file's content go") {
    for (const int way : {0, 1, 2, 3}) {
        patient p;
        const std::uint32_t targets[] = {0, 0xffff, p.at("folder").first_cluster, p.at("README.TXT").first_cluster};
        fat::store<std::uint16_t>(p.entry("folder/another folder"), 26, static_cast<std::uint16_t>(targets[way]));
        CHECK(p.recovered().removed_entries == 1);
        CHECK(!p.files().contains("folder/another folder/"));
        CHECK(p.files().at("README.TXT") == p.before.at("README.TXT"));
        CHECK(p.files().contains("folder/one.txt"));
    }
}

TEST_CASE("recover: dots point where they should") {
    patient p;
    const std::size_t at =
        static_cast<std::size_t>(p.layout.sector_of(p.at("folder/another folder").first_cluster)) * 512;
    fat::store<std::uint16_t>(p.device.bytes(), at + 26, 4000);
    fat::store<std::uint16_t>(p.device.bytes(), at + 32 + 26, 4000);
    CHECK(p.recovered().corrected_entries == 1);
    CHECK((p.files() == p.before));
    // A folder that a host had not yet filled: all zero.
    std::fill_n(p.device.bytes().begin() +
                    static_cast<std::ptrdiff_t>(p.layout.sector_of(p.at("EMPTY").first_cluster) * 512),
                512, std::byte{0});
    p.recovered();
    CHECK((p.files() == p.before));
}

TEST_CASE("recover: names that no host accepts, or that are there twice, get another") {
    patient p;
    p.entry("folder/one.txt")[2] = std::byte{'*'};
    const auto first = p.entry("folder/another folder");
    CHECK(p.recovered().corrected_entries == 1);
    CHECK(p.files().contains("folder/RECOVER")); // it was its only name
    CHECK(p.files().at("folder/RECOVER") == p.before.at("folder/one.txt"));
    static_cast<void>(first);
    // With a long name that stays.
    const fat::slot_place place = p.at("a question.txt").place;
    const std::size_t entry = static_cast<std::size_t>(place.sector) * 512 + place.offset;
    for (std::size_t i = 0; i < 11; ++i) {
        p.device.bytes()[entry + i] = static_cast<std::byte>("README  TXT"[i]);
    }
    for (std::size_t part = 1; part <= 2; ++part) {
        p.device.bytes()[entry - part * 32 + 13] =
            std::byte{fat::checksum_of({'R', 'E', 'A', 'D', 'M', 'E', ' ', ' ', 'T', 'X', 'T'})};
    }
    p.recovered();
    CHECK(p.files().at("a question.txt") == p.before.at("a question.txt"));
    CHECK(p.files().at("README.TXT") == p.before.at("README.TXT"));
}

TEST_CASE("recover: what stands behind the end of a folder goes") {
    patient p;
    const std::size_t behind = static_cast<std::size_t>(p.layout.root_start) * 512 + 500 * 32;
    std::memcpy(p.device.bytes().data() + behind, "GHOST   TXT\x20", 12);
    CHECK(p.recovered().removed_entries == 1);
    CHECK((p.files() == p.before));
}

TEST_CASE("recover: copies of the table, marks, label, backup and count") {
    for (const fat::fat_kind kind : {fat::fat_kind::fat16, fat::fat_kind::fat32}) {
        patient p(kind);
        // The second copy was not yet written.
        p.device.bytes()[(p.layout.table_start + p.layout.table_sectors) * std::size_t{512} + 300] ^= std::byte{0xff};
        CHECK(p.recovered().written_sectors == 1);
        p.device.bytes()[p.layout.state_offset()] = std::byte{1};
        p.recovered();
        const bool is_small = kind == fat::fat_kind::fat16;
        const std::size_t second = p.layout.table_start * std::size_t{512} + (is_small ? 3u : 7u);
        p.device.bytes()[second] &= is_small ? std::byte{0x3f} : std::byte{0xf3}; // in use, and an error
        p.recovered();
        CHECK((p.files() == p.before));
        if (kind == fat::fat_kind::fat32) {
            p.device.bytes()[512 + 488] ^= std::byte{1};
            p.recovered();
            p.device.bytes()[512] = std::byte{0};
            p.recovered();
            p.device.bytes()[6 * 512 + 100] ^= std::byte{1};
            p.recovered();
        }
        p.device.bytes()[p.layout.state_offset() + 6] = std::byte{'X'};
        REQUIRE(fat::recover(p.device));
        CHECK(p.device.bytes()[p.layout.state_offset() + 6] == std::byte{'S'});
    }
}

TEST_CASE("recover: errors of the disk come through, and nothing is worse") {
    patient p;
    p.entry("a question.txt")[0] = fat::free_mark;
    p.set(4000, 4001);
    for (std::size_t good = 0;; ++good) {
        fat_test::recording_device device({p.device.bytes().begin(), p.device.bytes().end()});
        device.good_writes = good;
        const auto done = fat::recover(device);
        if (done) {
            CHECK(good > 1);
            break;
        }
        CHECK(done.error().code() == llmzero::error_code::io);
        device.good_writes = 1000;
        REQUIRE(fat::recover(device));
        CHECK(fat_test::strict_check(device.bytes()).problem() == "");
        CHECK(fat_test::strict_check(device.bytes()).files().at("README.TXT") == p.before.at("README.TXT"));
    }
    for (std::size_t good = 0; good < 20; ++good) {
        fat_test::recording_device device({p.device.bytes().begin(), p.device.bytes().end()});
        device.good_reads = good;
        CHECK(!fat::recover(device));
        CHECK(device.log.writes.empty());
    }
}

TEST_CASE("recover: a FAT12 volume is left alone") {
    fat_test::recording_device device(fat_test::sample_volume());
    std::vector<std::byte> image(device.bytes().begin(), device.bytes().end());
    fat::store<std::uint16_t>(image, 0x13, 2880);
    fat_test::recording_device smaller(image);
    const auto done = fat::recover(smaller);
    REQUIRE(!done);
    CHECK(done.error().code() == llmzero::error_code::unsupported);
    CHECK(smaller.log.writes.empty());
}
