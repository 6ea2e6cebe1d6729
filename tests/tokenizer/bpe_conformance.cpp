// The BPE vocabularies of the conformance data: SmolLM2, GPT-2, StarCoder, and one for each other way to cut words.
#include <llmzero/tokenizer/bpe.hpp>
#include <llmzero/tokenizer/tokenizer.hpp>

#include "support/conformance.hpp"
#include "support/read_file.hpp"
#include "support/scale.hpp"
#include "support/tokenizer_checks.hpp"
#include "support/vocab_builder.hpp"
#include "support/vocab_cases.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>
#include <vector>

using llmzero::token_id;
using llmzero::tokenizer;
using support::all_decoded;
using support::ids_of;

namespace {

constexpr const char * bpe_vocabularies[] = {"smollm2",         "ggml-vocab-gpt-2",    "ggml-vocab-starcoder",
                                             "bpe4k-pre-qwen2", "bpe4k-pre-llama-bpe", "bpe4k-pre-default"};

// Calls test(tokenizer, what it must do) for each of them.
template <class Test> void for_each_bpe_vocabulary(const char * what, const Test & test) {
    const std::string folder = support::conformance_dir(what);
    if (folder.empty()) {
        return;
    }
    for (const char * name : bpe_vocabularies) {
        CAPTURE(name);
        const auto expected = support::read_vocab_cases(folder, name);
        const auto made = support::make_tokenizer(support::read_file(folder + "/" + expected.model));
        REQUIRE_MESSAGE(made, made.error().message());
        test(*made, expected);
    }
}

} // namespace

TEST_CASE("conformance: every text of the BPE vocabularies") {
    for_each_bpe_vocabulary(
        "texts of the BPE vocabularies", [](const tokenizer & made, const support::vocab_cases & expected) {
            REQUIRE(expected.cases.size() == 307);
            for (const support::vocab_case & c : expected.cases) {
                CAPTURE(c.text);
                const auto plain = ids_of(made.encode(c.text, {.add_special = false}));
                CHECK(plain == c.ids_plain);
                CHECK(ids_of(made.encode(c.text, {.add_special = true, .parse_special = true})) == c.ids_special);
                CHECK(all_decoded(made, plain) == c.decoded);
            }
        });
}

TEST_CASE("conformance: every token and special id of the BPE vocabularies") {
    for_each_bpe_vocabulary("tokens of the BPE vocabularies",
                            [](const tokenizer & made, const support::vocab_cases & expected) {
                                const llmzero::vocabulary & vocab = made.vocab();
                                CHECK(vocab.size() == expected.n_tokens);
                                CHECK(vocab.bos() == expected.bos);
                                CHECK(vocab.eos() == expected.eos);
                                CHECK(vocab.padding() == expected.padding);
                                CHECK(vocab.add_bos() == expected.add_bos);
                                CHECK(vocab.add_eos() == expected.add_eos);
                                CHECK(support::digest(made, true) == expected.digest_special);
                                CHECK(support::digest(made, false) == expected.digest_plain);
                                std::vector<int> ends;
                                for (token_id id = 0; vocab.contains(id); ++id) {
                                    if (vocab.is_end_of_generation(id)) {
                                        ends.push_back(id);
                                    }
                                }
                                CHECK(ends == expected.ends);
                            });
}

TEST_CASE("conformance: random texts come back from the BPE vocabularies, but for bytes that they lack") {
    for_each_bpe_vocabulary(
        "round trips of the BPE vocabularies", [](const tokenizer & made, const support::vocab_cases &) {
            std::string lacking;
            for (int byte = 0; byte < 256; ++byte) {
                char character[2];
                const std::size_t n = llmzero::write_alphabet_character(static_cast<unsigned char>(byte), character);
                if (made.vocab().find({character, n}) == llmzero::no_token) {
                    lacking += static_cast<char>(byte);
                }
            }
            CHECK((lacking.empty() || lacking.size() == 14 || lacking.size() == 21));
            llmzero::random_generator random(11);
            const int rounds = support::full_scale() ? 5000 : 200;
            int wrong = 0;
            for (int round = 0; round < rounds; ++round) {
                std::string text = support::random_utf8(random, 60);
                const std::string again = all_decoded(made, ids_of(made.encode(text, {.add_special = false})));
                std::erase_if(text, [&](char c) { return lacking.find(c) != std::string::npos; });
                wrong += again == text ? 0 : 1;
                wrong += made.encode(support::random_bytes(random, 60)) ? 0 : 1;
            }
            CHECK(wrong == 0);
        });
}

TEST_CASE("conformance: the known ids of SmolLM2") {
    const std::string folder = support::conformance_dir("ids of SmolLM2");
    if (folder.empty()) {
        return;
    }
    const auto made = support::make_tokenizer(support::read_file(folder + "/vocab/smollm2.gguf"));
    REQUIRE(made);
    CHECK(ids_of(made->encode("The capital of France is")) == std::vector<int>{504, 3575, 282, 4649, 314});
    CHECK(ids_of(made->encode("Hello world! 123")) == std::vector<int>{19556, 905, 17, 216, 33, 34, 35});
    CHECK(ids_of(made->encode("  multiple   spaces")) == std::vector<int>{216, 2701, 256, 5600});
}
