#include "board/modules.hpp"

#include "../stick/temporary_folder.hpp"

#include <doctest/doctest.h>

TEST_CASE("modules: in the order of the list, and what cannot be loaded is named") {
    const support::temporary_folder folder;
    CHECK_FALSE(board::module_order(folder.path));
    folder.save("order", "b.ko\n\na.ko\n");
    const auto names = board::module_order(folder.path);
    REQUIRE(names);
    CHECK(*names == std::vector<std::string>{"b.ko", "a.ko"});
    folder.save("a.ko", "no module");
    for (const char * name : {"/a.ko", "/none.ko"}) {
        const auto loaded = board::load_module(folder.path + name);
        REQUIRE_FALSE(loaded);
        CHECK(std::string(loaded.error().message()).find(folder.path + name) != std::string::npos);
    }
}
