#include <llmzero/generation/random.hpp>
#include <llmzero/tokenizer/spm.hpp>
#include <llmzero/tokenizer/tokenizer.hpp>

#include "support/failing_allocator.hpp"
#include "support/vocab_builder.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <string>
#include <vector>

using llmzero::random_generator;
using llmzero::token_id;
using llmzero::token_kind;
using llmzero::tokenizer;
using support::ids_of;
using support::vocab_token;

namespace {

const std::string spm_space = "\xe2\x96\x81";

tokenizer spm_of(const std::vector<vocab_token> & tokens, token_id unknown = llmzero::no_token) {
    auto made = support::make_tokenizer(support::vocabulary_metadata(tokens)
                                            .i32("tokenizer.ggml.bos_token_id", -1)
                                            .i32("tokenizer.ggml.eos_token_id", -1)
                                            .i32("tokenizer.ggml.unknown_token_id", unknown)
                                            .file());
    REQUIRE_MESSAGE(made, made.error().message());
    return std::move(*made);
}

std::vector<vocab_token> byte_tokens() {
    std::vector<vocab_token> tokens;
    for (unsigned i = 0; i < 256; ++i) {
        const char * digits = "0123456789ABCDEF";
        tokens.push_back({std::string("<0x") + digits[i >> 4] + digits[i & 15] + ">", 0, token_kind::byte});
    }
    return tokens;
}

// The algorithm as one would say it: join the best pair, look at all of them again. For ASCII and spaces.
std::vector<int> encode_slowly(const std::vector<vocab_token> & tokens, const std::string & text) {
    std::map<std::string, int> ids;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (tokens[i].kind == token_kind::normal) {
            ids[tokens[i].text] = static_cast<int>(i);
        }
    }
    std::vector<std::string> pieces;
    if (!text.empty()) {
        pieces.push_back(spm_space);
    }
    for (const char c : text) {
        pieces.push_back(c == ' ' ? spm_space : std::string(1, c));
    }
    for (;;) {
        std::size_t best = pieces.size();
        float best_score = 0;
        for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
            const auto found = ids.find(pieces[i] + pieces[i + 1]);
            if (found == ids.end()) {
                continue;
            }
            const float score = tokens[static_cast<std::size_t>(found->second)].score;
            if (best == pieces.size() || score > best_score) {
                best = i;
                best_score = score;
            }
        }
        if (best == pieces.size()) {
            break;
        }
        pieces[best] += pieces[best + 1];
        pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    }
    std::vector<int> found;
    for (const std::string & piece : pieces) {
        if (ids.count(piece) != 0) {
            found.push_back(ids[piece]);
            continue;
        }
        for (const char c : piece) {
            found.push_back(static_cast<unsigned char>(c)); // the byte tokens come first
        }
    }
    return found;
}

std::string random_text(random_generator & random, std::string_view letters, std::uint32_t max_length) {
    std::string text;
    for (std::uint32_t n = random.next() % (max_length + 1); n > 0; --n) {
        text += letters[random.next() % letters.size()];
    }
    return text;
}

std::string decoded(const tokenizer & text, const std::vector<int> & ids) {
    std::string found;
    for (const int id : ids) {
        found += text.decode(id);
    }
    return found;
}

} // namespace

TEST_CASE("random texts with random vocabularies give what the simple algorithm gives") {
    random_generator random(7);
    for (int round = 0; round < 300; ++round) {
        // With spaces inside tokens in every other round: then the text cannot be taken word by word.
        const std::string letters = round % 2 == 0 ? "abc" : "ab ";
        auto tokens = byte_tokens();
        std::map<std::string, bool> known;
        for (std::uint32_t n = 3 + random.next() % 30; n > 0; --n) {
            std::string piece;
            const bool begins_with_space = round % 2 == 0 && random.next() % 3 == 0;
            for (const char c : (begins_with_space ? " " : "") + random_text(random, letters, 4)) {
                piece += c == ' ' ? spm_space : std::string(1, c);
            }
            if (piece.empty() || known[piece]) {
                continue;
            }
            known[piece] = true;
            tokens.push_back({piece, -static_cast<float>(random.next() % 6), token_kind::normal}); // many ties
        }
        const tokenizer made = spm_of(tokens);
        for (int i = 0; i < 20; ++i) {
            const std::string text = random_text(random, "abc  d", 24);
            CAPTURE(text);
            CHECK(ids_of(made.encode(text)) == encode_slowly(tokens, text));
        }
    }
}

TEST_CASE("the best score is joined first, the leftmost of equals") {
    const auto tokens = [](float ab, float bc) {
        return std::vector<vocab_token>{{"a", 0, token_kind::normal},   {"b", 0, token_kind::normal},
                                        {"c", 0, token_kind::normal},   {"ab", ab, token_kind::normal},
                                        {"bc", bc, token_kind::normal}, {spm_space, 0, token_kind::normal}};
    };
    CHECK(ids_of(spm_of(tokens(-1, -2)).encode("abc")) == std::vector<int>{5, 3, 2});
    CHECK(ids_of(spm_of(tokens(-2, -1)).encode("abc")) == std::vector<int>{5, 0, 4});
    CHECK(ids_of(spm_of(tokens(-1, -1)).encode("abc")) == std::vector<int>{5, 3, 2});
    CHECK(ids_of(spm_of(tokens(-1, -1)).encode("abcabc")) == std::vector<int>{5, 3, 2, 3, 2});
}

TEST_CASE("a space is put before the text, and after a special token, when the vocabulary says so") {
    const std::vector<vocab_token> tokens = {
        {spm_space, -1, token_kind::normal}, {"a", -2, token_kind::normal}, {"<x>", 0, token_kind::user_defined}};
    const tokenizer with = spm_of(tokens);
    CHECK(ids_of(with.encode("a")) == std::vector<int>{0, 1});
    CHECK(ids_of(with.encode(" a")) == std::vector<int>{0, 0, 1});
    CHECK(ids_of(with.encode("a<x>a a<x>")) == std::vector<int>{0, 1, 2, 0, 1, 0, 1, 2});
    CHECK(ids_of(with.encode("")).empty());

    const auto without = support::make_tokenizer(support::vocabulary_metadata(tokens)
                                                     .i32("tokenizer.ggml.bos_token_id", -1)
                                                     .boolean("tokenizer.ggml.add_space_prefix", false)
                                                     .file());
    REQUIRE(without);
    CHECK(ids_of(without->encode("a")) == std::vector<int>{1});
    CHECK(ids_of(without->encode("a<x>a a")) == std::vector<int>{1, 2, 1, 0, 1});
}

TEST_CASE("text never becomes a control, unknown or byte token by its spelling") {
    auto tokens = byte_tokens();
    for (const char * text : {"<", "/", "s", ">", "</", "s>", "0x", "41", "<0x", "41>", "4", "1", "x", "0"}) {
        tokens.push_back({text, 0, token_kind::normal});
    }
    tokens.push_back({"</s>", 10, token_kind::control});
    tokens.push_back({"<0x", 10, token_kind::unknown});
    tokens.pop_back(); // "<0x" is there already
    tokens.push_back({"/s", 10, token_kind::unknown});
    const tokenizer made = spm_of(tokens);
    for (const char * text : {"</s>", "<0x41>", "/s"}) {
        for (const int id : ids_of(made.encode(text))) {
            const token_kind kind = made.vocab().kind(id);
            // The space before the text is bytes here.
            CHECK((kind == token_kind::normal || (kind == token_kind::byte && id >= 0x80)));
        }
    }
    CHECK(made.decode(ids_of(made.encode("</s>", {.parse_special = true})).back()).empty());
}

TEST_CASE("a character without a token becomes its bytes") {
    auto tokens = byte_tokens();
    tokens.push_back({spm_space, 0, token_kind::normal});
    tokens.push_back({"\xc3\xa9", 0, token_kind::normal});
    const tokenizer made = spm_of(tokens);
    CHECK(ids_of(made.encode("\xc3\xa9\xc3\xa8z")) == std::vector<int>{256, 257, 0xc3, 0xa8, 'z'});
    // Invalid bytes, too, each by itself: what follows them is not touched.
    CHECK(ids_of(made.encode("\xc3 \xff\xc3\xa9\xe2\x96")) == std::vector<int>{256, 0xc3, 256, 0xff, 257, 0xe2, 0x96});
    CHECK(ids_of(made.encode(std::string_view("\0", 1))) == std::vector<int>{256, 0});
}

TEST_CASE("without byte tokens a run of unknown characters is one unknown token") {
    const std::vector<vocab_token> tokens = {{"<unk>", 0, token_kind::unknown},
                                             {"a", 0, token_kind::normal},
                                             {spm_space, 0, token_kind::normal},
                                             {"<0xC3>", 0, token_kind::byte},
                                             {"<0x7A>", 0, token_kind::byte}};
    const tokenizer made = spm_of(tokens, 0);
    CHECK(ids_of(made.encode("b")) == std::vector<int>{2, 0});
    CHECK(ids_of(made.encode("bcd a b\xff")) == std::vector<int>{2, 0, 2, 1, 2, 0});
    CHECK(ids_of(made.encode("bb bb")) == std::vector<int>{2, 0, 2, 0});
    // Some of the bytes of a character are not enough; an unknown after a byte token is a new one.
    CHECK(ids_of(made.encode("\xc3\xa9z\xc3\xa9")) == std::vector<int>{2, 0, 4, 0});
}

TEST_CASE("without any token for a character, encoding is an error that names the byte") {
    const tokenizer made = spm_of({{"a", 0, token_kind::normal}, {spm_space, 0, token_kind::normal}});
    CHECK(ids_of(made.encode("a a")) == std::vector<int>{1, 0, 1, 0});
    const auto refused = made.encode("a\xc3\xa9");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == llmzero::error_code::unsupported);
    CHECK(std::string(refused.error().message()).find("0xC3") != std::string::npos);
}

TEST_CASE("tokens are decoded by their kind") {
    const tokenizer made = spm_of({{spm_space + "a" + spm_space, 0, token_kind::normal},
                                   {"<0xE2>", 0, token_kind::byte},
                                   {spm_space + "b", 0, token_kind::user_defined},
                                   {"</s>", 0, token_kind::control},
                                   {"<unk>", 0, token_kind::unknown},
                                   {"[PAD]", 0, token_kind::unused},
                                   {"\xe2\x96", 0, token_kind::normal},
                                   {"", 0, token_kind::normal}});
    CHECK(made.decode(0) == " a ");
    CHECK(made.decode(1) == "\xe2");
    CHECK(made.decode(2) == spm_space + "b");
    for (const token_id id : {3, 4, 5, 7}) {
        CHECK(made.decode(id).empty());
    }
    CHECK(made.decode(6) == "\xe2\x96");
}

TEST_CASE("any bytes are encoded, and decoded to the same bytes") {
    auto tokens = byte_tokens();
    tokens.push_back({spm_space, -1, token_kind::normal});
    tokens.push_back({"\xc3\xa9", -2, token_kind::normal});
    tokens.push_back({spm_space + "a", -3, token_kind::normal});
    tokens.push_back({"aa", -4, token_kind::normal});
    tokens.push_back({spm_space + spm_space, -2, token_kind::normal});
    const tokenizer made = spm_of(tokens);
    random_generator random(3);
    const std::string_view likely = "a\xc3\xa9 \xe2\x96\x81\xf0\x9f";
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        for (std::uint32_t n = random.next() % 40; n > 0; --n) {
            const std::uint32_t draw = random.next();
            text += draw % 2 == 0 ? static_cast<char>(draw >> 8) : likely[(draw >> 8) % likely.size()];
        }
        const std::string back = decoded(made, ids_of(made.encode(text)));
        for (std::size_t at = 0; (at = text.find(spm_space, at)) != std::string::npos;) {
            text.replace(at, spm_space.size(), " "); // the one text that does not come back
        }
        CHECK(back == (text.empty() ? "" : " " + text));
    }
}

TEST_CASE("a megabyte without a word border is encoded in n log n") {
    const std::vector<vocab_token> tokens = {{"a", -1, token_kind::normal},
                                             {"aa", -2, token_kind::normal},
                                             {"aaaa", -3, token_kind::normal},
                                             {spm_space, -4, token_kind::normal},
                                             {spm_space + spm_space, -5, token_kind::normal}};
    const tokenizer made = spm_of(tokens);
    constexpr std::size_t n = 1'000'000;
    const auto letters = made.encode(std::string(n, 'a'));
    REQUIRE(letters);
    REQUIRE(letters->size() == 1 + n / 4);
    CHECK(std::count(letters->begin(), letters->end(), 2) == n / 4);
    const auto spaces = made.encode(std::string(n - 1, ' '));
    REQUIRE(spaces);
    CHECK(std::count(spaces->begin(), spaces->end(), 4) == n / 2);
}

TEST_CASE("running out of memory while a text is encoded") {
    auto tokens = byte_tokens();
    tokens.push_back({spm_space, -1, token_kind::normal});
    tokens.push_back({"ab", -3, token_kind::normal});
    tokens.push_back({"<x>", 0, token_kind::user_defined});
    const tokenizer made = spm_of(tokens);
    std::string text;
    for (int i = 0; i < 100; ++i) {
        text += "abc<x>abababababababababababababababababababab \xff ";
    }
    const auto survived = support::survive_allocation_failures([&]() -> llmzero::status {
        LLMZERO_ASSIGN(const auto encoded, made.encode(text));
        return encoded.size() > 1000 ? llmzero::success()
                                     : llmzero::error(llmzero::error_code::malformed, "too few tokens");
    });
    CHECK(survived > 2 * 20);
}
