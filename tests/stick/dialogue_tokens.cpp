#include "stick/dialogue_tokens.hpp"

#include "support/tiny_llama.hpp"
#include "support/tiny_t5.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>
#include <vector>

using llmzero::token_id;

namespace {

llmzero::model dialogue_model(bool has_template) {
    support::tiny_llama source({.context = 200, .seed = 5});
    if (has_template) {
        source.control_tokens = {{36, "<|im_start|>"}, {37, "<|im_end|>"}};
        source.more_texts["tokenizer.chat_template"] = "'<|im_start|>' '<|im_end|>'";
    }
    auto loaded = llmzero::load(source.file());
    REQUIRE(loaded);
    return *loaded;
}

// What the tokens say; markup as its token's text.
std::string text_of(const llmzero::model & model, const stick::dialogue_tokens & made) {
    std::string text;
    for (const token_id token : made.tokens) {
        text += model.text().vocab().text(token);
    }
    for (std::size_t at = 0; (at = text.find("\xe2\x96\x81")) != text.npos;) {
        text.replace(at, 3, " ");
    }
    return text;
}

const std::vector<stick::turn> two_turns = {{"ab", "cd"}, {"ef", "gh"}};

} // namespace

TEST_CASE("dialogue tokens: a text is continued where there is no template") {
    const llmzero::model model = dialogue_model(false);
    const auto made = stick::make_dialogue_tokens(model, {}, two_turns, "ij", 200, 8);
    REQUIRE(made);
    CHECK(made->n_left_out == 0);
    const std::string text = text_of(model, *made);
    CHECK(text.find("ab cd") != text.npos);
    CHECK(text.find("ef gh") != text.npos);
    CHECK(text.ends_with("ij"));
    CHECK(stick::detail::continuation("and") == " and");
    CHECK(stick::detail::continuation(", and") == ", and");
    CHECK(stick::detail::continuation("").empty());
}

TEST_CASE("dialogue tokens: turns are written as the template wants them, as a conversation writes them") {
    const llmzero::model model = dialogue_model(true);
    const auto made = stick::make_dialogue_tokens(model, "kl", two_turns, "ij", 200, 8);
    REQUIRE(made);
    const std::string text = text_of(model, *made);
    for (const char * part : {"kl", "ab", "cd", "ef", "gh", "ij"}) {
        CHECK(text.find(part) != text.npos);
    }
    CHECK(std::count(made->tokens.begin(), made->tokens.end(), 36) == 7); // system, three users, three answers
    const auto alone = stick::make_dialogue_tokens(model, "kl", {}, "ij", 200, 8);
    const auto first = llmzero::conversation::first_prompt(model, {.system = "kl"}, "ij");
    REQUIRE(alone);
    REQUIRE(first);
    CHECK(std::equal(alone->tokens.begin(), alone->tokens.end(), first->begin(), first->end()));
}

TEST_CASE("dialogue tokens: old turns make room, and the beginning stays for a while") {
    const llmzero::model model = dialogue_model(false);
    std::vector<stick::turn> turns;
    std::vector<std::size_t> left_out;
    std::size_t usual = 0;
    constexpr std::uint32_t context = 100;
    for (int i = 0; i < 30; ++i) {
        const auto made = stick::make_dialogue_tokens(model, {}, turns, "abcd", context, 64, usual);
        REQUIRE(made);
        CHECK(made->tokens.size() <= context - context / 4);
        CHECK(made->n_left_out >= usual);
        usual = made->n_left_out;
        left_out.push_back(usual);
        turns.push_back({"abcd", "efgh"});
    }
    CHECK(left_out.back() > 10);
    CHECK(left_out.back() < 28);
    left_out.erase(std::unique(left_out.begin(), left_out.end()), left_out.end());
    CHECK(left_out.size() < 12); // it moves seldom
}

TEST_CASE("dialogue tokens: a question that is too long says how long it may be") {
    const llmzero::model model = dialogue_model(false);
    for (std::size_t n = 1; n < 60; ++n) {
        const auto made = stick::make_dialogue_tokens(model, {}, two_turns, std::string(n, 'a'), 40, 8);
        if (!made) {
            CHECK(made.error().code() == llmzero::error_code::context_full);
            CHECK(std::string(made.error().message()).find("at most 40. Please") != std::string::npos);
            CHECK(n > 30);
            continue;
        }
        CHECK(made->tokens.size() + 1 < 40);
        CHECK(n < 40);
    }
}

TEST_CASE("dialogue tokens: an encoder reads the question alone") {
    const auto model = llmzero::load(support::tiny_t5({.seed = 3}).file());
    REQUIRE(model);
    const auto with = stick::make_dialogue_tokens(*model, {}, two_turns, "ab", 60, 8);
    const auto without = stick::make_dialogue_tokens(*model, {}, {}, "ab", 60, 8);
    REQUIRE(with);
    REQUIRE(without);
    CHECK(std::equal(with->tokens.begin(), with->tokens.end(), without->tokens.begin(), without->tokens.end()));
}
