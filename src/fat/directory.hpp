// Goes through a folder: slot by slot, and file by file with long names put together. Whatever stands there, it ends: a
// folder has at most max_slots slots, as for every host.
#pragma once

#include "fat/allocation_table.hpp"
#include "fat/directory_entry.hpp"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace fat {

inline constexpr std::uint32_t max_slots = 65536;
inline constexpr std::uint32_t slots_per_sector = std::uint32_t{sector_bytes} / entry_bytes;

// What a folder's entries are read from.
struct volume_parts {
    block_device & device;
    const geometry & layout;
    const allocation_table & table;
};

struct slot_place {
    std::uint64_t sector = 0;
    std::uint32_t offset = 0; // in the sector

    friend bool operator==(const slot_place &, const slot_place &) = default;
};

struct slot {
    slot_place place;
    raw_entry raw = {};
};

// All slots, those after the end mark too.
class slot_reader {
public:
    // `first_cluster` 0: the root folder.
    slot_reader(const volume_parts & parts, std::uint32_t first_cluster) : parts_(parts) {
        cluster_ = first_cluster == 0 ? parts.layout.root_cluster : first_cluster;
    }

    // False when there are no more. Errors: io.
    [[nodiscard]] llmzero::result<bool> next(slot & found) {
        const geometry & g = parts_.layout;
        if (n_ == max_slots) {
            return false;
        }
        if (n_ % slots_per_sector == 0) {
            const std::uint32_t n_sectors = n_ / slots_per_sector;
            if (cluster_ == 0) { // the root of FAT12 and FAT16
                if (n_sectors == g.root_sectors) {
                    return false;
                }
                sector_ = g.root_start + n_sectors;
            } else {
                const std::uint32_t in_cluster = n_sectors % g.sectors_per_cluster;
                if (in_cluster == 0) {
                    const std::uint32_t next = n_ == 0 ? cluster_ : parts_.table.next(cluster_);
                    if (!g.is_cluster(next)) {
                        return false;
                    }
                    cluster_ = next;
                }
                sector_ = g.sector_of(cluster_) + in_cluster;
            }
            LLMZERO_CHECK(parts_.device.read(sector_, content_));
        }
        found.place = {sector_, n_ % slots_per_sector * entry_bytes};
        std::memcpy(found.raw.data(), content_.data() + found.place.offset, entry_bytes);
        ++n_;
        return true;
    }

    // The cluster of the slot read last; 0 in the root of FAT12 and FAT16.
    [[nodiscard]] std::uint32_t cluster() const { return cluster_; }

private:
    volume_parts parts_;
    std::uint32_t cluster_;
    std::uint32_t n_ = 0;
    std::uint64_t sector_ = 0;
    sector content_ = {};
};

struct folder_item {
    directory_entry entry;
    std::string name;              // UTF-8: the long one, or the short one as it is shown
    std::vector<slot_place> slots; // of the long name in their order, then of the entry
    bool is_orphan = false;        // parts of a long name that belong to no entry: only `slots` counts
};

// The entries up to the end mark, ".", ".." and labels too.
class folder_reader {
public:
    folder_reader(const volume_parts & parts, std::uint32_t first_cluster) : slots_(parts, first_cluster) {}

    // False when there are no more. Errors: io.
    [[nodiscard]] llmzero::result<bool> next(folder_item & item) {
        for (;;) {
            slot found;
            if (has_held_) {
                found = held_;
                has_held_ = false;
            } else {
                LLMZERO_ASSIGN(const bool more, at_end_ ? llmzero::result<bool>(false) : slots_.next(found));
                if (!more || directory_entry(found.raw).is_end()) {
                    at_end_ = true;
                    return give_orphan(item);
                }
            }
            const directory_entry entry(found.raw);
            if (entry.is_free()) {
                if (give_orphan(item)) {
                    return true;
                }
            } else if (!entry.is_long_name()) {
                if (!pending_.empty() && !long_name_.is_name_of(entry.name())) {
                    hold(found);
                    return give_orphan(item);
                }
                give(item, entry, found.place);
                return true;
            } else if (entry.attributes() == long_name_mark && !pending_.empty() && long_name_.add(found.raw)) {
                pending_.push_back(found.place);
            } else if (!pending_.empty()) {
                hold(found);
                return give_orphan(item);
            } else if (entry.attributes() == long_name_mark && long_name_.begin(found.raw)) {
                pending_.push_back(found.place);
            } else {
                pending_.push_back(found.place);
                return give_orphan(item);
            }
        }
    }

private:
    void hold(const slot & found) {
        held_ = found;
        has_held_ = true;
    }

    bool give_orphan(folder_item & item) {
        if (pending_.empty()) {
            return false;
        }
        item = {};
        item.is_orphan = true;
        item.slots = std::exchange(pending_, {});
        long_name_.clear();
        return true;
    }

    void give(folder_item & item, const directory_entry & entry, const slot_place & place) {
        item = {};
        item.entry = entry;
        // A long name that could lead out of its folder, or be nothing, is not believed.
        std::string name = pending_.empty() ? std::string() : long_name_.text();
        const bool is_path =
            name.find_first_of(std::string_view("/\\\0", 3)) != name.npos || name == "." || name == "..";
        item.name = name.empty() || is_path ? to_text(entry.name(), entry.case_bits()) : std::move(name);
        item.slots = std::exchange(pending_, {});
        item.slots.push_back(place);
        long_name_.clear();
    }

    slot_reader slots_;
    slot held_;
    bool has_held_ = false;
    bool at_end_ = false;
    long_name_reader long_name_;
    std::vector<slot_place> pending_; // of the long name so far
};

} // namespace fat
