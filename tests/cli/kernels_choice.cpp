#include "cli/kernels_choice.hpp"

#include <doctest/doctest.h>
#include <string>

TEST_CASE("kernels choice: each set by its name, none for the library's own choice") {
    const auto none = cli::chosen_kernels("");
    REQUIRE(none);
    CHECK(*none == nullptr);
    for (const llmzero::kernel_set * set : llmzero::available_kernels()) {
        const auto found = cli::chosen_kernels(set->name);
        REQUIRE(found);
        CHECK(*found == set);
    }
}

TEST_CASE("kernels choice: names that are not there, and those that another processor has") {
    const auto unknown = cli::chosen_kernels("z80");
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code() == llmzero::error_code::bad_argument);
    const std::string told = unknown.error().message();
    CHECK(told.starts_with("--kernels: 'z80' is not one of: "));
    CHECK(told.ends_with("portable"));
    for (const llmzero::kernel_set * set : llmzero::compiled_kernels()) {
        const auto found = cli::chosen_kernels(set->name);
        CHECK(found.has_value() == (llmzero::find_kernels(set->name) != nullptr));
        if (!found) {
            CHECK(std::string(found.error().message()).find("needs another processor") != std::string::npos);
        }
    }
}

TEST_CASE("kernels choice: the list has a line for each, and says which is the best") {
    const std::string list = cli::list_of_kernels();
    std::size_t lines = 0;
    for (const char c : list) {
        lines += c == '\n';
    }
    CHECK(lines == llmzero::compiled_kernels().size());
    CHECK(list.find(llmzero::best_kernels().name + std::string("  (the best here)\n")) != std::string::npos);
    CHECK(list.find("portable") != std::string::npos);
}
