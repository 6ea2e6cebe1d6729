#include "stick/file_table.hpp"

#include "memory_store.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using paths = std::vector<std::string>;
using stick::verdict;

TEST_CASE("file table: a file is looked into when it is complete and quiet") {
    support::memory_store store;
    stick::file_table table({.full_ms = 2000, .empty_ms = 10000});
    const auto update = [&](std::int64_t now) {
        table.update(std::move(*store.list()), now);
    };
    store.save("a.txt", "x");
    store.save("An empty one.txt", "");
    store.save("b.doc", "x");
    store.save("empty.doc", "");
    store.save("STATUS.TXT", "x");
    store.save("c.txt", "x");
    store.files["c.txt"].is_complete = false;
    update(100);
    CHECK(table.due(2099).empty());
    CHECK(table.next_due_ms() == 2100);
    CHECK(table.due(2100) == paths{"a.txt"});
    CHECK(table.due(10100) == paths{"An empty one.txt", "a.txt"});

    update(2000);
    CHECK(table.due(2100) == paths{"a.txt"});
    store.save("a.txt", "xy");
    update(2050);
    CHECK(table.due(2100).empty());
    CHECK(table.due(4050) == paths{"a.txt"});
    store.files["c.txt"].is_complete = true;
    update(5000);
    CHECK(table.due(5000) == paths{"a.txt", "c.txt"});

    table.set("a.txt", verdict::question);
    CHECK(table.due(5000) == paths{"c.txt"});
    update(6000);
    CHECK(table.find("a.txt")->found == verdict::question);
    table.forget("a.txt", 6000);
    CHECK(table.due(7999) == paths{"c.txt"});
    CHECK(table.due(8000) == paths{"a.txt", "c.txt"});
    store.files.erase("a.txt");
    update(9000);
    CHECK(table.find("a.txt") == nullptr);
    table.set("a.txt", verdict::question);
    table.forget("a.txt", 0);
    CHECK(table.find("a.txt") == nullptr);
}

TEST_CASE("file table: quiet because somebody said so") {
    support::memory_store store;
    stick::file_table table({});
    store.save("a.txt", "x");
    store.save("An empty one.txt", "");
    store.save("c.txt", "x");
    store.files["c.txt"].is_complete = false;
    table.update(std::move(*store.list()), 0);
    CHECK(table.due(0).empty());
    table.settle_now();
    CHECK(table.due(0) == paths{"An empty one.txt", "a.txt"});
}

TEST_CASE("file table: the oldest first, and what failed again") {
    support::memory_store store;
    stick::file_table table({});
    for (const char * path : {"z.txt", "b.txt", "a.txt"}) {
        store.save(path, "x");
    }
    store.files["a.txt"].modified = store.files["b.txt"].modified;
    table.update(std::move(*store.list()), 0);
    for (const char * path : {"z.txt", "b.txt", "a.txt"}) {
        table.set(path, verdict::question);
    }
    CHECK(table.with(verdict::question) == paths{"z.txt", "a.txt", "b.txt"});
    table.set("a.txt", verdict::failed);
    CHECK(table.with(verdict::question) == paths{"z.txt", "b.txt"});
    table.retry_failed();
    CHECK(table.with(verdict::question) == paths{"z.txt", "a.txt", "b.txt"});
}

TEST_CASE("file table: own files in any letters") {
    support::memory_store store;
    stick::file_table table({});
    store.save("settings.txt", "x");
    store.save("x/STATUS.TXT", "x");
    table.update(std::move(*store.list()), 0);
    REQUIRE(table.find_own(stick::settings_name) != nullptr);
    CHECK(table.find_own(stick::settings_name)->entry.path == "settings.txt");
    CHECK(table.find_own(stick::status_name) == nullptr);
    store.save("SETTINGS.TXT", "x");
    table.update(std::move(*store.list()), 0);
    CHECK(table.find_own(stick::settings_name)->entry.path == "SETTINGS.TXT");
}

TEST_CASE("file table: since when a file is not complete") {
    support::memory_store store;
    stick::file_table table({});
    const auto update = [&](std::int64_t now) {
        auto listed = store.list();
        REQUIRE(listed);
        table.update(std::move(*listed), now);
    };
    using since = std::vector<std::pair<std::string, std::int64_t>>;
    store.save("a.txt", "x");
    store.save("b.bin", "x");
    store.files["b.bin"].is_complete = false; // nobody waits for that
    update(1000);
    CHECK(table.unfinished() == since{});
    store.files["a.txt"].is_complete = false;
    update(2000);
    CHECK(table.unfinished() == since{{"a.txt", 2000}});
    update(3000);
    CHECK(table.unfinished() == since{{"a.txt", 2000}});
    store.save("a.txt", "xy");
    update(4000);
    CHECK(table.unfinished() == since{{"a.txt", 4000}});
    store.files["a.txt"].is_complete = true;
    update(5000);
    CHECK(table.unfinished() == since{});
}
