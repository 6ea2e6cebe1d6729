#include <llmzero/generation/sampler.hpp>

#include "support/failing_allocator.hpp"
#include "support/numbers.hpp"
#include "support/scale.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <functional>
#include <limits>
#include <string>
#include <vector>

using llmzero::error_code;
using llmzero::random_generator;
using llmzero::sampler;
using llmzero::sampler_options;
using llmzero::token_id;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
// Every step off: plain softmax.
constexpr sampler_options plain = {.temperature = 1, .top_k = 0, .top_p = 1, .min_p = 0, .repeat_penalty = 1};

sampler sampler_of(const sampler_options & options, std::size_t n_vocab) {
    auto made = sampler::create(options, n_vocab);
    REQUIRE_MESSAGE(made, made.error().message());
    return std::move(*made);
}

// The probability of every token, by the description of the chain: everything in double, everything sorted.
std::vector<double> reference(const std::vector<float> & logits, const sampler_options & options,
                              const std::vector<token_id> & history) {
    struct entry {
        double logit;
        std::size_t token;
        double p;
    };
    std::vector<entry> entries;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        entries.push_back({static_cast<double>(logits[i]), i, 0});
    }
    const std::size_t n_last = std::min<std::size_t>(options.repeat_last_n, history.size());
    for (entry & e : entries) {
        const auto is_it = [&](token_id token) {
            return static_cast<std::size_t>(token) == e.token;
        };
        if (std::any_of(history.end() - static_cast<std::ptrdiff_t>(n_last), history.end(), is_it)) {
            const auto penalty = static_cast<double>(options.repeat_penalty);
            e.logit = e.logit <= 0 ? e.logit * penalty : e.logit / penalty;
        }
    }
    std::sort(entries.begin(), entries.end(), [](const entry & a, const entry & b) {
        return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
    });
    const auto softmax = [&](double temperature) {
        double sum = 0;
        for (const entry & e : entries) {
            sum += std::exp((e.logit - entries[0].logit) / temperature);
        }
        for (entry & e : entries) {
            e.p = std::exp((e.logit - entries[0].logit) / temperature) / sum;
        }
    };
    if (options.top_k > 0 && entries.size() > options.top_k) {
        entries.resize(options.top_k);
    }
    if (options.top_p < 1) {
        softmax(1);
        double sum = 0;
        std::size_t kept = 0;
        while (kept < entries.size() && (kept == 0 || sum < static_cast<double>(options.top_p))) {
            sum += entries[kept++].p;
        }
        entries.resize(kept);
    }
    if (options.min_p > 0) {
        softmax(1);
        const double least = entries[0].p * static_cast<double>(options.min_p);
        while (entries.back().p < least) {
            entries.pop_back();
        }
    }
    if (options.temperature <= 0) {
        entries.resize(1);
    }
    softmax(options.temperature <= 0 ? 1 : static_cast<double>(options.temperature));
    std::vector<double> probabilities(logits.size(), 0.0);
    for (const entry & e : entries) {
        probabilities[e.token] = e.p;
    }
    return probabilities;
}

std::vector<float> random_logits(random_generator & random, std::size_t n, float spread) {
    std::vector<float> logits;
    for (std::size_t i = 0; i < n; ++i) {
        logits.push_back((random.next_float() + random.next_float() + random.next_float() - 1.5f) * spread);
    }
    return logits;
}

// Draws n tokens from the same logits: only possible ones, and each about as often as it should be.
void check_distribution(const std::vector<float> & logits, const sampler_options & options,
                        const std::vector<token_id> & history = {}) {
    const int n = support::full_scale() ? 20000 : 4000;
    const auto expected = reference(logits, options, history);
    sampler made = sampler_of(options, logits.size());
    for (const token_id token : history) {
        made.accept(token);
    }
    std::vector<int> counts(logits.size(), 0);
    for (int i = 0; i < n; ++i) {
        const token_id token = made.sample(logits);
        if (token < 0 || static_cast<std::size_t>(token) >= logits.size()) {
            FAIL_CHECK("token out of range");
            return;
        }
        ++counts[static_cast<std::size_t>(token)];
    }
    double chi_square = 0;
    double bins = 0;
    double rare_expected = 0; // tokens that are too rare for a bin of their own
    double rare_found = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        CAPTURE(i);
        if (expected[i] == 0) {
            CHECK(counts[i] == 0);
        } else if (expected[i] * n < 8) {
            rare_expected += expected[i] * n;
            rare_found += counts[i];
        } else {
            const double difference = counts[i] - expected[i] * n;
            chi_square += difference * difference / (expected[i] * n);
            bins += 1;
        }
    }
    if (rare_expected > 8) {
        chi_square += (rare_found - rare_expected) * (rare_found - rare_expected) / rare_expected;
        bins += 1;
    } else {
        CHECK(rare_found < 40);
    }
    // Four standard deviations above the mean, and some for few bins.
    CHECK(chi_square < bins + 4 * std::sqrt(2 * bins) + 8);
}

void check_refused(const sampler_options & options, const char * name, std::initializer_list<const char *> words = {}) {
    const auto made = sampler::create(options, 10);
    REQUIRE_FALSE(made);
    CHECK(made.error().code() == error_code::bad_argument);
    const std::string message = made.error().message();
    CHECK_MESSAGE(message.find(name) == 0, message);
    for (const char * word : words) {
        CHECK_MESSAGE(message.find(word) != std::string::npos, message);
    }
}

TEST_CASE("sampler: how many of the largest logits it looks at") {
    CHECK(sampler_of({.temperature = 0}, 100).n_largest() == 1);
    CHECK(sampler_of({.temperature = 1, .top_k = 7}, 100).n_largest() == 7);
    CHECK(sampler_of({.temperature = 1, .top_k = 0}, 100).n_largest() == 0);
    CHECK(sampler_of({.temperature = 0, .repeat_penalty = 1.1f}, 100).n_largest() == 0);
    CHECK(sampler_of({.temperature = 0, .repeat_penalty = 1.1f, .repeat_last_n = 0}, 100).n_largest() == 1);
}

TEST_CASE("sampler: the largest logits alone give the tokens that all give") {
    support::numbers random(77);
    for (const std::uint32_t k : {1u, 2u, 5u, 40u}) {
        for (const float top_p : {1.0f, 0.9f}) {
            CAPTURE(k);
            CAPTURE(top_p);
            const sampler_options options = {
                .temperature = k == 1 ? 0.0f : 0.7f, .top_k = k, .top_p = top_p, .min_p = 0.01f, .seed = 5};
            constexpr std::size_t n = 300;
            sampler of_all = sampler_of(options, n);
            sampler of_some = sampler_of(options, n);
            for (int repeat = 0; repeat < 100; ++repeat) {
                std::vector<float> logits(n);
                for (float & logit : logits) {
                    logit = static_cast<float>(random.integer(-40, 40)) / 8.0f; // many are equal
                }
                std::vector<float> in_order = logits;
                std::sort(in_order.begin(), in_order.end(), std::greater<>());
                std::vector<float> some(n, 99.0f); // what is left out is never looked at
                std::vector<token_id> among;
                for (std::size_t i = 0; i < n; ++i) {
                    if (logits[i] >= in_order[k - 1] || random.bits() % 8 == 0) {
                        some[i] = logits[i];
                        among.push_back(static_cast<token_id>(i));
                    }
                }
                REQUIRE(of_some.sample(some, among) == of_all.sample(logits));
            }
        }
    }
}

} // namespace

TEST_CASE("tokens are drawn with the probabilities of the chain") {
    random_generator random(1);
    const auto with = [](auto change) {
        sampler_options options = plain;
        options.seed = 12;
        change(options);
        return options;
    };
    for (const std::size_t n_vocab : {1u, 2u, 3u, 30u, 500u}) {
        CAPTURE(n_vocab);
        const auto logits = random_logits(random, n_vocab, 6);
        check_distribution(logits, with([](auto &) {}));
        check_distribution(logits, with([](auto & o) { o.temperature = 0.5f; }));
        check_distribution(logits, with([](auto & o) { o.temperature = 3; }));
        check_distribution(logits, with([](auto & o) { o.top_k = 1; }));
        check_distribution(logits, with([](auto & o) { o.top_k = 5; }));
        check_distribution(logits, with([](auto & o) { o.top_k = 29; }));
        check_distribution(logits, with([](auto & o) { o.top_p = 0.5f; }));
        check_distribution(logits, with([](auto & o) { o.top_p = 0.9f; }));
        check_distribution(logits, with([](auto & o) { o.min_p = 0.2f; }));
        check_distribution(logits, with([](auto & o) { o.min_p = 0.01f; }));
        check_distribution(logits, with([](auto & o) { o.top_k = 20, o.top_p = 0.8f, o.min_p = 0.05f; }));
        check_distribution(logits, with([](auto & o) { o.top_p = 0.8f, o.min_p = 0.3f, o.temperature = 2; }));
        check_distribution(logits, with([](auto & o) { o.top_k = 7, o.top_p = 0.95f, o.temperature = 0.7f; }));
        check_distribution(logits, sampler_options{.seed = 5});
    }
}

TEST_CASE("the repeat penalty lowers the tokens among the last ones") {
    random_generator random(2);
    const auto logits = random_logits(random, 20, 6); // of both signs
    std::vector<token_id> history;
    for (int i = 0; i < 50; ++i) {
        history.push_back(static_cast<token_id>(random.next() % 20));
    }
    for (const std::uint32_t last_n : {0u, 1u, 3u, 8u, 50u, 51u, 1000u}) {
        CAPTURE(last_n);
        sampler_options options = plain;
        options.repeat_last_n = last_n;
        for (const float penalty : {0.5f, 1.3f, 2.0f}) {
            options.repeat_penalty = penalty;
            check_distribution(logits, options, history);
            check_distribution(logits, options, {4});
            check_distribution(logits, options, {4, 4, 4, 5});
        }
    }
}

TEST_CASE("the penalty divides positive logits and multiplies the others") {
    sampler_options options = {.temperature = 0, .repeat_penalty = 2, .repeat_last_n = 2};
    sampler made = sampler_of(options, 3);
    made.accept(0);
    CHECK(made.sample(std::vector<float>{4, 1.9f, 0}) == 0);
    CHECK(made.sample(std::vector<float>{4, 2.1f, 0}) == 1);
    CHECK(made.sample(std::vector<float>{-1, -1.9f, -9}) == 1);
    CHECK(made.sample(std::vector<float>{-1, -2.1f, -9}) == 0);
    made.accept(1);
    made.accept(1); // now 0 is forgotten
    CHECK(made.sample(std::vector<float>{1.1f, 2, 0}) == 0);
    made.accept(2);
    CHECK(made.sample(std::vector<float>{1.1f, 2, 2}) == 0); // 1 is still there once
    made.accept(2);
    CHECK(made.sample(std::vector<float>{0.9f, 2, 2}) == 1); // and now it is gone
    for (const token_id token : {-1, 3, std::numeric_limits<token_id>::min(), std::numeric_limits<token_id>::max()}) {
        made.accept(token); // no token of this vocabulary: forgotten at once
    }
    CHECK(made.sample(std::vector<float>{0.9f, 1, 1.9f}) == 1);
}

TEST_CASE("greedy takes the largest logit, of equals the lowest id") {
    sampler made = sampler_of({.temperature = 0}, 4);
    CHECK(made.sample(std::vector<float>{1, 3, 3, 2}) == 1);
    CHECK(made.sample(std::vector<float>{-5, -5, -5, -5}) == 0);
    CHECK(made.sample(std::vector<float>{not_a_number, -1, not_a_number, -2}) == 1);
    CHECK(made.sample(std::vector<float>{-infinity, -infinity, -3, not_a_number}) == 2);
    CHECK(made.sample(std::vector<float>{1, infinity, 5, infinity}) == 1);
    CHECK(made.sample(std::vector<float>(4, -infinity)) == 0);
    CHECK(made.sample(std::vector<float>(4, not_a_number)) == 0);
    CHECK(sampler_of({.temperature = -1}, 4).sample(std::vector<float>{1, 3, 3, 2}) == 1);
    CHECK(sampler_of({.temperature = -0.0f}, 4).sample(std::vector<float>{1, 3, 3, 2}) == 1);

    random_generator random(3);
    for (int round = 0; round < 100; ++round) {
        const auto logits = random_logits(random, 1000, 5);
        const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
        CHECK(sampler_of({.temperature = 0}, 1000).sample(logits) == best);
        // All of these leave one token only.
        for (const sampler_options & options :
             {sampler_options{.top_k = 1}, sampler_options{.top_k = 0, .top_p = 0}, sampler_options{.top_p = 0},
              sampler_options{.top_k = 0, .min_p = 1}, sampler_options{.temperature = 1e-30f}}) {
            CHECK(sampler_of(options, 1000).sample(logits) == best);
        }
    }
}

TEST_CASE("equal logits are equally likely, and cut at the lowest ids") {
    const std::vector<float> logits(16, -3.5f);
    check_distribution(logits, plain);
    sampler_options options = plain;
    options.top_k = 5;
    check_distribution(logits, options);
    options.top_k = 0;
    options.min_p = 1;
    check_distribution(logits, options);
    options.min_p = 0;
    options.top_p = 0.49f; // 8 of 16
    check_distribution(logits, options);
    options.top_p = 0.51f; // and the one that crosses
    check_distribution(logits, options);
}

TEST_CASE("infinite logits and NaN do no harm") {
    for (const std::uint32_t top_k : {0u, 1u, 3u, 40u}) {
        for (const float top_p : {0.0f, 0.5f, 1.0f}) {
            for (const float min_p : {0.0f, 0.05f, 1.0f}) {
                for (const float temperature : {1e-38f, 0.5f, 1e38f}) {
                    sampler made = sampler_of({.temperature = temperature,
                                               .top_k = top_k,
                                               .top_p = top_p,
                                               .min_p = min_p,
                                               .repeat_penalty = 1.5f},
                                              6);
                    made.accept(1);
                    for (int i = 0; i < 8; ++i) {
                        CHECK(made.sample(std::vector<float>(6, not_a_number)) == 0);
                        CHECK(made.sample(std::vector<float>(6, -infinity)) == 0);
                        CHECK(made.sample(std::vector<float>{-infinity, not_a_number, 2, -infinity, not_a_number,
                                                             not_a_number}) == 2);
                        const token_id infinite = made.sample(std::vector<float>{0, 1, 2, infinity, 4, not_a_number});
                        CHECK((infinite == 3 || (temperature > 1 && infinite != 5)));
                        const token_id one = made.sample(std::vector<float>{infinity, 1, 2, infinity, -infinity, 3});
                        CHECK((one == 0 || one == 3 || temperature > 1));
                        const float huge = std::numeric_limits<float>::max();
                        const token_id any = made.sample(std::vector<float>{huge, -huge, huge, 0, -infinity, huge});
                        CHECK((any >= 0 && any < 6 && any != 4));
                    }
                }
            }
        }
    }
}

TEST_CASE("the same seed and logits give the same tokens, another seed gives others") {
    random_generator random(4);
    const auto logits = random_logits(random, 300, 2);
    const auto draw = [&](sampler & made) {
        std::vector<token_id> tokens;
        for (int i = 0; i < 50; ++i) {
            tokens.push_back(made.sample(logits));
            made.accept(tokens.back());
        }
        return tokens;
    };
    const sampler_options options = {.repeat_penalty = 1.1f, .seed = 77};
    sampler first = sampler_of(options, 300);
    sampler second = sampler_of(options, 300);
    const auto tokens = draw(first);
    CHECK(draw(second) == tokens);
    CHECK(draw(second) != tokens);
    second.reset();
    CHECK(draw(second) == tokens);
    sampler other = sampler_of({.repeat_penalty = 1.1f, .seed = 78}, 300);
    CHECK(draw(other) != tokens);
    // On record, so that a change of the order in which candidates are drawn from is noticed.
    const auto drawn_with = [](const sampler_options & recorded) {
        sampler made = sampler_of(recorded, 6);
        std::string drawn;
        for (int i = 0; i < 20; ++i) {
            drawn += static_cast<char>('0' + made.sample(std::vector<float>{0.5f, 2, 1, 1.5f, 0, 1.75f}));
        }
        return drawn;
    };
    CHECK(drawn_with({.top_k = 0, .top_p = 1, .seed = 1}) == "14105551153313432151");
    CHECK(drawn_with({.top_k = 4, .top_p = 1, .seed = 1}) == "12125511155313232111");
    CHECK(drawn_with({.seed = 1}) == "21315553255131111253");
}

TEST_CASE("options out of range are refused by name") {
    for (const float wrong : {not_a_number, infinity, -infinity}) {
        check_refused({.temperature = wrong}, "temperature is", {"finite"});
        check_refused({.top_p = wrong}, "top_p is", {"0 to 1"});
        check_refused({.min_p = wrong}, "min_p is", {"0 to 1"});
        check_refused({.repeat_penalty = wrong}, "repeat_penalty is", {"finite", "above 0"});
    }
    check_refused({.top_p = -0.1f}, "top_p is -0.1");
    check_refused({.top_p = 1.01f}, "top_p is 1.01");
    check_refused({.min_p = -0.1f}, "min_p is -0.1");
    check_refused({.min_p = 1.01f}, "min_p is 1.01");
    check_refused({.repeat_penalty = 0}, "repeat_penalty is 0");
    check_refused({.repeat_penalty = -1}, "repeat_penalty is -1");
    check_refused({.repeat_penalty = 1.1f, .repeat_last_n = 1048577}, "repeat_last_n is 1048577", {"1048576"});
    check_refused({.repeat_last_n = 0xffffffff}, "repeat_last_n is 4294967295");
    for (const std::size_t n_vocab : {std::size_t{0}, std::numeric_limits<std::size_t>::max()}) {
        const auto made = sampler::create({}, n_vocab);
        REQUIRE_FALSE(made);
        CHECK(made.error().code() == error_code::bad_argument);
    }
}

TEST_CASE("options at the ends of their ranges are accepted") {
    const std::vector<float> logits = {1, 2, 3};
    for (const sampler_options & options :
         {sampler_options{.temperature = std::numeric_limits<float>::max()},
          sampler_options{.temperature = std::numeric_limits<float>::denorm_min()},
          sampler_options{.temperature = std::numeric_limits<float>::lowest()}, sampler_options{.top_k = 0xffffffff},
          sampler_options{.top_p = 0}, sampler_options{.top_p = 1}, sampler_options{.min_p = 0},
          sampler_options{.min_p = 1}, sampler_options{.repeat_penalty = std::numeric_limits<float>::max()},
          sampler_options{.repeat_penalty = std::numeric_limits<float>::min()},
          sampler_options{.repeat_penalty = 2, .repeat_last_n = 0},
          sampler_options{.repeat_penalty = 2, .repeat_last_n = 1048576},
          sampler_options{.seed = std::numeric_limits<std::uint64_t>::max()}}) {
        sampler made = sampler_of(options, 3);
        for (int i = 0; i < 10; ++i) {
            const token_id token = made.sample(logits);
            CHECK((token >= 0 && token < 3));
            made.accept(token);
        }
    }
    // As large as vocabularies get.
    random_generator random(5);
    const auto many = random_logits(random, 262144, 10);
    const auto best = std::max_element(many.begin(), many.end()) - many.begin();
    CHECK(sampler_of({.temperature = 0}, many.size()).sample(many) == best);
    CHECK(sampler_of({.top_k = 0, .top_p = 0}, many.size()).sample(many) == best);
    CHECK(sampler_of({.top_k = 100000, .min_p = 1}, many.size()).sample(many) == best);
}

TEST_CASE("logits of another length than the vocabulary are read as far as both go") {
    for (const float temperature : {0.0f, 1.0f}) {
        sampler made = sampler_of({.temperature = temperature, .top_k = 1}, 3);
        CHECK(made.sample(std::vector<float>{1, 2, 3, 9}) == 2);
        CHECK(made.sample(std::vector<float>{1, 2}) == 1);
        CHECK(made.sample({}) == 0);
    }
}

TEST_CASE("no token allocates, and a sampler that cannot be made says so") {
    random_generator random(6);
    const auto logits = random_logits(random, 1000, 3);
    const sampler_options options = {.top_k = 0, .top_p = 0.9f, .repeat_penalty = 1.1f};
    sampler made = sampler_of(options, logits.size());
    const auto before = support::allocation_count();
    for (int i = 0; i < 200; ++i) {
        made.accept(made.sample(logits));
    }
    made.reset();
    CHECK(support::allocation_count() == before);
    const auto survived = support::survive_allocation_failures([&]() -> llmzero::status {
        LLMZERO_ASSIGN(const sampler another, sampler::create(options, 1000));
        return llmzero::success();
    });
    CHECK(survived == 2 * 3);
}
