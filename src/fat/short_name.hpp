// The name of 8 + 3 bytes that every entry of a folder has: shown, checked, and made up for a long name ("alias").
//
// Bytes above 127 are of the code page 850, the one hosts in western Europe use and fsck.vfat and mtools assume. Two
// bits of the entry say that the name or its extension is to be shown in lower case.
#pragma once

#include "fat/utf16.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace fat {

using short_name = std::array<unsigned char, 11>; // padded with spaces; no dot

inline constexpr std::uint8_t lower_case_base = 0x08;
inline constexpr std::uint8_t lower_case_extension = 0x10;
inline constexpr std::uint8_t no_short_name = 0x20; // some hosts: the long name is the only one

inline constexpr short_name dot_name = {'.', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '};
inline constexpr short_name dot_dot_name = {'.', '.', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '};

namespace detail {

inline constexpr std::array<std::uint16_t, 128> code_page_850 = {
    0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee,
    0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9, 0x00ff, 0x00d6,
    0x00dc, 0x00f8, 0x00a3, 0x00d8, 0x00d7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa,
    0x00ba, 0x00bf, 0x00ae, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb, 0x2591, 0x2592, 0x2593, 0x2502,
    0x2524, 0x00c1, 0x00c2, 0x00c0, 0x00a9, 0x2563, 0x2551, 0x2557, 0x255d, 0x00a2, 0x00a5, 0x2510, 0x2514,
    0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x00e3, 0x00c3, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550,
    0x256c, 0x00a4, 0x00f0, 0x00d0, 0x00ca, 0x00cb, 0x00c8, 0x0131, 0x00cd, 0x00ce, 0x00cf, 0x2518, 0x250c,
    0x2588, 0x2584, 0x00a6, 0x00cc, 0x2580, 0x00d3, 0x00df, 0x00d4, 0x00d2, 0x00f5, 0x00d5, 0x00b5, 0x00fe,
    0x00de, 0x00da, 0x00db, 0x00d9, 0x00fd, 0x00dd, 0x00af, 0x00b4, 0x00ad, 0x00b1, 0x2017, 0x00be, 0x00b6,
    0x00a7, 0x00f7, 0x00b8, 0x00b0, 0x00a8, 0x00b7, 0x00b9, 0x00b3, 0x00b2, 0x25a0, 0x00a0,
};

inline std::string part_text(const short_name & name, std::size_t first, std::size_t count, bool lower) {
    while (count > 0 && name[first + count - 1] == ' ') {
        --count;
    }
    std::string text;
    for (std::size_t i = first; i < first + count; ++i) {
        // 0xe5 would say that the entry is free; in a name that begins so, 5 stands for it.
        const unsigned c = i == 0 && name[i] == 0x05 ? 0xe5 : name[i];
        if (c >= 128) {
            const std::uint32_t shown = code_page_850[c - 128];
            const bool has_lower_case = shown >= 0xc0 && shown <= 0xde && shown != 0xd7;
            append_utf8(text, lower && has_lower_case ? shown + 0x20 : shown);
        } else if (c < 32 || c == 127 || c == '/' || c == '\\' || c == ':') {
            text += '_'; // allowed to nobody, and no part of a path
        } else {
            text += static_cast<char>(lower && c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        }
    }
    return text;
}

// As it may stand in an alias: upper case, or '_'; 0 for what is left out.
inline unsigned char alias_character(char c) {
    if (c == ' ' || c == '.') {
        return 0;
    }
    if (c >= 'a' && c <= 'z') {
        return static_cast<unsigned char>(c - ('a' - 'A'));
    }
    const bool is_letter = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return is_letter || std::string_view("!#$%&'()-@^_`{}~").find(c) != std::string_view::npos
               ? static_cast<unsigned char>(c)
               : '_';
}

// One character of the alias for each character of `text`, at most `most`.
inline std::string alias_part(std::string_view text, std::size_t most) {
    std::string part;
    for (const char c : text) {
        const bool continues = (static_cast<unsigned char>(c) & 0xc0) == 0x80; // a character's further bytes
        const unsigned char made = alias_character(c);
        if (part.size() < most && !continues && made != 0) {
            part += static_cast<char>(made);
        }
    }
    return part;
}

inline short_name padded(std::string_view base, std::string_view extension) {
    short_name name;
    name.fill(' ');
    for (std::size_t i = 0; i < base.size() && i < 8; ++i) {
        name[i] = static_cast<unsigned char>(base[i]);
    }
    for (std::size_t i = 0; i < extension.size() && i < 3; ++i) {
        name[8 + i] = static_cast<unsigned char>(extension[i]);
    }
    return name;
}

} // namespace detail

// As UTF-8: "README.TXT".
[[nodiscard]] inline std::string to_text(const short_name & name, std::uint8_t case_bits = 0) {
    std::string text = detail::part_text(name, 0, 8, (case_bits & lower_case_base) != 0);
    const std::string extension = detail::part_text(name, 8, 3, (case_bits & lower_case_extension) != 0);
    return extension.empty() ? text : text + '.' + extension;
}

// Whether every host and fsck.vfat accept it.
[[nodiscard]] inline bool is_valid(const short_name & name) {
    for (std::size_t i = 0; i < name.size(); ++i) {
        const unsigned char c = name[i];
        const bool is_escaped = i == 0 && c == 0x05;
        if (!is_escaped && (c < 32 || c == 127 ||
                            std::string_view("*?<>|\"/\\:").find(static_cast<char>(c)) != std::string_view::npos)) {
            return false;
        }
    }
    return name[0] != ' ' && name[0] != '.';
}

// The same for a volume's label, which may be in lower case.
[[nodiscard]] inline bool is_valid_label(const short_name & label) {
    for (const unsigned char c : label) {
        if (c < 32 || c == 127 ||
            std::string_view("*?.,;:/\\|+=<>[]\"").find(static_cast<char>(c)) != std::string_view::npos) {
            return false;
        }
    }
    return label[0] != ' ';
}

// An alias for `name` that is not in `taken`: the name in upper case where it fits, else with a number, "LONGNA~1.TXT".
[[nodiscard]] inline short_name make_alias(std::string_view name, const std::set<short_name> & taken) {
    const std::size_t dot = name.rfind('.');
    const bool has_extension = dot != name.npos && name.find_first_not_of('.') < dot;
    const std::string base = detail::alias_part(has_extension ? name.substr(0, dot) : name, 8);
    const std::string extension = has_extension ? detail::alias_part(name.substr(dot + 1), 3) : "";
    const short_name plain = detail::padded(base, extension);
    std::string upper(name);
    for (char & c : upper) {
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
    }
    if (to_text(plain) == upper && is_valid(plain) && !taken.contains(plain)) {
        return plain;
    }
    for (unsigned number = 1;; ++number) { // a folder has fewer entries than there are numbers
        const std::string tail = '~' + std::to_string(number);
        const short_name alias = detail::padded(base.substr(0, 8 - tail.size()) + tail, extension);
        if (!taken.contains(alias)) {
            return alias;
        }
    }
}

} // namespace fat
