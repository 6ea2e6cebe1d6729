// Where the parts of a FAT volume lie, as its boot sector says, and every number of it checked: what is accepted lies
// inside the device and has room for its table. Facts: Microsoft, FAT: General Overview of On-Disk Format, 1.03; what
// fsck.vfat 4.2 refuses is refused here too.
//
//     boot sector, reserved sectors | table, copy | root folder (FAT12, FAT16) | clusters 2, 3, ...
//
// Limits: sectors of 512 bytes, one or two tables, 4 Mi clusters (the table is kept in memory: 16 MiB).
#pragma once

#include "fat/block_device.hpp"
#include "fat/little_endian.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fat {

enum class fat_kind : std::uint8_t { fat12 = 12, fat16 = 16, fat32 = 32 }; // bits of a table's entry

inline constexpr std::uint32_t max_clusters = std::uint32_t{4} << 20;
inline constexpr std::uint32_t entry_bytes = 32; // of a folder

// Offsets of sectors count from the start of the volume.
struct geometry {
    fat_kind kind = fat_kind::fat16;
    std::uint8_t media = 0xf8;
    std::uint32_t sectors_per_cluster = 0;
    std::uint32_t n_sectors = 0;
    std::uint32_t n_clusters = 0; // numbers 2 to n_clusters + 1
    std::uint32_t n_tables = 0;
    std::uint32_t table_start = 0;
    std::uint32_t table_sectors = 0; // of each copy
    std::uint32_t root_start = 0;    // FAT12, FAT16
    std::uint32_t root_sectors = 0;
    std::uint32_t root_cluster = 0; // FAT32
    std::uint32_t data_start = 0;
    std::uint32_t info_sector = 0; // FAT32; 0: none
    std::uint32_t backup_sector = 0;
    std::uint32_t serial = 0;

    [[nodiscard]] std::uint32_t cluster_bytes() const { return sectors_per_cluster * std::uint32_t{sector_bytes}; }
    [[nodiscard]] bool is_cluster(std::uint32_t number) const { return number >= 2 && number - 2 < n_clusters; }
    [[nodiscard]] std::uint64_t sector_of(std::uint32_t cluster) const {
        return data_start + std::uint64_t{cluster - 2} * sectors_per_cluster;
    }
    [[nodiscard]] std::uint32_t clusters_for(std::uint64_t bytes) const {
        return static_cast<std::uint32_t>((bytes + cluster_bytes() - 1) / cluster_bytes());
    }
    // Where the boot sector keeps the host's "in use" mark.
    [[nodiscard]] std::size_t state_offset() const { return kind == fat_kind::fat32 ? 0x41 : 0x25; }
};

namespace detail {

inline llmzero::error no_volume(const char * what, unsigned long long found, const char * expected) {
    return llmzero::error(llmzero::error_code::malformed,
                          "no FAT volume: the boot sector gives %llu as %s, expected %s", found, what, expected);
}

// What a volume of another kind says of itself in place of a system's name.
inline llmzero::status check_other_kinds(std::span<const std::byte> boot) {
    char name[9] = {};
    std::memcpy(name, boot.data() + 3, 8);
    for (const std::string_view other : {"EXFAT   ", "NTFS    "}) {
        if (other == name) {
            return llmzero::error(llmzero::error_code::unsupported, "an %s volume; expected FAT16 or FAT32",
                                  other.starts_with('E') ? "exFAT" : "NTFS");
        }
    }
    if (load<std::uint16_t>(boot, 510) != 0xaa55) {
        return llmzero::error(llmzero::error_code::malformed,
                              "no FAT volume: the boot sector ends with %04x, expected aa55",
                              load<std::uint16_t>(boot, 510));
    }
    return llmzero::success();
}

inline llmzero::status read_fat32_part(std::span<const std::byte> boot, std::uint32_t reserved, geometry & g) {
    g.table_sectors = load<std::uint32_t>(boot, 0x24);
    g.root_cluster = load<std::uint32_t>(boot, 0x2c);
    g.serial = load<std::uint32_t>(boot, 0x43);
    if (load<std::uint16_t>(boot, 0x2a) != 0) {
        return llmzero::error(llmzero::error_code::unsupported, "version %u of FAT32; expected 0",
                              static_cast<unsigned>(load<std::uint16_t>(boot, 0x2a)));
    }
    // Out of the reserved sectors, or the boot sector itself: there is none.
    const auto inside = [&](std::uint32_t sector) {
        return sector > 0 && sector < reserved ? sector : 0;
    };
    g.info_sector = inside(load<std::uint16_t>(boot, 0x30));
    g.backup_sector = inside(load<std::uint16_t>(boot, 0x32));
    if (g.info_sector == g.backup_sector) {
        g.backup_sector = 0;
    }
    return llmzero::success();
}

} // namespace detail

// Errors: malformed; unsupported (another kind of volume, sectors of another size, too many clusters).
[[nodiscard]] inline llmzero::result<geometry> parse_geometry(std::span<const std::byte, sector_bytes> boot,
                                                              std::uint64_t device_sectors) {
    LLMZERO_CHECK(detail::check_other_kinds(boot));
    geometry g;
    const std::uint32_t bytes_per_sector = load<std::uint16_t>(boot, 0x0b);
    if (bytes_per_sector == 1024 || bytes_per_sector == 2048 || bytes_per_sector == 4096) {
        return llmzero::error(llmzero::error_code::unsupported, "a volume with sectors of %u bytes; expected 512",
                              bytes_per_sector);
    }
    if (bytes_per_sector != sector_bytes) {
        return detail::no_volume("bytes in a sector", bytes_per_sector, "512");
    }
    g.sectors_per_cluster = load<std::uint8_t>(boot, 0x0d);
    if (!std::has_single_bit(g.sectors_per_cluster)) {
        return detail::no_volume("sectors in a cluster", g.sectors_per_cluster, "a power of two");
    }
    const std::uint32_t reserved = load<std::uint16_t>(boot, 0x0e);
    if (reserved == 0) {
        return detail::no_volume("reserved sectors", reserved, "1 or more");
    }
    g.n_tables = load<std::uint8_t>(boot, 0x10);
    if (g.n_tables != 1 && g.n_tables != 2) {
        return detail::no_volume("number of tables", g.n_tables, "1 or 2");
    }
    g.media = load<std::uint8_t>(boot, 0x15);
    if (g.media != 0xf0 && g.media < 0xf8) {
        return detail::no_volume("kind of medium", g.media, "240 or 248 to 255");
    }
    const std::uint32_t root_entries = load<std::uint16_t>(boot, 0x11);
    g.n_sectors = load<std::uint16_t>(boot, 0x13);
    if (g.n_sectors == 0) {
        g.n_sectors = load<std::uint32_t>(boot, 0x20);
    }
    if (g.n_sectors > device_sectors) {
        return detail::no_volume("number of sectors", g.n_sectors, "no more than the device has");
    }
    g.table_sectors = load<std::uint16_t>(boot, 0x16);
    const bool is_fat32 = g.table_sectors == 0;
    if (is_fat32) {
        LLMZERO_CHECK(detail::read_fat32_part(boot, reserved, g));
    } else {
        g.serial = load<std::uint32_t>(boot, 0x27);
    }
    if (is_fat32 ? root_entries != 0 : root_entries == 0 || root_entries % (sector_bytes / entry_bytes) != 0) {
        return detail::no_volume("entries of the root folder", root_entries, "whole sectors, and none for FAT32");
    }
    g.root_sectors = root_entries * entry_bytes / std::uint32_t{sector_bytes};
    g.table_start = reserved;
    const std::uint64_t data_start = reserved + std::uint64_t{g.n_tables} * g.table_sectors + g.root_sectors;
    if (data_start > g.n_sectors) {
        return detail::no_volume("start of the clusters", data_start, "a sector of the volume");
    }
    g.data_start = static_cast<std::uint32_t>(data_start);
    g.root_start = g.data_start - g.root_sectors;
    g.n_clusters = (g.n_sectors - g.data_start) / g.sectors_per_cluster;
    if (g.n_clusters == 0) {
        return detail::no_volume("number of clusters", g.n_clusters, "1 or more");
    }
    if (g.n_clusters > max_clusters) {
        return llmzero::error(llmzero::error_code::unsupported, "a volume of %u clusters; expected %u at most",
                              g.n_clusters, max_clusters);
    }
    g.kind = is_fat32 ? fat_kind::fat32 : g.n_clusters < 4085 ? fat_kind::fat12 : fat_kind::fat16;
    if (g.kind == fat_kind::fat16 && g.n_clusters >= 65525) {
        return detail::no_volume("number of clusters", g.n_clusters, "less than 65525 for FAT16");
    }
    const std::uint64_t table_bits = (std::uint64_t{g.n_clusters} + 2) * static_cast<unsigned>(g.kind);
    if (table_bits > std::uint64_t{g.table_sectors} * sector_bytes * 8) {
        return detail::no_volume("sectors of a table", g.table_sectors, "room for an entry for each cluster");
    }
    if (is_fat32 && !g.is_cluster(g.root_cluster)) {
        return detail::no_volume("cluster of the root folder", g.root_cluster, "a cluster of the volume");
    }
    return g;
}

// Errors: those of parse_geometry(), io.
[[nodiscard]] inline llmzero::result<geometry> read_geometry(block_device & device) {
    if (device.n_sectors() == 0) {
        return llmzero::error(llmzero::error_code::malformed, "no FAT volume: the device is empty");
    }
    sector boot;
    LLMZERO_CHECK(device.read(0, boot));
    return parse_geometry(boot, device.n_sectors());
}

} // namespace fat
