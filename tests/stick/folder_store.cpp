#include "stick/folder_store.hpp"

#include "temporary_folder.hpp"

#include <algorithm>
#include <csignal>
#include <doctest/doctest.h>
#include <filesystem>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <vector>

namespace fs = std::filesystem;
using llmzero::error_code;

static std::vector<std::string> paths_in(stick::folder_store & store) {
    const auto listed = store.list();
    REQUIRE(listed);
    std::vector<std::string> paths;
    for (const stick::file_entry & entry : *listed) {
        paths.push_back(entry.path);
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

TEST_CASE("folder store: a folder that is none") {
    const support::temporary_folder folder;
    folder.save("file", "");
    CHECK(stick::folder_store::open(folder.path + "/none").error().code() == error_code::io);
    CHECK(stick::folder_store::open(folder.path + "/file").error().code() == error_code::io);
}

TEST_CASE("folder store: regular files are listed, litter, links and what is no file are not") {
    const support::temporary_folder folder;
    const support::temporary_folder outside;
    outside.save("secret.txt", "secret");
    folder.save("a.txt", "one");
    folder.save("deep/er/\xf0\x9f\x98\x80 \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d.txt", "two");
    folder.save(".hidden/c.txt", "three");
    folder.save("System Volume Information/d.txt", "four");
    folder.save("~$a.txt", "five");
    fs::create_symlink(outside.path, folder.path + "/out");
    fs::create_symlink(outside.path + "/secret.txt", folder.path + "/link.txt");
    REQUIRE(::mkfifo((folder.path + "/pipe.txt").c_str(), 0600) == 0);
    auto store = stick::folder_store::open(folder.path);
    REQUIRE(store);
    CHECK(paths_in(*store) ==
          std::vector<std::string>{"a.txt", "deep/er/\xf0\x9f\x98\x80 \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d.txt"});
    for (const char * path :
         {"out/secret.txt", "link.txt", "../x", "a/../a.txt", "/etc/passwd", "", ".", "pipe.txt", "deep", "deep/"}) {
        CAPTURE(path);
        CHECK_FALSE(store->read(path));
        CHECK_FALSE(store->append(path, "", "x"));
        CHECK_FALSE(store->append(path, "secret", "x"));
        CHECK_FALSE((std::string(path) != "link.txt" && store->replace(path, "secret", "x")));
    }
    CHECK_FALSE(store->replace("link.txt", std::nullopt, "x"));
    CHECK_FALSE(store->replace("out/new.txt", std::nullopt, "x"));
    CHECK(outside.read("secret.txt") == "secret");
    CHECK_FALSE(fs::exists(outside.path + "/new.txt"));
}

TEST_CASE("folder store: folders are entered to a depth that ends") {
    const support::temporary_folder folder;
    std::string place;
    for (std::size_t depth = 0; depth < stick::folder_store::max_depth + 3; ++depth) {
        folder.save(place + "a.txt", "x");
        place += "d/";
    }
    auto store = stick::folder_store::open(folder.path);
    REQUIRE(store);
    CHECK(paths_in(*store).size() == stick::folder_store::max_depth + 1);
}

TEST_CASE("folder store: a replaced file keeps its mode, and nothing stays beside it") {
    const support::temporary_folder folder;
    folder.save("a.txt", "one");
    REQUIRE(::chmod((folder.path + "/a.txt").c_str(), 0640) == 0);
    auto store = stick::folder_store::open(folder.path);
    REQUIRE(store);
    REQUIRE(store->replace("a.txt", "one", "two"));
    CHECK(folder.read("a.txt") == "two");
    CHECK((fs::status(folder.path + "/a.txt").permissions() & fs::perms::mask) == fs::perms(0640));
    CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
    fs::create_directory(folder.path + "/d");
    CHECK_FALSE(store->replace("d", std::nullopt, "x"));
}

TEST_CASE("folder store: where no other file can be made, STATUS.TXT is written in its own place") {
    const support::temporary_folder folder;
    folder.save("STATUS.TXT", "ready, and more than that");
    fs::create_directory(folder.path + "/.STATUS.TXT.new"); // stands in for a full disk
    auto store = stick::folder_store::open(folder.path);
    REQUIRE(store);
    CHECK(store->replace("STATUS.TXT", std::nullopt, "the disk is full"));
    CHECK(folder.read("STATUS.TXT") == "the disk is full");
    // What a user may have written in is not.
    CHECK(store->replace("STATUS.TXT", "the disk is full", "x").error().code() == error_code::io);
    CHECK(folder.read("STATUS.TXT") == "the disk is full");
    fs::create_directory(folder.path + "/.NEW.TXT.new");
    CHECK(store->replace("NEW.TXT", std::nullopt, "x").error().code() == error_code::io);
}

TEST_CASE("folder store: what cannot be written as a whole is taken back") {
    const support::temporary_folder folder;
    folder.save("a.txt", "one");
    auto store = stick::folder_store::open(folder.path);
    REQUIRE(store);
    const auto before = std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit = {};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
    rlimit small = limit;
    small.rlim_cur = 8;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    const auto appended = store->append("a.txt", "one", " and much more");
    const auto replaced = store->replace("a.txt", std::nullopt, "much more than before");
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    std::signal(SIGXFSZ, before);
    CHECK(appended.error().code() == error_code::io);
    CHECK(replaced.error().code() == error_code::io);
    CHECK(folder.read("a.txt") == "one");
    CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
}
