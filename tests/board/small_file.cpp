#include "board/small_file.hpp"

#include "../stick/temporary_folder.hpp"

#include <doctest/doctest.h>

TEST_CASE("small files: as a whole, without what ends the line") {
    const support::temporary_folder folder;
    folder.save("a", std::string("one\ntwo\n\0", 9));
    CHECK(board::read_small(folder.path + "/a").value_or("") == "one\ntwo");
    REQUIRE(board::write_small(folder.path + "/a", "x"));
    CHECK(folder.read("a") == "x");
    REQUIRE(board::write_small(folder.path + "/a", ""));
    CHECK(folder.read("a") == "\n");
    CHECK_FALSE(board::read_small(folder.path + "/none"));
    const auto written = board::write_small(folder.path + "/none", "text");
    REQUIRE_FALSE(written);
    CHECK(std::string(written.error().message()).find("'text' to '" + folder.path + "/none'") != std::string::npos);
}
