#include <llmzero/generation/random.hpp>
#include <llmzero/tokenizer/detokenizer.hpp>

#include "support/conformance.hpp"
#include "support/failing_allocator.hpp"
#include "support/read_file.hpp"
#include "support/vocab_builder.hpp"
#include "support/vocab_cases.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>
#include <utility>
#include <vector>

using llmzero::detokenizer;
using llmzero::token_id;
using llmzero::token_kind;
using llmzero::tokenizer;

namespace {

// A vocabulary with the given texts as tokens, which are decoded to themselves.
tokenizer tokenizer_of(const std::vector<std::string> & texts) {
    std::vector<support::vocab_token> tokens;
    for (const std::string & text : texts) {
        tokens.push_back({text, 0, token_kind::user_defined});
    }
    auto made = support::make_tokenizer(support::vocabulary_metadata(tokens).file());
    REQUIRE_MESSAGE(made, made.error().message());
    return std::move(*made);
}

// What each push gives, then what finish() gives, with '|' between them.
std::string pushed(const tokenizer & text, const std::vector<int> & ids, llmzero::detokenizer_options options = {}) {
    auto made = detokenizer::create(text, options);
    REQUIRE(made);
    std::string all;
    for (const int id : ids) {
        all += made->push(id);
        all += '|';
    }
    all += made->finish();
    return all;
}

std::string without_bars(std::string text) {
    std::string kept;
    for (const char c : text) {
        kept += c == '|' ? "" : std::string(1, c);
    }
    return kept;
}

// The bytes as UTF-8 with U+FFFD for each maximal subpart of an error: a sequence is extended byte by byte for as
// long as some character begins with it.
std::string repaired(const std::string & bytes) {
    static const std::vector<std::pair<std::string, std::string>> ranges = {
        // table 3-7 of Unicode 15: the lowest and the highest sequence of each row
        {std::string(1, 0), "\x7f"},
        {"\xc2\x80", "\xdf\xbf"},
        {"\xe0\xa0\x80", "\xe0\xbf\xbf"},
        {"\xe1\x80\x80", "\xec\xbf\xbf"},
        {"\xed\x80\x80", "\xed\x9f\xbf"},
        {"\xee\x80\x80", "\xef\xbf\xbf"},
        {"\xf0\x90\x80\x80", "\xf0\xbf\xbf\xbf"},
        {"\xf1\x80\x80\x80", "\xf3\xbf\xbf\xbf"},
        {"\xf4\x80\x80\x80", "\xf4\x8f\xbf\xbf"},
    };
    const auto in_range = [](const std::string & sequence, const auto & range) {
        if (sequence.size() > range.first.size()) {
            return false;
        }
        for (std::size_t i = 0; i < sequence.size(); ++i) {
            const auto byte = static_cast<unsigned char>(sequence[i]);
            if (byte < static_cast<unsigned char>(range.first[i]) ||
                byte > static_cast<unsigned char>(range.second[i])) {
                return false;
            }
        }
        return true;
    };
    std::string text;
    for (std::size_t i = 0; i < bytes.size();) {
        std::size_t longest = 0;
        bool is_whole = false;
        for (const auto & range : ranges) {
            for (std::size_t n = 1; n <= range.first.size() && i + n <= bytes.size(); ++n) {
                if (in_range(bytes.substr(i, n), range) && n > longest) {
                    longest = n;
                    is_whole = n == range.first.size();
                }
            }
        }
        text += is_whole ? bytes.substr(i, longest) : "\xef\xbf\xbd";
        i += longest == 0 ? 1 : longest;
    }
    return text;
}

} // namespace

TEST_CASE("a character that is spread over tokens comes out when it is whole") {
    const tokenizer text =
        tokenizer_of({"a", "\xf0", "\x9f", "\x98", "\x80", "\xf0\x9f", "\x98\x80", "\x98\x80z\xc3", "\xa9"});
    CHECK(pushed(text, {1, 2, 3, 4}) == "|||\xf0\x9f\x98\x80|");
    CHECK(pushed(text, {0, 5, 6, 0}) == "a||\xf0\x9f\x98\x80|a|");
    CHECK(pushed(text, {5, 7, 8}) == "|\xf0\x9f\x98\x80z|\xc3\xa9|");
}

TEST_CASE("bytes that cannot become a character are replaced") {
    const tokenizer text = tokenizer_of({"a", "\xf0\x9f", "\x98", "\xff", "\xc3", "\x80", "\xe2\x96", "\xc3\xc3\xc3"});
    const std::string bad = "\xef\xbf\xbd";
    CHECK(pushed(text, {1, 0}) == "|" + bad + "a|");              // cut by an ASCII letter
    CHECK(pushed(text, {1, 2, 1, 2}) == "||" + bad + "||" + bad); // by another start; at the end
    CHECK(pushed(text, {3, 3}) == bad + "|" + bad + "|");
    CHECK(pushed(text, {5, 5}) == bad + "|" + bad + "|");
    CHECK(pushed(text, {4, 4, 4}) == "|" + bad + "|" + bad + "|" + bad);
    CHECK(pushed(text, {6, 7}) == "|" + bad + bad + bad + "|" + bad);
    CHECK(pushed(text, {4}) == "|" + bad);
}

TEST_CASE("the one space before a text is dropped, at its start and when asked") {
    const std::string space = "\xe2\x96\x81";
    const std::vector<support::vocab_token> tokens = {
        {"<unk>", 0, token_kind::unknown}, {"<s>", 0, token_kind::control},        {space + "a", 0, token_kind::normal},
        {"b", 0, token_kind::normal},      {space + space, 0, token_kind::normal}, {"<0x20>", 0, token_kind::byte}};
    const auto metadata = support::vocabulary_metadata(tokens);
    const auto text = support::make_tokenizer(metadata.file());
    REQUIRE(text);
    CHECK(pushed(*text, {2, 2}) == "a| a|");
    CHECK(pushed(*text, {1, 2, 2}) == "|a| a|"); // a control token is not the start of the text
    CHECK(pushed(*text, {4, 2}) == " | a|");
    CHECK(pushed(*text, {5, 2}) == "| a|");
    CHECK(pushed(*text, {3, 2}) == "b| a|");
    CHECK(pushed(*text, {2, 2}, {.strip_leading_space = false}) == " a| a|");

    const auto no_prefix = support::make_tokenizer(
        support::metadata_builder(metadata).boolean("tokenizer.ggml.add_space_prefix", false).file());
    REQUIRE(no_prefix);
    CHECK(pushed(*no_prefix, {2, 2}) == " a| a|");
}

TEST_CASE("after finish and reset a detokenizer starts again") {
    const auto text = support::make_tokenizer(support::vocabulary_metadata({{"\xe2\x96\x81"
                                                                             "a",
                                                                             0, token_kind::normal},
                                                                            {"<0xC3>", 0, token_kind::byte}})
                                                  .file());
    REQUIRE(text);
    auto made = detokenizer::create(*text);
    REQUIRE(made);
    CHECK(made->finish().empty());
    CHECK(made->push(0) == "a");
    CHECK(made->push(0) == " a");
    CHECK(made->push(1).empty());
    CHECK(made->finish() == llmzero::utf8_replacement);
    CHECK(made->finish().empty());
    CHECK(made->push(0) == "a");
    CHECK(made->push(1).empty());
    made->reset();
    CHECK(made->push(0) == "a");
    CHECK(made->push(-1).empty());
    CHECK(made->push(2).empty());
}

TEST_CASE("random bytes in random tokens come out as the whole would") {
    llmzero::random_generator random(9);
    const std::string_view likely = "\xf0\x9f\x98\x80\xe2\x96\x81\xc3\xa9\xed\xf4 a";
    for (int round = 0; round < 400; ++round) {
        std::vector<std::string> texts;
        for (std::size_t t = 0; t < 12; ++t) {
            std::string text(1, static_cast<char>('A' + t)); // keeps the texts apart, and is cut off again
            for (std::uint32_t n = random.next() % 6; n > 0; --n) {
                const std::uint32_t draw = random.next();
                text += draw % 8 == 0 ? static_cast<char>(draw >> 8) : likely[(draw >> 8) % likely.size()];
            }
            std::replace(text.begin(), text.end(), '|', '/');
            texts.push_back(t < 6 ? text.substr(1) : text);
        }
        std::vector<std::string> unique;
        for (const std::string & text : texts) {
            if (!text.empty() && std::find(unique.begin(), unique.end(), text) == unique.end()) {
                unique.push_back(text);
            }
        }
        const tokenizer text = tokenizer_of(unique);
        for (int i = 0; i < 20; ++i) {
            std::vector<int> ids;
            std::string bytes;
            for (std::uint32_t n = random.next() % 12; n > 0; --n) {
                ids.push_back(static_cast<int>(random.next() % unique.size()));
                bytes += unique[static_cast<std::size_t>(ids.back())];
            }
            const std::string streamed = pushed(text, ids, {.strip_leading_space = false});
            CHECK(without_bars(streamed) == repaired(bytes));
            // Each push by itself is whole characters, too.
            for (std::size_t from = 0, to = 0; from < streamed.size(); from = to + 1) {
                to = std::min(streamed.find('|', from), streamed.size());
                const std::string part = streamed.substr(from, to - from);
                CHECK(part == repaired(part));
            }
        }
    }
}

TEST_CASE("no token allocates, and a detokenizer that cannot be made says so") {
    const tokenizer text = tokenizer_of({"a", "\xc3\xc3\xc3\xc3\xc3", std::string(3000, '\xff')});
    auto made = detokenizer::create(text);
    REQUIRE(made);
    const auto before = support::allocation_count();
    std::size_t bytes = 0;
    for (int i = 0; i < 300; ++i) {
        bytes += made->push(i % 3).size();
    }
    CHECK(support::allocation_count() == before);
    CHECK(bytes == 100 * (1 + 5 * 3 + 3000 * 3));
    const auto survived = support::survive_allocation_failures([&]() -> llmzero::status {
        LLMZERO_ASSIGN(const detokenizer another, detokenizer::create(text));
        return llmzero::success();
    });
    CHECK(survived == 2);
}

TEST_CASE("conformance: the texts of the SPM vocabularies come back") {
    const std::string folder = support::conformance_dir("detokenised texts of the SPM vocabularies");
    if (folder.empty()) {
        return;
    }
    for (const char * name : {"tok512", "tok105", "ggml-vocab-llama-spm"}) {
        CAPTURE(name);
        const auto expected = support::read_vocab_cases(folder, name);
        REQUIRE(expected.cases.size() > 100);
        const auto text = support::make_tokenizer(support::read_file(folder + "/" + expected.model));
        REQUIRE(text);
        for (const support::vocab_case & c : expected.cases) {
            CAPTURE(c.text);
            CHECK(without_bars(pushed(*text, c.ids_plain)) == without_bars(repaired(c.decoded)));
        }
    }
}
