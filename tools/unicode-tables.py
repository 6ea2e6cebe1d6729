#!/usr/bin/env python3
"""Writes include/llmzero/tokenizer/unicode_tables.hpp from Unicode's character database.

    tools/unicode-tables.py           writes the header
    tools/unicode-tables.py --check   says whether the header is what would be written: status 0, or 1; 77 where the data
                                      is not there or of another version

UnicodeData.txt is looked for where Debian's package unicode-data has it; --data FILE names another. Its version is read
from the file NamesList.txt beside it.
"""
import argparse
import os
import re
import sys

HEADER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "include", "llmzero", "tokenizer",
                      "unicode_tables.hpp")
CLASS_OF = {"L": 1, "N": 2, "P": 3}  # the first letter of the general category; 0 for all others

TEXT = """\
// Which characters are letters (1), numbers (2) or punctuation (3): Unicode {version}'s general categories L, N and P.
// All others, and code points without a character, are 0.
//
// Made by tools/unicode-tables.py from UnicodeData.txt, and not to be edited. {size} bytes. Three steps lead to a class:
//     row   = unicode_rows[c / 256]                           one for 256 code points
//     block = unicode_blocks[row][c / 32 % 8]                 one for 32
//     class = unicode_classes[block][c / 16 % 2] >> c % 16 * 2 & 3
//
// The data is Copyright (c) 1991-2022 Unicode, Inc.; its terms: https://www.unicode.org/license.txt
#pragma once

#include <llmzero/base/config.hpp>

#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {{

// No code point from here on is a letter, a number or punctuation.
inline constexpr std::uint32_t unicode_end = {end};

// clang-format off
inline constexpr std::uint8_t unicode_rows[{n_rows}] = {{
{rows}
}};

inline constexpr std::uint16_t unicode_blocks[{n_middle}][8] = {{
{middle}
}};

inline constexpr std::uint32_t unicode_classes[{n_blocks}][2] = {{
{classes}
}};
// clang-format on

}} // namespace llmzero::inline LLMZERO_ABI
"""


def read_classes(path):
    """The class of every code point."""
    classes = [0] * 0x110000
    first = None
    with open(path, encoding="ascii") as file:
        for line in file:
            fields = line.split(";")
            code, name, kind = int(fields[0], 16), fields[1], CLASS_OF.get(fields[2][0], 0)
            if name.endswith(", First>"):
                first = code
            elif name.endswith(", Last>"):
                classes[first:code + 1] = [kind] * (code + 1 - first)
            else:
                classes[code] = kind
    return classes


def read_version(data):
    """"15.0" from the head of NamesList.txt."""
    with open(os.path.join(os.path.dirname(data), "NamesList.txt"), encoding="utf-8") as file:
        return re.search(r"The Unicode Standard (\d+\.\d+)", file.read(2000)).group(1)


def share(items):
    """The items without repetition, and for each item its number among them."""
    numbers = {}
    return numbers, [numbers.setdefault(item, len(numbers)) for item in items]


def parts(items, size):
    return [tuple(items[i:i + size]) for i in range(0, len(items), size)]


def lines(items, joint=","):
    """The items in lines of at most 120 characters."""
    out = [""]
    for item in items:
        if len(out[-1]) + len(item) + 5 > 120:
            out.append("")
        out[-1] += ("" if out[-1] == "" else " ") + item + joint
    return "\n".join("    " + line for line in out)


def generate(data):
    classes = read_classes(data)
    end = max(i for i, kind in enumerate(classes) if kind) + 1
    end = (end + 255) // 256 * 256
    blocks, of_block = share(parts(classes[:end], 32))
    middle, rows = share(parts(of_block, 8))
    if len(middle) > 256 or len(blocks) > 65536:
        sys.exit("unicode-tables.py: the tables' numbers no longer fit into their types")

    def packed(block):
        halves = [sum(kind << 2 * i for i, kind in enumerate(half)) for half in parts(block, 16)]
        return "{0x%08x, 0x%08x}" % tuple(halves)

    return TEXT.format(version=read_version(data), size=len(rows) + 16 * len(middle) + 8 * len(blocks),
                       end="0x%x" % end, n_rows=len(rows), n_middle=len(middle), n_blocks=len(blocks),
                       rows=lines([str(row) for row in rows]),
                       middle=lines(["{%s}" % ", ".join(map(str, row)) for row in middle]),
                       classes=lines([packed(block) for block in blocks]))


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", default="/usr/share/unicode/UnicodeData.txt", metavar="FILE")
    options.add_argument("--check", action="store_true", help="compare with the header, write nothing")
    chosen = options.parse_args()
    if not chosen.check:
        text = generate(chosen.data)
        with open(HEADER, "w", encoding="ascii") as file:
            file.write(text)
        return
    if not os.path.exists(chosen.data):
        print("not checked: there is no %s" % chosen.data)
        sys.exit(77)
    with open(HEADER, encoding="ascii") as file:
        present = file.read()
    if "Unicode %s's" % read_version(chosen.data) not in present:
        print("not checked: %s is of Unicode %s" % (chosen.data, read_version(chosen.data)))
        sys.exit(77)
    if present != generate(chosen.data):
        sys.exit("unicode_tables.hpp is not what %s gives; run tools/unicode-tables.py" % chosen.data)


if __name__ == "__main__":
    main()
