// The table that chains clusters to files, in memory. Changes reach the device with commit(): every copy of each
// changed sector, and on FAT32 the count of free clusters.
//
//     entry 0      the media byte, all other bits 1
//     entry 1      all bits 1; a host clears the highest while it writes, the second after an error
//     entry n      0 free, a cluster's number: the next of the chain, (all bits 1) - 8 bad, above it: the last one
//
// Entries of FAT32 have 28 bits; the upper four are kept as they are. FAT12 is only read.
#pragma once

#include "fat/geometry.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace fat {

class allocation_table {
public:
    static constexpr std::uint32_t free = 0;

    // The first copy, as hosts do, but where its first entry is none and the second copy's is.
    // Errors: io, out_of_memory does not come back: the memory is limited by max_clusters.
    [[nodiscard]] static llmzero::result<allocation_table> load(block_device & device, const geometry & g) {
        allocation_table table(g);
        LLMZERO_CHECK(device.read(g.table_start, table.bytes_));
        if (g.n_tables == 2 && !table.begins_well()) {
            const std::vector<std::byte> first = table.bytes_;
            LLMZERO_CHECK(device.read(g.table_start + g.table_sectors, table.bytes_));
            if (!table.begins_well()) {
                table.bytes_ = first;
            }
        }
        return table;
    }

    // Of a cluster: is_cluster() holds.
    [[nodiscard]] std::uint32_t next(std::uint32_t cluster) const { return entry(cluster); }
    [[nodiscard]] bool is_free(std::uint32_t cluster) const { return entry(cluster) == free; }
    [[nodiscard]] bool is_bad(std::uint32_t value) const { return value == mask() - 8; }
    [[nodiscard]] bool is_last(std::uint32_t value) const { return value > mask() - 8; }
    [[nodiscard]] std::uint32_t last() const { return mask(); }

    void set(std::uint32_t cluster, std::uint32_t value) {
        if (entry(cluster) == value) {
            return;
        }
        if (kind_ == fat_kind::fat16) {
            store(std::span(bytes_), std::size_t{cluster} * 2, static_cast<std::uint16_t>(value));
            changed_[cluster / 256] = true;
        } else if (kind_ == fat_kind::fat32) {
            const std::uint32_t kept = fat::load<std::uint32_t>(bytes_, std::size_t{cluster} * 4) & ~mask();
            store(std::span(bytes_), std::size_t{cluster} * 4, kept | value);
            changed_[cluster / 128] = true;
        }
        is_changed_ = true;
    }

    // Chains `clusters` in their order; the last one ends the chain.
    void chain(std::span<const std::uint32_t> clusters) {
        for (std::size_t i = 0; i < clusters.size(); ++i) {
            set(clusters[i], i + 1 < clusters.size() ? clusters[i + 1] : last());
        }
    }

    // Free clusters, not yet taken, those beside each other first come first; fewer than asked for when the volume is
    // full.
    [[nodiscard]] std::vector<std::uint32_t> find_free(std::uint32_t count) const {
        std::vector<std::uint32_t> found;
        for (std::uint32_t cluster = 2; found.size() < count && cluster < n_clusters_ + 2; ++cluster) {
            if (is_free(cluster)) {
                found.push_back(cluster);
            }
        }
        return found;
    }

    [[nodiscard]] std::uint32_t n_free() const {
        std::uint32_t n = 0;
        for (std::uint32_t cluster = 2; cluster < n_clusters_ + 2; ++cluster) {
            n += is_free(cluster) ? 1u : 0u;
        }
        return n;
    }

    // The first two entries as an unused, clean volume has them.
    void mark_clean(std::uint8_t media) {
        set(0, (mask() & ~std::uint32_t{0xff}) | media);
        set(1, mask());
    }

    [[nodiscard]] bool is_changed() const { return is_changed_; }

    // Writes what was changed; the caller flushes. Errors: io, unsupported (FAT12).
    [[nodiscard]] llmzero::status commit(block_device & device, const geometry & g) {
        if (!is_changed_) {
            return llmzero::success();
        }
        if (kind_ == fat_kind::fat12) {
            return llmzero::error(llmzero::error_code::unsupported, "a FAT12 volume is only read");
        }
        for (std::uint32_t copy = 0; copy < g.n_tables; ++copy) {
            for (std::size_t i = 0; i < changed_.size(); ++i) {
                if (changed_[i]) {
                    LLMZERO_CHECK(device.write(g.table_start + std::uint64_t{copy} * g.table_sectors + i, part(i)));
                }
            }
        }
        LLMZERO_CHECK(write_free_count(device, g));
        std::fill(changed_.begin(), changed_.end(), false);
        is_changed_ = false;
        return llmzero::success();
    }

    // Makes every copy on the device what is here. Returns the number of sectors that were not.
    [[nodiscard]] llmzero::result<std::uint32_t> mirror(block_device & device, const geometry & g) const {
        std::vector<std::byte> there(bytes_.size());
        std::uint32_t n = 0;
        for (std::uint32_t copy = 0; copy < g.n_tables; ++copy) {
            const std::uint64_t start = g.table_start + std::uint64_t{copy} * g.table_sectors;
            LLMZERO_CHECK(device.read(start, there));
            for (std::size_t i = 0; i < changed_.size(); ++i) {
                if (std::memcmp(there.data() + i * sector_bytes, part(i).data(), sector_bytes) != 0) {
                    LLMZERO_CHECK(device.write(start + i, part(i)));
                    ++n;
                }
            }
        }
        return n;
    }

    // FAT32: the count of free clusters, and where to look for the next. Writes only what differs.
    [[nodiscard]] llmzero::status write_free_count(block_device & device, const geometry & g) const {
        if (g.info_sector == 0) {
            return llmzero::success();
        }
        sector info;
        LLMZERO_CHECK(device.read(g.info_sector, info));
        const sector before = info;
        if (fat::load<std::uint32_t>(info, 0) != 0x41615252 || fat::load<std::uint32_t>(info, 484) != 0x61417272 ||
            fat::load<std::uint16_t>(info, 510) != 0xaa55) {
            info = {};
            store<std::uint32_t>(info, 0, 0x41615252);
            store<std::uint32_t>(info, 484, 0x61417272);
            store<std::uint16_t>(info, 510, 0xaa55);
        }
        store(info, 488, n_free());
        const auto hint = find_free(1);
        store(info, 492, hint.empty() ? std::uint32_t{0xffffffff} : hint.front());
        return info == before ? llmzero::success() : device.write(g.info_sector, info);
    }

private:
    explicit allocation_table(const geometry & g) : kind_(g.kind), n_clusters_(g.n_clusters) {
        const std::uint64_t bits = (std::uint64_t{g.n_clusters} + 2) * static_cast<unsigned>(g.kind);
        const auto n_sectors = static_cast<std::size_t>((bits + sector_bytes * 8 - 1) / (sector_bytes * 8));
        bytes_.resize(n_sectors * sector_bytes);
        changed_.resize(n_sectors);
    }

    [[nodiscard]] std::uint32_t mask() const {
        return kind_ == fat_kind::fat12 ? 0xfff : kind_ == fat_kind::fat16 ? 0xffff : 0x0fffffff;
    }

    [[nodiscard]] std::uint32_t entry(std::uint32_t i) const {
        if (kind_ == fat_kind::fat16) {
            return fat::load<std::uint16_t>(bytes_, std::size_t{i} * 2);
        }
        if (kind_ == fat_kind::fat32) {
            return fat::load<std::uint32_t>(bytes_, std::size_t{i} * 4) & mask();
        }
        const std::uint32_t pair = fat::load<std::uint16_t>(bytes_, std::size_t{i} * 3 / 2);
        return i % 2 != 0 ? pair >> 4 : pair & mask();
    }

    [[nodiscard]] bool begins_well() const { return entry(0) >= mask() - 15; }

    [[nodiscard]] std::span<const std::byte> part(std::size_t i) const {
        return std::span(bytes_).subspan(i * sector_bytes, sector_bytes);
    }

    fat_kind kind_;
    std::uint32_t n_clusters_;
    std::vector<std::byte> bytes_; // the sectors in use
    std::vector<bool> changed_;    // sectors
    bool is_changed_ = false;
};

} // namespace fat
