#include <llmzero/model/model.hpp>
#include <llmzero/model/network.hpp>

#include "support/tiny_llama.hpp"

#include <cstring>
#include <doctest/doctest.h>

using namespace llmzero;

namespace {

TEST_CASE("network: states share weights and nothing else") {
    const support::tiny_llama source({.seed = 51});
    const auto loaded = load(source.file());
    REQUIRE(loaded);
    const network & weights = loaded->network();
    auto a = weights.create_state({.context = 16, .batch = 4});
    auto b = weights.create_state({.context = 16, .batch = 4});
    REQUIRE(a);
    REQUIRE(b);
    const std::vector<token_id> first = {1, 5, 9, 12};
    const std::vector<token_id> other = {7, 7, 30, 2};
    REQUIRE((*a)->evaluate(first, 0, logits_wanted::none, {}));
    REQUIRE((*b)->evaluate(other, 0, logits_wanted::last, {}));
    const std::vector<token_id> next = {3};
    REQUIRE((*a)->evaluate(next, 4, logits_wanted::last, {}));
    const std::vector<std::vector<double>> expected = source.logits({1, 5, 9, 12, 3});
    CHECK(support::nmse((*a)->logits(), expected.back()) < 1e-11);
    CHECK((*a)->logits().size() == source.s.n_vocab);
}

TEST_CASE("network: evaluation asks before every layer whether to go on") {
    const support::tiny_llama source({.n_layers = 5, .seed = 52});
    const auto loaded = load(source.file());
    REQUIRE(loaded);
    auto state = loaded->network().create_state({.context = 16, .batch = 4});
    REQUIRE(state);
    const std::vector<token_id> tokens = {1, 5};
    int asked = 0;
    REQUIRE((*state)->evaluate(tokens, 0, logits_wanted::last, [&] { return ++asked > 0; }));
    CHECK(asked == 5);
    asked = 0;
    const status stopped = (*state)->evaluate(tokens, 2, logits_wanted::last, [&] { return ++asked < 3; });
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().code() == error_code::cancelled);
    CHECK(asked == 3);
}

TEST_CASE("network: a decoder alone has no source") {
    const auto loaded = load(support::tiny_llama({.seed = 53}).file());
    REQUIRE(loaded);
    auto state = loaded->network().create_state({.context = 16, .batch = 4});
    REQUIRE(state);
    const std::vector<token_id> tokens = {1, 5};
    const status refused = (*state)->encode(tokens, {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == error_code::bad_argument);
}

} // namespace
