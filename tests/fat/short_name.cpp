#include "fat/short_name.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>

namespace {

fat::short_name short_of(const char * text) {
    fat::short_name name;
    std::copy_n(text, name.size(), name.begin());
    return name;
}

std::string alias_of(const char * name, const std::set<fat::short_name> & taken = {}) {
    const fat::short_name alias = fat::make_alias(name, taken);
    CHECK(fat::is_valid(alias));
    return {alias.begin(), alias.end()};
}

} // namespace

TEST_CASE("short name: as it is shown") {
    CHECK(fat::to_text(short_of("README  TXT")) == "README.TXT");
    CHECK(fat::to_text(short_of("FOLDER     ")) == "FOLDER");
    CHECK(fat::to_text(short_of("A B     C  ")) == "A B.C");
    CHECK(fat::to_text(short_of("README  TXT"), fat::lower_case_base) == "readme.TXT");
    CHECK(fat::to_text(short_of("README  TXT"), fat::lower_case_extension) == "README.txt");
    CHECK(fat::to_text(short_of("\x8e"
                                "A\x9e\xe1    \x9a  "),
                       0x18) == "\xc3\xa4"
                                "a\xc3\x97\xc3\x9f.\xc3\xbc");
    CHECK(fat::to_text(short_of("\x8e"
                                "PFEL   \x9a  ")) == "\xc3\x84PFEL.\xc3\x9c");
    CHECK(fat::to_text(short_of("\x05"
                                "A         ")) == "\xc3\x95"
                                                  "A"); // 0xe5 of the code page
    CHECK(fat::to_text(short_of("A/B\\C:\x01 "
                                "X\x7f ")) == "A_B_C__.X_");
}

TEST_CASE("short name: what hosts accept") {
    CHECK(fat::is_valid(short_of("README  TXT")));
    CHECK(fat::is_valid(short_of("A~1     \x8e  ")));
    CHECK(fat::is_valid(short_of("\x05          ")));
    for (const char * bad : {"A*         ", " A         ", "A\x01         ", "A/         ", ".          ",
                             "A\x7f         ", "A       ?  "}) {
        CHECK(!fat::is_valid(short_of(bad)));
    }
}

TEST_CASE("short name: labels") {
    CHECK(fat::is_valid_label(short_of("My Drive   ")));
    CHECK(!fat::is_valid_label(short_of(" Drive     ")));
    CHECK(!fat::is_valid_label(short_of("A.B        ")));
}

TEST_CASE("short name: an alias for a long name") {
    CHECK(alias_of("README.TXT") == "README  TXT");
    CHECK(alias_of("readme.txt") == "README  TXT");
    CHECK(alias_of("FOLDER") == "FOLDER     ");
    CHECK(alias_of("a long name.text") == "ALONGN~1TEX");
    CHECK(alias_of("A B.TXT") == "AB~1    TXT");
    CHECK(alias_of("a.b.c") == "AB~1    C  ");
    CHECK(alias_of(".hidden") == "HIDDEN~1   ");
    CHECK(alias_of("\xc3\x84pfel.txt") == "_PFEL~1 TXT");
    CHECK(alias_of("\xe6\x97\xa5\xe6\x9c\xac") == "__~1       ");
    CHECK(alias_of("+,;=[].txt") == "______~1TXT");
    CHECK(alias_of(" .x") == "~1      X  ");
}

TEST_CASE("short name: no alias is given twice") {
    std::set<fat::short_name> taken;
    for (int i = 0; i < 1200; ++i) {
        CHECK(taken.insert(fat::make_alias("a long name.txt", taken)).second);
    }
    CHECK(taken.contains(short_of("ALONGN~9TXT")));
    CHECK(taken.contains(short_of("ALONG~10TXT")));
    CHECK(taken.contains(short_of("ALO~1200TXT")));
    CHECK(alias_of("README.TXT", {short_of("README  TXT")}) == "README~1TXT");
}
