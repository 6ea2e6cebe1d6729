#include <llmzero/generation/random.hpp>
#include <llmzero/tokenizer/tokenizer.hpp>
#include <llmzero/tokenizer/unigram.hpp>

#include "support/charsmap_builder.hpp"
#include "support/conformance.hpp"
#include "support/failing_allocator.hpp"
#include "support/json.hpp"
#include "support/read_file.hpp"
#include "support/tokenizer_checks.hpp"
#include "support/vocab_builder.hpp"
#include "support/vocab_cases.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <limits>
#include <map>
#include <string>
#include <vector>

using llmzero::token_kind;
using llmzero::tokenizer;
using support::ids_of;
using support::vocab_token;

namespace {

const std::string unigram_space = "\xe2\x96\x81";

struct unigram_settings {
    int unknown = -1;
    bool space_prefix = true;
    bool merges_spaces = true;
    std::map<std::string, std::string> replacements = {};
};

support::metadata_builder unigram_metadata(const std::vector<vocab_token> & tokens, const unigram_settings & settings) {
    auto made = support::vocabulary_metadata(tokens, "t5");
    made.i32("tokenizer.ggml.eos_token_id", -1)
        .i32("tokenizer.ggml.unknown_token_id", settings.unknown)
        .boolean("tokenizer.ggml.add_space_prefix", settings.space_prefix)
        .boolean("tokenizer.ggml.remove_extra_whitespaces", settings.merges_spaces);
    if (!settings.replacements.empty()) {
        made.numbers(llmzero::charsmap::key, 0, support::as_u8(support::charsmap_of(settings.replacements)));
    }
    return made;
}

tokenizer unigram_of(const std::vector<vocab_token> & tokens, const unigram_settings & settings = {}) {
    auto made = support::make_tokenizer(unigram_metadata(tokens, settings).file());
    REQUIRE_MESSAGE(made, made.error().message());
    return std::move(*made);
}

// Every byte is a token: shows what a text is normalised to. An underline stands for U+2581.
std::string normalised(const std::string & text, const unigram_settings & settings, bool continues = false) {
    std::vector<vocab_token> tokens = {{unigram_space, -1}};
    for (int c = 1; c < 128; ++c) {
        tokens.push_back({std::string(1, static_cast<char>(c)), -1});
    }
    tokens.push_back({"\xef\xbf\xbd", -1});
    const tokenizer made = unigram_of(tokens, settings);
    std::string found;
    for (const int id : ids_of(made.encode(text, {.continues = continues}))) {
        found += id == 0 ? "_" : id == 128 ? "?" : tokens[static_cast<std::size_t>(id)].text;
    }
    return found;
}

// The best sum of scores over all ways to cut a text of known characters, by trying every one.
double best_score(const std::map<std::string, float> & scores, const std::string & text) {
    std::vector<double> best(text.size() + 1, -std::numeric_limits<double>::infinity());
    best[0] = 0;
    for (std::size_t end = 1; end <= text.size(); ++end) {
        for (std::size_t begin = 0; begin < end; ++begin) {
            if (const auto found = scores.find(text.substr(begin, end - begin)); found != scores.end()) {
                best[end] = std::max(best[end], best[begin] + static_cast<double>(found->second));
            }
        }
    }
    return best[text.size()];
}

} // namespace

TEST_CASE("spaces are merged, trimmed and prefixed as the vocabulary says") {
    const unigram_settings both;
    CHECK(normalised("a", both) == "_a");
    CHECK(normalised("  a  b ", both) == "_a_b");
    CHECK(normalised("   ", both).empty());
    CHECK(normalised("", both).empty());
    const unigram_settings merges{.space_prefix = false};
    CHECK(normalised("  a  b ", merges) == "a_b");
    const unigram_settings prefix{.merges_spaces = false};
    CHECK(normalised("a", prefix) == "_a");
    CHECK(normalised(" a  b ", prefix) == "__a__b_");
    const unigram_settings neither{.space_prefix = false, .merges_spaces = false};
    CHECK(normalised(" a  b ", neither) == "_a__b_");
    CHECK(normalised("a", neither) == "a");
    CHECK(normalised(unigram_space + "a b", both) == "__a_b"); // one from the text, which is no space there
}

TEST_CASE("text behind other text gets no space of its own") {
    CHECK(normalised("a b", {}, true) == "a_b");
    CHECK(normalised("  a", {}, true) == "_a");
    CHECK(normalised(" a", {.merges_spaces = false}, true) == "_a");
}

TEST_CASE("the charsmap is applied, spaces that it makes are spaces, invalid bytes are replaced one by one") {
    const unigram_settings with{.replacements = {{"\t", " "}, {"A", "a"}, {"AB", "x y"}, {"\x7f", ""}, {"\xc3", "c"}}};
    CHECK(normalised("\ta\t\tA\t", with) == "_a_a");
    CHECK(normalised("ABAB", with) == "_x_yx_y");
    CHECK(normalised("a\x7f", with) == "_a");
    CHECK(normalised("\x7f", with).empty());
    CHECK(normalised("a\xff\xfe", with) == "_a??");
    CHECK(normalised("\xe2\x96", with) == "_??");
    CHECK(normalised("\xc3\xa9", with) == "_c?"); // keys are bytes
}

TEST_CASE("random texts with random vocabularies are cut with the best score there is") {
    llmzero::random_generator random(13);
    for (int round = 0; round < 300; ++round) {
        // With spaces inside tokens in every other round: then the text cannot be taken word by word.
        std::vector<vocab_token> tokens = {{unigram_space, -5}, {"a", -4}, {"b", -6}};
        std::map<std::string, float> scores = {{"_", -5}, {"a", -4}, {"b", -6}};
        for (std::uint32_t n = random.next() % 20; n > 0; --n) {
            std::string key;
            for (std::uint32_t i = 2 + random.next() % 4; i > 0; --i) {
                key += round % 2 == 0 || key.empty() ? "ab_"[random.next() % 3] : "ab"[random.next() % 2];
            }
            if (scores.count(key) != 0) {
                continue;
            }
            const float score = -static_cast<float>(random.next() % 4096) / 256;
            std::string text;
            for (const char c : key) {
                text += c == '_' ? unigram_space : std::string(1, c);
            }
            tokens.push_back({text, score});
            scores[key] = score;
        }
        const tokenizer made = unigram_of(tokens);
        for (int i = 0; i < 20; ++i) {
            std::string text = "a";
            std::string normal = "_a";
            for (std::uint32_t n = random.next() % 30; n > 0; --n) {
                const char c = "ab "[random.next() % 3];
                if (c != ' ' || text.back() != ' ') {
                    text += c;
                    normal += c == ' ' ? '_' : c;
                }
            }
            if (normal.back() == '_') {
                normal.pop_back();
            }
            CAPTURE(text);
            double score = 0;
            std::string covered;
            for (const int id : ids_of(made.encode(text))) {
                score += static_cast<double>(tokens[static_cast<std::size_t>(id)].score);
                covered += made.decode(id);
            }
            CHECK(score == best_score(scores, normal)); // exact: the scores are multiples of 1/256
            std::replace(covered.begin(), covered.end(), ' ', '_');
            CHECK(covered == normal);
        }
    }
}

TEST_CASE("of equal ways the one with the longest last token is taken") {
    const tokenizer two = unigram_of({{"a", -1}, {"aa", -1}}, {.space_prefix = false});
    CHECK(ids_of(two.encode("aaa")) == std::vector<int>{0, 1});
    CHECK(ids_of(two.encode("aaaaa")) == std::vector<int>{0, 1, 1});
    const tokenizer three = unigram_of({{"a", -1}, {"aa", -1}, {"aaa", -2}}, {.space_prefix = false});
    CHECK(ids_of(three.encode("aaa")) == std::vector<int>{2});
}

TEST_CASE("a character without a token is unknown, a run of them one unknown token") {
    const std::vector<vocab_token> tokens = {
        {"<unk>", 0, token_kind::unknown}, {unigram_space, -1}, {"a", -2}, {"ab", -9}};
    const tokenizer made = unigram_of(tokens, {.unknown = 0});
    CHECK(ids_of(made.encode("axyza")) == std::vector<int>{1, 2, 0, 2});
    CHECK(ids_of(made.encode("\xe4\xb8\xad\xe6\x96\x87")) == std::vector<int>{1, 0});
    CHECK(ids_of(made.encode("x y")) == std::vector<int>{1, 0, 1, 0});
    CHECK(ids_of(made.encode("xab")) == std::vector<int>{1, 0, 3}); // worth more than a and an unknown b
    CHECK(ids_of(made.encode("b")) == std::vector<int>{1, 0});

    // Without a space in the vocabulary the runs of two words meet.
    const tokenizer no_space = unigram_of({{"<unk>", 0, token_kind::unknown}, {"a", -2}}, {.unknown = 0});
    CHECK(ids_of(no_space.encode("x y a")) == std::vector<int>{0, 1});

    const auto refused = unigram_of(tokens).encode("x");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == llmzero::error_code::unsupported);
}

TEST_CASE("a character without a token costs the lowest score of a normal token less 10") {
    const auto encoded = [](float ab) {
        return ids_of(
            unigram_of(
                {{"<unk>", -90, token_kind::unknown}, {"a", 20}, {"z", -9}, {"ab", ab}, {"y", -50, token_kind::unused}},
                {.unknown = 0, .space_prefix = false})
                .encode("ab"));
    };
    CHECK(encoded(0.5f) == std::vector<int>{1, 0}); // 20 - 9 - 10 = 1
    CHECK(encoded(1.5f) == std::vector<int>{3});
}

TEST_CASE("a character without a token becomes its bytes where the vocabulary has them") {
    const tokenizer made = unigram_of({{"<unk>", 0, token_kind::unknown},
                                       {unigram_space, -1},
                                       {"<0xC3>", 0, token_kind::byte},
                                       {"<0xA9>", 0, token_kind::byte}},
                                      {.unknown = 0});
    CHECK(ids_of(made.encode("\xc3\xa9\xc3\xaa")) == std::vector<int>{1, 2, 3, 0});
}

TEST_CASE("only text takes part, unused tokens too, and a user-defined token scores nothing") {
    const tokenizer made = unigram_of({{"a", -1},
                                       {"aa", -90, token_kind::user_defined},
                                       {"b", -1},
                                       {"bb", -1, token_kind::control},
                                       {"cc", -1, token_kind::unused},
                                       {"c", -1}},
                                      {.space_prefix = false, .replacements = {{"A", "a"}}});
    CHECK(ids_of(made.encode("bb")) == std::vector<int>{2, 2});
    CHECK(ids_of(made.encode("cc")) == std::vector<int>{4});
    CHECK(ids_of(made.encode("AA")) == std::vector<int>{1}); // only after it was normalised
}

TEST_CASE("scores are summed beyond the precision and the range of a float") {
    const tokenizer huge =
        unigram_of({{"a", -3e38f}, {"b", -2}, {"bc", -3}, {"c", -1.0000001f}}, {.space_prefix = false});
    CHECK(ids_of(huge.encode(std::string(4, 'a') + "bc")) == std::vector<int>{0, 0, 0, 0, 2});
    const tokenizer near =
        unigram_of({{"a", -1e6f}, {"b", -1}, {"bc", -2.25f}, {"c", -1.125f}}, {.space_prefix = false});
    CHECK(ids_of(near.encode("aaabc")) == std::vector<int>{0, 0, 0, 1, 3});
}

TEST_CASE("any bytes are encoded, and replacements and tokens may be any bytes") {
    const tokenizer made = unigram_of({{"<unk>", 0, token_kind::unknown},
                                       {unigram_space, -1},
                                       {"\xe2", -2},
                                       {"\x96\x81", -2},
                                       {unigram_space + "\xc3", -3},
                                       {"\xa9", -4}},
                                      {.unknown = 0, .replacements = {{"a", "\xe2\x96"}, {"b", "\x81\xc3"}}});
    llmzero::random_generator random(17);
    const std::string_view likely = "ab\xc3\xa9 \xe2\x96\x81\xf0\x9f";
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        for (std::uint32_t n = random.next() % 40; n > 0; --n) {
            const std::uint32_t draw = random.next();
            text += draw % 4 == 0 ? static_cast<char>(draw >> 8) : likely[(draw >> 8) % likely.size()];
        }
        CHECK(made.encode(text));
    }
}

TEST_CASE("a megabyte is encoded in linear time, words and one character alike") {
    const tokenizer made = unigram_of({{unigram_space, -4}, {"a", -1}, {"aa", -1.5f}, {unigram_space + "a", -2}});
    constexpr std::size_t n = 1'000'000;
    const auto letters = made.encode(std::string(n, 'a'));
    REQUIRE(letters);
    CHECK(letters->size() == 1 + n / 2);
    std::string text;
    for (std::size_t i = 0; i < n / 2; ++i) {
        text += "a ";
    }
    const auto words = made.encode(text);
    REQUIRE(words);
    CHECK(std::count(words->begin(), words->end(), 3) == n / 2);
    const auto spaces = made.encode(std::string(n, ' '));
    REQUIRE(spaces);
    CHECK(spaces->empty());
}

TEST_CASE("memory is known, and running out of it while a text is encoded is an error") {
    const auto file = unigram_metadata({{"<unk>", 0, token_kind::unknown}, {unigram_space, -1}, {"a", -2}},
                                       {.unknown = 0, .replacements = {{"A", "a"}}})
                          .file();
    const auto made = support::make_tokenizer(file);
    REQUIRE(made);
    CHECK(made->memory_bytes() > made->vocab().memory_bytes() + 3000); // the trie
    const std::string text(500, 'A');
    const auto survived = support::survive_allocation_failures([&]() -> llmzero::status {
        LLMZERO_ASSIGN(const auto encoded, made->encode(text));
        return encoded.size() == 501 ? llmzero::success()
                                     : llmzero::error(llmzero::error_code::malformed, "another number of tokens");
    });
    CHECK(survived > 2 * 5);
}

TEST_CASE("settings of the wrong type are refused") {
    const auto wrong = support::make_tokenizer(
        support::vocabulary_metadata({{"a", -1}}, "t5").u32("tokenizer.ggml.remove_extra_whitespaces", 1).file());
    REQUIRE_FALSE(wrong);
    CHECK(std::string(wrong.error().message()).find("remove_extra_whitespaces") != std::string::npos);
    const auto no_scores = support::make_tokenizer(support::metadata_builder()
                                                       .string("tokenizer.ggml.model", "t5")
                                                       .strings("tokenizer.ggml.tokens", {"a"})
                                                       .file());
    REQUIRE_FALSE(no_scores);
    CHECK(std::string(no_scores.error().message()).find("scores") != std::string::npos);
}

TEST_CASE("conformance: every text of the Unigram vocabulary") {
    const std::string folder = support::conformance_dir("texts of the Unigram vocabulary");
    if (folder.empty()) {
        return;
    }
    const auto expected = support::read_vocab_cases(folder, "t5");
    REQUIRE(expected.cases.size() == 308);
    const auto made = support::make_tokenizer(support::read_file(folder + "/" + expected.model));
    REQUIRE_MESSAGE(made, made.error().message());
    CHECK(made->vocab().add_bos() == expected.add_bos);
    CHECK(made->vocab().add_eos() == expected.add_eos);
    CHECK(made->vocab().eos() == expected.eos);
    CHECK(support::digest(*made, true) == expected.digest_special);
    CHECK(support::digest(*made, false) == expected.digest_plain);
    for (const support::vocab_case & c : expected.cases) {
        CAPTURE(c.text);
        const auto plain = ids_of(made->encode(c.text, {.add_special = false}));
        CHECK(plain == c.ids_plain);
        CHECK(ids_of(made->encode(c.text, {.add_special = true, .parse_special = true})) == c.ids_special);
        // There the unknown token is spelled out.
        std::string decoded;
        for (const int id : plain) {
            decoded += id == made->vocab().unknown() ? made->vocab().text(id) : made->decode(id);
        }
        CHECK(decoded == (plain.empty() ? "" : " " + c.decoded));
    }
}

TEST_CASE("conformance: files with a bad charsmap are refused, odd ones are read") {
    const std::string folder = support::conformance_dir("files with a bad charsmap");
    if (folder.empty()) {
        return;
    }
    const support::json index = support::read_json(folder + "/bad/INDEX.json");
    REQUIRE(index.is_array());
    int refused = 0;
    int accepted = 0;
    for (const support::json & entry : index) {
        const std::string file = entry["file"].get<std::string>();
        const std::string must = entry["must"].get<std::string>();
        if (file.find("charsmap") == std::string::npos && file != "ok-t5.gguf") {
            continue;
        }
        CAPTURE(file);
        const auto made = support::make_tokenizer(support::read_file(folder + "/bad/" + file));
        if (must == "reject") {
            REQUIRE_FALSE(made);
            const std::string message = made.error().message();
            CHECK(made.error().code() == llmzero::error_code::malformed);
            CHECK(message.find("precompiled_charsmap") != std::string::npos);
            CHECK(message.find("(at offset ") != std::string::npos);
            ++refused;
        } else if (must == "accept") {
            REQUIRE_MESSAGE(made, made.error().message());
            CHECK(ids_of(made->encode(entry["text"].get<std::string>())) == entry["ids"].get<std::vector<int>>());
            ++accepted;
        } else {
            CHECK((!made || made->encode("ab a A")));
        }
    }
    CHECK(refused == 9);
    CHECK(accepted == 3);
}
