#include <llmzero/tokenizer/vocabulary.hpp>

#include "support/conformance.hpp"
#include "support/failing_allocator.hpp"
#include "support/read_file.hpp"
#include "support/vocab_builder.hpp"
#include "support/vocab_cases.hpp"

#include <doctest/doctest.h>
#include <limits>
#include <string>

using llmzero::error_code;
using llmzero::no_token;
using llmzero::token_id;
using llmzero::token_kind;
using llmzero::vocabulary;
using llmzero::vocabulary_rules;

namespace {

std::vector<support::vocab_token> small_vocabulary() {
    return {{"<unk>", 0, token_kind::unknown},
            {"<s>", 0, token_kind::control},
            {"</s>", 0, token_kind::control},
            {"<0x0A>", 0, token_kind::byte},
            {"a", -1, token_kind::normal},
            {"\xe2\x96\x81", -2, token_kind::normal},
            {"<user>", -3, token_kind::user_defined},
            {"[PAD0]", 0, token_kind::unused}};
}

support::metadata_builder small_metadata() {
    return support::vocabulary_metadata(small_vocabulary());
}

// That the file is refused as malformed, with a message that has all these words.
void check_refused(const support::metadata_builder & metadata, std::initializer_list<const char *> words,
                   const vocabulary_rules & rules = {}) {
    const auto made = support::make_vocabulary(metadata.file(), rules);
    REQUIRE_FALSE(made);
    CHECK(made.error().code() == error_code::malformed);
    for (const char * word : words) {
        const std::string message = made.error().message();
        CHECK_MESSAGE(message.find(word) != std::string::npos, message, " does not say ", std::string(word));
    }
}

// A small vocabulary with the text or score or kind of one token changed.
template <class Change> support::metadata_builder changed(const Change & change) {
    auto tokens = small_vocabulary();
    change(tokens);
    return support::vocabulary_metadata(tokens);
}

} // namespace

TEST_CASE("a vocabulary knows its tokens") {
    const auto made = support::make_vocabulary(small_metadata().file());
    REQUIRE(made);
    const auto expected = small_vocabulary();
    REQUIRE(made->size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const auto id = static_cast<token_id>(i);
        CHECK(made->text(id) == expected[i].text);
        CHECK(made->score(id) == expected[i].score);
        CHECK(made->kind(id) == expected[i].kind);
        CHECK(made->find(expected[i].text) == id);
    }
    CHECK(made->byte_value(3) == 10);
    CHECK(made->max_text_bytes() == 6);
    CHECK(made->find("") == no_token);
    CHECK(made->find("b") == no_token);
    CHECK(made->find("<user>>") == no_token);
    CHECK(made->contains(7));
    CHECK_FALSE(made->contains(8));
    CHECK_FALSE(made->contains(no_token));
    CHECK_FALSE(made->contains(std::numeric_limits<token_id>::min()));
    CHECK(made->memory_bytes() > 8 * 4);
}

TEST_CASE("a large vocabulary finds every token and no other text") {
    std::vector<support::vocab_token> tokens;
    for (int i = 0; i < 20000; ++i) {
        tokens.push_back({"t" + std::to_string(i * 7), 0, token_kind::normal});
    }
    const auto made = support::make_vocabulary(support::vocabulary_metadata(tokens).file());
    REQUIRE(made);
    int wrong = 0;
    for (int i = 0; i < 140000; ++i) {
        const token_id expected = i % 7 == 0 ? i / 7 : no_token;
        wrong += made->find("t" + std::to_string(i)) == expected ? 0 : 1;
    }
    CHECK(wrong == 0);
}

TEST_CASE("special ids come from the file, from the rules, or are none") {
    const vocabulary_rules rules = {.add_bos = true, .add_eos = true, .bos = 1, .eos = 2, .unknown = 0};
    SUBCASE("from the rules") {
        const auto made = support::make_vocabulary(small_metadata().file(), rules);
        REQUIRE(made);
        CHECK(made->bos() == 1);
        CHECK(made->eos() == 2);
        CHECK(made->unknown() == 0);
        CHECK(made->eot() == no_token);
        CHECK(made->padding() == no_token);
        CHECK(made->separator() == no_token);
        CHECK(made->add_bos());
        CHECK(made->add_eos());
        CHECK_FALSE(made->add_space_prefix());
    }
    SUBCASE("from the file, in any width") {
        const auto made = support::make_vocabulary(small_metadata()
                                                       .u32("tokenizer.ggml.bos_token_id", 2)
                                                       .u64("tokenizer.ggml.eos_token_id", 1)
                                                       .i32("tokenizer.ggml.unknown_token_id", 4)
                                                       .u32("tokenizer.ggml.padding_token_id", 7)
                                                       .u32("tokenizer.ggml.eot_token_id", 6)
                                                       .u32("tokenizer.ggml.seperator_token_id", 5)
                                                       .boolean("tokenizer.ggml.add_bos_token", false)
                                                       .boolean("tokenizer.ggml.add_space_prefix", true)
                                                       .file(),
                                                   rules);
        REQUIRE(made);
        CHECK(made->bos() == 2);
        CHECK(made->eos() == 1);
        CHECK(made->unknown() == 4);
        CHECK(made->padding() == 7);
        CHECK(made->eot() == 6);
        CHECK(made->separator() == 5);
        CHECK_FALSE(made->add_bos());
        CHECK(made->add_eos());
        CHECK(made->add_space_prefix());
    }
    SUBCASE("the key that is spelt right is read too, and wins") {
        auto metadata = small_metadata();
        metadata.u32("tokenizer.ggml.separator_token_id", 5);
        CHECK(support::make_vocabulary(metadata.file())->separator() == 5);
        metadata.u32("tokenizer.ggml.seperator_token_id", 4);
        CHECK(support::make_vocabulary(metadata.file())->separator() == 5);
    }
    SUBCASE("none, as both numbers that files use for it") {
        const auto made = support::make_vocabulary(small_metadata()
                                                       .u32("tokenizer.ggml.bos_token_id", 0xffffffff)
                                                       .i32("tokenizer.ggml.eos_token_id", -1)
                                                       .u32("tokenizer.ggml.unknown_token_id", 0xffffffff)
                                                       .file(),
                                                   rules);
        REQUIRE(made);
        CHECK(made->bos() == no_token);
        CHECK(made->eos() == no_token);
        CHECK(made->unknown() == no_token);
        CHECK_FALSE(made->add_bos()); // there is nothing to add
        CHECK_FALSE(made->add_eos());
        CHECK_FALSE(made->is_end_of_generation(no_token));
    }
    SUBCASE("a default that is no token is none") {
        const auto made =
            support::make_vocabulary(support::vocabulary_metadata({{"a", 0, token_kind::normal}}).file(), rules);
        REQUIRE(made);
        CHECK(made->bos() == no_token);
        CHECK(made->eos() == no_token);
        CHECK(made->unknown() == 0);
    }
}

TEST_CASE("special ids out of range are refused, by key") {
    for (const char * key :
         {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
          "tokenizer.ggml.eom_token_id", "tokenizer.ggml.unknown_token_id", "tokenizer.ggml.padding_token_id",
          "tokenizer.ggml.seperator_token_id", "tokenizer.ggml.separator_token_id"}) {
        check_refused(small_metadata().u32(key, 8), {key, "is 8", "below 8"});
        check_refused(small_metadata().i32(key, -5), {key, "-5"});
        check_refused(small_metadata().u64(key, std::uint64_t{1} << 32), {key, "4294967296"});
        check_refused(small_metadata().u64(key, std::numeric_limits<std::uint64_t>::max()), {key});
        check_refused(small_metadata().string(key, "1"), {key});
    }
}

TEST_CASE("the ends of generation") {
    auto tokens = small_vocabulary();
    tokens.push_back({"<|im_end|>", 0, token_kind::control});
    tokens.push_back({"<|eot_id|>", 0, token_kind::user_defined});
    tokens.push_back({"<end_of_turn>", 0, token_kind::normal});
    tokens.push_back({"<eos>", 0, token_kind::normal});
    const auto made = support::make_vocabulary(support::vocabulary_metadata(tokens)
                                                   .u32("tokenizer.ggml.eos_token_id", 5)
                                                   .u32("tokenizer.ggml.eot_token_id", 6)
                                                   .u32("tokenizer.ggml.eom_token_id", 7)
                                                   .file());
    REQUIRE(made);
    const std::vector<int> expected = {2, 5, 6, 7, 8, 9, 10};
    std::vector<int> found;
    for (token_id id = -1; id < 14; ++id) {
        if (made->is_end_of_generation(id)) {
            found.push_back(id);
        }
    }
    CHECK(found == expected);
}

TEST_CASE("token texts are checked") {
    check_refused(support::metadata_builder(), {"tokenizer.ggml.tokens"});
    check_refused(support::metadata_builder().strings("tokenizer.ggml.tokens", {}), {"tokenizer.ggml.tokens", "0"});
    check_refused(support::metadata_builder().i32s("tokenizer.ggml.tokens", {1}), {"tokenizer.ggml.tokens", "i32"});
    check_refused(support::metadata_builder().string("tokenizer.ggml.tokens", "a"), {"tokenizer.ggml.tokens"});
    check_refused(changed([](auto & tokens) { tokens[7].text = "a"; }), {"4 and 7", "'a'"});
    check_refused(changed([](auto & tokens) { tokens[7].text = std::string(65536, 'a'); }), {"65536", "65535"});

    const auto longest =
        support::make_vocabulary(changed([](auto & tokens) { tokens[7].text = std::string(65535, 'a'); }).file());
    REQUIRE(longest);
    CHECK(longest->find(std::string(65535, 'a')) == 7);

    // Several tokens without text, as some files have them, cannot be found and are not told apart.
    const auto without_text = support::make_vocabulary(changed([](auto & tokens) {
                                                           tokens[6].text.clear();
                                                           tokens[7].text.clear();
                                                       }).file());
    REQUIRE(without_text);
    CHECK(without_text->find("") == no_token);
}

TEST_CASE("byte tokens are exactly <0xHH>") {
    for (const char * text : {"<0x-1>", "<0x0a>", "<0x100>", "<0xA>", "<0X0A>", "<0x0A> ", "0x0A", "<0xG0>", "<0x0G>",
                              "<0x/0>", "<0x:0>", "<0x@0>", "", "\n"}) {
        CAPTURE(text);
        check_refused(changed([&](auto & tokens) { tokens[3].text = text; }), {"element 3", "byte"});
    }
    std::vector<support::vocab_token> all;
    for (unsigned i = 0; i < 256; ++i) {
        const char * digits = "0123456789ABCDEF";
        all.push_back({std::string("<0x") + digits[i >> 4] + digits[i & 15] + ">", 0, token_kind::byte});
    }
    const auto made = support::make_vocabulary(support::vocabulary_metadata(all).file());
    REQUIRE(made);
    for (int i = 0; i < 256; ++i) {
        CHECK(made->byte_value(i) == i);
    }
}

TEST_CASE("scores are as many as tokens, f32 and finite") {
    const auto with_scores = [](const auto & add) {
        support::metadata_builder metadata;
        metadata.strings("tokenizer.ggml.tokens", {"a", "b"});
        add(metadata);
        return metadata;
    };
    constexpr const char * key = "tokenizer.ggml.scores";
    const float infinity = std::numeric_limits<float>::infinity();
    const float nan = std::numeric_limits<float>::quiet_NaN();
    check_refused(with_scores([&](auto & m) { m.f32s(key, {1}); }), {key, "has 1", "2 tokens"});
    check_refused(with_scores([&](auto & m) { m.f32s(key, {1, 2, 3}); }), {key, "has 3", "2 tokens"});
    check_refused(with_scores([&](auto & m) { m.f32s(key, {1, nan}); }), {key, "element 1", "'b'", "finite"});
    check_refused(with_scores([&](auto & m) { m.f32s(key, {infinity, 1}); }), {key, "element 0", "inf"});
    check_refused(with_scores([&](auto & m) { m.f32s(key, {1, -infinity}); }), {key, "element 1", "inf"});
    check_refused(with_scores([&](auto & m) { m.template numbers<double>(key, 12, {1, 2}); }), {key, "f64"});
    check_refused(with_scores([&](auto & m) { m.template numbers<std::uint8_t>(key, 0, {1, 2}); }), {key, "u8"});
    check_refused(with_scores([&](auto & m) { m.u32(key, 1); }), {key});
    check_refused(with_scores([](auto &) {}), {key}, {.needs_scores = true});

    const auto without = support::make_vocabulary(with_scores([](auto &) {}).file());
    REQUIRE(without);
    CHECK(without->score(1) == 0.0f);
    const auto extreme = support::make_vocabulary(with_scores([&](auto & m) {
                                                      m.f32s(key, {std::numeric_limits<float>::max(), -0.0f});
                                                  }).file());
    REQUIRE(extreme);
    CHECK(extreme->score(0) == std::numeric_limits<float>::max());
}

TEST_CASE("token types are as many as tokens, and known") {
    constexpr const char * key = "tokenizer.ggml.token_type";
    const auto with_types = [](const auto & add) {
        support::metadata_builder metadata;
        metadata.strings("tokenizer.ggml.tokens", {"a", "<0x41>"});
        add(metadata);
        return metadata;
    };
    check_refused(with_types([&](auto & m) { m.i32s(key, {1}); }), {key, "has 1", "2 tokens"});
    check_refused(with_types([&](auto & m) { m.i32s(key, {1, 1, 1}); }), {key, "has 3"});
    for (const std::int32_t type : {0, 7, 99, -1, std::numeric_limits<std::int32_t>::min()}) {
        check_refused(with_types([&](auto & m) { m.i32s(key, {1, type}); }), {key, "element 1", "1 to 6"});
    }
    check_refused(with_types([&](auto & m) { m.f32s(key, {1, 1}); }), {key, "f32"});
    check_refused(with_types([&](auto & m) {
                      m.template numbers<std::uint64_t>(key, 10, {1, std::numeric_limits<std::uint64_t>::max()});
                  }),
                  {key});
    CHECK(support::make_vocabulary(with_types([&](auto & m) {
                                       m.template numbers<std::uint8_t>(key, 0, {1, 6});
                                   }).file())
              ->kind(1) == token_kind::byte);
    // The format allows files without types: they follow from texts and special ids.
    const auto without = support::make_vocabulary(support::metadata_builder()
                                                      .strings("tokenizer.ggml.tokens", {"u", "<0x41>", "b", "</s>"})
                                                      .u32("tokenizer.ggml.unknown_token_id", 0)
                                                      .u32("tokenizer.ggml.bos_token_id", 2)
                                                      .file());
    REQUIRE(without);
    CHECK(without->kind(0) == token_kind::unknown);
    CHECK(without->kind(1) == token_kind::byte);
    CHECK(without->kind(2) == token_kind::control);
    CHECK(without->kind(3) == token_kind::normal);
}

TEST_CASE("flags that are no booleans are refused") {
    for (const char * key :
         {"tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_eos_token", "tokenizer.ggml.add_space_prefix"}) {
        check_refused(small_metadata().u32(key, 1), {key});
    }
}

TEST_CASE("a vocabulary whose texts were made to collide is refused, not worked through") {
    // Texts with one hash: two blocks that collide, strung together in any order. FNV-1a carries nothing but its
    // 32 bits from byte to byte, so blocks of the same hash after the same state can be exchanged for each other.
    const auto fnv = [](std::uint32_t hash, std::string_view text) {
        for (const char c : text) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
        }
        return hash;
    };
    const auto block_of = [](std::uint32_t number) {
        std::string block;
        for (std::uint64_t mixed = number * std::uint64_t{0x9e3779b97f4a7c15}; block.size() < 8; mixed >>= 8) {
            block += static_cast<char>(mixed);
        }
        return block;
    };
    std::uint32_t state = 2166136261u;
    std::vector<std::string> texts = {""};
    for (int block = 0; block < 13; ++block) {
        std::vector<std::pair<std::uint32_t, std::uint32_t>> seen; // hash, number
        for (std::uint32_t i = 0; i < 400000; ++i) {
            seen.push_back({fnv(state, block_of(i)), i});
        }
        std::sort(seen.begin(), seen.end());
        std::size_t at = 1;
        while (at < seen.size() && seen[at].first != seen[at - 1].first) {
            ++at;
        }
        REQUIRE(at < seen.size());
        std::vector<std::string> longer;
        for (const std::string & text : texts) {
            longer.push_back(text + block_of(seen[at].second));
            longer.push_back(text + block_of(seen[at - 1].second));
        }
        texts.swap(longer);
        state = seen[at].first;
    }
    REQUIRE(texts.size() == 8192);
    check_refused(support::metadata_builder().strings("tokenizer.ggml.tokens", texts), {"collide"});
    texts.resize(4000);
    const auto fewer =
        support::make_vocabulary(support::metadata_builder().strings("tokenizer.ggml.tokens", texts).file());
    REQUIRE(fewer);
    CHECK(fewer->find(texts[3999]) == 3999);
}

TEST_CASE("running out of memory while a vocabulary is read") {
    const std::string file = small_metadata().u32("tokenizer.ggml.eos_token_id", 2).file();
    const auto survived = support::survive_allocation_failures([&]() -> llmzero::status {
        LLMZERO_ASSIGN(const vocabulary made, support::make_vocabulary(file));
        return made.size() == 8 ? llmzero::success() : llmzero::error(error_code::malformed, "wrong size");
    });
    CHECK(survived >= 2 * 6);
}

TEST_CASE("conformance: special ids of all vocabularies") {
    const std::string folder = support::conformance_dir("special ids of vocabularies");
    if (folder.empty()) {
        return;
    }
    for (const char * name : {"tok512", "tok105", "ggml-vocab-llama-spm", "ggml-vocab-gpt-2", "ggml-vocab-starcoder",
                              "smollm2", "t5", "bpe4k-pre-default", "bpe4k-pre-qwen2", "bpe4k-pre-llama-bpe"}) {
        CAPTURE(name);
        const auto expected = support::read_vocab_cases(folder, name);
        REQUIRE(expected.n_tokens > 0);
        const auto made = support::make_vocabulary(support::read_file(folder + "/" + expected.model),
                                                   {.add_bos = true, .bos = 1, .eos = 2, .unknown = 0});
        REQUIRE_MESSAGE(made, made.error().message());
        CHECK(made->size() == expected.n_tokens);
        CHECK(made->eos() == expected.eos);
        CHECK(made->padding() == expected.padding);
        CHECK(made->add_eos() == expected.add_eos);
        if (std::string_view(name) != "t5") { // whose file leaves the bos key out
            CHECK(made->bos() == expected.bos);
        }
        std::vector<int> ends;
        for (token_id id = 0; made->contains(id); ++id) {
            if (made->is_end_of_generation(id)) {
                ends.push_back(id);
            }
        }
        CHECK(ends == expected.ends);
    }
}
