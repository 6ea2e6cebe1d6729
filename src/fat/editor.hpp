// Writes files and folders on a FAT volume that nobody else uses, so that a power cut at any moment loses nothing: what
// was there before stays whole, and the file that is being written has its old content or its new one.
//
//   1 the text goes to clusters that are free, and behind the end of the file that it is appended to      | flush
//   2 the copies of the table: chains grow, though no size says so yet                                    | flush
//   3 a new name's parts where they do not lie in the same sector as its entry                             | flush
//   4 the entry, with size and first cluster, in one sector                                               | flush
//   5 what was replaced is freed in the table                                                             | flush
//
// A cut between leaves clusters without a file, a chain longer than its size or parts of a name without an entry, which
// recover() removes; opening an editor begins with it. Within a step the sectors may arrive in any order. No journal
// is kept: the one sector of step 4 decides. A new folder's cluster, and one that a full folder grows by, take steps 1
// and 2 before.
//
// After an error of the device nothing more is written: another editor, which recovers first, is needed.
// Limits: FAT16 and FAT32; files of 4 GiB - 1; folders of 65536 slots, the root of FAT16 of those it was made with.
#pragma once

#include "fat/name_place.hpp"
#include "fat/recover.hpp"
#include "fat/volume.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fat {

class editor {
public:
    // Recovers the volume. The device outlives the editor. Errors: those of recover().
    [[nodiscard]] static llmzero::result<editor> open(block_device & device) {
        LLMZERO_ASSIGN(const repairs repaired, recover(device));
        LLMZERO_ASSIGN(volume opened, volume::open(device));
        return editor(device, std::move(opened), repaired);
    }

    [[nodiscard]] const volume & files() const { return volume_; }
    [[nodiscard]] const repairs & repaired() const { return repaired_; }

    // Adds `more` at the end. Errors: bad_argument (there is no such file, or it is a folder), io (the volume is full;
    // the device).
    [[nodiscard]] llmzero::status append(std::string_view path, std::string_view more, timestamp when) {
        LLMZERO_ASSIGN(const std::optional<file_info> found, find_file(path));
        if (!found) {
            return llmzero::error(llmzero::error_code::bad_argument, "there is no file %s",
                                  llmzero::quoted(path).c_str());
        }
        return more.empty() ? llmzero::success() : watched(append_to(*found, more, when));
    }

    // Gives a file this content as a whole; makes it where there is none, in a folder that is there.
    // Errors: bad_argument (the name, or its folder, cannot be), io (the volume or the folder is full; the device).
    [[nodiscard]] llmzero::status replace(std::string_view path, std::string_view content, timestamp when) {
        LLMZERO_ASSIGN(const std::optional<file_info> found, find_file(path));
        return watched(found ? replace_content(*found, content, when) : create(path, content, attribute_archive, when));
    }

    // Gives a file that is there this content in the clusters that it has: where replace() finds the volume full. A cut
    // may leave any mixture of both contents in it, and everything else whole. Errors: bad_argument (there is no such
    // file), io (the content needs more clusters, or none; the device).
    [[nodiscard]] llmzero::status overwrite(std::string_view path, std::string_view content, timestamp when) {
        LLMZERO_ASSIGN(const std::optional<file_info> found, find_file(path));
        if (!found) {
            return is_not(path, "a file");
        }
        return watched(overwrite_content(*found, content, when));
    }

    // Whether the device has failed while it was written.
    [[nodiscard]] bool has_failed() const { return has_failed_; }

    // Makes a folder in one that is there. Where it exists there is nothing to do. Errors: those of replace().
    [[nodiscard]] llmzero::status make_folder(std::string_view path, timestamp when) {
        LLMZERO_CHECK(check_usable());
        LLMZERO_ASSIGN(const std::optional<file_info> found, volume_.find(path));
        if (found) {
            return found->is_folder() ? llmzero::success() : llmzero::status(is_not(path, "a folder"));
        }
        return watched(create(path, {}, attribute_folder, when));
    }

private:
    editor(block_device & device, volume && opened, const repairs & repaired)
        : device_(&device), volume_(std::move(opened)), repaired_(repaired) {}

    [[nodiscard]] static llmzero::error is_not(std::string_view path, const char * what) {
        return llmzero::error(llmzero::error_code::bad_argument, "%s is not %s", llmzero::quoted(path).c_str(), what);
    }

    [[nodiscard]] const geometry & layout() const { return volume_.layout(); }
    [[nodiscard]] bool is_fat32() const { return layout().kind == fat_kind::fat32; }

    [[nodiscard]] llmzero::status check_usable() const {
        return has_failed_ ? llmzero::status(llmzero::error(llmzero::error_code::io,
                                                            "writing failed before: the volume has to be recovered"))
                           : llmzero::success();
    }

    [[nodiscard]] llmzero::result<std::optional<file_info>> find_file(std::string_view path) const {
        LLMZERO_CHECK(check_usable());
        LLMZERO_ASSIGN(std::optional<file_info> found, volume_.find(path));
        if (found && found->is_folder()) {
            return is_not(path, "a file");
        }
        return found;
    }

    // Notes that the device may hold less than the table here says.
    [[nodiscard]] llmzero::status watched(llmzero::status done) {
        has_failed_ = has_failed_ || (!done && is_writing_);
        is_writing_ = false;
        return done;
    }

    [[nodiscard]] llmzero::status write(std::uint64_t at, std::span<const std::byte> bytes) {
        is_writing_ = true;
        return device_->write(at, bytes);
    }

    [[nodiscard]] llmzero::status commit_table() {
        is_writing_ = true;
        LLMZERO_CHECK(volume_.table().commit(*device_, layout()));
        return device_->flush();
    }

    [[nodiscard]] llmzero::result<std::vector<std::uint32_t>> find_free(std::uint64_t count) const {
        std::vector<std::uint32_t> found;
        if (count <= layout().n_clusters) {
            found = volume_.table().find_free(static_cast<std::uint32_t>(count));
        }
        if (found.size() < count) {
            return llmzero::error(llmzero::error_code::io, "the volume is full: %llu KiB are needed, %llu KiB are free",
                                  static_cast<unsigned long long>((count * layout().cluster_bytes() + 1023) / 1024),
                                  static_cast<unsigned long long>(volume_.free_bytes() / 1024));
        }
        return found;
    }

    [[nodiscard]] static llmzero::status check_size(std::uint64_t bytes) {
        if (bytes > 0xffffffffu) {
            return llmzero::error(llmzero::error_code::io, "a file of %llu bytes: FAT has room for 4 GiB - 1",
                                  static_cast<unsigned long long>(bytes));
        }
        return llmzero::success();
    }

    // Writes `text` to whole sectors from `at` on; what is left of the last one becomes zero.
    [[nodiscard]] llmzero::status write_text(std::uint64_t at, std::string_view text) {
        const auto bytes = std::as_bytes(std::span(text));
        const std::size_t whole = bytes.size() / sector_bytes * sector_bytes;
        if (whole > 0) {
            LLMZERO_CHECK(write(at, bytes.first(whole)));
        }
        if (whole < bytes.size()) {
            sector last = {};
            std::memcpy(last.data(), bytes.data() + whole, bytes.size() - whole);
            LLMZERO_CHECK(write(at + whole / sector_bytes, last));
        }
        return llmzero::success();
    }

    [[nodiscard]] llmzero::status write_clusters(std::span<const std::uint32_t> clusters, std::string_view text) {
        for (const std::uint32_t cluster : clusters) {
            const std::string_view part = text.substr(0, layout().cluster_bytes());
            LLMZERO_CHECK(write_text(layout().sector_of(cluster), part));
            text.remove_prefix(part.size());
        }
        return llmzero::success();
    }

    // Step 4 for an entry that is there already. A clock that went back does not make a file older.
    [[nodiscard]] llmzero::status update_entry(const file_info & file, std::uint32_t first_cluster, std::uint64_t size,
                                               timestamp when) {
        sector content;
        LLMZERO_CHECK(device_->read(file.place.sector, content));
        raw_entry raw;
        std::memcpy(raw.data(), content.data() + file.place.offset, raw.size());
        directory_entry entry(raw);
        entry.set_cluster(first_cluster, is_fat32());
        entry.set_size(static_cast<std::uint32_t>(size));
        entry.set_modified(std::max(when, entry.modified()));
        entry.set_attributes(entry.attributes() | attribute_archive);
        std::memcpy(content.data() + file.place.offset, entry.raw().data(), raw.size());
        LLMZERO_CHECK(write(file.place.sector, content));
        return device_->flush();
    }

    // Behind the end of the last cluster, as much as goes in; what is left of `more` stays.
    [[nodiscard]] llmzero::status fill_last_cluster(const file_info & file, std::string_view & more) {
        const std::uint32_t used = file.size % layout().cluster_bytes();
        if (used == 0) {
            return llmzero::success();
        }
        const std::string_view part = more.substr(0, layout().cluster_bytes() - used);
        more.remove_prefix(part.size());
        LLMZERO_ASSIGN(const std::uint64_t at, volume_.sector_at(file, file.size - 1));
        const std::size_t in_sector = used % sector_bytes;
        if (in_sector == 0) {
            return write_text(at + 1, part);
        }
        sector content;
        LLMZERO_CHECK(device_->read(at, content));
        std::string text(reinterpret_cast<const char *>(content.data()), in_sector);
        return write_text(at, text += part);
    }

    [[nodiscard]] llmzero::status append_to(const file_info & file, std::string_view more, timestamp when) {
        const std::uint64_t size = std::uint64_t{file.size} + more.size();
        LLMZERO_CHECK(check_size(size));
        const std::uint32_t had = layout().clusters_for(file.size);
        LLMZERO_ASSIGN(const auto fresh, find_free(layout().clusters_for(size) - had));
        LLMZERO_CHECK(fill_last_cluster(file, more));
        LLMZERO_CHECK(write_clusters(fresh, more));
        LLMZERO_CHECK(device_->flush());
        if (!fresh.empty()) {
            volume_.table().chain(fresh);
            if (had != 0) {
                volume_.table().set(last_cluster(file), fresh.front());
            }
            LLMZERO_CHECK(commit_table());
        }
        return update_entry(file, had != 0 ? file.first_cluster : fresh.front(), size, when);
    }

    [[nodiscard]] std::uint32_t last_cluster(const file_info & file) const {
        std::uint32_t cluster = file.first_cluster;
        for (std::uint32_t n = layout().clusters_for(file.size); n > 1; --n) {
            cluster = volume_.table().next(cluster);
        }
        return cluster;
    }

    [[nodiscard]] llmzero::status replace_content(const file_info & file, std::string_view content, timestamp when) {
        LLMZERO_CHECK(check_size(content.size()));
        LLMZERO_ASSIGN(const auto fresh, find_free(layout().clusters_for(content.size())));
        LLMZERO_CHECK(write_content(fresh, content));
        LLMZERO_CHECK(update_entry(file, fresh.empty() ? 0 : fresh.front(), content.size(), when));
        std::uint32_t cluster = file.first_cluster;
        for (std::uint32_t n = layout().clusters_for(file.size); n > 0; --n) {
            const std::uint32_t next = volume_.table().next(cluster);
            volume_.table().set(cluster, allocation_table::free);
            cluster = next;
        }
        return commit_table();
    }

    [[nodiscard]] llmzero::status overwrite_content(const file_info & file, std::string_view content, timestamp when) {
        const std::uint32_t had = layout().clusters_for(file.size);
        const std::uint32_t needed = layout().clusters_for(content.size());
        if (needed == 0 || needed > had) {
            return llmzero::error(llmzero::error_code::io, "%s has %lu clusters; expected room for %llu bytes",
                                  llmzero::quoted(file.path).c_str(), static_cast<unsigned long>(had),
                                  static_cast<unsigned long long>(content.size()));
        }
        std::vector<std::uint32_t> clusters = {file.first_cluster};
        while (clusters.size() < had) {
            clusters.push_back(volume_.table().next(clusters.back()));
        }
        LLMZERO_CHECK(write_clusters(std::span(clusters).first(needed), content));
        LLMZERO_CHECK(device_->flush());
        LLMZERO_CHECK(update_entry(file, file.first_cluster, content.size(), when));
        if (needed < had) {
            volume_.table().chain(std::span(clusters).first(needed));
            for (const std::uint32_t cluster : std::span(clusters).subspan(needed)) {
                volume_.table().set(cluster, allocation_table::free);
            }
            return commit_table();
        }
        return llmzero::success();
    }

    // Steps 1 and 2 for clusters of which nothing knows yet.
    [[nodiscard]] llmzero::status write_content(std::span<const std::uint32_t> clusters, std::string_view content) {
        if (clusters.empty()) {
            return llmzero::success();
        }
        LLMZERO_CHECK(write_clusters(clusters, content));
        LLMZERO_CHECK(device_->flush());
        volume_.table().chain(clusters);
        return commit_table();
    }

    // A file or a folder, which `attributes` says.
    [[nodiscard]] llmzero::status create(std::string_view path, std::string_view content, std::uint8_t attributes,
                                         timestamp when) {
        LLMZERO_CHECK(check_size(content.size()));
        const std::size_t slash = path.rfind('/');
        const std::string_view name = path.substr(slash + 1); // npos + 1 is 0
        if (!is_valid_name(name)) {
            return llmzero::error(llmzero::error_code::bad_argument, "%s cannot be the name of a file",
                                  llmzero::quoted(name).c_str());
        }
        std::uint32_t folder = 0;
        if (slash != path.npos) {
            LLMZERO_ASSIGN(const std::optional<file_info> around, volume_.find(path.substr(0, slash)));
            if (!around || !around->is_folder()) {
                return is_not(path.substr(0, slash), "a folder");
            }
            folder = around->first_cluster;
        }
        const bool is_folder = (attributes & attribute_folder) != 0;
        LLMZERO_ASSIGN(const name_place place, find_name_place(volume_, folder, name));
        const std::uint32_t n_content = is_folder ? 1 : layout().clusters_for(content.size());
        LLMZERO_ASSIGN(const auto clusters, find_free(std::uint64_t{n_content} + place.n_growth));
        const std::string dots = is_folder ? first_slots(layout(), clusters.front(), folder, when) : std::string();
        LLMZERO_CHECK(write_content(std::span(clusters).first(n_content), is_folder ? dots : content));
        std::vector<slot_place> slots = place.slots;
        LLMZERO_CHECK(grow(place, std::span(clusters).subspan(n_content), slots));

        directory_entry entry;
        entry.set_name(place.alias);
        entry.set_attributes(attributes);
        entry.set_created(when);
        entry.set_modified(when);
        entry.set_cluster(n_content == 0 ? 0 : clusters.front(), is_fat32());
        entry.set_size(is_folder ? 0 : static_cast<std::uint32_t>(content.size()));
        return put_entries(slots, entries_of(name, entry));
    }

    // Appends empty clusters to a folder, and their slots to `slots`.
    [[nodiscard]] llmzero::status grow(const name_place & place, std::span<const std::uint32_t> clusters,
                                       std::vector<slot_place> & slots) {
        if (clusters.empty()) {
            return llmzero::success();
        }
        const std::string empty(std::size_t{layout().cluster_bytes()} * clusters.size(), '\0');
        LLMZERO_CHECK(write_content(clusters, empty));
        volume_.table().set(place.last_cluster, clusters.front());
        LLMZERO_CHECK(commit_table());
        for (const std::uint32_t cluster : clusters) {
            for (std::uint32_t at = 0; at < layout().cluster_bytes() && slots.size() < place.n_needed;
                 at += entry_bytes) {
                slots.push_back(
                    {layout().sector_of(cluster) + at / sector_bytes, at % static_cast<std::uint32_t>(sector_bytes)});
            }
        }
        return llmzero::success();
    }

    // Steps 3 and 4.
    [[nodiscard]] llmzero::status put_entries(const std::vector<slot_place> & slots,
                                              const std::vector<raw_entry> & entries) {
        for (std::size_t i = 0; i < entries.size();) {
            const std::uint64_t at = slots[i].sector;
            sector content;
            LLMZERO_CHECK(device_->read(at, content));
            for (; i < entries.size() && slots[i].sector == at; ++i) {
                std::memcpy(content.data() + slots[i].offset, entries[i].data(), entry_bytes);
            }
            LLMZERO_CHECK(write(at, content));
            LLMZERO_CHECK(device_->flush());
        }
        return llmzero::success();
    }

    block_device * device_;
    volume volume_;
    repairs repaired_;
    bool is_writing_ = false;
    bool has_failed_ = false;
};

} // namespace fat
