// How well a model expects a text: perplexity, the exponential of the mean of -ln p over the tokens that were
// scored, p being the probability that the model gave to the token which did come next. Sums are in double.
//
//     perplexity_sum sum;
//     LLMZERO_CHECK(add_perplexity(session, ids, sum)); // for each text
//     sum.perplexity();
#pragma once

#include <llmzero/base/function_ref.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/generation/session.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace llmzero::inline LLMZERO_ABI {

// ln softmax(logits)[token]; `token` must be one of them.
[[nodiscard]] inline double log_probability(std::span<const float> logits, token_id token) {
    // The largest is subtracted, so that nothing overflows.
    const auto largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
    double sum = 0.0;
    for (const float logit : logits) {
        sum += std::exp(static_cast<double>(logit) - largest);
    }
    return static_cast<double>(logits[static_cast<std::size_t>(token)]) - largest - std::log(sum);
}

struct perplexity_sum {
    double nll = 0.0;           // sum of -ln p, in nats
    std::uint64_t n_scored = 0; // tokens that it is the sum of
    std::uint64_t n_top1 = 0;   // those of them that were the likeliest

    // NaN where nothing was scored.
    [[nodiscard]] double perplexity() const { return std::exp(nll / static_cast<double>(n_scored)); }
    [[nodiscard]] double top1_share() const { return static_cast<double>(n_top1) / static_cast<double>(n_scored); }
};

// Adds every token but the first, each given those before it. What the session held is forgotten. `progress` gets the
// number of tokens done and may stop: the error is `cancelled`.
// Errors: those of session::decode; unsupported for a model with an encoder, which does not continue a text.
[[nodiscard]] inline status add_perplexity(session & on, std::span<const token_id> tokens, perplexity_sum & sum,
                                           function_ref<bool(std::size_t)> progress = {}) {
    if (on.model().config().has_encoder()) {
        return error(error_code::unsupported,
                     "the model has an encoder: it answers a text and does not continue it, so it has no perplexity");
    }
    on.rewind();
    for (std::size_t i = 1; i < tokens.size(); ++i) {
        const auto keep_going = [&] {
            return progress(i - 1);
        };
        LLMZERO_CHECK(on.decode(tokens[i - 1], progress ? function_ref<bool()>(keep_going) : function_ref<bool()>()));
        const std::span<const float> logits = on.logits();
        if (!on.model().text().vocab().contains(tokens[i])) {
            return error(error_code::bad_argument, "token %zu is %ld, expected 0 to %zu", i,
                         static_cast<long>(tokens[i]), logits.size() - 1);
        }
        const auto likeliest = std::max_element(logits.begin(), logits.end()) - logits.begin();
        sum.nll -= log_probability(logits, tokens[i]);
        sum.n_top1 += likeliest == tokens[i] ? 1u : 0u;
        ++sum.n_scored;
    }
    return success();
}

} // namespace llmzero::inline LLMZERO_ABI
