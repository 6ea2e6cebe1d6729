#include <llmzero/tokenizer/token.hpp>

#include <cstdint>
#include <doctest/doctest.h>
#include <type_traits>

TEST_CASE("token kinds have the numbers of the file format, and no_token is no id") {
    static_assert(std::is_same_v<llmzero::token_id, std::int32_t>);
    CHECK(llmzero::no_token < 0);
    CHECK(static_cast<int>(llmzero::token_kind::normal) == 1);
    CHECK(static_cast<int>(llmzero::token_kind::unknown) == 2);
    CHECK(static_cast<int>(llmzero::token_kind::control) == 3);
    CHECK(static_cast<int>(llmzero::token_kind::user_defined) == 4);
    CHECK(static_cast<int>(llmzero::token_kind::unused) == 5);
    CHECK(static_cast<int>(llmzero::token_kind::byte) == 6);
}
