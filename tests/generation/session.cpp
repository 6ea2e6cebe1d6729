#include <llmzero/generation/session.hpp>

#include "support/failing_allocator.hpp"
#include "support/threads.hpp"
#include "support/tiny_llama.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <thread>
#include <vector>

using namespace llmzero;

namespace {

using support::tiny_llama;
using support::tiny_shape;

model tiny(tiny_shape shape = {.context = 48, .seed = 71}) {
    auto loaded = load(tiny_llama(shape).file());
    REQUIRE(loaded);
    return *loaded;
}

// Ends only where it is told to: the tiny model's end token is drawn now and then.
generate_options greedy(std::uint32_t max_tokens) {
    return {.max_tokens = max_tokens, .sampling = {.temperature = 0.0f}, .ignore_end_of_text = true};
}

struct answer {
    generation how;
    std::string text;
};

answer ask(session & from, std::string_view prompt, const generate_options & options) {
    answer got;
    const auto done = from.generate(prompt, options, [&](std::string_view text) {
        got.text += text;
        return true;
    });
    REQUIRE_MESSAGE(done, (done ? "" : done.error().message()));
    got.how = *done;
    return got;
}

const auto ignore_text = [](std::string_view) {
    return true;
};

TEST_CASE("session: generates as many tokens as asked for, and says how it went") {
    auto s = session::create(tiny());
    REQUIRE(s);
    const answer got = ask(*s, "abc", greedy(10));
    CHECK(got.how.reason == stop_reason::max_tokens);
    CHECK(got.how.n_generated == 10);
    CHECK(got.how.n_prompt == 5); // <s>, the leading space, a, b, c
    CHECK(got.how.prompt_ms > 0);
    CHECK(got.how.generation_ms > 0);
    CHECK(got.how.tokens_per_second() == doctest::Approx(10 * 1000 / got.how.generation_ms));
    CHECK(got.how.prompt_tokens_per_second() == doctest::Approx(5 * 1000 / got.how.prompt_ms));
    CHECK_FALSE(got.text.empty());
    CHECK(s->position() == 5 + 9); // the last token was not evaluated
}

TEST_CASE("session: greedy text is that of the largest logits, token by token") {
    const model m = tiny();
    auto s = session::create(m);
    REQUIRE(s);
    const answer got = ask(*s, "abc", greedy(12));
    auto by_hand = session::create(m);
    REQUIRE(by_hand);
    auto tokens = m.text().encode("abc");
    REQUIRE(tokens);
    REQUIRE(by_hand->prefill(tokens->span()));
    std::string text;
    for (int i = 0; i < 12; ++i) {
        const auto logits = by_hand->logits();
        const auto best = static_cast<token_id>(std::max_element(logits.begin(), logits.end()) - logits.begin());
        text += m.text().decode(best);
        REQUIRE(by_hand->decode(best));
    }
    CHECK(got.text == text);
}

TEST_CASE("session: the same seed gives the same text, another seed another") {
    const model m = tiny();
    const auto text_of = [&](std::uint64_t seed) {
        auto s = session::create(m);
        REQUIRE(s);
        generate_options options{
            .max_tokens = 30, .sampling = {.temperature = 1.0f, .seed = seed}, .ignore_end_of_text = true};
        const answer got = ask(*s, "abc", options);
        CHECK(got.how.seed == seed);
        return got.text;
    };
    CHECK(text_of(5) == text_of(5));
    CHECK(text_of(5) != text_of(6));
}

TEST_CASE("session: a rewound session repeats itself to the bit") {
    auto s = session::create(tiny());
    REQUIRE(s);
    const answer first = ask(*s, "abc", greedy(20));
    s->rewind();
    CHECK(s->position() == 0);
    CHECK(s->logits().empty());
    CHECK(ask(*s, "abc", greedy(20)).text == first.text);
}

TEST_CASE("session: a prompt may come in parts") {
    const model m = tiny();
    const std::vector<token_id> tokens = {1, 5, 9, 30, 12, 7};
    auto whole = session::create(m);
    auto parts = session::create(m);
    REQUIRE(whole);
    REQUIRE(parts);
    REQUIRE(whole->prefill(tokens));
    REQUIRE(parts->prefill(std::span(tokens).first(2)));
    REQUIRE(parts->decode(tokens[2]));
    REQUIRE(parts->prefill(std::span(tokens).subspan(3)));
    CHECK(std::memcmp(whole->logits().data(), parts->logits().data(), whole->logits().size_bytes()) == 0);
    CHECK(parts->position() == 6);
}

TEST_CASE("session: an end token ends the text unless it is to be ignored") {
    // A model whose head prefers </s> after anything.
    tiny_llama source({.separate_head = true, .seed = 72});
    auto & head = source["output.weight"];
    auto & norm = source["output_norm.weight"];
    std::fill(norm.values.begin(), norm.values.end(), 0.0f);
    std::fill(head.values.begin(), head.values.end(), 0.0f);
    auto loaded = load(source.file());
    REQUIRE(loaded);
    // All logits are 0, so greedy takes the lowest id, <unk>: no text, and no end.
    auto s = session::create(*loaded);
    REQUIRE(s);
    CHECK(ask(*s, "a", {.max_tokens = 3, .sampling = {.temperature = 0.0f}}).how.reason == stop_reason::max_tokens);

    // Sampling from equal logits draws </s> sooner or later.
    s->rewind();
    const answer ended = ask(*s, "a", {.max_tokens = 60, .sampling = {.temperature = 1.0f, .min_p = 0, .seed = 3}});
    CHECK(ended.how.reason == stop_reason::end_of_text);
    CHECK(ended.how.n_generated < 60);
    s->rewind();
    const answer went_on =
        ask(*s, "a",
            {.max_tokens = 60, .sampling = {.temperature = 1.0f, .min_p = 0, .seed = 3}, .ignore_end_of_text = true});
    CHECK(went_on.how.n_generated > ended.how.n_generated);
    CHECK(went_on.text.substr(0, ended.text.size()) == ended.text);
}

TEST_CASE("session: a stop string ends the text before itself") {
    auto s = session::create(tiny());
    REQUIRE(s);
    const std::string all = ask(*s, "abc", greedy(20)).text;
    REQUIRE(all.size() > 8);
    const std::string_view stops[] = {"\x01 never", std::string_view(all).substr(4, 3)};
    const std::size_t at = all.find(stops[1]);
    s->rewind();
    generate_options options = greedy(20);
    options.stop = stops;
    const answer cut = ask(*s, "abc", options);
    CHECK(cut.how.reason == stop_reason::stop_string);
    CHECK(cut.text == all.substr(0, at));
}

TEST_CASE("session: text held back for a stop string is given out when it does not come") {
    auto s = session::create(tiny());
    REQUIRE(s);
    const std::string all = ask(*s, "abc", greedy(10)).text;
    const std::string longer = all.substr(all.size() - 2) + "\x01";
    const std::string_view stops[] = {longer};
    s->rewind();
    generate_options options = greedy(10);
    options.stop = stops;
    const answer got = ask(*s, "abc", options);
    CHECK(got.how.reason == stop_reason::max_tokens);
    CHECK(got.text == all);
}

TEST_CASE("session: the callback can stop at any text") {
    auto s = session::create(tiny());
    REQUIRE(s);
    int calls = 0;
    const auto done = s->generate("abc", greedy(20), [&](std::string_view) { return ++calls < 3; });
    REQUIRE(done);
    CHECK(done->reason == stop_reason::cancelled);
    CHECK(calls == 3);
    CHECK(done->n_generated < 20);
}

TEST_CASE("session: generation and prefill can be stopped between layers") {
    auto s = session::create(tiny({.n_layers = 6, .context = 48, .seed = 73}), {.batch = 2});
    REQUIRE(s);
    generate_options options = greedy(20);
    int asked = 0;
    options.keep_going = [&] {
        return ++asked < 9;
    };
    const auto decoding = s->generate("abc", options, ignore_text);
    REQUIRE(decoding);
    CHECK(decoding->reason == stop_reason::cancelled);
    CHECK(asked == 9);

    s->rewind();
    options = greedy(20);
    std::size_t done_last = 0;
    std::size_t total_last = 0;
    int calls = 0;
    options.on_prefill = [&](std::size_t done, std::size_t total) {
        CHECK(done >= done_last);
        done_last = done;
        total_last = total;
        return ++calls < 10;
    };
    const auto reading = s->generate("abcdefgh", options, ignore_text);
    REQUIRE(reading);
    CHECK(reading->reason == stop_reason::cancelled);
    CHECK(reading->n_generated == 0);
    CHECK(total_last == 10);
    CHECK(s->position() == 2); // one batch of two was done
    CHECK(reading->n_prompt == 2);

    const std::vector<token_id> more = {5, 6, 7};
    const status stopped = s->prefill(more, [](std::size_t, std::size_t) { return false; });
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().code() == error_code::cancelled);
    CHECK(s->prefill(more)); // it goes on from there
    CHECK(s->position() == 5);
}

TEST_CASE("session: progress ends at the total") {
    auto s = session::create(tiny(), {.batch = 3});
    REQUIRE(s);
    const std::vector<token_id> tokens = {1, 5, 9, 30, 12, 7, 8};
    std::vector<std::size_t> seen;
    REQUIRE(s->prefill(tokens, [&](std::size_t done, std::size_t total) {
        CHECK(total == 7);
        seen.push_back(done);
        return true;
    }));
    CHECK(seen == std::vector<std::size_t>{0, 0, 3, 3, 6, 6, 7}); // two layers, three batches, and the end
}

TEST_CASE("session: the context is a limit with its own reason") {
    auto s = session::create(tiny(), {.context = 12});
    REQUIRE(s);
    const answer full = ask(*s, "abc", greedy(100));
    CHECK(full.how.reason == stop_reason::context_full);
    CHECK(s->position() == 12);
    CHECK(full.how.n_generated == 12 - 5 + 1);
    const status more = s->decode(5);
    REQUIRE_FALSE(more);
    CHECK(more.error().code() == error_code::context_full);
    CHECK(std::string(more.error().message()) == "1 tokens do not fit: the context has 12, of which 12 are in use");
    // The last token that was sampled is not evaluated yet, and has no room.
    const auto on = s->generate(std::span<const token_id>(), greedy(1), ignore_text);
    REQUIRE_FALSE(on);
    CHECK(on.error().code() == error_code::context_full);
    const auto with_text = s->generate("d", greedy(1), ignore_text);
    REQUIRE_FALSE(with_text);
    CHECK(with_text.error().code() == error_code::context_full);
    CHECK(s->position() == 12);
    s->rewind();
    const auto too_long = s->generate("abcdefghijklmnop", greedy(1), ignore_text);
    REQUIRE_FALSE(too_long);
    CHECK(too_long.error().code() == error_code::context_full);
}

TEST_CASE("session: options and tokens out of range are refused with figures") {
    const model m = tiny();
    const auto message = [](const auto & refused) {
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == error_code::bad_argument);
        return std::string(refused.error().message());
    };
    CHECK(message(session::create(m, {.batch = 0})) == "batch is 0, expected 1 to 4096");
    CHECK(message(session::create(m, {.batch = 5000})) == "batch is 5000, expected 1 to 4096");
    CHECK(message(session::create(m, {.context = 1u << 31})).find("2147483648") != std::string::npos);
    auto s = session::create(m);
    REQUIRE(s);
    const std::vector<token_id> high = {1, 40};
    const std::vector<token_id> negative = {-1};
    CHECK(message(s->prefill(high)) == "token 1 is 40, expected 0 to 39");
    CHECK(message(s->prefill(negative)) == "token 0 is -1, expected 0 to 39");
    CHECK(message(s->prefill({})).find("nothing to evaluate") != std::string::npos);
    CHECK(s->position() == 0);
    generate_options options = greedy(1);
    options.sampling.top_p = 2.0f;
    CHECK(message(s->generate("a", options, ignore_text)).find("top_p") != std::string::npos);
}

TEST_CASE("session: an empty prompt is the model's own start") {
    auto s = session::create(tiny());
    REQUIRE(s);
    CHECK(ask(*s, "", greedy(3)).how.n_prompt == 1); // <s>
}

TEST_CASE("session: an answer keeps its leading space, a text that starts from nothing has none") {
    // The head reads one element of the stream, and only for the space: with one of two signs it wins over <unk>.
    tiny_llama source({.separate_head = true, .seed = 74});
    auto & head = source["output.weight"];
    auto & norm = source["output_norm.weight"];
    std::fill(head.values.begin(), head.values.end(), 0.0f);
    std::fill(norm.values.begin(), norm.values.end(), 0.0f);
    norm.values[0] = 1.0f;
    const auto answers = [&](std::string_view prompt) {
        std::string both;
        for (const float sign : {1.0f, -1.0f}) {
            head.values[std::size_t{3} * 32] = sign;
            auto loaded = load(source.file());
            REQUIRE(loaded);
            auto s = session::create(*loaded);
            REQUIRE(s);
            both += ask(*s, prompt, greedy(1)).text;
        }
        return both;
    };
    CHECK(answers("a") == " ");
    CHECK(answers("").empty());
}

TEST_CASE("session: no tokens asked for means that the prompt is evaluated and nothing else") {
    auto s = session::create(tiny());
    REQUIRE(s);
    int calls = 0;
    generate_options options = greedy(0);
    options.on_logits = [&](std::span<const float> logits) {
        CHECK(logits.size() == 40);
        ++calls;
    };
    const answer got = ask(*s, "abc", options);
    CHECK(got.text.empty());
    CHECK(got.how.n_generated == 0);
    CHECK(got.how.reason == stop_reason::max_tokens);
    CHECK(calls == 1);
}

TEST_CASE("session: logits are handed out once for each token that is sampled from them") {
    auto s = session::create(tiny());
    REQUIRE(s);
    std::vector<std::vector<float>> rows;
    generate_options options = greedy(7);
    options.on_logits = [&](std::span<const float> logits) {
        rows.emplace_back(logits.begin(), logits.end());
    };
    ask(*s, "abc", options);
    REQUIRE(rows.size() == 7);
    CHECK(rows[0] != rows[1]);
}

TEST_CASE("session: a second question goes on where the first ended") {
    const model m = tiny();
    auto s = session::create(m);
    REQUIRE(s);
    ask(*s, "ab", greedy(2));
    const std::uint32_t before = s->position();
    const answer second = ask(*s, "cd", greedy(2));
    CHECK(second.how.n_prompt == 3);            // no second <s>: the leading space, c, d
    CHECK(s->position() == before + 1 + 3 + 1); // the answer's last token, the question, one of its answer
}

TEST_CASE("session: an answer in parts is the same as in one") {
    auto s = session::create(tiny());
    REQUIRE(s);
    const std::string all = ask(*s, "abc", greedy(12)).text;
    s->rewind();
    std::string parts = ask(*s, "abc", greedy(5)).text;
    const answer more = ask(*s, "", {.max_tokens = 4, .sampling = {.temperature = 0.0f}, .ignore_end_of_text = true});
    CHECK(more.how.n_prompt <= 1);
    parts += more.text;
    CHECK(parts + ask(*s, "", greedy(3)).text == all);
}

TEST_CASE("session: text may go nowhere") {
    auto s = session::create(tiny());
    REQUIRE(s);
    const auto done = s->generate("abc", greedy(3), nullptr);
    REQUIRE(done);
    CHECK(done->n_generated == 3);
}

TEST_CASE("session: what is wrong with the options is said before the prompt is read") {
    auto s = session::create(tiny());
    REQUIRE(s);
    const std::string_view stops[] = {""};
    generate_options options = greedy(3);
    options.stop = stops;
    const auto refused = s->generate("abc", options, nullptr);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == error_code::bad_argument);
    CHECK(s->position() == 0);
}

TEST_CASE("session: progress may stop at the very end too") {
    auto s = session::create(tiny());
    REQUIRE(s);
    generate_options options = greedy(3);
    options.on_prefill = [](std::size_t done, std::size_t total) {
        return done < total;
    };
    const auto stopped = s->generate("abc", options, nullptr);
    REQUIRE(stopped);
    CHECK(stopped->reason == stop_reason::cancelled);
    CHECK(stopped->n_generated == 0);
}

TEST_CASE("session: a context has to be asked for where the file promises a huge one") {
    const model m = tiny({.context = 1u << 20, .seed = 75});
    auto s = session::create(m);
    REQUIRE(s);
    CHECK(s->context() == session::max_default_context);
}

TEST_CASE("session: the memory is as announced, and a budget refuses before it is taken") {
    const model m = tiny();
    for (const kv_type kv : {kv_type::f32, kv_type::q8}) {
        session_options options{.context = 20, .kv = kv, .batch = 4};
        const std::uint64_t needed = session::bytes_needed(m, options);
        CHECK(needed > 1000);
        options.memory_budget_bytes = needed;
        CHECK(session::create(m, options));
        options.memory_budget_bytes = needed - 1;
        const auto refused = session::create(m, options);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == error_code::over_budget);
        CHECK(std::strstr(refused.error().message(), "KiB of memory, the budget is") != nullptr);
    }
    CHECK(session::bytes_needed(m, {.context = 40}) > session::bytes_needed(m, {.context = 20}));
    CHECK(session::bytes_needed(m, {.kv = kv_type::q8}) < session::bytes_needed(m, {.kv = kv_type::f32}));
    CHECK(session::bytes_needed(m) == session::bytes_needed(m, {.kv = chosen_kv(kv_type::automatic, m)}));
}

TEST_CASE("session: the memory is known before the model is loaded") {
    const auto bytes = support::tiny_llama({.seed = 91}).file();
    const memory_source source(bytes);
    const auto outline = outline_of(source);
    const auto loaded = load(source);
    REQUIRE(outline);
    REQUIRE(loaded);
    for (const session_options & options :
         {session_options{}, session_options{.context = 20, .kv = kv_type::q8, .batch = 4}}) {
        CHECK(session::bytes_needed(*outline, options) == session::bytes_needed(*loaded, options));
    }
}

TEST_CASE("session: a token allocates nothing") {
    for (const kv_type kv : {kv_type::f32, kv_type::q8}) {
        auto s = session::create(tiny(), {.kv = kv});
        REQUIRE(s);
        const std::vector<token_id> prompt = {1, 5, 9, 30};
        std::uint64_t before = support::allocation_count();
        REQUIRE(s->prefill(prompt));
        for (int i = 0; i < 10; ++i) {
            REQUIRE(s->decode(7));
        }
        CHECK(support::allocation_count() == before);

        // generate() takes what it needs before the first token.
        s->rewind();
        std::vector<std::uint64_t> counts;
        counts.reserve(64);
        const std::string_view stops[] = {"never"};
        generate_options options{.max_tokens = 30,
                                 .sampling = {.temperature = 1.0f, .repeat_penalty = 1.1f},
                                 .stop = stops,
                                 .ignore_end_of_text = true};
        options.on_logits = [&](std::span<const float>) {
            counts.push_back(support::allocation_count());
        };
        REQUIRE(s->generate(prompt, options, ignore_text));
        REQUIRE(counts.size() == 30);
        CHECK(counts.front() == counts.back());
    }
}

TEST_CASE("session: running out of memory at any point is an error, and nothing is lost") {
    const model m = tiny();
    const auto survived = support::survive_allocation_failures([&]() -> status {
        LLMZERO_ASSIGN(auto s, session::create(m, {.context = 16, .batch = 4}));
        LLMZERO_CHECK(s.generate("abc", greedy(4), ignore_text));
        return success();
    });
    CHECK(survived > 30);
}

TEST_CASE("session: several threads may share a model") {
    const model m = tiny();
    auto alone = session::create(m);
    REQUIRE(alone);
    const std::string expected = ask(*alone, "abc", greedy(30)).text;
    std::string texts[2];
    const auto work = [&](std::string & into) {
        auto s = session::create(m);
        if (s) {
            (void)
                s->generate("abc", greedy(30), [&](std::string_view text) {
                     into += text;
                     return true;
                 }).has_value();
        }
    };
    std::thread other(work, std::ref(texts[0]));
    work(texts[1]);
    other.join();
    CHECK(texts[0] == expected);
    CHECK(texts[1] == expected);
}

// Large enough for its products to be shared, of the slowest kernels.
model wide() {
    support::tiny_llama source({.n_vocab = 300, .d_model = 192, .d_ff = 256, .context = 48, .seed = 72});
    source.quantise();
    auto loaded = load(source.file(), {.kernels = find_kernels("portable")});
    REQUIRE(loaded);
    return *loaded;
}

TEST_CASE("session: sessions with several threads each may run side by side") {
    const model m = wide();
    auto alone = session::create(m, {.threads = 1});
    REQUIRE(alone);
    const std::string expected = ask(*alone, "abcdefghijkl", greedy(20)).text;
    for (const std::uint32_t n_threads : support::thread_counts()) {
        CAPTURE(n_threads);
        std::string texts[2];
        const auto work = [&](std::string & into) {
            for (int i = 0; i < 3; ++i) {
                auto s = session::create(m, {.threads = n_threads});
                into.clear();
                if (s) {
                    (void)
                        s->generate("abcdefghijkl", greedy(20), [&](std::string_view text) {
                             into += text;
                             return true;
                         }).has_value();
                }
            }
        };
        std::thread other(work, std::ref(texts[0]));
        work(texts[1]);
        other.join();
        CHECK(texts[0] == expected);
        CHECK(texts[1] == expected);
    }
}

TEST_CASE("session: with threads it may be stopped, thrown out of and moved, and goes on") {
    const model m = wide();
    for (const std::uint32_t n_threads : support::thread_counts()) {
        CAPTURE(n_threads);
        auto made = session::create(m, {.batch = 4, .threads = n_threads});
        REQUIRE(made);
        session s = std::move(*made);
        CHECK(s.threads() == n_threads);
        const std::string expected = ask(s, "abcdefghijkl", greedy(12)).text;
        const auto stops_after = [](int n) {
            return [n, calls = 0]() mutable {
                return ++calls < n;
            };
        };
        for (int n = 1; n < 12; n += 3) {
            s.rewind();
            generate_options options = greedy(12);
            options.keep_going = stops_after(n);
            const auto stopped = s.generate("abcdefghijkl", options, ignore_text);
            REQUIRE(stopped);
            CHECK(stopped->reason == stop_reason::cancelled);
            s.rewind();
            options = greedy(12);
            int calls = 0;
            options.on_prefill = [&](std::size_t, std::size_t) {
                return ++calls < n;
            };
            REQUIRE(s.generate("abcdefghijkl", options, ignore_text));
        }
#if LLMZERO_HAS_EXCEPTIONS
        for (int n = 1; n < 12; n += 3) {
            s.rewind();
            int calls = 0;
            generate_options options = greedy(12);
            options.keep_going = [&]() -> bool {
                if (++calls == n) {
                    throw n;
                }
                return true;
            };
            CHECK_THROWS_AS((void)s.generate("abcdefghijkl", options, ignore_text), int);
            const session gone = std::move(s); // ends as it is
            made = session::create(m, {.batch = 4, .threads = n_threads});
            REQUIRE(made);
            s = std::move(*made);
        }
#endif
        s.rewind();
        CHECK(ask(s, "abcdefghijkl", greedy(12)).text == expected);
    }
}

TEST_CASE("session: how many threads it has") {
    const model m = tiny();
    const auto standard = session::create(m);
    REQUIRE(standard);
    CHECK(standard->threads() == default_threads(m.memory_bytes(), m.kernels().macs_in_ns));
    CHECK(standard->threads() <= 4); // the model is small
    CHECK(session::bytes_needed(m, {.threads = 1}) < session::bytes_needed(m, {.threads = 2}));
    const auto refused = session::create(m, {.threads = 257});
    REQUIRE_FALSE(refused);
    CHECK(std::string(refused.error().message()).starts_with("257 threads were asked for, expected 1 to "));
    if (LLMZERO_HAS_THREADS == 0) {
        const auto none = session::create(m, {.threads = 2});
        REQUIRE_FALSE(none);
        CHECK(none.error().code() == error_code::bad_argument);
    }
}

TEST_CASE("session: it remembers its tokens, the pending one too") {
    auto s = session::create(tiny(), {.batch = 2});
    REQUIRE(s);
    CHECK(s->tokens().empty());
    const std::vector<token_id> prompt = {1, 5, 9};
    REQUIRE(s->prefill(prompt));
    REQUIRE(s->decode(7));
    const auto remembered = [&] {
        return std::vector<token_id>(s->tokens().begin(), s->tokens().end());
    };
    CHECK(remembered() == std::vector<token_id>{1, 5, 9, 7});
    REQUIRE(s->generate(std::span<const token_id>(), greedy(3), nullptr));
    CHECK(s->position() == 6);
    CHECK(s->tokens().size() == 7);
    const std::vector<token_id> before = remembered();
    REQUIRE(s->decode(8));
    CHECK(s->position() == 8);
    CHECK(std::equal(before.begin(), before.end(), s->tokens().begin()));
    CHECK(s->tokens()[7] == 8);
    s->rewind(2);
    CHECK(remembered() == std::vector<token_id>{1, 5});
    s->rewind();
    CHECK(s->tokens().empty());

    const status stopped = s->prefill(prompt, [](std::size_t done, std::size_t) { return done < 2; });
    REQUIRE_FALSE(stopped);
    CHECK(remembered() == std::vector<token_id>{1, 5}); // the first batch
}

TEST_CASE("session: a full context remembers one token more than it evaluates") {
    auto s = session::create(tiny(), {.context = 12});
    REQUIRE(s);
    CHECK(ask(*s, "abc", greedy(100)).how.reason == stop_reason::context_full);
    CHECK(s->tokens().size() == 13);
}

TEST_CASE("session: what a text has in common with the one before is kept") {
    auto s = session::create(tiny());
    REQUIRE(s);
    const std::vector<token_id> first = {1, 5, 9, 30, 12};
    const std::vector<token_id> second = {1, 5, 9, 7, 12, 8};
    REQUIRE(s->prefill(first));
    CHECK(s->keep_common(second) == 3);
    CHECK(s->position() == 3);
    REQUIRE(s->prefill(std::span(second).subspan(3)));
    auto afresh = session::create(s->model());
    REQUIRE(afresh);
    REQUIRE(afresh->prefill(second));
    CHECK(std::memcmp(s->logits().data(), afresh->logits().data(), afresh->logits().size_bytes()) == 0);

    CHECK(s->keep_common(second) == 5); // the last is evaluated again, for its logits
    REQUIRE(s->prefill(std::span(second).subspan(5)));
    CHECK(s->keep_common(std::span(second).first(2)) == 1);
    CHECK(s->keep_common({}) == 0);
    CHECK(s->position() == 0);

    // The token that is still pending counts as not evaluated.
    const answer got = ask(*s, "abc", greedy(2));
    std::vector<token_id> longer(s->tokens().begin(), s->tokens().end());
    CHECK(longer.size() == got.how.n_prompt + 2);
    longer.push_back(8);
    CHECK(s->keep_common(longer) == longer.size() - 2);
}

TEST_CASE("session: the repeat penalty looks at the whole text, in however many calls it came") {
    const model m = tiny();
    generate_options options = greedy(6);
    options.sampling.repeat_penalty = 3.0f;
    auto whole = session::create(m);
    auto parts = session::create(m);
    REQUIRE(whole);
    REQUIRE(parts);
    const std::vector<token_id> prompt = {1, 5, 9, 30};
    REQUIRE(whole->generate(prompt, options, nullptr));
    REQUIRE(parts->prefill(std::span(prompt).first(3)));
    options.max_tokens = 2;
    REQUIRE(parts->generate(std::span(prompt).subspan(3), options, nullptr));
    options.max_tokens = 4;
    REQUIRE(parts->generate(std::span<const token_id>(), options, nullptr));
    CHECK(std::equal(whole->tokens().begin(), whole->tokens().end(), parts->tokens().begin(), parts->tokens().end()));
}

// A model whose head leaves few rows to a sketch: 500 rows of different sizes.
tiny_llama wide_vocabulary(std::uint64_t seed, bool separate_head) {
    tiny_llama source({.n_vocab = 500, .context = 48, .separate_head = separate_head, .seed = seed});
    auto & head = source[separate_head ? "output.weight" : "token_embd.weight"];
    for (std::size_t i = 0; i < head.values.size(); ++i) {
        head.values[i] *= i / head.cols % 7 == 0 ? 2.0f : 0.5f;
    }
    return source;
}

TEST_CASE("session: text is the same by a sketch of the head as by the whole head") {
    for (const bool quantised : {false, true}) {
        for (const bool separate_head : {false, true}) {
            tiny_llama source = wide_vocabulary(81, separate_head);
            if (quantised) {
                source.quantise();
            }
            const auto file = source.file();
            const auto whole = load(file, {.head = head_mode::full});
            const auto sketched = load(file, {.head = head_mode::sketch});
            REQUIRE((whole && sketched));
            CHECK(sketched->memory_bytes() > whole->memory_bytes());
            for (const std::uint32_t top_k : {1u, 3u, 40u, 0u}) {
                CAPTURE(top_k);
                generate_options options = greedy(40);
                options.sampling = {.temperature = top_k == 1 ? 0.0f : 0.9f, .top_k = top_k, .seed = 3};
                auto a = session::create(*whole);
                auto b = session::create(*sketched);
                REQUIRE((a && b));
                CHECK(ask(*a, "abc", options).text == ask(*b, "abc", options).text);
                // The next text begins where the last ended, and asks for other logits.
                a->rewind(5);
                b->rewind(5);
                CHECK(ask(*a, "d", greedy(5)).text == ask(*b, "d", greedy(5)).text);
            }
        }
    }
}

TEST_CASE("session: with a sketch, whoever asks for logits gets all of them") {
    const auto file = wide_vocabulary(82, false).file();
    const auto whole = load(file, {.head = head_mode::full});
    const auto sketched = load(file, {.head = head_mode::sketch});
    REQUIRE((whole && sketched));
    auto a = session::create(*whole);
    auto b = session::create(*sketched);
    REQUIRE((a && b));
    const auto same_logits = [&] {
        return a->logits().size() == 500 &&
               std::memcmp(a->logits().data(), b->logits().data(), a->logits().size_bytes()) == 0;
    };
    ask(*a, "abc", greedy(7));
    ask(*b, "abc", greedy(7));
    CHECK(same_logits());
    // Logits of a greedy text, then drawn from.
    generate_options drawn = greedy(1);
    drawn.sampling = {.temperature = 0.9f, .top_k = 0, .seed = 4};
    ask(*a, "d", greedy(0));
    ask(*b, "d", greedy(0));
    const answer expected = ask(*a, "", drawn);
    CHECK(ask(*b, "", drawn).text == expected.text);
    // A callback sees all, of every token.
    std::size_t calls = 0;
    std::size_t n_same = 0;
    std::vector<std::vector<float>> seen;
    generate_options options = greedy(6);
    options.on_logits = [&seen](std::span<const float> row) {
        seen.emplace_back(row.begin(), row.end());
    };
    a->rewind();
    ask(*a, "abc", options);
    options.on_logits = [&](std::span<const float> row) {
        n_same += std::memcmp(row.data(), seen[calls++].data(), row.size_bytes()) == 0 ? 1u : 0u;
    };
    b->rewind();
    ask(*b, "abc", options);
    CHECK(calls == seen.size());
    CHECK(n_same == calls);
    REQUIRE(a->decode(5));
    REQUIRE(b->decode(5));
    CHECK(same_logits());
}

} // namespace
