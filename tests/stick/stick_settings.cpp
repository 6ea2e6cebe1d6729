#include "stick/stick_settings.hpp"

#include <doctest/doctest.h>
#include <string>

using stick::settle;
using stick::stick_settings;

TEST_CASE("stick settings: one place is served, with a model") {
    stick_settings s;
    CHECK_FALSE(settle(s, true));
    s.dir = "folder";
    CHECK(settle(s, true));
    CHECK(s.models.empty());
    CHECK_FALSE(settle(s, false));
    s.image = "image";
    CHECK_FALSE(settle(s, true));
    s.dir.clear();
    CHECK(settle(s, true));
    s.models = "models";
    CHECK(settle(s, false));
}

TEST_CASE("stick settings: models are beside the one that is given") {
    const struct {
        const char * model;
        const char * folder;
    } cases[] = {{"a.gguf", "."}, {"x/y/a.gguf", "x/y"}, {"/a.gguf", "/"}};
    for (const auto & c : cases) {
        stick_settings s;
        s.dir = "folder";
        s.model = c.model;
        REQUIRE(settle(s, false));
        CHECK(s.models == c.folder);
        s.models = "other";
        REQUIRE(settle(s, false));
        CHECK(s.models == "other");
    }
}

TEST_CASE("stick settings: every option is in the help, and names are not empty") {
    stick_settings s;
    cli::option_table table = stick::stick_options(s);
    const std::string help = stick::stick_help(table);
    for (const cli::option & o : table) {
        CHECK((o.is_heading() || help.find(std::string("--") + o.name) != help.npos));
    }
    for (const char * name : {"dir", "image", "model", "models"}) {
        CHECK_FALSE(cli::set_from_text(*cli::find_option(table, name), ""));
    }
    for (std::size_t at = 0; at < help.size(); at = help.find('\n', at) + 1) {
        CHECK(help.find('\n', at) - at < 100);
    }
}
