// What Gemma's vocabularies do otherwise than Llama's: no space before a text, runs of newlines and of spaces and some
// markup as user-defined tokens (with plain spaces in their texts, as converters write them), turns as control tokens,
// special ids in another order, and tokens that nothing uses.
#include <llmzero/tokenizer/detokenizer.hpp>
#include <llmzero/tokenizer/spm.hpp>
#include <llmzero/tokenizer/tokenizer.hpp>

#include "support/vocab_builder.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using llmzero::token_id;
using llmzero::token_kind;
using support::vocab_token;

namespace {

// Ids: 0 to 15 as listed, 16 to 271 the bytes, then text.
constexpr int gemma_byte = 16;
constexpr int gemma_text = gemma_byte + 256;

std::vector<vocab_token> gemma_tokens() {
    std::vector<vocab_token> tokens = {
        {"<pad>", 0, token_kind::control},           {"<eos>", 0, token_kind::control},
        {"<bos>", 0, token_kind::control},           {"<unk>", 0, token_kind::unknown},
        {"<start_of_turn>", 0, token_kind::control}, {"<end_of_turn>", 0, token_kind::control},
        {"<unused0>", 0, token_kind::control}, // as converters mark them
        {"<unused1>", 0, token_kind::unused},        {"\n", 0, token_kind::user_defined},
        {"\n\n", 0, token_kind::user_defined},       {"\n\n\n", 0, token_kind::user_defined},
        {"  ", 0, token_kind::user_defined},         {"   ", 0, token_kind::user_defined},
        {"\t", 0, token_kind::user_defined},         {"<table>", 0, token_kind::user_defined},
        {"</table>", 0, token_kind::user_defined},
    };
    for (unsigned i = 0; i < 256; ++i) {
        const char * digits = "0123456789ABCDEF";
        tokens.push_back({std::string("<0x") + digits[i >> 4] + digits[i & 15] + ">", 0, token_kind::byte});
    }
    float score = 0;
    for (const char * text : {"ab",
                              "\xe2\x96\x81"
                              "ab",
                              "\xe2\x96\x81", "a", "b"}) {
        tokens.push_back({text, score--, token_kind::normal});
    }
    return tokens;
}
constexpr int id_ab = gemma_text;
constexpr int id_space_ab = gemma_text + 1;
constexpr int id_space = gemma_text + 2;
constexpr int id_a = gemma_text + 3;
constexpr int id_b = gemma_text + 4;

llmzero::tokenizer gemma_tokenizer() {
    auto made = support::make_tokenizer(support::vocabulary_metadata(gemma_tokens())
                                            .u32("tokenizer.ggml.bos_token_id", 2)
                                            .u32("tokenizer.ggml.eos_token_id", 1)
                                            .u32("tokenizer.ggml.unknown_token_id", 3)
                                            .u32("tokenizer.ggml.padding_token_id", 0)
                                            .boolean("tokenizer.ggml.add_bos_token", true)
                                            .boolean("tokenizer.ggml.add_eos_token", false)
                                            .boolean("tokenizer.ggml.add_space_prefix", false)
                                            .file());
    REQUIRE_MESSAGE(made, made.error().message());
    return std::move(*made);
}

std::vector<int> ids_in(const llmzero::tokenizer & text, std::string_view from, bool parse_special = false) {
    return support::ids_of(text.encode(from, {.add_special = false, .parse_special = parse_special}));
}

} // namespace

TEST_CASE("gemma: a text begins with <bos> and without a space") {
    const auto text = gemma_tokenizer();
    CHECK(support::ids_of(text.encode("ab ab")) == std::vector<int>{2, id_ab, id_space_ab});
    CHECK(ids_in(text, " ab") == std::vector<int>{id_space_ab});
    CHECK(ids_in(text, "").empty());
    // Nor after a special or user-defined token.
    CHECK(ids_in(text, "\nab") == std::vector<int>{8, id_ab});
    CHECK(ids_in(text, "<start_of_turn>ab", true) == std::vector<int>{4, id_ab});
}

TEST_CASE("gemma: runs of newlines and spaces are the longest tokens that fit, from the left") {
    const auto text = gemma_tokenizer();
    CHECK(ids_in(text, "\n\n\n\n\n") == std::vector<int>{10, 9});
    CHECK(ids_in(text, "a\n\nb") == std::vector<int>{id_a, 9, id_b});
    CHECK(ids_in(text, "a   b") == std::vector<int>{id_a, 12, id_b});
    CHECK(ids_in(text, "ab    ab") == std::vector<int>{id_ab, 12, id_space_ab});
    CHECK(ids_in(text, "ab ab") == std::vector<int>{id_ab, id_space_ab});
    CHECK(ids_in(text, "a \n\tb") == std::vector<int>{id_a, id_space, 8, 13, id_b});
}

TEST_CASE("gemma: markup is a token always, turns only when asked for, unused tokens never") {
    const auto text = gemma_tokenizer();
    CHECK(ids_in(text, "<table>ab</table>") == std::vector<int>{14, id_ab, 15});
    CHECK(ids_in(text, "<end_of_turn>\n", true) == std::vector<int>{5, 8});
    CHECK(ids_in(text, "<unused0>", true) == std::vector<int>{6});
    for (const char * spelled : {"<end_of_turn>", "<start_of_turn>", "<bos>", "<eos>", "<unused0>"}) {
        const auto ids = ids_in(text, spelled);
        CHECK(ids.size() >= 5); // byte by byte
        for (const int id : ids) {
            CHECK(id >= gemma_byte);
        }
    }
    for (const int id : ids_in(text, "<unused1>", true)) {
        CHECK(id >= gemma_byte);
    }
}

TEST_CASE("gemma: characters without a token become bytes, and come back") {
    const auto text = gemma_tokenizer();
    CHECK(ids_in(text, "\xc3\xa9") == std::vector<int>{gemma_byte + 0xc3, gemma_byte + 0xa9});
    const std::string mixed = "ab  ab\n\n\n\n caf\xc3\xa9\t<table>   ab ab\r\n <end_of_turn> ";
    auto stream = llmzero::detokenizer::create(text);
    REQUIRE(stream);
    std::string back;
    for (const int id : ids_in(text, mixed)) {
        back += stream->push(static_cast<token_id>(id));
    }
    back += stream->finish();
    CHECK(back == mixed);
    auto leading = llmzero::detokenizer::create(text);
    REQUIRE(leading);
    CHECK(leading->push(id_space_ab) == " ab"); // the space is the text's own
}

TEST_CASE("gemma: the end of a turn ends an answer, and has no text") {
    const auto text = gemma_tokenizer();
    CHECK(text.vocab().is_end_of_generation(1));
    CHECK(text.vocab().is_end_of_generation(5));
    for (const token_id id : {0, 2, 4, 8, gemma_text}) {
        CHECK_FALSE(text.vocab().is_end_of_generation(id));
    }
    for (const token_id id : {0, 1, 2, 3, 4, 5, 6, 7}) {
        CHECK(text.decode(id).empty());
    }
    CHECK(text.decode(10) == "\n\n\n");
    CHECK(text.decode(12) == "   ");
}
