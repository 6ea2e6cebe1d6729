#include <llmzero/generation/random.hpp>
#include <llmzero/tokenizer/tokenizer.hpp>

#include "support/conformance.hpp"
#include "support/failing_allocator.hpp"
#include "support/json.hpp"
#include "support/read_file.hpp"
#include "support/scale.hpp"
#include "support/tokenizer_checks.hpp"
#include "support/vocab_builder.hpp"
#include "support/vocab_cases.hpp"

#include <doctest/doctest.h>
#include <limits>
#include <string>

using llmzero::error_code;
using llmzero::token_id;
using llmzero::token_kind;
using llmzero::tokenizer;
using support::all_decoded;
using support::digest;
using support::ids_of;
using support::random_utf8;

namespace {

constexpr const char * spm_vocabularies[] = {"tok512", "tok105", "ggml-vocab-llama-spm"};

support::metadata_builder tiny_tokenizer() {
    return support::vocabulary_metadata({{"<unk>", 0, token_kind::unknown},
                                         {"<s>", 0, token_kind::control},
                                         {"</s>", 0, token_kind::control},
                                         {"\xe2\x96\x81", -1, token_kind::normal},
                                         {"a", -2, token_kind::normal},
                                         {"\xe2\x96\x81"
                                          "a",
                                          -3, token_kind::normal}});
}

} // namespace

TEST_CASE("a model of another kind is refused by name, with what is supported") {
    for (const char * model : {"nosuch", "", "llama2", "LLAMA", "rwkv"}) {
        const auto made =
            support::make_tokenizer(support::vocabulary_metadata({{"a", 0, token_kind::normal}}, model).file());
        REQUIRE_FALSE(made);
        CHECK(made.error().code() == error_code::unsupported);
        const std::string message = made.error().message();
        CHECK(message.find("'" + std::string(model) + "'") != std::string::npos);
        CHECK(message.find("'llama'") != std::string::npos);
    }
    const auto without = support::make_tokenizer(support::metadata_builder().file());
    REQUIRE_FALSE(without);
    CHECK(without.error().code() == error_code::malformed);
    const auto number = support::make_tokenizer(support::metadata_builder().u32("tokenizer.ggml.model", 1).file());
    REQUIRE_FALSE(number);
    CHECK(number.error().code() == error_code::malformed);
}

TEST_CASE("begin and end tokens are added where the model wants them and the caller does") {
    const auto usual = support::make_tokenizer(tiny_tokenizer().file());
    REQUIRE(usual);
    CHECK(ids_of(usual->encode("a")) == std::vector<int>{1, 5});
    CHECK(ids_of(usual->encode("")) == std::vector<int>{1});
    CHECK(ids_of(usual->encode("a", {.add_special = false})) == std::vector<int>{5});
    CHECK(ids_of(usual->encode("", {.add_special = false})).empty());

    const auto both = support::make_tokenizer(tiny_tokenizer().boolean("tokenizer.ggml.add_eos_token", true).file());
    REQUIRE(both);
    CHECK(ids_of(both->encode("a")) == std::vector<int>{1, 5, 2});
    CHECK(ids_of(both->encode("a", {.add_special = false})) == std::vector<int>{5});

    const auto none = support::make_tokenizer(tiny_tokenizer().boolean("tokenizer.ggml.add_bos_token", false).file());
    REQUIRE(none);
    CHECK(ids_of(none->encode("a")) == std::vector<int>{5});
}

TEST_CASE("special tokens in the text are recognised when asked") {
    const auto made = support::make_tokenizer(tiny_tokenizer().file());
    REQUIRE(made);
    const std::vector<int> parsed = {1, 5, 2, 5};
    CHECK(ids_of(made->encode("a</s>a", {.parse_special = true})) == parsed);
    CHECK(ids_of(made->encode("a</s>a")) == std::vector<int>{1, 5, 0, 4}); // "</s>" has no tokens here
    CHECK(ids_of(made->encode("</s>", {.add_special = false, .parse_special = true})) == std::vector<int>{2});
}

TEST_CASE("segments say for themselves where special tokens are, and are encoded together between them") {
    const auto made = support::make_tokenizer(tiny_tokenizer().file());
    REQUIRE(made);
    const auto ids = [&](std::vector<llmzero::text_segment> segments, llmzero::encode_options options = {}) {
        return ids_of(made->encode(segments, options));
    };
    using all = std::vector<int>;
    CHECK(ids({}) == all{1});
    CHECK(ids({{"a</s>", true}, {"</s>", false}, {"a</s>", true}}) == all{1, 5, 2, 3, 0, 4, 2});
    CHECK(ids({{"a", false}, {"", true}, {" ", true}, {"a", false}}) == all{1, 5, 5}); // one text: " a a"
    CHECK(ids({{"a</", false}, {"s>a", false}}) == all{1, 5, 0, 4});                   // no token of two halves
    CHECK(ids({{"a</", true}, {"s>a", true}}) == all{1, 5, 0, 4});
    CHECK(ids({{"anything", true, 2}, {"a", false}}, {.add_special = false}) == all{2, 5});
    CHECK(ids({{"a", false}, {"</s>a", true}}, {.add_special = false, .continues = true}) == all{4, 2, 5});
    CHECK(ids_of(made->encode("a", {.add_special = false, .continues = true})) == all{4});
}

TEST_CASE("an id that is no token decodes to nothing") {
    const auto made = support::make_tokenizer(tiny_tokenizer().file());
    REQUIRE(made);
    CHECK(made->decode(5) == " a");
    for (const token_id id : {-1, 6, std::numeric_limits<token_id>::min(), std::numeric_limits<token_id>::max()}) {
        CHECK(made->decode(id).empty());
    }
    CHECK(made->memory_bytes() > made->vocab().memory_bytes());
}

TEST_CASE("a tokenizer may be moved") {
    auto made = support::make_tokenizer(tiny_tokenizer().file());
    REQUIRE(made);
    const tokenizer moved = std::move(*made);
    CHECK(ids_of(moved.encode("a a")) == std::vector<int>{1, 5, 5});
    CHECK(moved.decode(5) == " a");
}

TEST_CASE("running out of memory while a tokenizer is made") {
    const std::string file = tiny_tokenizer().file();
    const auto survived = support::survive_allocation_failures([&]() -> llmzero::status {
        LLMZERO_ASSIGN(const tokenizer made, support::make_tokenizer(file));
        return made.decode(5) == " a" ? llmzero::success() : llmzero::error(error_code::malformed, "wrong text");
    });
    CHECK(survived >= 2 * 10);
}

TEST_CASE("damaged vocabularies never crash") {
    const std::string whole = tiny_tokenizer().u32("tokenizer.ggml.eos_token_id", 2).file();
    llmzero::random_generator random(5);
    std::size_t accepted = 0;
    const auto attempt = [&](const std::string & file) {
        const auto made = support::make_tokenizer(file);
        if (made) {
            ++accepted;
            const auto ids = made->encode("ab a</s> \xff", {.parse_special = true});
            CHECK((ids || ids.error().message()[0] != 0));
        }
    };
    for (std::size_t n = 0; n <= whole.size(); ++n) {
        attempt(whole.substr(0, n));
    }
    for (int round = 0; round < 20000; ++round) {
        std::string damaged = whole;
        for (std::uint32_t n = 1 + random.next() % 3; n > 0; --n) {
            damaged[random.next() % damaged.size()] = static_cast<char>(random.next() % 256);
        }
        attempt(damaged);
    }
    CHECK(accepted > 100);
}

TEST_CASE("conformance: every text of the SPM vocabularies") {
    const std::string folder = support::conformance_dir("texts of the SPM vocabularies");
    if (folder.empty()) {
        return;
    }
    for (const char * name : spm_vocabularies) {
        CAPTURE(name);
        const auto expected = support::read_vocab_cases(folder, name);
        REQUIRE(expected.cases.size() > 100);
        const auto made = support::make_tokenizer(support::read_file(folder + "/" + expected.model));
        REQUIRE_MESSAGE(made, made.error().message());
        CHECK(made->vocab().add_bos() == expected.add_bos);
        CHECK(made->vocab().add_eos() == expected.add_eos);
        CHECK(made->vocab().bos() == expected.bos);
        CHECK(digest(*made, true) == expected.digest_special);
        CHECK(digest(*made, false) == expected.digest_plain);
        for (const support::vocab_case & c : expected.cases) {
            CAPTURE(c.text);
            const auto plain = ids_of(made->encode(c.text, {.add_special = false}));
            const auto special = ids_of(made->encode(c.text, {.add_special = true, .parse_special = true}));
            if (c.category == "invalid") {
                // The oracle cuts at the length that the first byte promises; here the bytes come back unchanged.
                CHECK(all_decoded(*made, plain) == " " + c.text);
                CHECK(special.size() == plain.size() + 1);
            } else {
                CHECK(plain == c.ids_plain);
                CHECK(special == c.ids_special);
            }
            if (c.category != "invalid") {
                CHECK(all_decoded(*made, plain) == (c.text.empty() ? "" : " " + c.decoded));
            }
        }
    }
}

TEST_CASE("conformance: random texts come back from the SPM vocabularies with byte tokens") {
    const std::string folder = support::conformance_dir("round trips of the SPM vocabularies");
    if (folder.empty()) {
        return;
    }
    const std::string space = "\xe2\x96\x81";
    for (const char * name : {"tok512", "ggml-vocab-llama-spm"}) {
        CAPTURE(name);
        const auto made =
            support::make_tokenizer(support::read_file(folder + "/" + support::read_vocab_cases(folder, name).model));
        REQUIRE(made);
        llmzero::random_generator random(11);
        const int rounds = support::full_scale() ? 5000 : 300;
        int wrong = 0;
        for (int round = 0; round < rounds; ++round) {
            const std::string text = random_utf8(random, 60);
            const auto ids = ids_of(made->encode(text, {.add_special = false}));
            wrong += all_decoded(*made, ids) == (text.empty() ? "" : " " + text) ? 0 : 1;

            std::string bytes;
            for (std::uint32_t n = random.next() % 60; n > 0; --n) {
                bytes += static_cast<char>(random.next() % 256);
            }
            const auto byte_ids = ids_of(made->encode(bytes, {.add_special = false}));
            if (bytes.find(space) == std::string::npos) {
                wrong += all_decoded(*made, byte_ids) == (bytes.empty() ? "" : " " + bytes) ? 0 : 1;
            }
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("conformance: characters that tok105 lacks become its unknown token") {
    const std::string folder = support::conformance_dir("unknown characters");
    if (folder.empty()) {
        return;
    }
    const auto made =
        support::make_tokenizer(support::read_file(folder + "/" + support::read_vocab_cases(folder, "tok105").model));
    REQUIRE(made);
    CHECK(ids_of(made->encode("a\xe4\xb8\xad\xe6\x96\x87 a", {.add_special = false})) ==
          std::vector<int>{3, 5, 0, 3, 5});
    CHECK(ids_of(made->encode("\xff\xfe", {.add_special = false})) == std::vector<int>{3, 0});
}

TEST_CASE("conformance: files with a bad vocabulary are refused, odd ones are read") {
    const std::string folder = support::conformance_dir("files with a bad vocabulary");
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
        const bool is_vocab = entry["group"] == "vocab";
        if (must == "reject" && is_vocab) {
            CAPTURE(file);
            const auto made = support::make_tokenizer(support::read_file(folder + "/bad/" + file));
            CHECK_FALSE(made);
            ++refused;
        }
        if (must != "reject" && support::read_file(folder + "/bad/" + file).find("llama") != std::string::npos) {
            CAPTURE(file);
            const auto made = support::make_tokenizer(support::read_file(folder + "/bad/" + file));
            const bool may_be_refused = must == "safe" || (!made && made.error().code() == error_code::unsupported);
            CHECK((made || may_be_refused));
            if (made && must == "accept") {
                CHECK(ids_of(made->encode(entry["text"].get<std::string>())) == entry["ids"].get<std::vector<int>>());
                ++accepted;
            }
            if (made) {
                CHECK(made->encode("ab a A"));
            }
        }
    }
    CHECK(refused >= 15);
    CHECK(accepted >= 15);
}
