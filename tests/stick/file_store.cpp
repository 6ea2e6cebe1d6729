#include "stick/file_store.hpp"

#include "memory_store.hpp"
#include "stick/folder_store.hpp"
#include "temporary_folder.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>

using llmzero::error_code;

// What every store promises. It begins with a.txt, "one", and b/c.txt, "two".
static void check_promises(stick::file_store & store) {
    const auto listed = store.list();
    REQUIRE(listed);
    REQUIRE(listed->size() == 2);
    const auto entry = [&](const std::string & path) {
        const auto all = store.list();
        REQUIRE(all);
        const auto at = std::find_if(all->begin(), all->end(), [&](const auto & e) { return e.path == path; });
        return at == all->end() ? stick::file_entry() : *at;
    };
    const stick::file_entry before = entry("b/c.txt");
    CHECK(before.size == 3);
    CHECK(before.is_complete);
    CHECK(entry("b/c.txt").version == before.version);

    CHECK(store.read("a.txt").value() == "one");
    CHECK(store.read("a.txt", 3).value() == "one");
    CHECK(store.read("a.txt", 2).error().code() == error_code::bad_argument);
    CHECK(store.read("none.txt").error().code() == error_code::cancelled);

    REQUIRE(store.begin_writing());
    CHECK(store.append("b/c.txt", "twx", "!").error().code() == error_code::cancelled);
    CHECK(store.append("b/c.txt", "tw", "!").error().code() == error_code::cancelled);
    CHECK(store.append("b/c.txt", "two!", "!").error().code() == error_code::cancelled);
    CHECK(store.append("none.txt", "", "!").error().code() == error_code::cancelled);
    CHECK(store.read("b/c.txt").value() == "two");
    CHECK(store.append("b/c.txt", "two", " three"));
    CHECK(store.read("b/c.txt").value() == "two three");

    CHECK(store.replace("STATUS.TXT", std::nullopt, "ready"));
    CHECK(store.replace("STATUS.TXT", std::nullopt, "busy"));
    CHECK(store.read("STATUS.TXT").value() == "busy");
    CHECK(store.replace("STATUS.TXT", "ready", "no").error().code() == error_code::cancelled);
    CHECK(store.replace("STATUS.TXT", "busy", ""));
    CHECK(store.read("STATUS.TXT").value().empty());
    CHECK(store.replace("none.txt", "", "no").error().code() == error_code::cancelled);
    CHECK(store.end_writing());

    CHECK(entry("b/c.txt").size == 9);
    CHECK(entry("b/c.txt").version != before.version);
    CHECK(entry("none.txt").path.empty());
    CHECK(store.list()->size() == 3);
}

TEST_CASE("file store: what a store in memory promises") {
    support::memory_store store;
    store.save("a.txt", "one");
    store.save("b/c.txt", "two");
    check_promises(store);
}

TEST_CASE("file store: what a folder promises") {
    const support::temporary_folder folder;
    folder.save("a.txt", "one");
    folder.save("b/c.txt", "two");
    auto store = stick::folder_store::open(folder.path);
    REQUIRE(store);
    check_promises(*store);
}
