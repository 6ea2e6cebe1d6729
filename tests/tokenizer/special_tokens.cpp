#include <llmzero/generation/random.hpp>
#include <llmzero/tokenizer/special_tokens.hpp>

#include "support/failing_allocator.hpp"
#include "support/vocab_builder.hpp"

#include <doctest/doctest.h>
#include <string>
#include <utility>
#include <vector>

using llmzero::special_tokens;
using llmzero::token_id;
using llmzero::token_kind;
using llmzero::vocabulary;

namespace {

using fragment_list = std::vector<std::pair<std::string, int>>;

fragment_list split_with(const vocabulary & vocab, std::string_view text, bool parse_special) {
    const auto specials = special_tokens::create(vocab);
    REQUIRE(specials);
    const auto fragments = specials->split(vocab, text, parse_special);
    REQUIRE(fragments);
    fragment_list found;
    for (const llmzero::text_fragment & fragment : *fragments) {
        found.push_back({std::string(fragment.text), fragment.token});
    }
    return found;
}

vocabulary special_vocabulary(const std::vector<support::vocab_token> & tokens) {
    auto made = support::make_vocabulary(support::vocabulary_metadata(tokens).file());
    REQUIRE(made);
    return std::move(*made);
}

// What llama.cpp's rule says, without any cleverness: token by token, longest first.
fragment_list split_slowly(const std::vector<support::vocab_token> & tokens, const std::string & text,
                           bool parse_special) {
    fragment_list fragments;
    if (!text.empty()) {
        fragments.push_back({text, -1});
    }
    for (std::size_t bytes = 64; bytes > 0; --bytes) {
        fragment_list finer;
        for (const auto & [rest, token] : fragments) {
            std::string open;
            for (std::size_t i = 0; i < rest.size();) {
                int found = -1;
                for (std::size_t t = 0; token == -1 && t < tokens.size(); ++t) {
                    const token_kind kind = tokens[t].kind;
                    const bool counts = kind == token_kind::user_defined ||
                                        (parse_special && (kind == token_kind::control || kind == token_kind::unknown));
                    if (counts && tokens[t].text.size() == bytes && rest.compare(i, bytes, tokens[t].text) == 0) {
                        found = static_cast<int>(t);
                    }
                }
                if (found == -1) {
                    open += rest[i++];
                    continue;
                }
                if (!open.empty()) {
                    finer.push_back({open, -1});
                }
                open.clear();
                finer.push_back({tokens[static_cast<std::size_t>(found)].text, found});
                i += bytes;
            }
            if (!open.empty()) {
                finer.push_back({open, token});
            }
        }
        fragments.swap(finer);
    }
    return fragments;
}

} // namespace

TEST_CASE("user-defined tokens are always recognised, control and unknown ones when asked") {
    const vocabulary vocab = special_vocabulary({{"<unk>", 0, token_kind::unknown},
                                                 {"</s>", 0, token_kind::control},
                                                 {"<user>", 0, token_kind::user_defined},
                                                 {"plain", 0, token_kind::normal},
                                                 {"<0x41>", 0, token_kind::byte},
                                                 {"[PAD]", 0, token_kind::unused}});
    const std::string text = "a</s><user><unk>plain<0x41>[PAD]";
    CHECK(split_with(vocab, text, false) == fragment_list{{"a</s>", -1}, {"<user>", 2}, {"<unk>plain<0x41>[PAD]", -1}});
    CHECK(split_with(vocab, text, true) ==
          fragment_list{{"a", -1}, {"</s>", 1}, {"<user>", 2}, {"<unk>", 0}, {"plain<0x41>[PAD]", -1}});
    CHECK(split_with(vocab, "", true).empty());
    CHECK(split_with(vocab, "</s>", true) == fragment_list{{"</s>", 1}});
    CHECK(split_with(vocab, "</s", true) == fragment_list{{"</s", -1}});
    CHECK(split_with(vocab, "</s></s>", true) == fragment_list{{"</s>", 1}, {"</s>", 1}});
}

TEST_CASE("the longest special token wins wherever it stands, then the leftmost") {
    const vocabulary vocab = special_vocabulary({{"<<", 0, token_kind::user_defined},
                                                 {"<a>", 0, token_kind::user_defined},
                                                 {"a>b", 0, token_kind::user_defined},
                                                 {"<<<<", 0, token_kind::user_defined},
                                                 {"", 0, token_kind::control}});
    CHECK(split_with(vocab, "<a>b", false) == fragment_list{{"<a>", 1}, {"b", -1}});
    CHECK(split_with(vocab, "<<<<<<<", false) == fragment_list{{"<<<<", 3}, {"<<", 0}, {"<", -1}});
    CHECK(split_with(vocab, "<<a>b", false) == fragment_list{{"<", -1}, {"<a>", 1}, {"b", -1}});
}

TEST_CASE("random texts are split as by a simple search") {
    const std::vector<support::vocab_token> tokens = {
        {"ab", 0, token_kind::user_defined}, {"ba", 0, token_kind::control},      {"aab", 0, token_kind::unknown},
        {"bb", 0, token_kind::normal},       {"abba", 0, token_kind::control},    {"c", 0, token_kind::user_defined},
        {"cac", 0, token_kind::control},     {"bcb", 0, token_kind::user_defined}};
    const vocabulary vocab = special_vocabulary(tokens);
    llmzero::random_generator random(1);
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        for (std::uint32_t n = random.next() % 20; n > 0; --n) {
            text += static_cast<char>('a' + random.next() % 4);
        }
        CAPTURE(text);
        CHECK(split_with(vocab, text, true) == split_slowly(tokens, text, true));
        CHECK(split_with(vocab, text, false) == split_slowly(tokens, text, false));
    }
}

TEST_CASE("running out of memory while a text is cut at its special tokens") {
    const vocabulary vocab =
        special_vocabulary({{"<a>", 0, token_kind::user_defined}, {"<bc>", 0, token_kind::control}});
    const auto survived = support::survive_allocation_failures([&]() -> llmzero::status {
        LLMZERO_ASSIGN(const special_tokens specials, special_tokens::create(vocab));
        LLMZERO_ASSIGN(const auto fragments, specials.split(vocab, "x<a>y<bc>z", true));
        return fragments.size() == 5 ? llmzero::success()
                                     : llmzero::error(llmzero::error_code::malformed, "wrong fragments");
    });
    CHECK(survived >= 2 * 5);
}
