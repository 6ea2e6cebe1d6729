#include "stick/folder_watch.hpp"

#include "temporary_folder.hpp"

#include <doctest/doctest.h>
#include <filesystem>

TEST_CASE("folder watch: news of files, in folders that are made later, too") {
    const support::temporary_folder folder;
    folder.save("a.txt", "x");
    folder.save("sub/b.txt", "x");
    folder.save(".hidden/c.txt", "x");
    stick::folder_watch watch(folder.path);
    if (!watch.uses_inotify()) {
        MESSAGE("skipped: no inotify here");
        return;
    }
    CHECK_FALSE(watch.has_news());
    const auto tells = [&](auto change) {
        change();
        watch.wait(5000); // not for so long
        const bool is_told = watch.has_news();
        CHECK_FALSE(watch.has_news());
        return is_told;
    };
    CHECK(tells([&] { folder.save("a.txt", "y"); }));
    CHECK(tells([&] { folder.save("sub/b.txt", "y"); }));
    CHECK(tells([&] { std::filesystem::rename(folder.path + "/a.txt", folder.path + "/d.txt"); }));
    CHECK(tells([&] { std::filesystem::remove(folder.path + "/d.txt"); }));
    CHECK(tells([&] { std::filesystem::create_directories(folder.path + "/new/newer"); }));
    CHECK(tells([&] { folder.save("new/newer/e.txt", "x"); }));
    folder.save(".hidden/c.txt", "y");
    CHECK_FALSE(watch.has_news());
    watch.wait(1);
}

TEST_CASE("folder watch: without inotify there may always be news") {
    const support::temporary_folder folder;
    stick::folder_watch watch(folder.path, false);
    CHECK_FALSE(watch.uses_inotify());
    CHECK(watch.has_news());
    CHECK(watch.has_news());
    watch.wait(1);
    stick::folder_watch gone(folder.path + "/none");
    CHECK(gone.has_news());
}
