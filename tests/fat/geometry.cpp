#include "fat/geometry.hpp"

#include "fat/format.hpp"
#include "fat/memory_device.hpp"

#include <doctest/doctest.h>
#include <string>

namespace {

// The boot sector of a good volume.
fat::sector good_boot(fat::fat_kind kind = fat::fat_kind::fat16) {
    const std::uint32_t n_sectors = kind == fat::fat_kind::fat16 ? 4400 : 67200;
    const auto planned = fat::plan_format(n_sectors, {.kind = kind, .sectors_per_cluster = 1});
    REQUIRE(planned);
    return fat::detail::boot_sector(*planned, {.serial = 0xabcd1234}, "NO NAME    ");
}

// The code and the sentence for a boot sector with a number changed; "" when it is accepted.
template <class T>
std::string refusal(std::size_t offset, T value, fat::fat_kind kind = fat::fat_kind::fat16,
                    std::uint64_t device_sectors = 70000) {
    fat::sector boot = good_boot(kind);
    fat::store<T>(boot, offset, value);
    const auto parsed = fat::parse_geometry(boot, device_sectors);
    return parsed ? "" : std::string(llmzero::name_of(parsed.error().code())) + ": " + parsed.error().message();
}

bool has(const std::string & text, const char * part) {
    return text.find(part) != text.npos;
}

} // namespace

TEST_CASE("geometry: a FAT16 and a FAT32 volume") {
    const auto small = fat::parse_geometry(good_boot(), 4400);
    REQUIRE(small);
    CHECK(small->kind == fat::fat_kind::fat16);
    CHECK(small->n_sectors == 4400);
    CHECK(small->root_start == small->table_start + 2 * small->table_sectors);
    CHECK(small->data_start == small->root_start + 32);
    CHECK(small->n_clusters == 4400 - small->data_start);
    CHECK(small->serial == 0xabcd1234);
    CHECK(small->is_cluster(2));
    CHECK(small->is_cluster(small->n_clusters + 1));
    CHECK(!small->is_cluster(1));
    CHECK(!small->is_cluster(small->n_clusters + 2));
    CHECK(small->sector_of(2) == small->data_start);
    CHECK(small->clusters_for(0) == 0);
    CHECK(small->clusters_for(512) == 1);
    CHECK(small->clusters_for(513) == 2);
    CHECK(small->clusters_for(0xffffffff) == 0x800000);
    const auto large = fat::parse_geometry(good_boot(fat::fat_kind::fat32), 67200);
    REQUIRE(large);
    CHECK(large->kind == fat::fat_kind::fat32);
    CHECK(large->root_cluster == 2);
    CHECK(large->info_sector == 1);
    CHECK(large->backup_sector == 6);
    CHECK(large->serial == 0xabcd1234);
}

TEST_CASE("geometry: each lie of a boot sector is named") {
    CHECK(has(refusal<std::uint16_t>(510, 0), "malformed: no FAT volume: the boot sector ends with 0000"));
    CHECK(has(refusal<std::uint16_t>(0x0b, 0), "0 as bytes in a sector"));
    CHECK(has(refusal<std::uint16_t>(0x0b, 4096), "unsupported: a volume with sectors of 4096 bytes"));
    CHECK(has(refusal<std::uint8_t>(0x0d, 0), "0 as sectors in a cluster"));
    CHECK(has(refusal<std::uint8_t>(0x0d, 3), "3 as sectors in a cluster"));
    CHECK(has(refusal<std::uint16_t>(0x0e, 0), "reserved sectors"));
    CHECK(has(refusal<std::uint8_t>(0x10, 0), "number of tables"));
    CHECK(has(refusal<std::uint8_t>(0x10, 3), "number of tables"));
    CHECK(has(refusal<std::uint8_t>(0x15, 0x12), "kind of medium"));
    CHECK(has(refusal<std::uint16_t>(0x11, 0), "entries of the root folder"));
    CHECK(has(refusal<std::uint16_t>(0x11, 7), "entries of the root folder"));
    CHECK(has(refusal<std::uint16_t>(0x11, 16, fat::fat_kind::fat32), "entries of the root folder"));
    CHECK(has(refusal<std::uint16_t>(0x13, 0), "the boot sector gives")); // and 0 in the larger field
    CHECK(has(refusal<std::uint16_t>(0x13, 4401, fat::fat_kind::fat16, 4400), "no more than the device has"));
    CHECK(has(refusal<std::uint32_t>(0x20, 0xffffffff, fat::fat_kind::fat32), "no more than the device has"));
    CHECK(has(refusal<std::uint16_t>(0x16, 1), "room for an entry for each cluster"));
    CHECK(has(refusal<std::uint16_t>(0x16, 0xffff), "start of the clusters"));
    CHECK(has(refusal<std::uint32_t>(0x24, 0xffffffff, fat::fat_kind::fat32), "start of the clusters"));
    CHECK(has(refusal<std::uint32_t>(0x2c, 0, fat::fat_kind::fat32), "cluster of the root folder"));
    CHECK(has(refusal<std::uint32_t>(0x2c, 70000, fat::fat_kind::fat32), "cluster of the root folder"));
    CHECK(has(refusal<std::uint16_t>(0x2a, 1, fat::fat_kind::fat32), "unsupported: version 1"));
    CHECK(has(refusal<std::uint16_t>(0x13, static_cast<std::uint16_t>(69999)), "room for an entry"));
}

TEST_CASE("geometry: volumes of other kinds are called by their names") {
    fat::sector boot = good_boot();
    std::memcpy(boot.data() + 3, "EXFAT   ", 8);
    const auto exfat = fat::parse_geometry(boot, 4400);
    REQUIRE(!exfat);
    CHECK(std::string(exfat.error().message()) == "an exFAT volume; expected FAT16 or FAT32");
    std::memcpy(boot.data() + 3, "NTFS    ", 8);
    const auto ntfs = fat::parse_geometry(boot, 4400);
    REQUIRE(!ntfs);
    CHECK(ntfs.error().code() == llmzero::error_code::unsupported);
    fat::memory_device empty(0);
    CHECK(!fat::read_geometry(empty));
    fat::memory_device zeros(100);
    CHECK(!fat::read_geometry(zeros));
}

TEST_CASE("geometry: sectors beside the boot sector that cannot be are none") {
    fat::sector boot = good_boot(fat::fat_kind::fat32);
    fat::store<std::uint16_t>(boot, 0x30, 32); // behind the reserved ones
    fat::store<std::uint16_t>(boot, 0x32, 0xffff);
    const auto parsed = fat::parse_geometry(boot, 67200);
    REQUIRE(parsed);
    CHECK(parsed->info_sector == 0);
    CHECK(parsed->backup_sector == 0);
}

TEST_CASE("geometry: few clusters are FAT12") {
    fat::sector boot = good_boot();
    fat::store<std::uint16_t>(boot, 0x13, 2880);
    const auto parsed = fat::parse_geometry(boot, 4400);
    REQUIRE(parsed);
    CHECK(parsed->kind == fat::fat_kind::fat12);
}
