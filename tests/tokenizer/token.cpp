#include <llmzero/tokenizer/token.hpp>

#include <cstdint>
#include <doctest/doctest.h>
#include <initializer_list>
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

TEST_CASE("text are the kinds that ordinary text may become") {
    using llmzero::token_kind;
    for (const token_kind kind : {token_kind::normal, token_kind::user_defined, token_kind::unused}) {
        CHECK(llmzero::is_text(kind));
    }
    for (const token_kind kind : {token_kind::unknown, token_kind::control, token_kind::byte}) {
        CHECK_FALSE(llmzero::is_text(kind));
    }
}
