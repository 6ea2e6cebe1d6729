#include <llmzero/generation/perplexity.hpp>

#include "support/metrics.hpp"
#include "support/tiny_llama.hpp"
#include "support/tiny_t5.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace llmzero;

namespace {

session session_of(const model & m) {
    auto made = session::create(m, {.context = 16});
    REQUIRE(made);
    return std::move(*made);
}

} // namespace

TEST_CASE("log probability: of a softmax, also of logits that exp cannot take") {
    const std::vector<float> even = {2, 2, 2, 2};
    CHECK(log_probability(even, 3) == doctest::Approx(std::log(0.25)));
    const std::vector<float> large = {1000, 1001, -1000};
    CHECK(log_probability(large, 1) == doctest::Approx(-std::log(1 + std::exp(-1.0))));
    CHECK(log_probability(large, 2) == doctest::Approx(-2001.0 - std::log(1 + std::exp(-1.0))));
    const std::vector<float> all_low = {-2000, -2000};
    CHECK(log_probability(all_low, 0) == doctest::Approx(std::log(0.5)));
}

TEST_CASE("perplexity: the sum over all tokens but the first, each given those before it") {
    const auto m = load(support::tiny_llama({.context = 16, .seed = 3}).file());
    REQUIRE(m);
    session measured = session_of(*m);
    session other = session_of(*m);
    const std::vector<token_id> first = {1, 5, 9, 30, 12, 7};
    const std::vector<token_id> second = {1, 8};
    perplexity_sum sum;
    REQUIRE(add_perplexity(measured, first, sum));
    REQUIRE(add_perplexity(measured, second, sum)); // what the first left in the session does not count

    double nll = 0;
    std::uint64_t top1 = 0;
    for (const auto & text : {first, second}) {
        for (std::size_t n = 1; n < text.size(); ++n) {
            other.rewind();
            REQUIRE(other.prefill(std::span(text).first(n)));
            const auto next = static_cast<std::size_t>(text[n]);
            nll -= support::log_probability(other.logits(), next);
            top1 += support::argmax(other.logits()) == next ? 1u : 0u;
        }
    }
    CHECK(sum.n_scored == 6);
    CHECK(sum.nll == doctest::Approx(nll).epsilon(1e-6));
    CHECK(sum.n_top1 == top1);
    CHECK(sum.perplexity() == doctest::Approx(std::exp(nll / 6)).epsilon(1e-6));
    CHECK(sum.top1_share() == doctest::Approx(static_cast<double>(top1) / 6));
}

TEST_CASE("perplexity: the likeliest tokens are counted") {
    const auto m = load(support::tiny_llama({.context = 16, .seed = 3}).file());
    REQUIRE(m);
    session s = session_of(*m);
    std::vector<token_id> greedy = {1};
    for (int i = 0; i < 5; ++i) {
        REQUIRE(s.decode(greedy.back()));
        greedy.push_back(static_cast<token_id>(support::argmax(s.logits())));
    }
    perplexity_sum sum;
    REQUIRE(add_perplexity(s, greedy, sum));
    CHECK(sum.n_scored == 5);
    CHECK(sum.n_top1 == 5);
}

TEST_CASE("perplexity: texts without a second token add nothing, and nothing has no perplexity") {
    const auto m = load(support::tiny_llama({.context = 16}).file());
    REQUIRE(m);
    session s = session_of(*m);
    perplexity_sum sum;
    const std::vector<token_id> one = {1};
    CHECK(add_perplexity(s, {}, sum));
    CHECK(add_perplexity(s, one, sum));
    CHECK(sum.n_scored == 0);
    CHECK(std::isnan(sum.perplexity()));
    CHECK(std::isnan(sum.top1_share()));
}

TEST_CASE("perplexity: errors") {
    const auto m = load(support::tiny_llama({.context = 16}).file());
    REQUIRE(m);
    session s = session_of(*m);
    perplexity_sum sum;
    const std::vector<token_id> fits(17, 5); // the last one is not evaluated
    CHECK(add_perplexity(s, fits, sum));
    const std::vector<token_id> too_long(18, 5);
    const status full = add_perplexity(s, too_long, sum);
    REQUIRE_FALSE(full);
    CHECK(full.error().code() == error_code::context_full);
    for (const token_id wrong : {-1, 100000}) {
        for (const std::vector<token_id> & ids : {std::vector<token_id>{wrong, 5}, std::vector<token_id>{5, wrong}}) {
            const status refused = add_perplexity(s, ids, sum);
            REQUIRE_FALSE(refused);
            CHECK(refused.error().code() == error_code::bad_argument);
        }
    }
    const auto t5 = load(support::tiny_t5({}).file());
    REQUIRE(t5);
    session answering = session_of(*t5);
    const status no_continuation = add_perplexity(answering, fits, sum);
    REQUIRE_FALSE(no_continuation);
    CHECK(no_continuation.error().code() == error_code::unsupported);
}

TEST_CASE("perplexity: can be stopped, and says how far it is") {
    const auto m = load(support::tiny_llama({.context = 16}).file());
    REQUIRE(m);
    session s = session_of(*m);
    perplexity_sum sum;
    const std::vector<token_id> ids = {1, 2, 3, 4, 5};
    std::size_t last = 0;
    const status stopped = add_perplexity(s, ids, sum, [&](std::size_t done) {
        last = done;
        return done < 2;
    });
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().code() == error_code::cancelled);
    CHECK(last == 2);
    CHECK(sum.n_scored == 2);
}
