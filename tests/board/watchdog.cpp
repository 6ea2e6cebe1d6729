#include "board/watchdog.hpp"

#include "../stick/temporary_folder.hpp"

#include <doctest/doctest.h>

TEST_CASE("watchdog: fed, and told of an orderly end") {
    const support::temporary_folder folder;
    folder.save("watchdog", "");
    {
        const board::watchdog dog(folder.path + "/watchdog");
        dog.feed();
        dog.feed();
        CHECK(folder.read("watchdog") == "..");
    }
    CHECK(folder.read("watchdog") == "..V");
    const board::watchdog none(folder.path + "/none");
    none.feed();
}
