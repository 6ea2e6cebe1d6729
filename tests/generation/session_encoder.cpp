// Sessions of models with an encoder: a source is read, and answered.
#include <llmzero/generation/session.hpp>

#include "support/failing_allocator.hpp"
#include "support/tiny_t5.hpp"

#include <algorithm>
#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace {

using llmzero::error_code;
using llmzero::generate_options;
using llmzero::session;
using llmzero::stop_reason;
using llmzero::token_id;
using support::tiny_t5;
using support::tiny_t5_shape;

const std::vector<token_id> a_source = {5, 9, 30, 12, 3, 7, 2};
constexpr token_id start_token = 3; // of every tiny_t5 that is not asked for another

llmzero::model model_of(const tiny_t5 & source) {
    auto loaded = llmzero::load(source.file());
    REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().message()));
    return *loaded;
}

generate_options greedy_answer(std::uint32_t max_tokens) {
    return {.max_tokens = max_tokens, .sampling = {.temperature = 0.0f}, .ignore_end_of_text = true};
}

struct reply {
    llmzero::generation how;
    std::string text;
};

template <class Prompt> reply reply_to(session & to, const Prompt & prompt, const generate_options & options) {
    reply got;
    const auto done = to.generate(prompt, options, [&](std::string_view text) {
        got.text += text;
        return true;
    });
    REQUIRE_MESSAGE(done, (done ? "" : done.error().message()));
    got.how = *done;
    return got;
}

token_id best_of(std::span<const float> logits) {
    return static_cast<token_id>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

std::vector<float> copy_of(std::span<const float> logits) {
    return {logits.begin(), logits.end()};
}

} // namespace

TEST_CASE("session with encoder: the answer is that of the largest logits, token by token") {
    const tiny_t5 source({.seed = 101});
    const llmzero::model m = model_of(source);
    auto s = session::create(m);
    REQUIRE(s);
    CHECK(s->context() == 128); // 64 on either side
    const reply got = reply_to(*s, a_source, greedy_answer(10));
    CHECK(got.how.reason == stop_reason::max_tokens);
    CHECK(got.how.n_prompt == a_source.size());
    CHECK(got.how.n_generated == 10);
    CHECK(s->position() == a_source.size() + 1 + 9); // the last token was not evaluated

    std::vector<std::int32_t> answer;
    for (int i = 0; i < 10; ++i) {
        const std::vector<double> exact = source.logits(a_source, answer).back();
        answer.push_back(static_cast<std::int32_t>(std::max_element(exact.begin(), exact.end()) - exact.begin()));
    }
    std::vector<token_id> all = a_source;
    all.push_back(start_token);
    all.insert(all.end(), answer.begin(), answer.end());
    CHECK(std::equal(all.begin(), all.end(), s->tokens().begin(), s->tokens().end()));
}

TEST_CASE("session with encoder: text gets its end token, at any time") {
    auto s = session::create(model_of(tiny_t5({.seed = 102})));
    REQUIRE(s);
    const reply first = reply_to(*s, "abc", greedy_answer(6));
    CHECK(first.how.n_prompt == 5); // the leading space, a, b, c, </s>
    CHECK(s->tokens()[4] == 2);
    const reply again = reply_to(*s, "abc", greedy_answer(6));
    CHECK(again.how.n_prompt == 5);
    CHECK(again.text == first.text);
    const reply empty = reply_to(*s, "", greedy_answer(6));
    CHECK(empty.how.n_prompt == 1);
}

TEST_CASE("session with encoder: a prompt starts a new text, no prompt goes on with the answer") {
    const llmzero::model m = model_of(tiny_t5({.seed = 103}));
    auto whole = session::create(m);
    auto parts = session::create(m);
    REQUIRE(whole);
    REQUIRE(parts);
    const reply expected = reply_to(*whole, a_source, greedy_answer(20));
    const std::vector<token_id> other = {20, 21, 22, 2};
    const reply other_text = reply_to(*parts, other, greedy_answer(5)); // leaves nothing behind
    const reply beginning = reply_to(*parts, a_source, greedy_answer(8));
    const reply rest = reply_to(*parts, std::vector<token_id>{}, greedy_answer(12));
    CHECK(rest.how.n_prompt == 0);
    CHECK(beginning.text + rest.text == expected.text);
    CHECK(std::equal(parts->tokens().begin(), parts->tokens().end(), whole->tokens().begin(), whole->tokens().end()));
    CHECK(reply_to(*whole, other, greedy_answer(5)).text == other_text.text);
}

TEST_CASE("session with encoder: rewinding keeps the source as a whole or not at all") {
    const llmzero::model m = model_of(tiny_t5({.seed = 104}));
    auto s = session::create(m);
    REQUIRE(s);
    const auto n_source = static_cast<std::uint32_t>(a_source.size());
    REQUIRE(s->prefill(a_source));
    CHECK(s->position() == n_source + 1);
    const std::vector<float> after_start = copy_of(s->logits());
    REQUIRE(s->decode(7));
    REQUIRE(s->decode(8));
    const std::vector<float> after_8 = copy_of(s->logits());
    REQUIRE(s->decode(9));

    s->rewind(n_source + 2); // the source, the start token and 7
    CHECK(s->logits().empty());
    REQUIRE(s->decode(8));
    CHECK(copy_of(s->logits()) == after_8);
    s->rewind(n_source);
    CHECK(s->position() == n_source);
    REQUIRE(s->decode(start_token));
    CHECK(copy_of(s->logits()) == after_start);
    s->rewind(n_source - 1);
    CHECK(s->position() == 0);
    CHECK(s->tokens().empty());
    const auto sourceless = s->decode(7);
    REQUIRE_FALSE(sourceless);
    CHECK(sourceless.error().code() == error_code::bad_argument);
    CHECK(std::strstr(sourceless.error().message(), "source") != nullptr);
    REQUIRE(s->prefill(a_source));
    CHECK(copy_of(s->logits()) == after_start);
    CHECK(s->keep_common(a_source) == 0);
    CHECK(s->position() == 0);
}

TEST_CASE("session with encoder: source and answer share the context") {
    const llmzero::model m = model_of(tiny_t5({.seed = 105}));
    auto s = session::create(m, {.context = 8});
    REQUIRE(s);
    REQUIRE(s->prefill(a_source)); // 7, and the start token
    CHECK(s->position() == 8);
    const auto full = s->decode(5);
    REQUIRE_FALSE(full);
    CHECK(full.error().code() == error_code::context_full);
    const reply one = reply_to(*s, a_source, greedy_answer(10));
    CHECK(one.how.reason == stop_reason::context_full);
    CHECK(one.how.n_generated == 1); // it is given out, but cannot be evaluated

    const std::vector<float> before = copy_of(s->logits());
    const std::vector<token_id> too_long(8, 5);
    const auto refused = s->prefill(too_long);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == error_code::context_full);
    CHECK(std::strstr(refused.error().message(), "a source of 8 tokens does not fit: the context has 8") != nullptr);
    CHECK(s->position() == 8); // what was there still is
    CHECK(copy_of(s->logits()) == before);
}

TEST_CASE("session with encoder: what is no source leaves the text as it is") {
    const llmzero::model m = model_of(tiny_t5({.seed = 106}));
    auto s = session::create(m);
    REQUIRE(s);
    REQUIRE(s->prefill(a_source));
    const std::vector<float> before = copy_of(s->logits());
    for (const std::vector<token_id> & bad : {std::vector<token_id>{}, {5, 40}, {-1}}) {
        const auto refused = s->prefill(bad);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == error_code::bad_argument);
        CHECK(copy_of(s->logits()) == before);
        CHECK(s->position() == a_source.size() + 1);
    }
    auto empty = session::create(m);
    REQUIRE(empty);
    const auto nothing = empty->generate(std::span<const token_id>(), {}, {});
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().code() == error_code::bad_argument);
}

TEST_CASE("session with encoder: progress counts tokens of the source, and can stop at any time") {
    const llmzero::model m = model_of(tiny_t5({.seed = 107}));
    auto s = session::create(m, {.batch = 2});
    REQUIRE(s);
    const reply expected = reply_to(*s, a_source, greedy_answer(5));
    std::vector<std::size_t> seen;
    REQUIRE(s->prefill(a_source, [&](std::size_t done, std::size_t total) {
        CHECK(total == a_source.size());
        seen.push_back(done);
        return true;
    }));
    CHECK(seen.front() == 0);
    CHECK(std::is_sorted(seen.begin(), seen.end()));
    CHECK(seen.back() == a_source.size());
    CHECK(seen.size() > 20);
    for (std::size_t stop_at = 0; stop_at < seen.size(); ++stop_at) {
        CAPTURE(stop_at);
        const bool was_last = stop_at + 1 == seen.size(); // all is done by then, and stays
        std::size_t asked = 0;
        generate_options options = greedy_answer(5);
        const auto count_down = [&](std::size_t, std::size_t) {
            return asked++ < stop_at;
        };
        options.on_prefill = count_down;
        const auto stopped = s->generate(a_source, options, {});
        REQUIRE(stopped);
        CHECK(stopped->reason == stop_reason::cancelled);
        CHECK(stopped->n_generated == 0);
        CHECK(stopped->n_prompt == (was_last ? a_source.size() : 0));
        CHECK(s->position() == (was_last ? a_source.size() + 1 : 0));
        CHECK(s->tokens().size() == s->position());
    }
    CHECK(reply_to(*s, a_source, greedy_answer(5)).text == expected.text);
}

TEST_CASE("session with encoder: the words of the source are not held against the answer") {
    const llmzero::model m = model_of(tiny_t5({.seed = 108}));
    std::vector<token_id> every;
    for (token_id id = 3; id < 40; ++id) {
        every.push_back(id);
    }
    auto s = session::create(m);
    REQUIRE(s);
    REQUIRE(s->prefill(every));
    const token_id best = best_of(s->logits());
    generate_options options = greedy_answer(12);
    options.sampling.repeat_penalty = 1000.0f;
    REQUIRE(best >= 3);
    (void)reply_to(*s, every, options);
    const std::span<const token_id> answer = s->tokens().subspan(every.size() + 1);
    REQUIRE(answer.size() == 12);
    CHECK(answer[0] == best);
    std::vector<token_id> sorted(answer.begin(), answer.end());
    std::sort(sorted.begin(), sorted.end());
    CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end()); // but its own words are
}

TEST_CASE("session with encoder: an answer begins without a space, its continuation may have one") {
    tiny_t5 source({.seed = 109});
    std::fill(source["output.weight"].values.begin(), source["output.weight"].values.end(), 0.0f);
    auto s = session::create(model_of(source));
    REQUIRE(s);
    bool found = false;
    for (std::uint64_t seed = 1; seed < 1000 && !found; ++seed) { // all tokens are equally likely
        const generate_options options{
            .max_tokens = 1, .sampling = {.temperature = 1.0f, .min_p = 0, .seed = seed}, .ignore_end_of_text = true};
        const reply first = reply_to(*s, a_source, options);
        if (s->tokens().back() == 3) {
            CHECK(first.text.empty());
            const reply second = reply_to(*s, std::vector<token_id>{}, options);
            CHECK(s->tokens().back() == 3);
            CHECK(second.text == " ");
            found = true;
        }
    }
    CHECK(found);
}

TEST_CASE("session with encoder: neither a source nor a token allocates") {
    for (const llmzero::kv_type kv : {llmzero::kv_type::f32, llmzero::kv_type::q8}) {
        auto s = session::create(model_of(tiny_t5({.seed = 110})), {.kv = kv});
        REQUIRE(s);
        const std::uint64_t before = support::allocation_count();
        for (int text = 0; text < 2; ++text) {
            REQUIRE(s->prefill(a_source));
            for (token_id token = 5; token < 15; ++token) {
                REQUIRE(s->decode(token));
            }
        }
        CHECK(support::allocation_count() == before);
    }
}

TEST_CASE("session with encoder: the memory is as announced, and running out of it is an error") {
    const llmzero::model m = model_of(tiny_t5({.seed = 111}));
    llmzero::session_options options{.context = 20, .batch = 4};
    const std::uint64_t needed = session::bytes_needed(m, options);
    options.memory_budget_bytes = needed;
    CHECK(session::create(m, options));
    options.memory_budget_bytes = needed - 1;
    const auto refused = session::create(m, options);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == error_code::over_budget);
    const auto survived = support::survive_allocation_failures([&]() -> llmzero::status {
        LLMZERO_ASSIGN(auto s, session::create(m, {.context = 16, .batch = 4}));
        LLMZERO_CHECK(s.generate("abc", greedy_answer(4), [](std::string_view) { return true; }));
        return llmzero::success();
    });
    CHECK(survived > 30);
}
