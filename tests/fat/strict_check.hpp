// A check of a whole volume, written apart from the code under test and stricter than fsck.vfat: what it passes is
// clean. Also gives the files, so that a test can compare them.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace fat_test {

using file_map = std::map<std::string, std::string>; // path (UTF-8) to content; a folder ends with '/'

// What recover() leaves of names that are damaged but harmful to nobody (fsck.vfat is content with them).
enum class odd_names : bool { refused, accepted };

class strict_check {
public:
    explicit strict_check(std::span<const std::byte> image, odd_names odd = odd_names::refused)
        : image_(image), odd_(odd) {
        run();
    }

    [[nodiscard]] const std::string & problem() const { return problem_; } // empty: clean
    [[nodiscard]] const file_map & files() const { return files_; }

private:
    using place = std::size_t; // offset of a byte

    void fail(const std::string & what) {
        if (problem_.empty()) {
            problem_ = what;
        }
    }

    [[nodiscard]] unsigned u8(place at) const {
        return at < image_.size() ? std::to_integer<unsigned>(image_[at]) : 0u;
    }
    [[nodiscard]] unsigned u16(place at) const { return u8(at) | u8(at + 1) << 8; }
    [[nodiscard]] std::uint32_t u32(place at) const { return u16(at) | std::uint32_t{u16(at + 2)} << 16; }

    [[nodiscard]] std::uint32_t fat(std::uint32_t i, unsigned copy = 0) const {
        const place table = (reserved_ + place{copy} * fat_sectors_) * 512;
        return bits_ == 16 ? u16(table + place{i} * 2) : u32(table + place{i} * 4) & 0x0fffffff;
    }
    [[nodiscard]] std::uint32_t top() const { return bits_ == 16 ? 0xffff : 0x0fffffff; }
    [[nodiscard]] place start_of(std::uint32_t cluster) const { return data_ + place{cluster - 2} * cluster_; }

    void run() {
        if (image_.size() < 512 || u16(510) != 0xaa55 || u16(11) != 512) {
            return fail("no boot sector");
        }
        cluster_ = u8(13) * 512;
        reserved_ = u16(14);
        const unsigned n_fats = u8(16);
        const unsigned root_entries = u16(17);
        const std::uint32_t total = u16(19) != 0 ? u16(19) : u32(32);
        fat_sectors_ = u16(22) != 0 ? u16(22) : u32(36);
        bits_ = u16(22) != 0 ? 16 : 32;
        const place root = (reserved_ + place{n_fats} * fat_sectors_) * 512;
        data_ = root + place{root_entries} * 32;
        clusters_ = static_cast<std::uint32_t>((place{total} * 512 - data_) / cluster_);
        if (place{total} * 512 > image_.size() || (bits_ == 16) != (clusters_ < 65525) || clusters_ < 4085) {
            return fail("wrong numbers in the boot sector");
        }
        owner_.assign(clusters_ + 2, 0);
        if ((fat(0) & 0xff) != u8(21) || fat(0) != (top() & ~0xffu) + u8(21) || fat(1) != top()) {
            fail("the table's first entries");
        }
        for (std::uint32_t i = 0; i < clusters_ + 2 && n_fats == 2; ++i) {
            if (fat(i) != fat(i, 1)) {
                fail("the tables differ at entry " + std::to_string(i));
            }
        }
        if ((u8(bits_ == 16 ? 0x25 : 0x41) & 3) != 0) {
            fail("the boot sector's marks");
        }
        std::vector<place> slots;
        if (bits_ == 16) {
            for (unsigned i = 0; i < root_entries; ++i) {
                slots.push_back(root + place{i} * 32);
            }
        } else {
            slots = slots_of(chain(u32(44), "/"));
        }
        folder(slots, "", 0, 0, 0);
        std::uint32_t n_free = 0;
        for (std::uint32_t i = 2; i < clusters_ + 2; ++i) {
            n_free += fat(i) == 0 ? 1u : 0u;
            if (owner_[i] == 0 && fat(i) != 0 && fat(i) != top() - 8) {
                fail("lost cluster " + std::to_string(i));
            }
        }
        if (bits_ == 32) {
            const place info = place{u16(48)} * 512;
            if (u32(info) != 0x41615252 || u32(info + 484) != 0x61417272 || u32(info + 488) != n_free) {
                fail("the count of free clusters");
            }
            if (std::memcmp(image_.data(), image_.data() + place{u16(50)} * 512, 512) != 0) {
                fail("the backup of the boot sector");
            }
        }
    }

    std::vector<std::uint32_t> chain(std::uint32_t first, const std::string & path) {
        std::vector<std::uint32_t> members;
        for (std::uint32_t at = first;; at = fat(at)) {
            if (at < 2 || at >= clusters_ + 2) {
                fail("'" + path + "' leads out of the volume: " + std::to_string(at));
                return members;
            }
            if (owner_[at] != 0) {
                fail("'" + path + "' shares cluster " + std::to_string(at));
                return members;
            }
            owner_[at] = 1;
            members.push_back(at);
            if (fat(at) > top() - 8) {
                return members;
            }
        }
    }

    [[nodiscard]] std::vector<place> slots_of(const std::vector<std::uint32_t> & members) const {
        std::vector<place> slots;
        for (const std::uint32_t cluster : members) {
            for (place at = start_of(cluster); at < start_of(cluster) + cluster_; at += 32) {
                slots.push_back(at);
            }
        }
        return slots;
    }

    static void put_utf8(std::string & out, std::uint32_t c) {
        if (c < 0x80) {
            out += static_cast<char>(c);
            return;
        }
        const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        const unsigned lead[] = {0, 0xc0, 0xe0, 0xf0};
        out += static_cast<char>(lead[more] | c >> (6 * more));
        for (int i = more - 1; i >= 0; --i) {
            out += static_cast<char>(0x80 | (c >> (6 * i) & 0x3f));
        }
    }

    // The name in the long entries `parts`, first to last as they stand.
    std::string long_name(const std::vector<place> & parts, const std::string & where) {
        std::vector<unsigned> units;
        for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
            for (const unsigned at : {1u, 3u, 5u, 7u, 9u, 14u, 16u, 18u, 20u, 22u, 24u, 28u, 30u}) {
                units.push_back(u16(*part + at));
            }
        }
        std::size_t n = 0;
        while (n < units.size() && units[n] != 0) {
            ++n;
        }
        for (std::size_t i = n + 1; i < units.size(); ++i) {
            if (units[i] != 0xffff && odd_ == odd_names::refused) {
                fail("filling of a long name in '" + where + "'");
            }
        }
        std::string text;
        for (std::size_t i = 0; i < n; ++i) {
            if (units[i] >= 0xd800 && units[i] < 0xdc00 && i + 1 < n) {
                put_utf8(text, 0x10000 + ((units[i] - 0xd800) << 10) + (units[i + 1] - 0xdc00));
                ++i;
            } else {
                put_utf8(text, units[i]);
            }
        }
        return text;
    }

    [[nodiscard]] std::string short_name(place at) const {
        std::string base;
        std::string extension;
        for (unsigned i = 0; i < 11; ++i) {
            (i < 8 ? base : extension) += static_cast<char>(u8(at + i));
        }
        base.erase(base.find_last_not_of(' ') + 1);
        extension.erase(extension.find_last_not_of(' ') + 1);
        return extension.empty() ? base : base + '.' + extension;
    }

    void folder(const std::vector<place> & slots, const std::string & path, std::uint32_t own, std::uint32_t parent,
                int depth) {
        std::vector<place> parts;
        std::set<std::string> names;
        std::set<std::string> short_names;
        bool at_end = false;
        for (std::size_t i = 0; i < slots.size() && depth < 64; ++i) {
            const place at = slots[i];
            const unsigned first = u8(at);
            at_end = at_end || first == 0;
            if (at_end && first != 0 && first != 0xe5) {
                fail("an entry behind the end of '" + path + "'");
            }
            if (first == 0 || first == 0xe5) {
                if (depth > 0 && i < 2) {
                    fail("no '.' or '..' in '" + path + "'");
                }
                if (!parts.empty()) {
                    fail("parts of a name without an entry in '" + path + "'");
                }
                parts.clear();
                continue;
            }
            const unsigned attributes = u8(at + 11);
            if (attributes == 0x0f) {
                const unsigned expected = parts.empty() ? (first & 0x1f) | 0x40 : (u8(parts.back()) & 0x1f) - 1;
                if (first != expected || (first & 0x1f) == 0 || (first & 0x1f) > 20 || u8(at + 12) != 0 ||
                    u16(at + 26) != 0 || (!parts.empty() && u8(parts.back() + 13) != u8(at + 13))) {
                    fail("a part of a long name in '" + path + "'");
                }
                parts.push_back(at);
                continue;
            }
            const std::uint32_t cluster = u16(at + 26) | (bits_ == 32 ? std::uint32_t{u16(at + 20)} << 16 : 0);
            if (depth > 0 && i < 2) {
                const char * dots = i == 0 ? ".          " : "..         ";
                if (std::memcmp(image_.data() + at, dots, 11) != 0 || attributes != 0x10 || u32(at + 28) != 0 ||
                    cluster != (i == 0 ? own : parent)) {
                    fail("'.' or '..' of '" + path + "'");
                }
                continue;
            }
            if ((attributes & 0x08) != 0) {
                if (depth > 0 || cluster != 0 || u32(at + 28) != 0 || !parts.empty()) {
                    fail("a label in '" + path + "'");
                }
                continue;
            }
            entry(at, parts, path, own, depth, cluster, names, short_names);
            parts.clear();
        }
        if (!parts.empty()) {
            fail("parts of a name at the end of '" + path + "'");
        }
        if (depth > 0 && slots.size() < 2) {
            fail("'" + path + "' is no folder");
        }
    }

    void entry(place at, const std::vector<place> & parts, const std::string & path, std::uint32_t own, int depth,
               std::uint32_t cluster, std::set<std::string> & names, std::set<std::string> & short_names) {
        const std::string alias = short_name(at);
        std::string name = alias;
        if (!parts.empty()) {
            unsigned sum = 0;
            for (unsigned i = 0; i < 11; ++i) {
                sum = (((sum & 1) << 7) + (sum >> 1) + u8(at + i)) & 0xff;
            }
            if (sum != u8(parts.front() + 13) || (u8(parts.back()) & 0x1f) != 1) {
                fail("a long name of another entry before '" + path + alias + "'");
            }
            name = long_name(parts, path);
        }
        for (unsigned i = 0; i < 11; ++i) {
            const unsigned c = u8(at + i);
            if (c < 32 || c == 127 || std::strchr("*?<>|\"/\\:", static_cast<int>(c)) != nullptr ||
                (i == 0 && c == ' ')) {
                fail("the short name of '" + path + name + "'");
            }
        }
        const bool is_there = !names.insert(name).second && odd_ == odd_names::refused;
        if (is_there || !short_names.insert(alias).second) {
            fail("'" + path + name + "' is there twice");
        }
        const std::uint32_t size = u32(at + 28);
        if ((u8(at + 11) & 0x10) != 0) {
            if (size != 0) {
                fail("the folder '" + path + name + "' has a size");
            }
            files_[path + name + '/'] = "";
            folder(slots_of(chain(cluster, path + name)), path + name + '/', cluster, depth == 0 ? 0 : own, depth + 1);
            return;
        }
        if (size == 0 && cluster != 0) {
            fail("'" + path + name + "' is empty and has a cluster");
        }
        std::string content;
        if (size != 0) {
            const auto members = chain(cluster, path + name);
            if (members.size() != (std::uint64_t{size} + cluster_ - 1) / cluster_) {
                fail("the chain of '" + path + name + "' has " + std::to_string(members.size()) + " clusters for " +
                     std::to_string(size) + " bytes");
                return;
            }
            for (const std::uint32_t member : members) {
                content.append(reinterpret_cast<const char *>(image_.data()) + start_of(member), cluster_);
            }
            for (std::size_t i = size; i % 512 != 0; ++i) {
                if (content[i] != 0) {
                    fail("bytes behind the end of '" + path + name + "'");
                }
            }
            content.resize(size);
        }
        files_[path + name] = content;
    }

    std::span<const std::byte> image_;
    odd_names odd_;
    std::string problem_;
    file_map files_;
    unsigned bits_ = 16;
    std::uint32_t cluster_ = 512;
    place reserved_ = 1;
    place fat_sectors_ = 0;
    place data_ = 0;
    std::uint32_t clusters_ = 0;
    std::vector<char> owner_;
};

} // namespace fat_test
