#include "cli/help.hpp"

#include <cstdint>
#include <doctest/doctest.h>
#include <string>

TEST_CASE("help: words are wrapped, none is lost or cut") {
    std::string out;
    cli::append_wrapped(out, "one two", 4, 0);
    CHECK(out == "one two\n");
    out.clear();
    cli::append_wrapped(out, std::string(40, 'a') + " " + std::string(38, 'b') + " c", 4, 0);
    CHECK(out == std::string(40, 'a') + " " + std::string(38, 'b') + "\n    c\n");
    out.clear();
    cli::append_wrapped(out, std::string(40, 'a') + " " + std::string(39, 'b'), 2, 0);
    CHECK(out == std::string(40, 'a') + "\n  " + std::string(39, 'b') + "\n");
    out.clear();
    cli::append_wrapped(out, std::string(100, 'a'), 2, 0); // nothing to break at
    CHECK(out == std::string(100, 'a') + "\n");
    out.clear();
    cli::append_wrapped(out, "", 2, 0);
    CHECK(out == "\n");
}

TEST_CASE("help: one paragraph for each option, with its default") {
    std::uint32_t n = 256;
    bool b = false;
    std::string t;
    const cli::option_table table = {cli::heading("Things"), cli::whole('n', "n-predict", n, 0, 9, "Tokens."),
                                     cli::toggle(0, "json", b, "An object."),
                                     cli::text(0, "a-name-too-long-for-its-column", t, "TEXT", "Words.")};
    CHECK(cli::help_of(table) == "\nThings:\n"
                                 "  -n, --n-predict N          Tokens. [256]\n"
                                 "      --json                 An object.\n"
                                 "      --a-name-too-long-for-its-column TEXT\n"
                                 "                             Words.\n");
}
