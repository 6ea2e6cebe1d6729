#include <llmzero/generation/repetition.hpp>

#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

namespace {

using ids = std::vector<token_id>;

ids followed(const ids & text, std::size_t n, std::size_t most = 16) {
    ids proposed(n, no_token);
    follow_repetition(text, longest_repetition(text, most), proposed);
    return proposed;
}

TEST_CASE("repetition: a text without one") {
    CHECK(longest_repetition({}, 16).length == 0);
    CHECK(longest_repetition(ids{5}, 16).length == 0);
    CHECK(longest_repetition(ids{5, 6, 7}, 16).length == 0);
    CHECK(longest_repetition(ids{5, 5, 6, 7}, 16).length == 0);
    CHECK(longest_repetition(ids{5, 6, 5}, 0).length == 0);
}

TEST_CASE("repetition: the longest one wins, of several as long the last") {
    const repetition longest = longest_repetition(ids{1, 2, 3, 10, 3, 11, 1, 2, 3}, 16);
    CHECK(longest.length == 3);
    CHECK(longest.next == 3);
    const repetition last = longest_repetition(ids{2, 3, 10, 2, 3, 11, 4, 3, 12, 2, 3}, 16);
    CHECK(last.length == 2);
    CHECK(last.next == 5);
}

TEST_CASE("repetition: it reaches to the text's first token, and no further than it may") {
    CHECK(longest_repetition(ids{7, 8, 9, 7, 8, 9}, 16).length == 3);
    const repetition cut = longest_repetition(ids{7, 8, 9, 1, 6, 8, 9, 7, 8, 9}, 2);
    CHECK(cut.length == 2);
    CHECK(cut.next == 7); // the last of those that are long enough
    CHECK(longest_repetition(ids(20, 4), 16).length == 16);
}

TEST_CASE("repetition: what followed is proposed, beyond the end the proposal itself") {
    CHECK(followed({1, 2, 3, 4, 5, 1, 2}, 3) == ids{3, 4, 5});
    CHECK(followed({1, 2, 3, 1}, 5) == ids{2, 3, 1, 2, 3});
    CHECK(followed({6, 6}, 4) == ids{6, 6, 6, 6});
    CHECK(followed({1, 2, 1, 2, 1}, 4) == ids{2, 1, 2, 1});
    CHECK(followed({1, 2, 3, 1}, 0).empty());
}

} // namespace
