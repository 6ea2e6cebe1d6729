#include <llmzero/tokenizer/merge_table.hpp>

#include "support/failing_allocator.hpp"
#include "support/vocab_builder.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using llmzero::merge_table;
using llmzero::no_merge;
using llmzero::no_token;
using llmzero::token_kind;
using support::vocab_token;

namespace {

const std::vector<vocab_token> few_tokens = {
    {"a", 0, token_kind::normal},  {"b", 0, token_kind::normal},   {"ab", 0, token_kind::normal},
    {"ba", 0, token_kind::normal}, {"aba", 0, token_kind::normal}, {"bb", 0, token_kind::control},
};

support::metadata_builder with_merges(const std::vector<std::string> & merges) {
    return support::vocabulary_metadata(few_tokens, "gpt2").strings("tokenizer.ggml.merges", merges);
}

llmzero::result<merge_table> make_merges(const support::metadata_builder & metadata) {
    return support::create_from(metadata.file(), [](const llmzero::gguf_file & file) -> llmzero::result<merge_table> {
        LLMZERO_ASSIGN(const auto vocab, llmzero::vocabulary::create(file));
        return merge_table::create(file, vocab);
    });
}

} // namespace

TEST_CASE("merges are found by their tokens, ranked by their order") {
    const auto made = make_merges(with_merges({"a b", "b a", "ab a", "a ba"}));
    REQUIRE_MESSAGE(made, made.error().message());
    CHECK(made->size() == 4);
    CHECK(made->find(0, 1) == 0);
    CHECK(made->joined(0) == 2);
    CHECK(made->find(1, 0) == 1);
    CHECK(made->find(2, 0) == 2);
    CHECK(made->find(0, 3) == 3);
    CHECK(made->joined(2) == 4);
    CHECK(made->joined(3) == 4);
    for (const auto & [left, right] : {std::pair{0, 0}, {1, 1}, {3, 0}, {no_token, 0}, {0, no_token}, {99, 99}}) {
        CHECK(made->find(left, right) == no_merge);
    }
    CHECK(made->memory_bytes() == 4 * 12 + 8 * 4);
}

TEST_CASE("a merge that cannot show is left out, of equal ones the first counts") {
    // The text "bb" is that of a control token, which no text becomes.
    const auto made = make_merges(with_merges({"#version: 0.2", "q z", "b b", "b ab", "a b", "b a", "a b"}));
    REQUIRE(made);
    CHECK(made->size() == 2);
    CHECK(made->find(0, 1) == 0);
    CHECK(made->find(1, 0) == 1);
    CHECK(made->find(1, 1) == no_merge);
}

TEST_CASE("a vocabulary may have no merges, but must say so") {
    const auto none = make_merges(with_merges({}));
    REQUIRE(none);
    CHECK(none->size() == 0);
    CHECK(none->find(0, 1) == no_merge);

    const auto missing = make_merges(support::vocabulary_metadata(few_tokens, "gpt2"));
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code() == llmzero::error_code::malformed);
    CHECK(std::string(missing.error().message()).find("tokenizer.ggml.merges") != std::string::npos);
}

TEST_CASE("malformed merges are refused with their number and text") {
    for (const char * merge : {"", " ", "ab", "a ", " b", "a  b", "a b ", " a b", "a b a"}) {
        CAPTURE(merge);
        const auto refused = make_merges(with_merges({"a b", merge}));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == llmzero::error_code::malformed);
        const std::string message = refused.error().message();
        CHECK(message.find("tokenizer.ggml.merges: element 1 is '" + std::string(merge) + "'") != std::string::npos);
        CHECK(message.find("at offset") != std::string::npos);
    }
    const auto numbers = make_merges(
        support::vocabulary_metadata(few_tokens, "gpt2").i32s("tokenizer.ggml.merges", std::vector<std::int32_t>{1}));
    REQUIRE_FALSE(numbers);
    CHECK(numbers.error().code() == llmzero::error_code::malformed);
}

TEST_CASE("all merges of a large table are found, and no others") {
    // Tokens of one, two and four letters; merges of every two of the same length.
    const std::string letters = "abcdefghijklm";
    std::vector<vocab_token> tokens;
    std::vector<std::string> merges;
    for (const char c : letters) {
        tokens.push_back({std::string(1, c), 0, token_kind::normal});
    }
    for (std::size_t from = 0, end = letters.size(); tokens.size() < 20000; from = end, end = tokens.size()) {
        for (std::size_t left = from; left < end; ++left) {
            for (std::size_t right = from; right < end; ++right) {
                tokens.push_back({tokens[left].text + tokens[right].text, 0, token_kind::normal});
                merges.push_back(tokens[left].text + " " + tokens[right].text);
            }
        }
    }
    const auto made =
        make_merges(support::vocabulary_metadata(tokens, "gpt2").strings("tokenizer.ggml.merges", merges));
    REQUIRE_MESSAGE(made, made.error().message());
    CHECK(made->size() == 169 + 28561);
    std::size_t found = 0;
    for (llmzero::token_id left = 0; left < 13 + 169; ++left) {
        for (llmzero::token_id right = 0; right < 13 + 169; ++right) {
            const llmzero::merge_rank rank = made->find(left, right);
            const bool is_merge = (left < 13) == (right < 13);
            const llmzero::merge_rank expected =
                left < 13 ? static_cast<llmzero::merge_rank>(left * 13 + right)
                          : static_cast<llmzero::merge_rank>(169 + (left - 13) * 169 + (right - 13));
            found += rank == (is_merge ? expected : no_merge) ? 1u : 0u;
        }
    }
    CHECK(found == 182u * 182u);
    CHECK(made->joined(169) == 13 + 169);
}

TEST_CASE("running out of memory while merges are read") {
    const std::string file = with_merges({"a b", "b a", "ab a"}).file();
    const auto survived = support::survive_allocation_failures([&]() -> llmzero::status {
        return support::create_from(file, [](const llmzero::gguf_file & gguf) -> llmzero::status {
            LLMZERO_ASSIGN(const auto vocab, llmzero::vocabulary::create(gguf));
            LLMZERO_ASSIGN(const auto made, merge_table::create(gguf, vocab));
            return made.find(0, 1) == 0 ? llmzero::success()
                                        : llmzero::error(llmzero::error_code::malformed, "not found");
        });
    });
    CHECK(survived >= 2 * 3);
}

TEST_CASE("merges that were made to collide are refused, not worked through") {
    // Of all pairs of 4096 tokens, those that belong into the first slots of a table of 8192.
    const auto first_slot = [](std::uint32_t left, std::uint32_t right) {
        std::uint32_t hash = left * 0x9e3779b1u + right;
        hash = (hash ^ hash >> 16) * 0x85ebca6bu;
        return (hash ^ hash >> 13) & 8191;
    };
    std::vector<vocab_token> tokens;
    for (int i = 0; i < 4096; ++i) {
        tokens.push_back({"t" + std::to_string(i) + ".", 0, token_kind::normal});
    }
    std::vector<std::string> merges;
    for (std::uint32_t left = 0; left < 4096 && merges.size() < 5000; ++left) {
        for (std::uint32_t right = 0; right < 4096 && merges.size() < 5000; ++right) {
            if (first_slot(left, right) < 4) {
                merges.push_back(tokens[left].text + " " + tokens[right].text);
                tokens.push_back({tokens[left].text + tokens[right].text, 0, token_kind::normal});
            }
        }
    }
    REQUIRE(merges.size() == 5000);
    const auto refused =
        make_merges(support::vocabulary_metadata(tokens, "gpt2").strings("tokenizer.ggml.merges", merges));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == llmzero::error_code::malformed);
    CHECK(std::string(refused.error().message()).find("collide") != std::string::npos);
}
