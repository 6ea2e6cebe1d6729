#include <llmzero/generation/random.hpp>
#include <llmzero/tokenizer/prefix_index.hpp>

#include "support/failing_allocator.hpp"
#include "support/vocab_builder.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using llmzero::prefix_index;
using llmzero::token_id;
using llmzero::token_kind;
using llmzero::vocabulary;
using support::vocab_token;

namespace {

vocabulary vocabulary_of(const std::vector<vocab_token> & tokens) {
    auto made = support::make_vocabulary(support::vocabulary_metadata(tokens).file());
    REQUIRE_MESSAGE(made, made.error().message());
    return std::move(*made);
}

bool is_normal(token_kind kind) {
    return kind == token_kind::normal;
}

std::vector<int> prefixes(const prefix_index & index, const vocabulary & vocab, std::string_view text) {
    std::vector<int> found;
    index.for_each_prefix(vocab, text, [&](token_id id) { found.push_back(id); });
    return found;
}

} // namespace

TEST_CASE("all tokens that begin a text are found, shortest first") {
    const vocabulary vocab = vocabulary_of({{"abc"}, {"b"}, {"a"}, {"abcd"}, {""}, {"ab", 0, token_kind::control}});
    const auto index = prefix_index::create(vocab, is_normal);
    REQUIRE(index);
    CHECK(prefixes(*index, vocab, "abcdef") == std::vector<int>{2, 0, 3});
    CHECK(prefixes(*index, vocab, "abc") == std::vector<int>{2, 0});
    CHECK(prefixes(*index, vocab, "ab") == std::vector<int>{2});
    CHECK(prefixes(*index, vocab, "ba") == std::vector<int>{1});
    CHECK(prefixes(*index, vocab, "c").empty());
    CHECK(prefixes(*index, vocab, "").empty());
    CHECK(index->memory_bytes() == 4 * sizeof(token_id));
}

TEST_CASE("random vocabularies of any bytes give what a comparison with every token gives") {
    llmzero::random_generator random(21);
    const std::string letters("a\0\xff\x7f\x80", 5);
    const auto random_text = [&](std::uint32_t max_bytes) {
        std::string text;
        for (std::uint32_t n = random.next() % (max_bytes + 1); n > 0; --n) {
            text += letters[random.next() % letters.size()];
        }
        return text;
    };
    for (int round = 0; round < 50; ++round) {
        std::vector<std::string> texts;
        std::vector<vocab_token> tokens = {{"z"}};
        for (std::uint32_t n = random.next() % 60; n > 0; --n) {
            const std::string text = random_text(random.next() % 8 == 0 ? 14 : 3); // longer than the key of the sort
            bool is_new = !text.empty();
            for (const vocab_token & other : tokens) {
                is_new = is_new && other.text != text;
            }
            if (is_new) {
                tokens.push_back({text});
            }
        }
        const vocabulary vocab = vocabulary_of(tokens);
        const auto index = prefix_index::create(vocab, is_normal);
        REQUIRE(index);
        for (int i = 0; i < 50; ++i) {
            const std::string text = random_text(16);
            std::vector<int> expected;
            for (std::size_t n = 1; n <= text.size(); ++n) {
                for (std::size_t id = 0; id < tokens.size(); ++id) {
                    if (tokens[id].text == text.substr(0, n)) {
                        expected.push_back(static_cast<int>(id));
                    }
                }
            }
            CHECK(prefixes(*index, vocab, text) == expected);
        }
    }
}

TEST_CASE("running out of memory while an index is made") {
    const vocabulary vocab = vocabulary_of({{"a"}, {"b"}});
    const auto survived = support::survive_allocation_failures([&]() -> llmzero::status {
        LLMZERO_ASSIGN(const prefix_index index, prefix_index::create(vocab, is_normal));
        return index.memory_bytes() > 0 ? llmzero::success() : llmzero::error(llmzero::error_code::malformed, "empty");
    });
    CHECK(survived == 2 * 2);
}
