#include <llmzero/tokenizer/unicode_tables.hpp>

#include "support/read_file.hpp"

#include <cstdint>
#include <cstdlib>
#include <doctest/doctest.h>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace {

// 0: none of the others, 1: letter, 2: number, 3: punctuation
unsigned table_class(std::uint32_t c) {
    if (c >= llmzero::unicode_end) {
        return 0;
    }
    const std::uint16_t block = llmzero::unicode_blocks[llmzero::unicode_rows[c / 256]][c / 32 % 8];
    return llmzero::unicode_classes[block][c / 16 % 2] >> c % 16 * 2 & 3;
}

} // namespace

TEST_CASE("every number in the tables is that of an entry") {
    for (const std::uint8_t row : llmzero::unicode_rows) {
        CHECK(row < std::size(llmzero::unicode_blocks));
    }
    for (const auto & row : llmzero::unicode_blocks) {
        for (const std::uint16_t block : row) {
            CHECK(block < std::size(llmzero::unicode_classes));
        }
    }
    CHECK(llmzero::unicode_end == 256 * std::size(llmzero::unicode_rows));
    CHECK(sizeof llmzero::unicode_rows + sizeof llmzero::unicode_blocks + sizeof llmzero::unicode_classes == 5908);
}

TEST_CASE("the classes have as many characters as Unicode 15.0 lists") {
    // Counted in DerivedGeneralCategory-15.0.0.txt: its totals of Lu, Ll, Lt, Lm and Lo; of Nd, Nl and No; of Pc, Pd,
    // Ps, Pe, Pi, Pf and Po.
    std::size_t counts[4] = {};
    for (std::uint32_t c = 0; c < 0x110000; ++c) {
        ++counts[table_class(c)];
    }
    CHECK(counts[1] == 1831 + 2233 + 31 + 397 + 131612);
    CHECK(counts[2] == 680 + 236 + 915);
    CHECK(counts[3] == 10 + 26 + 79 + 77 + 12 + 10 + 628);
}

TEST_CASE("characters at the borders of their ranges") {
    const struct {
        std::uint32_t first;
        std::uint32_t last;
        unsigned kind;
    } ranges[] = {
        {'0', '9', 2},         {'A', 'Z', 1},         {'a', 'z', 1},         {0xb2, 0xb3, 2},
        {0xbc, 0xbe, 2},       {0xd8, 0xf6, 1},       {0x300, 0x36f, 0},     {0x660, 0x669, 2},
        {0x2160, 0x2182, 2},   {0x2010, 0x2027, 3},   {0x3400, 0x4dbf, 1},   {0x4e00, 0x9fff, 1},
        {0xac00, 0xd7a3, 1},   {0xff10, 0xff19, 2},   {0x1f600, 0x1f64f, 0}, {0x20000, 0x2a6df, 1},
        {0x31350, 0x323af, 1}, {0xe0100, 0xe01ef, 0}, {0xa0, 0xa0, 0},       {0x10ffff, 0x10ffff, 0},
    };
    for (const auto & range : ranges) {
        CAPTURE(range.first);
        bool all = true;
        for (std::uint32_t c = range.first; c <= range.last; ++c) {
            all = all && table_class(c) == range.kind;
        }
        CHECK(all);
    }
}

TEST_CASE("every character is in the class that UnicodeData.txt gives, where that version of it is installed") {
    const std::string folder = "/usr/share/unicode/";
    const std::string names = support::read_file(folder + "NamesList.txt");
    if (names.substr(0, 200).find("The Unicode Standard 15.0.") == std::string::npos) {
        MESSAGE("Debian's package unicode-data is not installed, or has another version");
        return;
    }
    std::vector<unsigned char> expected(0x110000);
    std::istringstream file(support::read_file(folder + "UnicodeData.txt"));
    std::string code_text;
    std::string name;
    std::string category;
    std::string rest;
    std::size_t first = 0;
    while (std::getline(file, code_text, ';') && std::getline(file, name, ';') && std::getline(file, category, ';') &&
           std::getline(file, rest)) {
        const std::size_t code = std::strtoul(code_text.c_str(), nullptr, 16);
        REQUIRE(code < expected.size());
        const auto kind = category[0] == 'L' ? 1 : category[0] == 'N' ? 2 : category[0] == 'P' ? 3 : 0;
        first = name.ends_with(", Last>") ? first : code; // of a range that is given by its two ends
        for (std::size_t c = first; c <= code; ++c) {
            expected[c] = static_cast<unsigned char>(kind);
        }
    }
    CHECK(first == 0x100000); // the last range of the file has been read
    std::size_t wrong = 0;
    for (std::uint32_t c = 0; c < expected.size(); ++c) {
        wrong += table_class(c) == expected[c] ? 0u : 1u;
    }
    CHECK(wrong == 0);
}
