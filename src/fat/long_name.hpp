// Long names (VFAT): up to 20 entries before a file's own, each with 13 units of UTF-16, the last part first.
//
//     byte 0      number of the part, from 1; + 0x40 in the last part
//     1, 14, 28   5, 6 and 2 units; after the name's end one 0, then ffff
//     11          0x0f, the mark of such an entry      12, 26  0
//     13          checksum of the short name
#pragma once

#include "fat/little_endian.hpp"
#include "fat/short_name.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fat {

inline constexpr std::size_t max_name_units = 255;
inline constexpr std::size_t units_per_part = 13;
inline constexpr std::uint8_t long_name_mark = 0x0f;
inline constexpr std::uint8_t last_part_bit = 0x40;
inline constexpr std::uint8_t max_parts = 20;

using raw_entry = std::array<std::byte, 32>;

[[nodiscard]] inline std::uint8_t checksum_of(const short_name & name) {
    unsigned sum = 0;
    for (const unsigned char c : name) {
        sum = ((sum & 1) << 7 | sum >> 1) + c;
        sum &= 0xff;
    }
    return static_cast<std::uint8_t>(sum);
}

// Whether a name can be that of a file: nothing that hosts refuse, nothing that is a path, no dot or space at its end
// (Windows would not find it).
[[nodiscard]] inline bool is_valid_name(std::string_view name) {
    const auto is_bad = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 32 || byte == 127 || std::string_view("\"*/:<>?\\|").find(c) != std::string_view::npos;
    };
    return !name.empty() && name.back() != '.' && name.back() != ' ' &&
           std::none_of(name.begin(), name.end(), is_bad) && to_utf16(name).size() <= max_name_units;
}

namespace detail {

// Where the 13 units of a part lie.
[[nodiscard]] constexpr std::size_t unit_offset(std::size_t i) {
    return i < 5 ? 1 + 2 * i : i < 11 ? 14 + 2 * (i - 5) : 28 + 2 * (i - 11);
}

} // namespace detail

// The entries of a long name in the order in which they stand in the folder.
[[nodiscard]] inline std::vector<raw_entry> long_name_entries(std::u16string_view name, const short_name & alias) {
    const std::size_t n_parts = (name.size() + units_per_part - 1) / units_per_part;
    std::vector<raw_entry> entries(n_parts);
    for (std::size_t part = 0; part < n_parts; ++part) {
        raw_entry & entry = entries[n_parts - 1 - part];
        entry = {};
        const std::size_t number = part + 1 == n_parts ? (part + 1) | last_part_bit : part + 1;
        entry[0] = static_cast<std::byte>(number);
        entry[11] = std::byte{long_name_mark};
        entry[13] = std::byte{checksum_of(alias)};
        for (std::size_t i = 0; i < units_per_part; ++i) {
            const std::size_t at = part * units_per_part + i;
            const std::uint16_t unit = at < name.size() ? name[at] : at == name.size() ? 0 : 0xffff;
            store(std::span(entry), detail::unit_offset(i), unit);
        }
    }
    return entries;
}

// Puts the parts of a long name together as they come. What does not continue a name is not taken.
class long_name_reader {
public:
    // A name's first entry: begins anew. False when it cannot be one.
    [[nodiscard]] bool begin(const raw_entry & entry) {
        const unsigned number = std::to_integer<unsigned>(entry[0]);
        n_left_ = number & 0x1f;
        if ((number & ~0x1fu) != last_part_bit || n_left_ == 0 || n_left_ > max_parts) {
            n_left_ = 0;
            return false;
        }
        checksum_ = std::to_integer<std::uint8_t>(entry[13]);
        units_.assign(n_left_ * units_per_part, u'\0');
        take(entry);
        return true;
    }

    // False when it does not follow what came before.
    [[nodiscard]] bool add(const raw_entry & entry) {
        if (n_left_ == 0 || std::to_integer<unsigned>(entry[0]) != n_left_ ||
            std::to_integer<std::uint8_t>(entry[13]) != checksum_) {
            return false;
        }
        take(entry);
        return true;
    }

    // Whether all parts came and belong to the entry of that short name.
    [[nodiscard]] bool is_name_of(const short_name & name) const {
        return !units_.empty() && n_left_ == 0 && checksum_of(name) == checksum_;
    }

    [[nodiscard]] std::string text() const {
        return to_utf8(std::u16string_view(units_).substr(0, std::min(units_.find(u'\0'), max_name_units)));
    }

    void clear() {
        units_.clear();
        n_left_ = 0;
    }

private:
    void take(const raw_entry & entry) {
        --n_left_;
        for (std::size_t i = 0; i < units_per_part; ++i) {
            units_[n_left_ * units_per_part + i] = load<std::uint16_t>(entry, detail::unit_offset(i));
        }
    }

    std::u16string units_;
    std::size_t n_left_ = 0; // parts to come
    std::uint8_t checksum_ = 0;
};

} // namespace fat
