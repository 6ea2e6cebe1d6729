// Names that differ in case alone are one name on a FAT volume. Covers the alphabets that have simple pairs of cases:
// Latin with its accents, Greek, Cyrillic, Armenian, fullwidth Latin (Unicode 15, UnicodeData.txt, simple mappings).
#pragma once

#include "fat/utf16.hpp"

#include <string>
#include <string_view>

namespace fat {

[[nodiscard]] constexpr char16_t to_upper(char16_t c) {
    const auto in = [c](unsigned low, unsigned high) {
        return c >= low && c <= high;
    };
    const auto less = [c](unsigned n) {
        return static_cast<char16_t>(c - n);
    };
    if (in('a', 'z') || (in(0xe0, 0xfe) && c != 0xf7) || in(0x3b1, 0x3c1) || in(0x3c3, 0x3cb) || in(0x430, 0x44f) ||
        in(0xff41, 0xff5a)) {
        return less(0x20);
    }
    // Pairs beside each other: the upper case first, at even numbers or at odd ones.
    if (in(0x100, 0x137) || in(0x14a, 0x177) || in(0x1e00, 0x1e95) || in(0x1ea0, 0x1eff) || in(0x460, 0x481) ||
        in(0x48a, 0x4bf) || in(0x4d0, 0x52f) || in(0x3d8, 0x3ef) || in(0x370, 0x373)) {
        return c % 2 != 0 && c != 0x131 ? less(1) : c;
    }
    if (in(0x139, 0x148) || in(0x179, 0x17e) || in(0x4c1, 0x4ce)) {
        return c % 2 == 0 ? less(1) : c;
    }
    switch (c) {
    case 0xff: return 0x178;
    case 0x3ac: return 0x386;
    case 0x3ad: return 0x388;
    case 0x3ae: return 0x389;
    case 0x3af: return 0x38a;
    case 0x3c2: return 0x3a3; // the sigma at a word's end
    case 0x3cc: return 0x38c;
    case 0x3cd: return 0x38e;
    case 0x3ce: return 0x38f;
    default: break;
    }
    if (in(0x450, 0x45f)) {
        return less(0x50);
    }
    return in(0x561, 0x586) ? less(0x30) : c;
}

// The same for names that are one name. For comparing, not for showing.
[[nodiscard]] inline std::u16string folded(std::string_view utf8) {
    std::u16string text = to_utf16(utf8);
    for (char16_t & c : text) {
        c = to_upper(c);
    }
    return text;
}

} // namespace fat
