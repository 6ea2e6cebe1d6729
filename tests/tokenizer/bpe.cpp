#include <llmzero/generation/random.hpp>
#include <llmzero/tokenizer/bpe.hpp>
#include <llmzero/tokenizer/detokenizer.hpp>
#include <llmzero/tokenizer/tokenizer.hpp>

#include "support/failing_allocator.hpp"
#include "support/scale.hpp"
#include "support/tokenizer_checks.hpp"
#include "support/vocab_builder.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <string>
#include <utility>
#include <vector>

using llmzero::random_generator;
using llmzero::token_id;
using llmzero::token_kind;
using llmzero::tokenizer;
using support::all_decoded;
using support::ids_of;
using support::vocab_token;

namespace {

// A vocabulary of bytes (ids 0 to 255 unless some are left out), with the merges, and what they make, behind them.
struct bpe_vocabulary {
    std::vector<vocab_token> tokens;
    std::vector<std::string> merges;

    static std::string spelled(std::string_view bytes) {
        std::string text;
        for (const char c : bytes) {
            char character[2];
            text.append(character, llmzero::write_alphabet_character(static_cast<unsigned char>(c), character));
        }
        return text;
    }

    explicit bpe_vocabulary(std::string_view without = "") {
        for (unsigned byte = 0; byte < 256; ++byte) {
            const char c = static_cast<char>(byte);
            if (without.find(c) == std::string_view::npos) {
                tokens.push_back({spelled({&c, 1}), 0, token_kind::normal});
            }
        }
    }

    token_id add(std::string_view bytes, token_kind kind = token_kind::normal) {
        tokens.push_back({kind == token_kind::normal ? spelled(bytes) : std::string(bytes), 0, kind});
        return static_cast<token_id>(tokens.size() - 1);
    }

    void merge(std::string_view left, std::string_view right) {
        merges.push_back(spelled(left) + " " + spelled(right));
    }

    [[nodiscard]] support::metadata_builder metadata(std::string_view pre = "gpt-2") const {
        support::metadata_builder made = support::vocabulary_metadata(tokens, "gpt2");
        made.string("tokenizer.ggml.pre", pre).strings("tokenizer.ggml.merges", merges);
        return made;
    }

    [[nodiscard]] tokenizer make(std::string_view pre = "gpt-2") const {
        auto made = support::make_tokenizer(metadata(pre).file());
        REQUIRE_MESSAGE(made, made.error().message());
        return std::move(*made);
    }
};

using merge_ranks = std::map<std::pair<std::string, std::string>, std::size_t>;

// The algorithm as one would say it: join the best pair, look at all of them again.
std::vector<std::string> join_slowly(const merge_ranks & ranks, std::string_view word) {
    std::vector<std::string> pieces;
    for (const char c : word) {
        pieces.emplace_back(1, c);
    }
    for (;;) {
        std::size_t best = pieces.size();
        std::size_t best_rank = ranks.size();
        for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
            const auto found = ranks.find({pieces[i], pieces[i + 1]});
            if (found != ranks.end() && found->second < best_rank) {
                best = i;
                best_rank = found->second;
            }
        }
        if (best == pieces.size()) {
            return pieces;
        }
        pieces[best] += pieces[best + 1];
        pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    }
}

} // namespace

TEST_CASE("random words with random merges give what the simple algorithm gives") {
    random_generator random(9);
    const auto random_word = [&](std::uint32_t longest) {
        std::string word;
        for (std::uint32_t n = 1 + random.next() % longest; n > 0; --n) {
            word += "abc"[random.next() % 3];
        }
        return word;
    };
    const int rounds = support::full_scale() ? 300 : 40;
    for (int round = 0; round < rounds; ++round) {
        bpe_vocabulary vocabulary;
        std::map<std::string, token_id> ids;
        std::vector<std::string> pieces = {"a", "b", "c"};
        for (const std::string & piece : pieces) {
            ids[piece] = static_cast<unsigned char>(piece[0]);
        }
        merge_ranks ranks;
        for (int i = 0; i < 40; ++i) {
            const std::string left = pieces[random.next() % pieces.size()];
            const std::string right = pieces[random.next() % pieces.size()];
            if (left.size() + right.size() > 12 || !ranks.try_emplace({left, right}, ranks.size()).second) {
                continue;
            }
            vocabulary.merge(left, right);
            if (ids.count(left + right) == 0) { // several merges may make one token
                ids[left + right] = vocabulary.add(left + right);
                pieces.push_back(left + right);
            }
        }
        const tokenizer made = vocabulary.make();
        for (int i = 0; i < 20; ++i) {
            const std::string word = random_word(40);
            CAPTURE(word);
            std::vector<int> expected;
            for (const std::string & piece : join_slowly(ranks, word)) {
                expected.push_back(ids[piece]);
            }
            CHECK(ids_of(made.encode(word)) == expected);
        }
    }
}

TEST_CASE("merges stay within words") {
    bpe_vocabulary vocabulary;
    vocabulary.merge("a", " ");
    vocabulary.merge(" ", "b");
    vocabulary.merge("1", "2");
    vocabulary.add("a ");
    const token_id space_b = vocabulary.add(" b");
    const token_id twelve = vocabulary.add("12");
    CHECK(ids_of(vocabulary.make("gpt-2").encode("a b12")) == std::vector<int>{'a', space_b, twelve});
    CHECK(ids_of(vocabulary.make("smollm").encode("a b12")) == std::vector<int>{'a', space_b, '1', '2'});
}

TEST_CASE("a word that is a token is taken as it is where the pre-tokenizer says so") {
    bpe_vocabulary vocabulary;
    vocabulary.merge("a", "b");
    const token_id ab = vocabulary.add("ab");
    const token_id abc = vocabulary.add("abc"); // no merge leads to it
    const token_id cafe = vocabulary.add(" caf\xc3\xa9");
    vocabulary.add("abca", token_kind::control);
    CHECK(ids_of(vocabulary.make("gpt-2").encode("abc")) == std::vector<int>{ab, 'c'});
    CHECK(ids_of(vocabulary.make("llama-bpe").encode("abc")) == std::vector<int>{abc});
    CHECK(ids_of(vocabulary.make("llama3").encode("abc caf\xc3\xa9 abcd")) ==
          std::vector<int>{abc, cafe, ' ', ab, 'c', 'd'});
    CHECK(ids_of(vocabulary.make("smaug-bpe").encode("abc")) == std::vector<int>{ab, 'c'});
    // Longer than any token, and equal to one that is no text.
    CHECK(ids_of(vocabulary.make("llama3").encode(std::string(100, 'x'))) == std::vector<int>(100, 'x'));
    CHECK(ids_of(vocabulary.make("llama3").encode("abca")) == std::vector<int>{ab, 'c', 'a'});
}

TEST_CASE("a byte without a token is left out, and nothing is joined across it") {
    bpe_vocabulary vocabulary("\x04\xf1");
    vocabulary.merge("a", "b");
    vocabulary.add("ab");
    const tokenizer made = vocabulary.make();
    CHECK(all_decoded(made, ids_of(made.encode("a\x04"
                                               "b \xf1\x80\x80\x80."))) == "ab \x80\x80\x80.");
    CHECK(ids_of(made.encode("a\x04"
                             "b")) == std::vector<int>{'a' - 1, 'b' - 1});
    CHECK(ids_of(made.encode("\x04")).empty());
}

TEST_CASE("a byte that is no UTF-8 is encoded as U+FFFD") {
    const tokenizer made = bpe_vocabulary().make();
    const auto again = [&](std::string_view text) {
        return all_decoded(made, ids_of(made.encode(text)));
    };
    const std::string unknown = "\xef\xbf\xbd";
    CHECK(again("\xff") == unknown);
    CHECK(again("a\xe2\x82") == "a" + unknown + unknown);
    CHECK(again("\xe2\x82z\xc3\xa9\x80\x80 b") == unknown + unknown + "z\xc3\xa9" + unknown + unknown + " b");
    CHECK(again("\xed\xa0\x80") == unknown + unknown + unknown); // a surrogate
    CHECK(again("\xc0\xaf") == unknown + unknown);               // an overlong form
    CHECK(again(std::string_view("\0\x01", 2)) == std::string_view("\0\x01", 2));
}

TEST_CASE("tokens are decoded by their kind") {
    bpe_vocabulary vocabulary;
    const token_id word = vocabulary.add(" caf\xc3\xa9\n");
    const token_id cut = vocabulary.add("\xc3");
    const token_id defined = vocabulary.add("<tool> \xc4\xa0", token_kind::user_defined);
    const token_id control = vocabulary.add("<|im_end|>", token_kind::control);
    const token_id unknown = vocabulary.add("<unk>", token_kind::unknown);
    const token_id unused = vocabulary.add("[PAD]", token_kind::unused);
    const token_id byte = vocabulary.add("<0xE2>", token_kind::byte);
    vocabulary.tokens.push_back({"a\xe2\x96\x81 \xff", 0, token_kind::normal});
    vocabulary.tokens.erase(vocabulary.tokens.begin() + 0xc3); // the same text
    const tokenizer made = vocabulary.make();
    CHECK(made.decode(word - 1) == " caf\xc3\xa9\n");
    CHECK(made.decode(cut - 1) == "\xc3");
    CHECK(made.decode(defined - 1) == "<tool> \xc4\xa0");
    for (const token_id id : {control, unknown, unused}) {
        CHECK(made.decode(id - 1).empty());
    }
    CHECK(made.decode(byte - 1) == "\xe2");
    CHECK(made.decode(byte) == "a\xe2\x96\x81 \xff"); // characters that stand for no byte stand for themselves
}

TEST_CASE("user-defined tokens are always recognised, control tokens when asked") {
    bpe_vocabulary vocabulary;
    const token_id defined = vocabulary.add("<tool>", token_kind::user_defined);
    const token_id end = vocabulary.add("<|im_end|>", token_kind::control);
    const tokenizer made = vocabulary.make();
    CHECK(ids_of(made.encode("a<tool>b")) == std::vector<int>{'a', defined, 'b'});
    CHECK(ids_of(made.encode("<|im_end|>")).size() == 10);
    CHECK(ids_of(made.encode("a<|im_end|> b", {.parse_special = true})) == std::vector<int>{'a', end, ' ', 'b'});
    CHECK(made.vocab().is_end_of_generation(end));
}

TEST_CASE("a begin token is added where the file or the pre-tokenizer says so") {
    bpe_vocabulary vocabulary;
    const token_id begin = vocabulary.add("<|begin_of_text|>", token_kind::control);
    const auto encode = [&](std::string_view pre, const auto & change) {
        support::metadata_builder metadata = vocabulary.metadata(pre);
        metadata.u32("tokenizer.ggml.bos_token_id", static_cast<std::uint32_t>(begin));
        change(metadata);
        const auto made = support::make_tokenizer(metadata.file());
        REQUIRE(made);
        return ids_of(made->encode("a"));
    };
    const auto silent = [](support::metadata_builder &) {
    };
    const auto says = [](bool value) {
        return [value](support::metadata_builder & m) {
            m.boolean("tokenizer.ggml.add_bos_token", value);
        };
    };
    CHECK(encode("gpt-2", silent) == std::vector<int>{'a'});
    CHECK(encode("gpt-2", says(true)) == std::vector<int>{begin, 'a'});
    CHECK(encode("llama-bpe", silent) == std::vector<int>{begin, 'a'});
    CHECK(encode("llama-bpe", says(false)) == std::vector<int>{'a'});
    // Without such a token there is nothing to add.
    CHECK(ids_of(vocabulary.make("llama-bpe").encode("a")) == std::vector<int>{'a'});
}

TEST_CASE("characters that span tokens come out whole, and a space at the start is the text's own") {
    // Files say it of such vocabularies, too, but nothing puts a space before a text.
    const auto made =
        support::make_tokenizer(bpe_vocabulary().metadata().boolean("tokenizer.ggml.add_space_prefix", true).file());
    REQUIRE(made);
    CHECK_FALSE(made->vocab().add_space_prefix());
    auto text = llmzero::detokenizer::create(*made);
    REQUIRE(text);
    std::string all;
    for (const int id : ids_of(made->encode(" \xf0\x9f\x98\x80\xc3\xa9"))) {
        const std::string_view piece = text->push(id);
        CHECK((piece.empty() || llmzero::first_utf8_unit(piece).state == llmzero::utf8_state::valid));
        all += piece;
    }
    CHECK(all == " \xf0\x9f\x98\x80\xc3\xa9");
    CHECK(text->finish().empty());
}

TEST_CASE("valid UTF-8 comes back as it was") {
    bpe_vocabulary vocabulary;
    for (const auto & [left, right] : {std::pair{" ", "a"}, {"\xc3", "\xa9"}, {" a", "a"}, {"\xf0", "\x9f"}}) {
        vocabulary.merge(left, right);
        vocabulary.add(std::string(left) + right);
    }
    for (const llmzero::pre_tokenizer & pre : llmzero::pre_tokenizers) {
        CAPTURE(pre.name);
        const tokenizer made = vocabulary.make(pre.name);
        random_generator random(12);
        const int rounds = support::full_scale() ? 1000 : 50;
        int wrong = 0;
        for (int round = 0; round < rounds; ++round) {
            const std::string text = support::random_utf8(random, 40);
            wrong += all_decoded(made, ids_of(made.encode(text))) == text ? 0 : 1;
            wrong += made.encode(support::random_bytes(random, 40)) ? 0 : 1;
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("a megabyte without a word border is encoded in n log n") {
    bpe_vocabulary vocabulary;
    std::string piece = "a";
    for (int i = 0; i < 4; ++i) {
        vocabulary.merge(piece, piece);
        piece += piece;
        vocabulary.add(piece);
    }
    const tokenizer made = vocabulary.make();
    const std::size_t n = support::full_scale() ? 1'000'000 : 100'000;
    const auto letters = made.encode(std::string(n, 'a'));
    REQUIRE(letters);
    CHECK(letters->size() == n / 16);
    CHECK(std::count(letters->begin(), letters->end(), 259) == static_cast<std::ptrdiff_t>(n / 16));
    const auto spaces = made.encode(std::string(n, ' '));
    REQUIRE(spaces);
    CHECK(spaces->size() == n);
}

TEST_CASE("what a BPE vocabulary lacks is said") {
    const auto vocabulary = bpe_vocabulary();
    const auto refused = [](const support::metadata_builder & metadata, llmzero::error_code code, const char * word) {
        const auto made = support::make_tokenizer(metadata.file());
        REQUIRE_FALSE(made);
        CHECK(made.error().code() == code);
        CHECK(std::string(made.error().message()).find(word) != std::string::npos);
    };
    refused(vocabulary.metadata("nosuch"), llmzero::error_code::unsupported, "tokenizer.ggml.pre");
    refused(support::vocabulary_metadata(vocabulary.tokens, "gpt2"), llmzero::error_code::malformed,
            "tokenizer.ggml.merges");
    // A file without a pre-tokenizer is of the time before they had names.
    const auto old = support::make_tokenizer(
        support::vocabulary_metadata(vocabulary.tokens, "gpt2").strings("tokenizer.ggml.merges", {}).file());
    REQUIRE(old);
    CHECK(ids_of(old->encode("a")) == std::vector<int>{'a'});
    CHECK(old->memory_bytes() > old->vocab().memory_bytes());
}

TEST_CASE("damaged BPE vocabularies never crash") {
    bpe_vocabulary vocabulary;
    vocabulary.tokens = {{"a", 0, token_kind::normal},
                         {"b", 0, token_kind::normal},
                         {"ab", 0, token_kind::normal},
                         {"\xc4\xa0", 0, token_kind::normal},
                         {"<x>", 0, token_kind::control}};
    vocabulary.merge("a", "b");
    vocabulary.merge(" ", "a");
    const std::string whole = vocabulary.metadata("llama3").u32("tokenizer.ggml.eos_token_id", 4).file();
    random_generator random(6);
    std::size_t accepted = 0;
    const auto attempt = [&](const std::string & file) {
        const auto made = support::make_tokenizer(file);
        if (made) {
            ++accepted;
            CHECK(made->encode("ab a<x> \xff", {.parse_special = true}));
        }
    };
    for (std::size_t n = 0; n <= whole.size(); ++n) {
        attempt(whole.substr(0, n));
    }
    const int rounds = support::full_scale() ? 20000 : 2000;
    for (int round = 0; round < rounds; ++round) {
        std::string damaged = whole;
        for (std::uint32_t n = 1 + random.next() % 3; n > 0; --n) {
            damaged[random.next() % damaged.size()] = static_cast<char>(random.next() % 256);
        }
        attempt(damaged);
    }
    CHECK(accepted > static_cast<std::size_t>(rounds) / 200);
}

TEST_CASE("running out of memory while a BPE tokenizer is made and used") {
    bpe_vocabulary vocabulary;
    vocabulary.merge("a", "b");
    vocabulary.add("ab");
    vocabulary.add("<x>", token_kind::user_defined);
    const std::string file = vocabulary.metadata("llama3").file();
    std::string text;
    for (int i = 0; i < 20; ++i) {
        text += "abc<x>abababababababababababababababababababababab \xff ";
    }
    const auto survived = support::survive_allocation_failures([&]() -> llmzero::status {
        LLMZERO_ASSIGN(const tokenizer made, support::make_tokenizer(file));
        LLMZERO_ASSIGN(const auto encoded, made.encode(text));
        return encoded.size() > 500 ? llmzero::success()
                                    : llmzero::error(llmzero::error_code::malformed, "too few tokens");
    });
    CHECK(survived > 2 * 20);
}
