#include <llmzero/tokenizer/piece_table.hpp>

#include "support/failing_allocator.hpp"

#include <doctest/doctest.h>
#include <string>

TEST_CASE("a piece table returns what was added, empty texts and zero bytes included") {
    llmzero::piece_table table;
    const std::string_view pieces[] = {"a", "", std::string_view("b\0c", 3), "", "longer than the others", ""};
    for (const std::string_view piece : pieces) {
        REQUIRE(table.add(piece));
    }
    REQUIRE(table.size() == std::size(pieces));
    for (std::size_t i = 0; i < std::size(pieces); ++i) {
        CHECK(table[i] == pieces[i]);
    }
    CHECK(table.memory_bytes() >= 26 + 6 * 4);
}

TEST_CASE("a piece table grows, and says when it cannot") {
    const std::string piece(1000, 'x');
    const auto survived = support::survive_allocation_failures([&]() -> llmzero::status {
        llmzero::piece_table table;
        for (int i = 0; i < 100; ++i) {
            LLMZERO_CHECK(table.add(piece));
        }
        return llmzero::success();
    });
    CHECK(survived > 4);

    llmzero::piece_table reserved;
    REQUIRE(reserved.reserve(3, 6));
    const auto before = support::allocation_count();
    for (const char * text : {"ab", "cd", "ef"}) {
        CHECK(reserved.add(text));
    }
    CHECK(support::allocation_count() == before);
}
