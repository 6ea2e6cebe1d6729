#include <llmzero/generation/prompt_cache.hpp>

#include "support/failing_allocator.hpp"
#include "support/tiny_llama.hpp"

#include <cstdlib>
#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <unistd.h>
#include <vector>

using namespace llmzero;

namespace {

using support::tiny_llama;

const std::vector<token_id> cached_text = {1, 5, 9, 30, 12, 7, 8, 4, 20, 33};

model cached_model(std::uint64_t seed = 91) {
    auto loaded = load(tiny_llama({.context = 48, .seed = seed}).file());
    REQUIRE(loaded);
    return *loaded;
}

session cached_session(const model & m, kv_type kv = kv_type::f32, std::uint32_t context = 0) {
    auto made = session::create(m, {.context = context, .kv = kv, .batch = 3});
    REQUIRE(made);
    return std::move(*made);
}

std::vector<std::byte> saved_state(session & from, std::uint32_t n_tokens) {
    std::vector<std::byte> bytes;
    const status saved = prompt_cache::save(from, n_tokens, [&](std::span<const std::byte> part) {
        bytes.insert(bytes.end(), part.begin(), part.end());
        return success();
    });
    REQUIRE(saved);
    return bytes;
}

result<std::uint32_t> load_state(session & into, std::span<const token_id> text, std::span<const std::byte> bytes) {
    return prompt_cache::load(into, text, memory_source(bytes));
}

// The state of the first six tokens of the text.
std::vector<std::byte> six_tokens(const model & m, kv_type kv) {
    session s = cached_session(m, kv);
    REQUIRE(s.prefill(cached_text));
    return saved_state(s, 6);
}

void put_checksum(std::vector<std::byte> & bytes) {
    checksum sum;
    sum.add(std::span(bytes).first(bytes.size() - 8));
    const std::uint64_t value = sum.value();
    std::memcpy(bytes.data() + bytes.size() - 8, &value, 8);
}

TEST_CASE("prompt cache: a session goes on with the same bits, without evaluating the prefix") {
    const model m = cached_model();
    for (const kv_type kv : {kv_type::f32, kv_type::q8}) {
        const std::vector<std::byte> bytes = six_tokens(m, kv);
        session evaluated = cached_session(m, kv);
        generate_options options{.max_tokens = 20,
                                 .sampling = {.temperature = 1.0f, .repeat_penalty = 1.3f, .seed = 4},
                                 .ignore_end_of_text = true};
        std::vector<float> logits;
        options.on_logits = [&](std::span<const float> row) {
            logits.insert(logits.end(), row.begin(), row.end());
        };
        const auto without = evaluated.generate(cached_text, options, nullptr);
        REQUIRE(without);
        CHECK(without->n_prompt == 10);

        session restored = cached_session(m, kv, 40); // another context
        const auto kept = load_state(restored, cached_text, bytes);
        REQUIRE(kept);
        CHECK(*kept == 6);
        CHECK(restored.keep_common(cached_text) == 6);
        const std::vector<float> expected = std::move(logits);
        logits.clear();
        const auto with = restored.generate(std::span(cached_text).subspan(6), options, nullptr);
        REQUIRE(with);
        CHECK(with->n_prompt == 4);
        REQUIRE(logits.size() == expected.size());
        CHECK(std::memcmp(logits.data(), expected.data(), logits.size() * sizeof(float)) == 0);
        CHECK(std::equal(evaluated.tokens().begin(), evaluated.tokens().end(), restored.tokens().begin(),
                         restored.tokens().end()));
    }
}

TEST_CASE("prompt cache: what the text has in common with the file is taken up, no more") {
    const model m = cached_model();
    const std::vector<std::byte> bytes = six_tokens(m, kv_type::f32);
    session s = cached_session(m);
    const auto kept = [&](std::vector<token_id> text) {
        const auto n = load_state(s, text, bytes);
        REQUIRE(n);
        CHECK(s.position() == *n);
        CHECK(std::equal(s.tokens().begin(), s.tokens().end(), text.begin()));
        return *n;
    };
    CHECK(kept(cached_text) == 6);
    CHECK(kept({1, 5, 9}) == 3);
    CHECK(kept({1, 5, 7, 30}) == 2);
    CHECK(kept({2}) == 0);
    CHECK(kept({}) == 0);
    session small = cached_session(m, kv_type::f32, 4);
    const auto n = load_state(small, cached_text, bytes);
    REQUIRE(n);
    CHECK(*n == 4);

    // A part that was taken up counts as evaluated.
    CHECK(kept({1, 5, 9, 8}) == 3);
    REQUIRE(s.decode(8));
    session afresh = cached_session(m);
    REQUIRE(afresh.prefill(std::vector<token_id>{1, 5, 9, 8}));
    CHECK(std::memcmp(s.logits().data(), afresh.logits().data(), s.logits().size_bytes()) == 0);
}

TEST_CASE("prompt cache: a state may be saved after the text went on") {
    const model m = cached_model();
    session s = cached_session(m);
    REQUIRE(s.prefill(std::span(cached_text).first(6)));
    const std::vector<std::byte> before = saved_state(s, 6);
    REQUIRE(s.generate(std::span(cached_text).subspan(6), {.max_tokens = 8}, nullptr));
    CHECK(saved_state(s, 6) == before);
    CHECK(saved_state(s, 5) != before);
}

TEST_CASE("prompt cache: what does not belong to the session is refused, and says why") {
    const model m = cached_model();
    const std::vector<std::byte> bytes = six_tokens(m, kv_type::f32);
    const auto message = [&](session & into, std::vector<std::byte> content, error_code code) {
        REQUIRE(into.prefill(cached_text));
        const auto refused = load_state(into, cached_text, content);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == code);
        CHECK(into.position() == 0); // as announced
        return std::string(refused.error().message());
    };
    session other = cached_session(cached_model(92));
    CHECK(message(other, bytes, error_code::unsupported) == "a prompt cache of another model");
    session q8 = cached_session(m, kv_type::q8);
    CHECK(message(q8, bytes, error_code::unsupported) ==
          "a prompt cache with another type of key-value cache, expected q8");
    session s = cached_session(m);
    std::vector<std::byte> changed = bytes;
    changed[0] = std::byte{'L'};
    CHECK(message(s, changed, error_code::malformed) ==
          "this is no prompt cache: it begins with 'Llmzstat', expected 'llmzstat'");
    changed = bytes;
    std::swap(changed[8], changed[11]);
    CHECK(message(s, changed, error_code::unsupported) == "a prompt cache from a machine with another byte order");
    changed = bytes;
    changed[12] = std::byte{2};
    CHECK(message(s, changed, error_code::unsupported) == "a prompt cache of version 2, expected 1");
    changed = bytes;
    changed[28] = std::byte{7};
    CHECK(message(s, changed, error_code::malformed).find("a prompt cache of 7 tokens has") == 0);
    changed = bytes;
    changed.push_back(std::byte{0});
    CHECK(message(s, changed, error_code::malformed).find("a prompt cache of 6 tokens has") == 0);
    CHECK(message(s, {}, error_code::malformed) == "a prompt cache of 0 bytes, expected at least 40");
    changed = bytes;
    changed[100] ^= std::byte{4};
    CHECK(message(s, changed, error_code::malformed).find("a prompt cache is damaged: its checksum is") == 0);

    // What a forged checksum covers is not believed either.
    changed = bytes;
    changed[32 + 4 * 2] = std::byte{40};
    put_checksum(changed);
    CHECK(message(s, changed, error_code::malformed) == "a prompt cache holds the token 40 at 2, expected 0 to 39");
    changed = bytes;
    std::fill_n(changed.end() - 12, 4, std::byte{0xff});
    put_checksum(changed);
    CHECK(message(s, changed, error_code::malformed).find("NaN") != std::string::npos);
    CHECK(load_state(s, cached_text, bytes)); // nothing is lost
}

TEST_CASE("prompt cache: no damaged byte and no cut goes unnoticed") {
    const model m = cached_model();
    session s = cached_session(m);
    const std::vector<std::byte> bytes = six_tokens(m, kv_type::q8);
    session into = cached_session(m, kv_type::q8);
    REQUIRE(load_state(into, cached_text, bytes));
    std::vector<std::byte> damaged = bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        damaged[i] ^= static_cast<std::byte>(1u << i % 8);
        REQUIRE_FALSE(load_state(into, cached_text, damaged));
        damaged[i] = bytes[i];
        REQUIRE_FALSE(load_state(into, cached_text, std::span(bytes).first(i)));
    }
    // With a checksum that fits: an error or a state, and a session that works.
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        damaged[i] = static_cast<std::byte>(i * 7 + 128);
        put_checksum(damaged);
        if (load_state(into, cached_text, damaged)) {
            REQUIRE(into.prefill(std::span(cached_text).subspan(into.position())));
            REQUIRE(into.decode(5));
        }
        damaged[i] = bytes[i];
    }
}

TEST_CASE("prompt cache: only what was evaluated can be saved") {
    const model m = cached_model();
    session s = cached_session(m);
    REQUIRE(s.prefill(cached_text));
    const auto nothing = [](std::span<const std::byte>) {
        return success();
    };
    for (const std::uint32_t n : {0u, 11u}) {
        const status refused = prompt_cache::save(s, n, nothing);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == error_code::bad_argument);
    }
    const status full = prompt_cache::save(
        s, 3, [](std::span<const std::byte>) -> status { return error(error_code::io, "no space"); });
    REQUIRE_FALSE(full);
    CHECK(std::string(full.error().message()) == "no space");
}

TEST_CASE("prompt cache: files are replaced as a whole, and their errors name them") {
    char folder[] = "/tmp/llmzero-cache-XXXXXX";
    REQUIRE(mkdtemp(folder) != nullptr);
    const std::string path = std::string(folder) + "/cache";
    const model m = cached_model();
    session s = cached_session(m);
    const auto missing = prompt_cache::load(s, cached_text, path.c_str());
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code() == error_code::io);
    REQUIRE(s.prefill(cached_text));
    REQUIRE(prompt_cache::save(s, 4, path.c_str()));
    REQUIRE(prompt_cache::save(s, 6, path.c_str()));
    // A saving that is refused leaves the file alone.
    CHECK_FALSE(prompt_cache::save(s, 11, path.c_str()));
    const auto kept = prompt_cache::load(s, cached_text, path.c_str());
    REQUIRE(kept);
    CHECK(*kept == 6);
    REQUIRE(truncate(path.c_str(), 100) == 0);
    const auto cut = prompt_cache::load(s, cached_text, path.c_str());
    REQUIRE_FALSE(cut);
    CHECK(std::string(cut.error().message()).find(path + ": a prompt cache of 6 tokens has 100 bytes") == 0);
    unlink(path.c_str());
    CHECK(rmdir(folder) == 0); // nothing else was left
}

TEST_CASE("prompt cache: running out of memory is an error") {
    const model m = cached_model();
    const std::vector<std::byte> bytes = six_tokens(m, kv_type::f32);
    session s = cached_session(m);
    const memory_source source(bytes);
    const auto survived = support::survive_allocation_failures([&]() -> status {
        LLMZERO_CHECK(prompt_cache::load(s, cached_text, source));
        return success();
    });
    CHECK(survived > 0);
}

} // namespace
