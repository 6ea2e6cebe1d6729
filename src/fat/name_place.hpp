// Where the name of a new file or folder goes in its folder, and what will stand there. Reads only; editor.hpp writes.
#pragma once

#include "fat/long_name.hpp"
#include "fat/volume.hpp"

#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fat {

struct name_place {
    short_name alias;
    std::vector<slot_place> slots;  // free ones that follow each other; the last ones of the folder if it must grow
    std::uint32_t n_needed = 0;     // slots
    std::uint32_t n_growth = 0;     // clusters
    std::uint32_t last_cluster = 0; // of the folder; 0: one that cannot grow
};

// `folder`: its first cluster, 0 for the root. Errors: io (the folder is full; the device).
[[nodiscard]] inline llmzero::result<name_place> find_name_place(const volume & files, std::uint32_t folder,
                                                                 std::string_view name) {
    name_place place;
    std::set<short_name> taken;
    slot_reader names(files.parts(), folder);
    slot found;
    std::vector<slot> all;
    for (bool at_end = false;;) {
        LLMZERO_ASSIGN(const bool more, names.next(found));
        if (!more) {
            break;
        }
        at_end = at_end || directory_entry(found.raw).is_end();
        if (at_end) {
            found.raw[0] = end_mark;
        } else if (!directory_entry(found.raw).is_free() && !directory_entry(found.raw).is_long_name()) {
            taken.insert(directory_entry(found.raw).name());
        }
        all.push_back(found);
    }
    place.last_cluster = names.cluster();
    place.alias = make_alias(name, taken);
    const std::size_t n_parts = to_text(place.alias) == name ? 0 : (to_utf16(name).size() + 12) / units_per_part;
    place.n_needed = static_cast<std::uint32_t>(n_parts + 1);
    for (const slot & each : all) {
        if (!directory_entry(each.raw).is_free()) {
            place.slots.clear();
        } else {
            place.slots.push_back(each.place);
            if (place.slots.size() == place.n_needed) {
                return place;
            }
        }
    }
    const std::size_t missing = place.n_needed - place.slots.size();
    if (place.last_cluster == 0 || all.size() + missing > max_slots) {
        return llmzero::error(llmzero::error_code::io, "the folder has no room for %s: it has %u entries",
                              llmzero::quoted(name).c_str(), static_cast<unsigned>(all.size()));
    }
    place.n_growth = files.layout().clusters_for(missing * entry_bytes);
    return place;
}

// What goes into the slots: the parts of a long name, unless the alias in `entry` is the name, and the entry.
[[nodiscard]] inline std::vector<raw_entry> entries_of(std::string_view name, const directory_entry & entry) {
    std::vector<raw_entry> entries;
    if (to_text(entry.name()) != name) {
        entries = long_name_entries(to_utf16(name), entry.name());
    }
    entries.push_back(entry.raw());
    return entries;
}

// The first cluster of a new folder: ".", "..", and nothing. `parent` 0: the root.
[[nodiscard]] inline std::string first_slots(const geometry & layout, std::uint32_t own, std::uint32_t parent,
                                             timestamp when) {
    std::string content(layout.cluster_bytes(), '\0');
    for (std::size_t i = 0; i < 2; ++i) {
        directory_entry entry;
        entry.set_name(i == 0 ? dot_name : dot_dot_name);
        entry.set_attributes(attribute_folder);
        entry.set_created(when);
        entry.set_modified(when);
        entry.set_cluster(i == 0 ? own : parent, layout.kind == fat_kind::fat32);
        std::memcpy(content.data() + i * entry_bytes, entry.raw().data(), entry_bytes);
    }
    return content;
}

} // namespace fat
