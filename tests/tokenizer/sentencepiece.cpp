#include <llmzero/tokenizer/sentencepiece.hpp>

#include "support/vocab_builder.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using llmzero::token_id;
using llmzero::token_kind;
using llmzero::vocabulary;
using support::vocab_token;

namespace {

const std::string underline = "\xe2\x96\x81";

vocabulary pieces_of(const std::vector<vocab_token> & tokens, token_id unknown) {
    auto made = support::make_vocabulary(
        support::vocabulary_metadata(tokens).i32("tokenizer.ggml.unknown_token_id", unknown).file());
    REQUIRE_MESSAGE(made, made.error().message());
    return std::move(*made);
}

} // namespace

TEST_CASE("a word is spaces of either spelling, then what is no space") {
    CHECK(llmzero::word_bytes("ab cd") == 2);
    CHECK(llmzero::word_bytes("  ab cd") == 4);
    CHECK(llmzero::word_bytes(underline + " ab" + underline + "c") == 6);
    CHECK(llmzero::word_bytes("  ") == 2);
    CHECK(llmzero::word_bytes("") == 0);
}

TEST_CASE("a vocabulary whose tokens reach beyond a word is noticed, if they are text") {
    const std::vector<vocab_token> words = {{underline + "ab"}, {underline + underline}, {"a"}};
    CHECK(llmzero::splits_at_spaces(pieces_of(words, -1)));
    for (const std::string & text : {"a" + underline, underline + "a" + underline + "b"}) {
        for (const token_kind kind : {token_kind::normal, token_kind::user_defined, token_kind::control}) {
            std::vector<vocab_token> tokens = words;
            tokens.push_back({text, 0, kind});
            CHECK(llmzero::splits_at_spaces(pieces_of(tokens, -1)) == (kind == token_kind::control));
        }
    }
}

TEST_CASE("a character without a token becomes its bytes, or one unknown token for a run") {
    const vocabulary vocab = pieces_of(
        {{"<unk>", 0, token_kind::unknown}, {"<0xC3>", 0, token_kind::byte}, {"<0xA9>", 0, token_kind::byte}}, 0);
    const auto bytes = llmzero::byte_fallback::create(vocab);
    llmzero::heap_array<token_id> tokens;
    bool after_unknown = false;
    CHECK(bytes.encode(vocab, "\xc3\xa9", after_unknown, tokens));
    CHECK_FALSE(after_unknown);
    CHECK(bytes.encode(vocab, "\xc3\xa8", after_unknown, tokens));
    CHECK(after_unknown);
    CHECK(bytes.encode(vocab, "x", after_unknown, tokens));
    CHECK(bytes.encode(vocab, "\xa9", after_unknown, tokens));
    CHECK(bytes.encode(vocab, "x", after_unknown, tokens));
    CHECK(std::vector<int>(tokens.begin(), tokens.end()) == std::vector<int>{1, 2, 0, 2, 0});

    const vocabulary none = pieces_of({{"a"}}, -1);
    after_unknown = false;
    const auto refused = llmzero::byte_fallback::create(none).encode(none, "x", after_unknown, tokens);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == llmzero::error_code::unsupported);
    CHECK(std::string(refused.error().message()).find("0x78") != std::string::npos);
}

TEST_CASE("tokens of each kind are decoded") {
    const vocabulary vocab = pieces_of({{underline + "a" + underline, 0, token_kind::normal},
                                        {underline + "b", 0, token_kind::user_defined},
                                        {"<0x0A>", 0, token_kind::byte},
                                        {"<s>", 0, token_kind::control},
                                        {"<unk>", 0, token_kind::unknown},
                                        {"[PAD]", 0, token_kind::unused},
                                        {"", 0, token_kind::normal}},
                                       4);
    const auto decoded = [&](token_id id) {
        char out[16];
        return std::string(out, llmzero::decode_sentencepiece(vocab, id, out));
    };
    CHECK(decoded(0) == " a ");
    CHECK(decoded(1) == underline + "b");
    CHECK(decoded(2) == "\n");
    for (const token_id id : {3, 4, 5, 6}) {
        CHECK(decoded(id).empty());
    }
}
