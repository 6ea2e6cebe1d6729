// Makes a volume consistent again after a power cut or a host that was cut off, as fsck.vfat -a would, in one pass and
// without a question. To be called at every start, and whenever a host has let go of the volume: a consistent volume is
// only read.
//
//   Clusters that belong to no file are freed. The copies of the table are made equal to the first.
//   A chain longer than its file's size is cut: an append of which the size never arrived.
//   A file longer than its chain gets the chain's size. Of two files with the same cluster the first one found keeps
//   it. Bytes behind a file's end in its last sector become zero. Parts of long names without their entry, and entries
//   behind the end mark, are removed; a folder that leads nowhere, into another one or to no folder is removed; "." and
//   ".." point where they should; names that no host accepts and names that are there twice get another short name. The
//   host's "in use" marks are cleared; the label in the boot sector, its backup and the count of free clusters set.
//
// Writing is in an order that a cut cannot harm: folders first, then the table, then the marks; run again it goes on.
#pragma once

#include "fat/pending_writes.hpp"
#include "fat/volume.hpp"

#include <cstdint>
#include <set>
#include <vector>

namespace fat {

// What was found and put right; all 0 for a consistent volume.
struct repairs {
    std::uint32_t freed_clusters = 0;
    std::uint32_t cut_chains = 0;      // longer than the size
    std::uint32_t shortened_files = 0; // longer than the chain
    std::uint32_t cleared_slacks = 0;
    std::uint32_t removed_entries = 0;
    std::uint32_t corrected_entries = 0;
    std::uint32_t written_sectors = 0;

    [[nodiscard]] bool any() const { return written_sectors != 0; }
};

class recovery {
public:
    // Errors: malformed, unsupported (FAT12, or no volume this reads), io.
    [[nodiscard]] static llmzero::result<repairs> run(block_device & device) {
        LLMZERO_ASSIGN(volume found, volume::open(device));
        if (found.layout().kind == fat_kind::fat12) {
            return llmzero::error(llmzero::error_code::unsupported, "a FAT12 volume is only read");
        }
        recovery work(device, std::move(found));
        LLMZERO_CHECK(work.claim_root());
        for (std::size_t i = 0; i < work.folders_.size(); ++i) {
            const folder each = work.folders_[i]; // the list grows
            LLMZERO_CHECK(work.repair_folder(each));
            LLMZERO_CHECK(work.write_some());
        }
        for (const folder & each : work.folders_) {
            LLMZERO_CHECK(work.claim_files(each.cluster));
            LLMZERO_CHECK(work.write_some());
        }
        work.free_unclaimed();
        LLMZERO_CHECK(work.write());
        return work.repairs_;
    }

private:
    struct folder {
        std::uint32_t cluster; // 0: the root
        std::uint32_t parent;
    };

    recovery(block_device & device, volume && found)
        : device_(device), changed_(device), layout_(found.layout()), table_(found.table()),
          claimed_(layout_.n_clusters) {}

    [[nodiscard]] bool is_fat32() const { return layout_.kind == fat_kind::fat32; }
    [[nodiscard]] volume_parts parts() { return {changed_, layout_, table_}; }

    // Whether a chain may go on with this cluster.
    [[nodiscard]] bool is_available(std::uint32_t cluster) const {
        return layout_.is_cluster(cluster) && !claimed_[cluster - 2] && !table_.is_free(cluster) &&
               !table_.is_bad(table_.next(cluster));
    }

    // Claims a chain's clusters, at most `most`, and ends it where it cannot go on. Returns how many there are.
    std::uint32_t claim(std::uint32_t cluster, std::uint32_t most, std::uint32_t & cuts) {
        std::uint32_t n = 0;
        while (n < most && is_available(cluster)) {
            claimed_[cluster - 2] = true;
            ++n;
            const std::uint32_t next = table_.next(cluster);
            if (!table_.is_last(next) && (n == most || !is_available(next))) {
                table_.set(cluster, table_.last());
                ++cuts;
                break;
            }
            cluster = next;
        }
        return n;
    }

    [[nodiscard]] std::uint32_t most_folder_clusters() const {
        return std::max<std::uint32_t>(1, max_slots * entry_bytes / layout_.cluster_bytes());
    }

    [[nodiscard]] llmzero::status claim_root() {
        if (is_fat32()) {
            if (!is_available(layout_.root_cluster)) { // its end is all that can be wrong with one cluster
                table_.set(layout_.root_cluster, table_.last());
                ++repairs_.corrected_entries;
            }
            claim(layout_.root_cluster, most_folder_clusters(), repairs_.cut_chains);
        }
        folders_.push_back({0, 0});
        return llmzero::success();
    }

    [[nodiscard]] llmzero::status put(const slot_place & place, const raw_entry & raw) {
        sector content;
        LLMZERO_CHECK(changed_.read(place.sector, content));
        std::memcpy(content.data() + place.offset, raw.data(), raw.size());
        return changed_.write(place.sector, content);
    }

    [[nodiscard]] llmzero::status remove(const std::vector<slot_place> & slots) {
        ++repairs_.removed_entries;
        raw_entry empty = {};
        empty[0] = free_mark;
        for (const slot_place & place : slots) {
            LLMZERO_CHECK(put(place, empty));
        }
        return llmzero::success();
    }

    // Everything of a folder but the chains of its files; notes the folders in it.
    [[nodiscard]] llmzero::status repair_folder(const folder & here) {
        LLMZERO_CHECK(clear_behind_end(here.cluster));
        folder_reader reader(parts(), here.cluster);
        std::set<short_name> names;
        folder_item item;
        for (std::uint32_t n = 0;; ++n) {
            LLMZERO_ASSIGN(const bool more, reader.next(item));
            if (!more) {
                return llmzero::success();
            }
            const bool is_also_folder = (item.entry.attributes() & attribute_folder) != 0;
            if (item.is_orphan || (item.entry.is_label() && (is_also_folder || !may_be_label(here, item)))) {
                LLMZERO_CHECK(remove(item.slots));
            } else if (item.entry.is_label()) {
                has_label_ = true;
                label_ = item.entry.name();
                LLMZERO_CHECK(correct(item, 0, 0));
            } else if (item.entry.is_dots()) {
                const bool is_expected = here.cluster != 0 && n == (item.entry.name() == dot_name ? 0u : 1u);
                LLMZERO_CHECK(is_expected ? llmzero::success() : remove(item.slots));
            } else {
                LLMZERO_CHECK(repair_entry(here, item, names));
            }
        }
    }

    // One, in the root.
    [[nodiscard]] bool may_be_label(const folder & here, const folder_item & item) const {
        return here.cluster == 0 && !has_label_ && is_valid_label(item.entry.name());
    }

    [[nodiscard]] llmzero::status repair_entry(const folder & here, folder_item & item, std::set<short_name> & names) {
        if (item.entry.is_folder()) {
            const std::uint32_t cluster = item.entry.cluster(is_fat32());
            LLMZERO_ASSIGN(const bool usable, claim_folder(cluster, here.cluster));
            if (!usable) {
                return remove(item.slots);
            }
            folders_.push_back({cluster, here.cluster});
            LLMZERO_CHECK(correct(item, cluster, 0));
        }
        if (item.slots.size() == 1 && (item.entry.case_bits() & no_short_name) != 0) {
            ++repairs_.corrected_entries;
            item.entry.set_case_bits(0);
            LLMZERO_CHECK(put(item.slots.back(), item.entry.raw()));
        }
        if (!is_valid(item.entry.name()) || names.contains(item.entry.name())) {
            LLMZERO_CHECK(rename(item, names));
        }
        names.insert(item.entry.name());
        return llmzero::success();
    }

    // What stands behind the end mark is no entry, but not every host and tool stops there.
    [[nodiscard]] llmzero::status clear_behind_end(std::uint32_t cluster) {
        slot_reader reader(parts(), cluster);
        slot found;
        for (bool at_end = false;;) {
            LLMZERO_ASSIGN(const bool more, reader.next(found));
            if (!more) {
                return llmzero::success();
            }
            const directory_entry entry(found.raw);
            at_end = at_end || entry.is_end();
            if (at_end && !entry.is_free()) {
                ++repairs_.removed_entries;
                LLMZERO_CHECK(put(found.place, raw_entry{}));
            } else if (!at_end && !entry.is_free() && entry.is_long_name()) {
                LLMZERO_CHECK(correct_part(found));
            }
        }
    }

    // Two fields of a long name's part are always 0.
    [[nodiscard]] llmzero::status correct_part(slot & found) {
        if (found.raw[12] == std::byte{0} && load<std::uint16_t>(found.raw, 26) == 0) {
            return llmzero::success();
        }
        ++repairs_.corrected_entries;
        found.raw[12] = std::byte{0};
        store<std::uint16_t>(found.raw, 26, 0);
        return put(found.place, found.raw);
    }

    // Whether a folder can be entered; then its clusters are its own, and "." and ".." are right.
    [[nodiscard]] llmzero::result<bool> claim_folder(std::uint32_t cluster, std::uint32_t parent) {
        if (!is_available(cluster)) {
            return false;
        }
        const std::uint64_t at = layout_.sector_of(cluster);
        sector content;
        LLMZERO_CHECK(changed_.read(at, content));
        const short_name names[2] = {dot_name, dot_dot_name};
        const std::uint32_t clusters[2] = {cluster, parent};
        bool is_changed = false;
        for (std::size_t i = 0; i < 2; ++i) {
            raw_entry raw;
            std::memcpy(raw.data(), content.data() + i * entry_bytes, entry_bytes);
            directory_entry entry(raw);
            if (entry.name() != names[i] && !entry.is_free()) {
                return false; // no folder's content
            }
            if (entry.name() != names[i]) {
                entry = directory_entry();
                entry.set_name(names[i]);
                entry.set_created({});
                entry.set_modified({});
            }
            entry.set_attributes(attribute_folder);
            entry.set_case_bits(0);
            entry.set_size(0);
            entry.set_cluster(clusters[i], is_fat32());
            if (entry.raw() != raw) {
                std::memcpy(content.data() + i * entry_bytes, entry.raw().data(), entry_bytes);
                is_changed = true;
            }
        }
        if (is_changed) {
            ++repairs_.corrected_entries;
            LLMZERO_CHECK(changed_.write(at, content));
        }
        claim(cluster, most_folder_clusters(), repairs_.cut_chains);
        return true;
    }

    [[nodiscard]] llmzero::status correct(folder_item & item, std::uint32_t cluster, std::uint32_t size) {
        if (item.entry.cluster(is_fat32()) == cluster && item.entry.size() == size) {
            return llmzero::success();
        }
        ++repairs_.corrected_entries;
        item.entry.set_cluster(cluster, is_fat32());
        item.entry.set_size(size);
        return put(item.slots.back(), item.entry.raw());
    }

    // Another short name; the long one stays.
    [[nodiscard]] llmzero::status rename(folder_item & item, const std::set<short_name> & taken) {
        ++repairs_.corrected_entries;
        item.entry.set_name(make_alias("RECOVER", taken));
        LLMZERO_CHECK(put(item.slots.back(), item.entry.raw()));
        for (std::size_t i = 0; i + 1 < item.slots.size(); ++i) {
            sector content;
            LLMZERO_CHECK(changed_.read(item.slots[i].sector, content));
            content[item.slots[i].offset + 13] = std::byte{checksum_of(item.entry.name())};
            LLMZERO_CHECK(changed_.write(item.slots[i].sector, content));
        }
        return llmzero::success();
    }

    [[nodiscard]] llmzero::status claim_files(std::uint32_t folder_cluster) {
        folder_reader reader(parts(), folder_cluster);
        folder_item item;
        for (;;) {
            LLMZERO_ASSIGN(const bool more, reader.next(item));
            if (!more) {
                return llmzero::success();
            }
            if (!item.is_orphan && !item.entry.is_folder() && !item.entry.is_label()) {
                LLMZERO_CHECK(claim_file(item));
            }
        }
    }

    [[nodiscard]] llmzero::status claim_file(folder_item & item) {
        const std::uint32_t first = item.entry.cluster(is_fat32());
        const std::uint32_t size = item.entry.size();
        const std::uint32_t needed = layout_.clusters_for(size);
        const std::uint32_t n = claim(first, needed, repairs_.cut_chains);
        std::uint32_t kept = size;
        if (n < needed) {
            ++repairs_.shortened_files;
            kept = n * layout_.cluster_bytes();
        }
        LLMZERO_CHECK(correct(item, n == 0 ? 0 : first, kept));
        return kept % sector_bytes == 0 ? llmzero::success() : clear_slack(first, kept);
    }

    // An append that a cut took back leaves a part of its text there, and a file is whole when there is nothing.
    [[nodiscard]] llmzero::status clear_slack(std::uint32_t cluster, std::uint32_t size) {
        for (std::uint32_t n = size / layout_.cluster_bytes(); n > 0; --n) {
            cluster = table_.next(cluster);
        }
        const std::uint64_t at = layout_.sector_of(cluster) + size % layout_.cluster_bytes() / sector_bytes;
        sector content;
        LLMZERO_CHECK(changed_.read(at, content));
        const sector before = content;
        std::fill(content.begin() + size % sector_bytes, content.end(), std::byte{0});
        if (content == before) {
            return llmzero::success();
        }
        ++repairs_.cleared_slacks;
        return changed_.write(at, content);
    }

    void free_unclaimed() {
        for (std::uint32_t cluster = 2; cluster < layout_.n_clusters + 2; ++cluster) {
            if (!claimed_[cluster - 2] && !table_.is_free(cluster) && !table_.is_bad(table_.next(cluster))) {
                table_.set(cluster, allocation_table::free);
                ++repairs_.freed_clusters;
            }
        }
        table_.mark_clean(layout_.media);
    }

    // A volume that is wrong everywhere must not fill the memory.
    [[nodiscard]] llmzero::status write_some() {
        constexpr std::size_t most = 4096;
        return changed_.n_pending() > most ? write_pending() : llmzero::success();
    }

    [[nodiscard]] llmzero::status write_pending() {
        repairs_.written_sectors += static_cast<std::uint32_t>(changed_.n_pending());
        return changed_.commit();
    }

    [[nodiscard]] llmzero::status write() {
        LLMZERO_CHECK(write_pending());
        LLMZERO_ASSIGN(const std::uint32_t mirrored, table_.mirror(device_, layout_));
        repairs_.written_sectors += mirrored;
        if (mirrored != 0) {
            LLMZERO_CHECK(device_.flush());
        }
        LLMZERO_CHECK(table_.write_free_count(changed_, layout_));
        sector boot;
        LLMZERO_CHECK(changed_.read(0, boot));
        const sector before = boot;
        boot[layout_.state_offset()] &= std::byte{0xfc};
        boot[layout_.state_offset() + 1] = std::byte{0x29}; // a serial number, a label and the kind follow
        std::memcpy(boot.data() + layout_.state_offset() + 6, label_.data(), label_.size());
        if (boot != before) {
            LLMZERO_CHECK(changed_.write(0, boot));
        }
        if (layout_.backup_sector != 0) {
            sector backup;
            LLMZERO_CHECK(changed_.read(layout_.backup_sector, backup));
            if (backup != boot) {
                LLMZERO_CHECK(changed_.write(layout_.backup_sector, boot));
            }
        }
        return write_pending();
    }

    block_device & device_;
    pending_writes changed_; // of the folders, the files' last sectors and the boot sectors
    geometry layout_;
    allocation_table table_;
    std::vector<bool> claimed_;
    std::vector<folder> folders_;
    bool has_label_ = false;
    short_name label_ = {'N', 'O', ' ', 'N', 'A', 'M', 'E', ' ', ' ', ' ', ' '};
    repairs repairs_;
};

[[nodiscard]] inline llmzero::result<repairs> recover(block_device & device) {
    return recovery::run(device);
}

} // namespace fat
