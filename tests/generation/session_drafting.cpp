// Drafting in a session: whatever is proposed, right or wrong, the text and the session afterwards are those of plain
// decoding, to the bit.
#include <llmzero/generation/conversation.hpp>
#include <llmzero/generation/prompt_cache.hpp>
#include <llmzero/generation/session.hpp>

#include "support/conformance.hpp"
#include "support/failing_allocator.hpp"
#include "support/scale.hpp"
#include "support/tiny_llama.hpp"
#include "support/tiny_t5.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace {

using llmzero::generate_options;
using llmzero::session;
using llmzero::session_options;
using llmzero::stop_reason;
using llmzero::token_id;
using ids = std::vector<token_id>;

llmzero::model drafting_model(const llmzero::result<llmzero::model> & loaded) {
    REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().message()));
    return *loaded;
}
llmzero::model drafting_llama(std::uint64_t seed = 171) {
    return drafting_model(llmzero::load(support::tiny_llama({.context = 96, .seed = seed}).file()));
}

// Enough rows of logits for any draft.
const session_options roomy = {.draft_tokens = 15};

const ids drafting_prompt = {1, 5, 9, 30, 12, 5, 9, 30, 12, 5, 9};

// What a generation leaves behind.
struct outcome {
    llmzero::generation how;
    std::string text;
    ids tokens;
    std::uint32_t position = 0;
    std::vector<float> logits;
    std::vector<std::vector<float>> rows; // that on_logits got
    ids later;                            // what follows when the session goes on without drafting
};

outcome write_on(session & on, const ids & prompt, generate_options options, int stop_after = -1) {
    outcome got;
    int calls = 0;
    options.on_logits = [&got](std::span<const float> row) {
        got.rows.emplace_back(row.begin(), row.end());
    };
    const auto done = on.generate(prompt, options, [&](std::string_view text) {
        got.text += text;
        return ++calls != stop_after;
    });
    REQUIRE_MESSAGE(done, (done ? "" : done.error().message()));
    got.how = *done;
    got.tokens.assign(on.tokens().begin(), on.tokens().end());
    got.position = on.position();
    got.logits.assign(on.logits().begin(), on.logits().end());
    if (got.position + 6 < on.context()) {
        generate_options plain = options;
        plain.max_tokens = 4;
        plain.draft_tokens = 0;
        plain.on_draft = {};
        plain.on_logits = {};
        REQUIRE(on.generate(ids(), plain, nullptr));
        got.later.assign(on.tokens().begin(), on.tokens().end());
    }
    return got;
}

outcome write(const llmzero::model & with, const ids & prompt, const generate_options & options, session_options how,
              int stop_after = -1) {
    auto s = session::create(with, how);
    REQUIRE_MESSAGE(s, (s ? "" : s.error().message()));
    return write_on(*s, prompt, options, stop_after);
}

bool same_bits(const std::vector<float> & a, const std::vector<float> & b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

void check_same(const outcome & plain, const outcome & drafted) {
    CHECK(drafted.how.reason == plain.how.reason);
    CHECK(drafted.how.n_generated == plain.how.n_generated);
    CHECK(drafted.text == plain.text);
    CHECK(drafted.tokens == plain.tokens);
    CHECK(drafted.position == plain.position);
    CHECK(same_bits(drafted.logits, plain.logits));
    CHECK(drafted.later == plain.later);
    REQUIRE(drafted.rows.size() == plain.rows.size());
    bool rows_agree = true;
    for (std::size_t i = 0; i < plain.rows.size(); ++i) {
        rows_agree = rows_agree && same_bits(drafted.rows[i], plain.rows[i]);
    }
    CHECK(rows_agree);
}

// Knows the text to come, and proposes it, all but every n-th token of it.
struct prophet {
    ids text;
    std::size_t every = 0; // 0: never wrong
    std::size_t n_vocab = 0;

    std::size_t operator()(std::span<const token_id> so_far, std::span<token_id> proposed) const {
        for (std::size_t i = 0; i < proposed.size(); ++i) {
            const std::size_t at = so_far.size() + i;
            if (at >= text.size()) {
                return i;
            }
            const bool lies = every != 0 && at % every == 0;
            proposed[i] = lies ? static_cast<token_id>((static_cast<std::size_t>(text[at]) + 1) % n_vocab) : text[at];
        }
        return proposed.size();
    }
};

// The same text with every way of drafting; how many tokens were accepted in all.
std::uint32_t check_all_ways(const llmzero::model & with, const ids & prompt, generate_options options,
                             session_options how = roomy, int stop_after = -1) {
    options.draft_tokens = 0;
    const outcome plain = write(with, prompt, options, how, stop_after);
    CHECK(plain.how.n_drafted == 0);
    std::uint32_t n_accepted = 0;
    const auto check = [&](const generate_options & drafting, session_options session) {
        const outcome drafted = write(with, prompt, drafting, session, stop_after);
        check_same(plain, drafted);
        CHECK(drafted.how.n_accepted <= drafted.how.n_drafted);
        n_accepted += drafted.how.n_accepted;
    };
    for (const std::uint32_t tokens : {llmzero::automatic_draft, 1u, 3u, 6u, 15u}) {
        options.draft_tokens = tokens;
        check(options, how);
    }
    session_options no_rows = how;
    no_rows.draft_tokens = 0;
    check(options, no_rows);
    prophet knows{plain.later.size() > plain.tokens.size() ? plain.later : plain.tokens, 0, with.config().n_vocab};
    for (const std::size_t every : {0u, 1u, 2u, 3u, 5u}) {
        CAPTURE(every);
        knows.every = every;
        options.on_draft = [&knows](std::span<const token_id> text, std::span<token_id> proposed) {
            return knows(text, proposed);
        };
        options.draft_tokens = every == 5 ? 15 : 3;
        check(options, how);
    }
    return n_accepted;
}

generate_options drafting_options(std::uint32_t max_tokens, float temperature, std::uint64_t seed = 4) {
    return {.max_tokens = max_tokens,
            .sampling = {.temperature = temperature, .repeat_penalty = temperature > 0 ? 1.2f : 1.0f, .seed = seed},
            .ignore_end_of_text = true};
}

} // namespace

TEST_CASE("session drafting: the same text, and the same session after it") {
    for (const llmzero::kv_type kv : {llmzero::kv_type::f32, llmzero::kv_type::q8}) {
        session_options how = roomy;
        how.kv = kv;
        CHECK(check_all_ways(drafting_llama(), drafting_prompt, drafting_options(40, 0.0f), how) > 40);
        CHECK(check_all_ways(drafting_llama(172), drafting_prompt, drafting_options(30, 1.0f), how) > 20);
        CHECK(check_all_ways(drafting_llama(173), drafting_prompt, drafting_options(30, 0.7f, 9), how) > 20);
    }
    const auto local = drafting_model(llmzero::load(support::tiny_llama(support::tiny_llama::gemma3(174)).file()));
    CHECK(check_all_ways(local, drafting_prompt, drafting_options(30, 0.0f)) > 20);
}

TEST_CASE("session drafting: models with an encoder") {
    for (const bool separate : {true, false}) {
        const auto with =
            drafting_model(llmzero::load(support::tiny_t5({.separate_head = separate, .seed = 175}).file()));
        CHECK(check_all_ways(with, drafting_prompt, drafting_options(40, 0.0f)) > 40);
        CHECK(check_all_ways(with, drafting_prompt, drafting_options(30, 1.0f)) > 20);
    }
}

TEST_CASE("session drafting: stopped after any token") {
    const llmzero::model with = drafting_llama();
    for (std::uint32_t n = 0; n <= 10; ++n) {
        CAPTURE(n);
        check_all_ways(with, drafting_prompt, drafting_options(n, 0.0f));
        check_all_ways(with, drafting_prompt, drafting_options(40, 1.0f), roomy, static_cast<int>(n) + 1);
    }
}

TEST_CASE("session drafting: a stop string inside of an accepted run") {
    const llmzero::model with = drafting_llama();
    generate_options options = drafting_options(24, 0.0f);
    const std::string all = write(with, drafting_prompt, options, roomy).text;
    REQUIRE(all.size() > 12);
    for (std::size_t at = 0; at + 2 <= 12; ++at) {
        CAPTURE(at);
        const std::string_view stops[] = {std::string_view(all).substr(at, 2)};
        options.stop = stops;
        check_all_ways(with, drafting_prompt, options);
    }
}

TEST_CASE("session drafting: an end of the text inside of a batch") {
    const llmzero::model with = drafting_llama(176);
    int ended = 0;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        CAPTURE(seed);
        generate_options options = drafting_options(60, 5.0f, seed);
        options.sampling.min_p = 0;
        options.sampling.top_p = 1;
        options.ignore_end_of_text = false;
        check_all_ways(with, drafting_prompt, options);
        ended += write(with, drafting_prompt, options, roomy).how.reason == stop_reason::end_of_text ? 1 : 0;
    }
    CHECK(ended > 2);
}

TEST_CASE("session drafting: the context ends inside of a batch") {
    const llmzero::model with = drafting_llama();
    const auto encoder = drafting_model(llmzero::load(support::tiny_t5({.seed = 177}).file()));
    for (std::uint32_t context = 13; context <= 20; ++context) {
        CAPTURE(context);
        session_options how = roomy;
        how.context = context;
        check_all_ways(with, drafting_prompt, drafting_options(60, 0.0f), how);
        check_all_ways(encoder, drafting_prompt, drafting_options(60, 0.0f), how);
    }
}

TEST_CASE("session drafting: small batches draft less") {
    for (const std::uint32_t batch : {1u, 2u, 3u, 5u}) {
        CAPTURE(batch);
        session_options how = roomy;
        how.batch = batch;
        const std::uint32_t accepted =
            check_all_ways(drafting_llama(), drafting_prompt, drafting_options(20, 0.0f), how);
        CHECK((accepted > 0) == (batch > 1));
    }
}

TEST_CASE("session drafting: what is accepted needs no pass of its own") {
    const llmzero::model with = drafting_llama();
    generate_options options = drafting_options(33, 0.0f);
    const prophet knows{write(with, drafting_prompt, options, roomy).tokens, 0, 40};
    const auto layers_asked = [&](std::uint32_t draft_tokens) {
        std::uint32_t asked = 0;
        options.keep_going = [&asked] {
            return ++asked > 0;
        };
        options.draft_tokens = draft_tokens;
        options.on_draft = knows.text.empty() ? options.on_draft
                                              : [&knows](std::span<const token_id> text, std::span<token_id> proposed) {
                                                    return knows(text, proposed);
                                                };
        auto s = session::create(with);
        REQUIRE(s);
        const auto done = s->generate(drafting_prompt, options, nullptr);
        REQUIRE(done);
        CHECK(done->n_generated == 33);
        CHECK(done->n_drafted == (draft_tokens == 0 ? 0 : 24));
        CHECK(done->n_accepted == done->n_drafted);
        return asked;
    };
    CHECK(layers_asked(0) == 2 * 32); // two layers
    CHECK(layers_asked(llmzero::automatic_draft) == 2 * 8);
}

TEST_CASE("session drafting: cancelled between layers of a batch, nothing of it counts") {
    const llmzero::model with = drafting_llama();
    generate_options options = drafting_options(20, 0.0f);
    options.draft_tokens = 0;
    const outcome plain = write(with, drafting_prompt, options, roomy);
    const prophet knows{plain.tokens, 0, 40};
    for (int limit = 0; limit < 8; ++limit) {
        CAPTURE(limit);
        generate_options drafting = options;
        drafting.draft_tokens = 3;
        drafting.on_draft = [&knows](std::span<const token_id> text, std::span<token_id> proposed) {
            return knows(text, proposed);
        };
        int asked = 0;
        drafting.keep_going = [&] {
            return asked++ < limit;
        };
        auto s = session::create(with);
        REQUIRE(s);
        const auto stopped = s->generate(drafting_prompt, drafting, nullptr);
        REQUIRE(stopped);
        CHECK(stopped->reason == stop_reason::cancelled);
        CHECK(s->tokens().size() == s->position() + 1);
        generate_options rest = options;
        rest.max_tokens = 20 - stopped->n_generated;
        REQUIRE(s->generate(ids(), rest, nullptr));
        CHECK(ids(s->tokens().begin(), s->tokens().end()) == plain.tokens);
    }
}

TEST_CASE("session drafting: a token allocates nothing, verified or not") {
    const llmzero::model with = drafting_llama();
    auto s = session::create(with);
    REQUIRE(s);
    std::vector<std::uint64_t> counts;
    counts.reserve(64);
    generate_options options = drafting_options(30, 1.0f);
    options.draft_tokens = 3;
    options.on_logits = [&](std::span<const float>) {
        counts.push_back(support::allocation_count());
    };
    const auto done = s->generate(drafting_prompt, options, nullptr);
    REQUIRE(done);
    CHECK(done->n_drafted > 0);
    REQUIRE(counts.size() == 30);
    CHECK(counts.front() == counts.back());
}

TEST_CASE("session drafting: its memory is announced, and more than there is rows for is refused") {
    const llmzero::model with = drafting_llama();
    const std::uint64_t row = 40 * sizeof(float);
    CHECK(session::bytes_needed(with, {.draft_tokens = 3}) - session::bytes_needed(with, {.draft_tokens = 0}) ==
          3 * row);
    CHECK(session::bytes_needed(with, {.batch = 2, .draft_tokens = 15}) -
              session::bytes_needed(with, {.batch = 2, .draft_tokens = 0}) ==
          row);
    const auto encoder = drafting_model(llmzero::load(support::tiny_t5({.seed = 178}).file()));
    CHECK(session::bytes_needed(encoder, {.draft_tokens = 3}) - session::bytes_needed(encoder, {.draft_tokens = 0}) ==
          3 * row);
    const auto refused = session::create(with, {.draft_tokens = 16});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == llmzero::error_code::bad_argument);
    CHECK(std::string(refused.error().message()) == "draft_tokens is 16, expected 0 to 15");
}

TEST_CASE("session drafting: conversations and prompt caches are none the wiser") {
    const llmzero::model with = drafting_llama();
    const auto talk = [&](std::uint32_t draft_tokens) {
        auto s = session::create(with, roomy);
        REQUIRE(s);
        auto chat = llmzero::conversation::create(std::move(*s));
        REQUIRE(chat);
        std::string said;
        for (const char * turn : {"abcabcab", "cabcab", "abab"}) {
            generate_options options = drafting_options(12, 0.0f);
            options.draft_tokens = draft_tokens;
            const auto done = chat->answer(turn, options, [&](std::string_view text) {
                said += text;
                return true;
            });
            REQUIRE(done);
            said += '|';
        }
        std::vector<std::byte> saved;
        REQUIRE(llmzero::prompt_cache::save(chat->session(), chat->session().position(),
                                            [&](std::span<const std::byte> part) {
                                                saved.insert(saved.end(), part.begin(), part.end());
                                                return llmzero::success();
                                            }));
        return std::pair(said, saved);
    };
    const auto plain = talk(0);
    const auto drafted = talk(15);
    CHECK(drafted.first == plain.first);
    CHECK(drafted.second == plain.second);
}

TEST_CASE("session drafting: models of the conformance data") {
    const std::string folder = support::conformance_dir("drafting");
    if (folder.empty()) {
        return;
    }
    std::vector<const char *> names = {"stories260K-Q8_0", "syn-t5-relu-dm64-kv16-h6-ff128-e2d2-v4096-tied-Q8_0"};
    if (support::full_scale()) {
        names.insert(names.end(),
                     {"stories260K-F16", "babyllama105-Q4_0", "llama2xs-Q5_1",
                      "syn-llama-d256-ff512-l2-h4kv2-tied-Q4_K_M", "syn-llama-d256-ff512-l2-h4kv2-tied-Q2_K",
                      "syn-qwen2-d192-ff384-l2-h6kv2-untied-Q4_0",
                      "syn-t5-gated-dm64-kv16-h6-ff128-e2d2-v4096-untied-F16"});
    }
    for (const char * name : names) {
        CAPTURE(name);
        const auto with = drafting_model(llmzero::load(folder + "/models/" + name + ".gguf"));
        ids prompt;
        for (token_id token = 0; token < 20; ++token) {
            prompt.push_back(30 + token % 7);
        }
        session_options how = roomy;
        how.context = 96;
        CHECK(check_all_ways(with, prompt, drafting_options(24, 0.0f), how) > 20);
        CHECK(check_all_ways(with, prompt, drafting_options(24, 0.8f), how) > 20);
    }
}
