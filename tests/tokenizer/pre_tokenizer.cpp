#include <llmzero/generation/random.hpp>
#include <llmzero/tokenizer/pre_tokenizer.hpp>

#include "support/scale.hpp"
#include "support/tokenizer_checks.hpp"
#include "support/vocab_builder.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <doctest/doctest.h>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

using llmzero::character_kind;
using llmzero::kind_of;
using llmzero::word_pattern;

namespace {

constexpr word_pattern all_patterns[] = {word_pattern::gpt2, word_pattern::digits, word_pattern::triples,
                                         word_pattern::llama3, word_pattern::qwen2};

// The words of a text with '|' between them.
std::string words_of(word_pattern pattern, std::string_view text) {
    std::string found;
    while (!text.empty()) {
        const std::size_t bytes = llmzero::first_word_bytes(pattern, text);
        if (bytes < 1 || bytes > text.size()) {
            return "no word";
        }
        found += (found.empty() ? "" : "|") + std::string(text.substr(0, bytes));
        text.remove_prefix(bytes);
    }
    return found;
}

// The patterns as their definitions read: alternatives tried in order, each greedy, in several passes where a pattern
// has several, over code points in an array. For comparison with the scanners, which look at bytes once.
using code_points = std::vector<std::uint32_t>;
using cut = std::function<std::size_t(const code_points & text)>; // characters of the first word

bool is_kind(std::uint32_t c, int kinds) {
    return (kind_of(c) & kinds) != 0;
}

std::size_t run(const code_points & text, std::size_t from, const std::function<bool(std::uint32_t)> & belongs) {
    while (from < text.size() && belongs(text[from])) {
        ++from;
    }
    return from;
}

constexpr int mark = character_kind::punctuation | character_kind::sign | character_kind::other;

std::size_t contraction(const code_points & text, bool any_case) {
    for (const std::string_view end : {"s", "t", "re", "ve", "m", "ll", "d"}) {
        bool matches = text.size() > end.size() && text[0] == '\'';
        for (std::size_t i = 0; matches && i < end.size(); ++i) {
            const std::uint32_t c = static_cast<unsigned char>(end[i]);
            matches = text[i + 1] == c || (any_case && text[i + 1] == c - 'a' + 'A');
        }
        if (matches) {
            return 1 + end.size();
        }
    }
    return 0;
}

// \s+(?!\S)|\s+
std::size_t spaces(const code_points & text) {
    const std::size_t end = run(text, 0, [](std::uint32_t c) { return is_kind(c, character_kind::space); });
    return end < text.size() && end > 1 ? end - 1 : end;
}

std::size_t gpt2(const code_points & text) {
    if (const std::size_t n = contraction(text, false)) {
        return n;
    }
    const std::size_t lead = text[0] == ' ' ? 1 : 0;
    for (const int kinds : {character_kind::letter + 0, character_kind::number + 0, mark}) {
        const std::size_t end = run(text, lead, [&](std::uint32_t c) { return is_kind(c, kinds); });
        if (end > lead) {
            return end;
        }
    }
    return spaces(text);
}

std::size_t llama3(const code_points & text, std::size_t most_digits) {
    const auto is_letter = [](std::uint32_t c) {
        return is_kind(c, character_kind::letter);
    };
    const auto is_line_end = [](std::uint32_t c) {
        return c == '\r' || c == '\n';
    };
    if (const std::size_t n = contraction(text, true)) {
        return n;
    }
    const std::size_t lead =
        !is_line_end(text[0]) && !is_kind(text[0], character_kind::letter + character_kind::number);
    if (const std::size_t end = run(text, lead, is_letter); end > lead) {
        return end;
    }
    if (const std::size_t end = run(text, 0, [](std::uint32_t c) { return is_kind(c, character_kind::number); })) {
        return std::min(end, most_digits);
    }
    const std::size_t space = text[0] == ' ' ? 1 : 0;
    if (const std::size_t end = run(text, space, [](std::uint32_t c) { return is_kind(c, mark); }); end > space) {
        return run(text, end, is_line_end);
    }
    for (std::size_t end = run(text, 0, [](std::uint32_t c) { return is_kind(c, character_kind::space); }); end > 0;
         --end) {
        if (is_line_end(text[end - 1])) {
            return end;
        }
    }
    return spaces(text);
}

// Cuts each piece again.
std::vector<code_points> cut_all(const std::vector<code_points> & pieces, const cut & first) {
    std::vector<code_points> finer;
    for (code_points piece : pieces) {
        while (!piece.empty()) {
            const auto end = piece.begin() + static_cast<std::ptrdiff_t>(first(piece));
            finer.emplace_back(piece.begin(), end);
            piece.erase(piece.begin(), end);
        }
    }
    return finer;
}

// Cuts out what `match` matches (its characters from a place on; 0: none) and leaves what is between it.
cut cut_out(const std::function<std::size_t(const code_points & text, std::size_t from)> & match) {
    return [match](const code_points & text) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (const std::size_t n = match(text, i)) {
                return i == 0 ? n : i;
            }
        }
        return text.size();
    };
}

std::size_t three_digits(const code_points & text, std::size_t from) {
    return run(text, from, [](std::uint32_t c) { return c >= '0' && c <= '9'; }) - from >= 3 ? 3 : 0;
}

std::string words_slowly(word_pattern pattern, const code_points & text) {
    const auto number = [](const code_points & t, std::size_t from) -> std::size_t {
        return is_kind(t[from], character_kind::number) ? 1 : 0;
    };
    const auto run_of = [](int kinds) {
        return [kinds](const code_points & t, std::size_t from) {
            return run(t, from, [&](std::uint32_t c) { return is_kind(c, kinds); }) - from;
        };
    };
    std::vector<cut> passes;
    switch (pattern) {
    case word_pattern::gpt2: passes = {gpt2}; break;
    case word_pattern::digits: passes = {cut_out(number), gpt2}; break;
    case word_pattern::triples:
        passes = {cut_out(run_of(character_kind::punctuation + character_kind::sign)), gpt2,
                  cut_out(run_of(character_kind::number)), cut_out(three_digits)};
        break;
    case word_pattern::llama3:
        passes = {[](const code_points & t) {
            return llama3(t, 3);
        }};
        break;
    case word_pattern::qwen2:
        passes = {[](const code_points & t) {
            return llama3(t, 1);
        }};
        break;
    }
    std::vector<code_points> pieces = {text};
    for (const cut & pass : passes) {
        pieces = cut_all(pieces, pass);
    }
    std::string found;
    for (const code_points & piece : pieces) {
        found += found.empty() ? "" : "|";
        for (const std::uint32_t c : piece) {
            support::append_utf8(found, c);
        }
    }
    return found;
}

} // namespace

TEST_CASE("gpt-2: words with the space before them, runs of digits, runs of marks") {
    const auto words = [](std::string_view text) {
        return words_of(word_pattern::gpt2, text);
    };
    CHECK(words("Hello world") == "Hello| world");
    CHECK(words("a1234 567b") == "a|1234| 567|b");
    CHECK(words("a  b   c") == "a| | b|  | c");
    CHECK(words("a  ") == "a|  ");
    CHECK(words(" \n\n x") == " \n\n| x");
    CHECK(words("\tx") == "\t|x");
    CHECK(words("you're we'll I'd 'S 'tis") == "you|'re| we|'ll| I|'d| '|S| '|tis");
    CHECK(words("'tis") == "'t|is");
    CHECK(words("x!?\n... $5") == "x|!?|\n|...| $|5");
    CHECK(words("\xc3\xa9t\xc3\xa9 \xe4\xb8\xad\xe6\x96\x87") == "\xc3\xa9t\xc3\xa9| \xe4\xb8\xad\xe6\x96\x87");
    CHECK(words("a\xc2\xa0 b") == "a|\xc2\xa0| b"); // a no-break space is a space
    CHECK(words("e\xcc\x81x") == "e|\xcc\x81|x");   // a combining accent is a mark
}

TEST_CASE("smollm and starcoder: every digit is a word") {
    const auto words = [](std::string_view text) {
        return words_of(word_pattern::digits, text);
    };
    CHECK(words("a1234 567b") == "a|1|2|3|4| |5|6|7|b");
    CHECK(words("a   1") == "a|   |1"); // to what is between the digits, the text ends there
    CHECK(words("a   b") == "a|  | b");
    CHECK(words("1 a") == "1| a");
    CHECK(words("\xc2\xbd\xe2\x85\xa3") == "\xc2\xbd|\xe2\x85\xa3"); // one half, Roman four
    CHECK(words("it's 2") == "it|'s| |2");
}

TEST_CASE("default: marks by themselves, digits in threes") {
    const auto words = [](std::string_view text) {
        return words_of(word_pattern::triples, text);
    };
    CHECK(words("a  b") == "a| | b");
    CHECK(words("it's") == "it|'|s");
    CHECK(words("a  , b") == "a|  |,| b");
    CHECK(words("x == y") == "x| |==| y");
    CHECK(words("a 1234567") == "a| |123|456|7");
    CHECK(words("a  12") == "a| | |12");
    CHECK(words("\xc2\xb2"
                "1234\xc2\xb3"
                "56") == "\xc2\xb2|123|4\xc2\xb3"
                         "56");
    CHECK(words("a`b \xe2\x82\xac") == "a|`|b| \xe2\x82\xac"); // not all symbols are cut out
}

TEST_CASE("llama-bpe: words with any mark before them, digits in threes, line ends together") {
    const auto words = [](std::string_view text) {
        return words_of(word_pattern::llama3, text);
    };
    CHECK(words("Hello world") == "Hello| world");
    CHECK(words("(a) _b\tc") == "(a|)| _|b|\tc");
    CHECK(words("you'RE 'S") == "you|'RE| '|S");
    CHECK(words("1234567 89") == "123|456|7| |89");
    CHECK(words("\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4") == "\xd9\xa1\xd9\xa2\xd9\xa3|\xd9\xa4");
    CHECK(words("a\n\n  \n  b") == "a|\n\n  \n| | b");
    CHECK(words("x;\r\n\r\ny") == "x|;\r\n\r\n|y");
    CHECK(words("x ...\n y") == "x| ...\n| y");
    CHECK(words("a   b   ") == "a|  | b|   ");
    CHECK(words("\n a") == "\n| a");
    CHECK(words("   1") == "  | |1");
}

TEST_CASE("qwen2 and deepseek-r1-qwen: as llama-bpe, but every digit is a word") {
    const auto words = [](std::string_view text) {
        return words_of(word_pattern::qwen2, text);
    };
    CHECK(words("(a) 123 x") == "(a|)| |1|2|3| x");
    CHECK(words("I'M\n\n") == "I|'M|\n\n");
    CHECK(words("a\n\n  \n  b") == "a|\n\n  \n| | b");
    CHECK(words("\xe2\x85\xa3\xe2\x85\xa3") == "\xe2\x85\xa3|\xe2\x85\xa3");
}

TEST_CASE("random texts are cut as the definitions of the patterns say") {
    const std::uint32_t likely[] = {'a',  'b',    'S',  's',    't',    'l',   'r',    'e',   'V',     ' ',
                                    ' ',  ' ',    '\n', '\n',   '\r',   '\t',  '\'',   '\'',  '1',     '2',
                                    '3',  '4',    '.',  '!',    '$',    '=',   '`',    0xe9,  0x4e2d,  0xb2,
                                    0xbd, 0x2163, 0xa0, 0x3000, 0x3001, 0x301, 0x20ac, 0x378, 0x1f600, 0x10ffff};
    llmzero::random_generator random(3);
    const int rounds = support::full_scale() ? 20000 : 2000;
    for (int round = 0; round < rounds; ++round) {
        code_points text;
        std::string bytes;
        for (std::uint32_t n = 1 + random.next() % 12; n > 0; --n) {
            text.push_back(likely[random.next() % std::size(likely)]);
            support::append_utf8(bytes, text.back());
        }
        for (const word_pattern pattern : all_patterns) {
            const std::string found = words_of(pattern, bytes);
            const std::string expected = words_slowly(pattern, text);
            if (found != expected) {
                CAPTURE(static_cast<int>(pattern));
                CAPTURE(bytes);
                CHECK(found == expected);
            }
        }
    }
}

TEST_CASE("any bytes are cut into words that make up the text") {
    llmzero::random_generator random(4);
    for (int round = 0; round < 500; ++round) {
        const std::string text = support::random_bytes(random, 40);
        for (const word_pattern pattern : all_patterns) {
            std::string_view rest = text;
            while (!rest.empty()) {
                const std::size_t bytes = llmzero::first_word_bytes(pattern, rest);
                REQUIRE((bytes >= 1 && bytes <= rest.size()));
                rest.remove_prefix(bytes);
            }
        }
    }
}

TEST_CASE("a megabyte that is hard to cut is cut in linear time") {
    // Runs whose end decides how they are cut, and that are looked at again behind each cut.
    const std::size_t n = support::full_scale() ? 1000000 : 100000;
    std::string alternating;
    while (alternating.size() < n) {
        alternating += "1\xc2\xb2";
    }
    for (const std::string & text : {std::string(n, ' ') + "x", "\n" + std::string(n, ' ') + "x", std::string(n, '\n'),
                                     std::string(n, '7'), alternating + "123", std::string(n, '\'')}) {
        for (const word_pattern pattern : all_patterns) {
            std::size_t words = 0;
            for (std::string_view rest = text; !rest.empty(); ++words) {
                rest.remove_prefix(llmzero::first_word_bytes(pattern, rest));
            }
            CHECK(words >= 1);
        }
    }
}

TEST_CASE("a file's pre-tokenizer is found by its name") {
    const auto find = [](const support::metadata_builder & metadata) {
        return support::create_from(metadata.file(), llmzero::find_pre_tokenizer);
    };
    for (const llmzero::pre_tokenizer & known : llmzero::pre_tokenizers) {
        const auto found = find(support::metadata_builder().string("tokenizer.ggml.pre", known.name));
        REQUIRE(found);
        CHECK(found->name == known.name);
        CHECK(found->pattern == known.pattern);
    }
    const auto missing = find(support::metadata_builder());
    REQUIRE(missing);
    CHECK(missing->name == "default");
    CHECK(missing->pattern == word_pattern::triples);

    const auto llama = find(support::metadata_builder().string("tokenizer.ggml.pre", "llama-bpe"));
    CHECK((llama && llama->keeps_tokens && llama->add_bos));
    const auto deepseek = find(support::metadata_builder().string("tokenizer.ggml.pre", "deepseek-r1-qwen"));
    CHECK((deepseek && deepseek->pattern == word_pattern::qwen2 && !deepseek->keeps_tokens && !deepseek->add_bos));

    const auto number = find(support::metadata_builder().u32("tokenizer.ggml.pre", 3));
    REQUIRE_FALSE(number);
    CHECK(number.error().code() == llmzero::error_code::malformed);
}

TEST_CASE("an unknown pre-tokenizer is refused, with all that are known") {
    const auto refused = support::create_from(support::metadata_builder().string("tokenizer.ggml.pre", "nosuch").file(),
                                              llmzero::find_pre_tokenizer);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == llmzero::error_code::unsupported);
    const std::string message = refused.error().message();
    CHECK(message.find("tokenizer.ggml.pre is 'nosuch'") != std::string::npos);
    for (const llmzero::pre_tokenizer & known : llmzero::pre_tokenizers) {
        CHECK(message.find(known.name) != std::string::npos);
    }
    CHECK(message.size() + 50 < llmzero::error::max_message_bytes); // leaves room for the file's path
}
