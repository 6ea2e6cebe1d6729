// Makes an empty FAT16 or FAT32 volume, as mkfs.vfat would: two tables, 512 entries in the root of FAT16, clusters that
// begin at multiples of their size. The same options make the same bytes.
//
// The boot sector is cleared first and written last: a cut between leaves no volume, not a wrong one. Nothing of the
// clusters is overwritten but the root folder of FAT32.
//
//     FAT16 up to 512 MB, from 2 MB:  1 KiB clusters up to 16 MB, 2 KiB up to 128 MB, 4 KiB, 8 KiB
//     FAT32 above, from 33 MB:        512 bytes up to 260 MB, 4 KiB up to 8 GB, 8, 16, then 32 KiB
// (the sizes that Microsoft's format takes; FAT16 is possible up to 4 GB, with clusters of 64 KiB.)
#pragma once

#include "fat/allocation_table.hpp"
#include "fat/directory_entry.hpp"
#include "fat/geometry.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

namespace fat {

struct format_options {
    std::optional<fat_kind> kind = {};     // nothing: by the size
    std::uint32_t sectors_per_cluster = 0; // 0: by kind and size
    std::uint32_t serial = 0;
    std::string_view label = {};      // at most 11 characters: upper case, digits, spaces
    timestamp when = {};              // of the label
    std::uint32_t hidden_sectors = 0; // before the volume on its disk
};

namespace detail {

struct cluster_size {
    std::uint32_t up_to_mib;
    std::uint32_t sectors;
};

inline std::uint32_t default_cluster(fat_kind kind, std::uint64_t n_sectors) {
    constexpr cluster_size fat16[] = {{16, 2}, {128, 4}, {256, 8}, {512, 16}, {1024, 32}, {2048, 64}, {~0u, 128}};
    constexpr cluster_size fat32[] = {{260, 1}, {8192, 8}, {16384, 16}, {32768, 32}, {~0u, 64}};
    if (kind == fat_kind::fat16 && n_sectors < 16384) { // below 8 MB there are too few larger clusters
        return 1;
    }
    for (const cluster_size & each : kind == fat_kind::fat16 ? std::span<const cluster_size>(fat16) : fat32) {
        if (n_sectors <= std::uint64_t{each.up_to_mib} * 2048) {
            return each.sectors;
        }
    }
    return 64;
}

// The least number of sectors of a table for the clusters that are left beside the tables.
inline std::uint32_t table_sectors_for(const geometry & g, std::uint32_t before) {
    const std::uint32_t bytes_per_entry = g.kind == fat_kind::fat32 ? 4 : 2;
    std::uint32_t sectors = g.sectors_per_cluster;
    // Grows to the first that is enough; a larger one leaves fewer clusters.
    for (;; sectors += g.sectors_per_cluster) { // so that the clusters begin at multiples of their size
        const std::uint64_t used = before + std::uint64_t{2} * sectors;
        const std::uint64_t clusters = used < g.n_sectors ? (g.n_sectors - used) / g.sectors_per_cluster : 0;
        const std::uint64_t needed = ((clusters + 2) * bytes_per_entry + sector_bytes - 1) / sector_bytes;
        if (needed <= sectors) {
            return sectors;
        }
        const std::uint64_t least = needed / 2 / g.sectors_per_cluster * g.sectors_per_cluster;
        sectors = std::max(sectors, static_cast<std::uint32_t>(least));
    }
}

inline sector boot_sector(const geometry & g, const format_options & options, const char (&label)[12]) {
    const bool is_fat32 = g.kind == fat_kind::fat32;
    sector boot = {};
    const std::span<std::byte> b(boot);
    std::memcpy(boot.data(), is_fat32 ? "\xeb\x58\x90" : "\xeb\x3c\x90", 3);
    std::memcpy(boot.data() + 3, "MSWIN4.1", 8); // some hosts expect that name
    store<std::uint16_t>(b, 0x0b, static_cast<std::uint16_t>(sector_bytes));
    store(b, 0x0d, static_cast<std::uint8_t>(g.sectors_per_cluster));
    store(b, 0x0e, static_cast<std::uint16_t>(g.table_start));
    store<std::uint8_t>(b, 0x10, 2);
    store(b, 0x11, static_cast<std::uint16_t>(g.root_sectors * (sector_bytes / entry_bytes)));
    const bool is_small = g.n_sectors < 65536 && !is_fat32;
    store(b, 0x13, static_cast<std::uint16_t>(is_small ? g.n_sectors : 0));
    store(b, 0x15, g.media);
    store(b, 0x16, static_cast<std::uint16_t>(is_fat32 ? 0 : g.table_sectors));
    store<std::uint16_t>(b, 0x18, 63); // sectors of a track, heads: of interest to nobody, but 0 is to some
    store<std::uint16_t>(b, 0x1a, 255);
    store(b, 0x1c, options.hidden_sectors);
    store(b, 0x20, is_small ? std::uint32_t{0} : g.n_sectors);
    std::size_t at = 0x24;
    if (is_fat32) {
        store(b, 0x24, g.table_sectors);
        store(b, 0x2c, g.root_cluster);
        store(b, 0x30, static_cast<std::uint16_t>(g.info_sector));
        store(b, 0x32, static_cast<std::uint16_t>(g.backup_sector));
        at = 0x40;
    }
    store<std::uint8_t>(b, at, 0x80);     // drive
    store<std::uint8_t>(b, at + 2, 0x29); // serial number, label and kind follow
    store(b, at + 3, options.serial);
    std::memcpy(boot.data() + at + 7, label, 11);
    std::memcpy(boot.data() + at + 18, is_fat32 ? "FAT32   " : "FAT16   ", 8);
    std::memcpy(boot.data() + at + 26, "\xcd\x18\xeb\xfe", 4); // int 18h: the next thing to boot; then wait
    store<std::uint16_t>(b, 510, 0xaa55);
    return boot;
}

} // namespace detail

// What format() would make of a device of that size. Errors: bad_argument (too small or too large for the kind).
[[nodiscard]] inline llmzero::result<geometry> plan_format(std::uint64_t n_sectors, const format_options & options) {
    geometry g;
    g.kind = options.kind.value_or(n_sectors > std::uint64_t{512} * 2048 ? fat_kind::fat32 : fat_kind::fat16);
    const bool is_fat32 = g.kind == fat_kind::fat32;
    g.n_sectors = static_cast<std::uint32_t>(std::min<std::uint64_t>(n_sectors, 0xffffffffu));
    g.sectors_per_cluster =
        options.sectors_per_cluster != 0 ? options.sectors_per_cluster : detail::default_cluster(g.kind, g.n_sectors);
    if (g.kind == fat_kind::fat12 || !std::has_single_bit(g.sectors_per_cluster) || g.sectors_per_cluster > 128) {
        return llmzero::error(llmzero::error_code::bad_argument, "a format of FAT%u with clusters of %u sectors",
                              static_cast<unsigned>(g.kind), g.sectors_per_cluster);
    }
    g.serial = options.serial;
    g.n_tables = 2;
    g.root_sectors = is_fat32 ? 0 : 32;
    // A multiple of the cluster's size together with the root.
    const std::uint32_t least = is_fat32 ? 32 : 1;
    const std::uint32_t mask = g.sectors_per_cluster - 1;
    g.table_start = ((least + g.root_sectors + mask) & ~mask) - g.root_sectors;
    g.table_sectors = detail::table_sectors_for(g, g.table_start + g.root_sectors);
    g.root_start = g.table_start + 2 * g.table_sectors;
    g.data_start = g.root_start + g.root_sectors;
    g.n_clusters = g.data_start < g.n_sectors ? (g.n_sectors - g.data_start) / g.sectors_per_cluster : 0;
    if (is_fat32) {
        g.root_cluster = 2;
        g.info_sector = 1;
        g.backup_sector = 6;
    }
    // Away from the limits between the kinds by 16, which some hosts count otherwise.
    const std::uint32_t fewest = is_fat32 ? 65525 + 16 : 4085 + 16;
    const std::uint32_t most = is_fat32 ? max_clusters : 65525 - 16;
    if (g.n_clusters < fewest || g.n_clusters > most) {
        return llmzero::error(
            llmzero::error_code::bad_argument, "%llu sectors make a FAT%u volume of %u clusters; expected %u to %u",
            static_cast<unsigned long long>(n_sectors), static_cast<unsigned>(g.kind), g.n_clusters, fewest, most);
    }
    return g;
}

// Errors: those of plan_format(), bad_argument (the label), io.
[[nodiscard]] inline llmzero::status format(block_device & device, const format_options & options = {}) {
    LLMZERO_ASSIGN(const geometry g, plan_format(device.n_sectors(), options));
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-";
    if (options.label.size() > 11 || options.label.find_first_not_of(allowed) != options.label.npos ||
        options.label.starts_with(' ')) {
        return llmzero::error(llmzero::error_code::bad_argument, "the label %s: expected 11 of A-Z 0-9 _ - at most",
                              llmzero::quoted(options.label).c_str());
    }
    const bool has_label = !options.label.empty();
    char label[12] = "NO NAME    ";
    if (has_label) {
        std::memset(label, ' ', 11);
        std::memcpy(label, options.label.data(), options.label.size());
    }
    const std::vector<std::byte> zeros(64 * sector_bytes);
    const auto clear = [&](std::uint64_t first, std::uint64_t count) -> llmzero::status {
        while (count > 0) {
            const std::uint64_t n = std::min<std::uint64_t>(count, 64);
            LLMZERO_CHECK(device.write(first, std::span(zeros).first(static_cast<std::size_t>(n) * sector_bytes)));
            first += n;
            count -= n;
        }
        return llmzero::success();
    };
    LLMZERO_CHECK(clear(0, 1));
    LLMZERO_CHECK(device.flush());
    LLMZERO_CHECK(clear(1, g.data_start - 1));

    LLMZERO_ASSIGN(allocation_table table, allocation_table::load(device, g));
    table.mark_clean(g.media);
    std::uint64_t root = g.root_start;
    if (g.kind == fat_kind::fat32) {
        table.set(g.root_cluster, table.last());
        root = g.sector_of(g.root_cluster);
        LLMZERO_CHECK(clear(root, g.sectors_per_cluster));
    }
    if (has_label) {
        directory_entry entry;
        short_name name;
        std::memcpy(name.data(), label, name.size());
        entry.set_name(name);
        entry.set_attributes(attribute_label);
        entry.set_created(options.when);
        entry.set_modified(options.when);
        sector first = {};
        std::memcpy(first.data(), entry.raw().data(), entry_bytes);
        LLMZERO_CHECK(device.write(root, first));
    }
    LLMZERO_CHECK(table.commit(device, g)); // the count of free clusters too
    const sector boot = detail::boot_sector(g, options, label);
    if (g.backup_sector != 0) {
        sector info;
        LLMZERO_CHECK(device.read(g.info_sector, info));
        LLMZERO_CHECK(device.write(g.backup_sector + g.info_sector, info));
        LLMZERO_CHECK(device.write(g.backup_sector, boot));
    }
    LLMZERO_CHECK(device.flush());
    LLMZERO_CHECK(device.write(0, boot));
    return device.flush();
}

} // namespace fat
