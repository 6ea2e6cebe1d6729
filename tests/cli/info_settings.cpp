#include "cli/info_settings.hpp"

#include <doctest/doctest.h>
#include <set>
#include <string>
#include <vector>

TEST_CASE("llmzero-info: one file, and the defaults of a session") {
    cli::info_settings s;
    CHECK(s.kv == llmzero::session_options{}.kv);
    CHECK(s.batch == llmzero::session_options{}.batch);
    CHECK_FALSE(cli::settle_info(s));
    s.files = {"a.gguf"};
    CHECK(cli::settle_info(s));
    s.files = {""};
    CHECK_FALSE(cli::settle_info(s));
    s.files = {"a", "b"};
    const auto refused = cli::settle_info(s);
    REQUIRE_FALSE(refused);
    CHECK(std::string(refused.error().message()) == "2 file names are given, expected one: FILE.gguf");
}

TEST_CASE("llmzero-info: names are unique, and help fits 80 columns and lists every option") {
    cli::info_settings s;
    const cli::option_table table = cli::info_options(s);
    const std::string help = cli::info_help(table);
    std::set<std::string> names;
    for (const cli::option & o : table) {
        if (!o.is_heading()) {
            CHECK(names.insert(o.name).second);
            CHECK(help.find("--" + std::string(o.name)) != std::string::npos);
        }
    }
    CHECK(names == std::set<std::string>{"ctx-size", "kv", "batch", "json", "version", "help"});
    std::size_t column = 0;
    for (const char c : help) {
        column = c == '\n' ? 0 : column + 1;
        CHECK(column <= 80);
    }
}
