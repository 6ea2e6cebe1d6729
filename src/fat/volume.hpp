// A FAT volume: its files listed, found by path, judged and read. Written by editor.hpp.
//
// What it knows is the table as it was when the volume was opened: a volume that a host writes meanwhile is opened anew
// for each look. Nothing is believed: chains that loop, folders inside themselves and sizes beyond the volume end
// somewhere, and cost no more than one pass over the volume. Paths are UTF-8, with '/' between folders, none at the
// beginning; names that differ in case alone are one, and of two such the one spelled as asked for is found.
#pragma once

#include "fat/directory.hpp"
#include "fat/letter_case.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fat {

struct file_info {
    std::string path;
    std::uint32_t size = 0;
    std::uint32_t first_cluster = 0; // 0: none
    std::uint8_t attributes = 0;
    timestamp created;
    timestamp modified;
    slot_place place; // of its entry

    [[nodiscard]] bool is_folder() const { return (attributes & attribute_folder) != 0; }
};

class volume {
public:
    // Folders below each other; deeper ones are not entered.
    static constexpr std::size_t max_depth = 32;

    // The device outlives the volume. Errors: malformed, unsupported, io.
    [[nodiscard]] static llmzero::result<volume> open(block_device & device) {
        LLMZERO_ASSIGN(const geometry layout, read_geometry(device));
        LLMZERO_ASSIGN(allocation_table table, allocation_table::load(device, layout));
        return volume(device, layout, std::move(table));
    }

    [[nodiscard]] const geometry & layout() const { return layout_; }
    [[nodiscard]] const allocation_table & table() const { return table_; }
    [[nodiscard]] allocation_table & table() { return table_; }
    [[nodiscard]] volume_parts parts() const { return {*device_, layout_, table_}; }
    [[nodiscard]] std::uint64_t free_bytes() const { return std::uint64_t{table_.n_free()} * layout_.cluster_bytes(); }

    // Shows every file and folder, a folder before what is in it. `show(const file_info &)` returns whether to enter
    // (a folder) or go on (a file); false for a file ends the walk. Errors: io.
    template <class Show> [[nodiscard]] llmzero::status visit(Show && show) const {
        struct level {
            folder_reader reader;
            std::size_t path_bytes;
        };
        std::vector<bool> entered(layout_.n_clusters);
        static_cast<void>(claim(layout_.root_cluster, entered));
        std::vector<level> levels;
        levels.push_back({folder_reader(parts(), 0), 0});
        std::string path;
        folder_item item;
        while (!levels.empty()) {
            path.resize(levels.back().path_bytes);
            LLMZERO_ASSIGN(const bool more, levels.back().reader.next(item));
            if (!more) {
                levels.pop_back();
                continue;
            }
            if (!is_file_or_folder(item)) {
                continue;
            }
            const file_info info = info_of(item, path + item.name);
            const bool goes_on = show(info);
            if (!info.is_folder()) {
                if (!goes_on) {
                    return llmzero::success();
                }
                continue;
            }
            if (goes_on && levels.size() <= max_depth && claim(info.first_cluster, entered)) {
                path = info.path + '/';
                levels.push_back({folder_reader(parts(), info.first_cluster), path.size()});
            }
        }
        return llmzero::success();
    }

    // Nothing: there is no such file or folder. Errors: io.
    [[nodiscard]] llmzero::result<std::optional<file_info>> find(std::string_view path) const {
        std::optional<file_info> found;
        std::uint32_t folder = 0;
        for (std::size_t begin = 0;;) {
            const std::size_t end = std::min(path.find('/', begin), path.size());
            LLMZERO_ASSIGN(found, find_in(folder, path.substr(begin, end - begin)));
            if (!found || end == path.size()) {
                break;
            }
            if (!found->is_folder()) {
                return std::optional<file_info>();
            }
            folder = found->first_cluster;
            begin = end + 1;
        }
        if (found) {
            found->path = std::string(path);
        }
        return found;
    }

    // One name in the folder that begins at a cluster (0: the root).
    [[nodiscard]] llmzero::result<std::optional<file_info>> find_in(std::uint32_t folder, std::string_view name) const {
        std::optional<file_info> alike;
        if (name.empty()) {
            return alike;
        }
        const std::u16string wanted = folded(name);
        folder_reader reader(parts(), folder);
        folder_item item;
        for (;;) {
            LLMZERO_ASSIGN(const bool more, reader.next(item));
            if (!more) {
                return alike;
            }
            if (!is_file_or_folder(item)) {
                continue;
            }
            if (item.name == name) {
                return std::optional<file_info>(info_of(item, item.name));
            }
            if (!alike && (folded(item.name) == wanted || folded(to_text(item.entry.name())) == wanted)) {
                alike = info_of(item, item.name);
            }
        }
    }

    // Whether the chain has exactly the clusters that the size needs. False while a host has written only a part of
    // what makes a file, and where the volume is damaged.
    [[nodiscard]] bool has_whole_chain(const file_info & file) const {
        const std::uint32_t needed = layout_.clusters_for(file.size);
        if (needed == 0) {
            return file.first_cluster == 0;
        }
        std::uint32_t cluster = file.first_cluster;
        for (std::uint32_t n = 1; layout_.is_cluster(cluster); ++n) {
            const std::uint32_t next = table_.next(cluster);
            if (n == needed) {
                return table_.is_last(next);
            }
            cluster = next;
        }
        return false;
    }

    // Whether the bytes from the file's end to the end of its last sector are zero, as hosts leave them that have
    // written that sector as a whole. Errors: io, malformed (there is no such cluster).
    [[nodiscard]] llmzero::result<bool> has_zero_slack(const file_info & file) const {
        const std::size_t used = file.size % sector_bytes;
        if (used == 0) {
            return true;
        }
        LLMZERO_ASSIGN(const std::uint64_t at, sector_at(file, file.size));
        sector content;
        LLMZERO_CHECK(device_->read(at, content));
        return std::all_of(content.begin() + static_cast<std::ptrdiff_t>(used), content.end(),
                           [](std::byte b) { return b == std::byte{0}; });
    }

    // The sector with the byte at `offset` of a file. Errors: malformed (the chain ends before).
    [[nodiscard]] llmzero::result<std::uint64_t> sector_at(const file_info & file, std::uint64_t offset) const {
        std::uint32_t cluster = file.first_cluster;
        for (std::uint64_t n = offset / layout_.cluster_bytes(); n > 0 && layout_.is_cluster(cluster); --n) {
            cluster = table_.next(cluster);
        }
        if (!layout_.is_cluster(cluster)) {
            return chain_ends(file);
        }
        return layout_.sector_of(cluster) + offset % layout_.cluster_bytes() / sector_bytes;
    }

    // The whole content. Errors: bad_argument (more than `most` bytes), malformed (the chain ends before), io.
    [[nodiscard]] llmzero::result<std::string> content(const file_info & file, std::uint64_t most) const;

    [[nodiscard]] static llmzero::error chain_ends(const file_info & file) {
        return llmzero::error(llmzero::error_code::malformed, "%s is cut: its chain ends before its %lu bytes",
                              llmzero::quoted(file.path).c_str(), static_cast<unsigned long>(file.size));
    }

private:
    volume(block_device & device, const geometry & layout, allocation_table && table)
        : device_(&device), layout_(layout), table_(std::move(table)) {}

    [[nodiscard]] static bool is_file_or_folder(const folder_item & item) {
        return !item.is_orphan && !item.entry.is_label() && !item.entry.is_dots() && !item.name.empty();
    }

    [[nodiscard]] file_info info_of(const folder_item & item, std::string path) const {
        const directory_entry & entry = item.entry;
        return {std::move(path),
                entry.is_folder() ? 0 : entry.size(),
                entry.cluster(layout_.kind == fat_kind::fat32),
                entry.attributes(),
                entry.created(),
                entry.modified(),
                item.slots.back()};
    }

    // Marks a folder's clusters. False when one of them was entered before, or there are none.
    [[nodiscard]] bool claim(std::uint32_t cluster, std::vector<bool> & entered) const {
        if (!layout_.is_cluster(cluster)) {
            return false;
        }
        std::uint64_t slots = 0;
        for (; layout_.is_cluster(cluster) && slots < max_slots; cluster = table_.next(cluster)) {
            if (entered[cluster - 2]) {
                return false;
            }
            entered[cluster - 2] = true;
            slots += layout_.cluster_bytes() / entry_bytes;
        }
        return true;
    }

    block_device * device_;
    geometry layout_;
    allocation_table table_;
};

// Reads a file from its beginning, in pieces.
class file_reader {
public:
    file_reader(const volume & from, const file_info & file) : from_(from.parts()), file_(file) {}

    [[nodiscard]] std::uint32_t remaining() const { return file_.size - offset_; }

    // Fills `into`, or less at the file's end: the number of bytes. Errors: malformed (the chain ends before), io.
    [[nodiscard]] llmzero::result<std::size_t> read(std::span<std::byte> into) {
        const geometry & g = from_.layout;
        std::size_t done = 0;
        while (done < into.size() && remaining() > 0) {
            const std::uint32_t in_cluster = offset_ % g.cluster_bytes();
            if (in_cluster == 0) {
                cluster_ = offset_ == 0 ? file_.first_cluster : from_.table.next(cluster_);
                if (!g.is_cluster(cluster_)) {
                    return volume::chain_ends(file_);
                }
            }
            const std::size_t in_sector = in_cluster % sector_bytes;
            const std::uint64_t at = g.sector_of(cluster_) + in_cluster / sector_bytes;
            const std::size_t wanted = std::min<std::size_t>(into.size() - done, remaining());
            std::size_t n = 0;
            if (in_sector == 0 && wanted >= sector_bytes) {
                n = std::min<std::size_t>(wanted, g.cluster_bytes() - in_cluster) / sector_bytes * sector_bytes;
                LLMZERO_CHECK(from_.device.read(at, into.subspan(done, n)));
            } else {
                n = std::min(wanted, sector_bytes - in_sector);
                sector content;
                LLMZERO_CHECK(from_.device.read(at, content));
                std::memcpy(into.data() + done, content.data() + in_sector, n);
            }
            done += n;
            offset_ += static_cast<std::uint32_t>(n);
        }
        return done;
    }

private:
    volume_parts from_;
    file_info file_;
    std::uint32_t offset_ = 0;
    std::uint32_t cluster_ = 0; // of the byte before `offset_`
};

inline llmzero::result<std::string> volume::content(const file_info & file, std::uint64_t most) const {
    if (file.size > most) {
        return llmzero::error(llmzero::error_code::bad_argument, "%s has %lu bytes; expected %llu at most",
                              llmzero::quoted(file.path).c_str(), static_cast<unsigned long>(file.size),
                              static_cast<unsigned long long>(most));
    }
    std::string text;
    file_reader reader(*this, file);
    std::byte piece[8 * sector_bytes];
    while (reader.remaining() > 0) { // not all at once: the size may be a lie
        LLMZERO_ASSIGN(const std::size_t n, reader.read(piece));
        text.append(reinterpret_cast<const char *>(piece), n);
    }
    return text;
}

} // namespace fat
