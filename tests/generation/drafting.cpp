#include <llmzero/generation/drafting.hpp>

#include <doctest/doctest.h>
#include <limits>
#include <vector>

using namespace llmzero;

namespace {

using ids = std::vector<token_id>;

constexpr std::size_t n_vocab = 1000;
constexpr float no_time = 0.0f; // four tokens for nothing: everything pays
constexpr float too_long = 4.0f;

ids batch_of(drafting & draft, const ids & text, std::size_t room) {
    const auto batch = draft.propose(text, room, n_vocab);
    return {batch.begin(), batch.end()};
}

TEST_CASE("drafting: what follows a repetition is verified with the last token") {
    drafting draft({.draft_tokens = 3}, too_long);
    CHECK(batch_of(draft, {1, 2, 3, 4, 5, 1, 2}, 10) == ids{2, 3, 4, 5});
    CHECK(draft.n_drafted() == 3);
    CHECK(draft.confirms(3));
    CHECK(draft.confirms(4));
    CHECK_FALSE(draft.confirms(7));
    CHECK_FALSE(draft.confirms(5)); // what comes after a wrong one was worked out for another text
    CHECK(draft.n_accepted() == 2);
}

TEST_CASE("drafting: all of a batch may be right, and nothing more") {
    drafting draft({.draft_tokens = 2}, too_long);
    CHECK(batch_of(draft, {1, 2, 3, 1}, 10) == ids{1, 2, 3});
    CHECK(draft.confirms(2));
    CHECK(draft.confirms(3));
    CHECK_FALSE(draft.confirms(1));
    CHECK_FALSE(draft.confirms(1));
    CHECK(draft.n_accepted() == 2);
}

TEST_CASE("drafting: the room is a limit, and so is the number asked for") {
    drafting draft({.draft_tokens = 5}, too_long);
    const ids text = {1, 2, 3, 4, 5, 6, 7, 1};
    CHECK(batch_of(draft, text, 1) == ids{1});
    CHECK_FALSE(draft.confirms(2));
    CHECK(batch_of(draft, text, 3) == ids{1, 2, 3});
    CHECK(batch_of(draft, text, 100) == ids{1, 2, 3, 4, 5, 6});
    drafting most({.draft_tokens = 100}, too_long);
    CHECK(batch_of(most, text, 100).size() == 1 + drafting::max_tokens);
    drafting none({.draft_tokens = 0}, no_time);
    CHECK(batch_of(none, text, 100) == ids{1});
    CHECK(none.n_drafted() == 0);
    CHECK(batch_of(draft, {1, 2, 3}, 10) == ids{3}); // no repetition
}

TEST_CASE("drafting: by itself it verifies four tokens or one, and only where four pay") {
    const ids long_one = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    const ids short_one = {1, 2, 3, 4, 5, 1};
    drafting free({}, no_time);
    CHECK(batch_of(free, short_one, 10).size() == 4);
    CHECK(batch_of(free, short_one, 3).size() == 1);
    drafting costly({}, 2.7f);
    CHECK(batch_of(costly, short_one, 10).size() == 1);
    CHECK(batch_of(costly, long_one, 10).size() == 4);
    drafting useless({}, too_long);
    CHECK(batch_of(useless, long_one, 10).size() == 1);
    CHECK(useless.n_drafted() == 0);
}

TEST_CASE("drafting: it learns from what comes, verified or not") {
    const ids text = {1, 2, 3, 4, 5, 6, 1, 2};
    drafting draft({}, 1.9f);
    int passes = 0;
    for (; passes < 40 && batch_of(draft, text, 10).size() == 1; ++passes) {
        CHECK_FALSE(draft.confirms(3)); // right, but nobody has evaluated it
    }
    CHECK(passes > 2);
    CHECK(passes < 40); // the odds of the lengths after it stay as they were
    CHECK(draft.confirms(3));
    CHECK(draft.confirms(4));
    CHECK(draft.confirms(5));
    CHECK_FALSE(draft.confirms(6));
    for (passes = 0; passes < 40 && batch_of(draft, text, 10).size() == 4; ++passes) {
        CHECK_FALSE(draft.confirms(9));
    }
    CHECK(passes > 0);
    CHECK(passes < 10);
}

TEST_CASE("drafting: a caller may propose, always, and only tokens that there are") {
    ids own = {7, 8, 9};
    ids seen;
    generate_options options;
    options.on_draft = [&](std::span<const token_id> text, std::span<token_id> proposed) {
        seen.assign(text.begin(), text.end());
        for (std::size_t i = 0; i < std::min(own.size(), proposed.size()); ++i) {
            proposed[i] = own[i];
        }
        return own.size();
    };
    drafting draft(options, too_long);
    CHECK(batch_of(draft, {1, 2}, 10) == ids{2, 7, 8, 9});
    CHECK(seen == ids{1, 2});
    CHECK(draft.confirms(7));
    CHECK(batch_of(draft, {1, 2}, 2) == ids{2, 7});
    own = {7, 1000, 8};
    CHECK(batch_of(draft, {1, 2}, 10) == ids{2, 7});
    own = {-1, 8};
    CHECK(batch_of(draft, {1, 2}, 10) == ids{2});
    own.clear();
    CHECK(batch_of(draft, {1, 2, 1}, 10) == ids{1});
    own = ids(1000, 5); // says more than it was asked for
    CHECK(batch_of(draft, {1, 2}, 10) == ids{2, 5, 5, 5});
    options.draft_tokens = 0;
    seen.clear();
    drafting off(options, no_time);
    CHECK(batch_of(off, {1, 2}, 10) == ids{2});
    CHECK(seen.empty());
}

TEST_CASE("drafting: a time that is no number means that nothing pays") {
    drafting draft({}, std::numeric_limits<float>::quiet_NaN());
    CHECK(batch_of(draft, ids(20, 4), 10).size() == 1);
}

} // namespace
