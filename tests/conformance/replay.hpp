// Runs a model over golden prompts: the logits, and how they compare with what is on record.
#pragma once

#include <llmzero/llmzero.hpp>

#include "golden.hpp"
#include "support/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace conformance {

// The logits of consecutive steps, [n_steps, n_vocab].
struct step_logits {
    std::size_t n_vocab = 0;
    std::vector<float> values;

    [[nodiscard]] std::size_t size() const { return n_vocab == 0 ? 0 : values.size() / n_vocab; }
    [[nodiscard]] std::span<const float> operator[](std::size_t step) const {
        return std::span(values).subspan(step * n_vocab, n_vocab);
    }
    void add(std::span<const float> logits) {
        n_vocab = logits.size();
        values.insert(values.end(), logits.begin(), logits.end());
    }
    void multiply(double factor) {
        for (float & value : values) {
            value = static_cast<float>(static_cast<double>(value) * factor);
        }
    }
    // Bit for bit: -0 differs from +0, and a NaN equals itself.
    [[nodiscard]] bool same_bits(const step_logits & other) const {
        return n_vocab == other.n_vocab && values.size() == other.values.size() && !values.empty() &&
               std::memcmp(values.data(), other.values.data(), values.size() * sizeof(float)) == 0;
    }
};

// Feeds the prompt, then the oracle's greedy ids one by one, after whatever the session holds already.
[[nodiscard]] inline llmzero::status replay(llmzero::session & session, const golden::prompt & prompt,
                                            std::size_t n_steps, step_logits & logits) {
    LLMZERO_CHECK(session.prefill(prompt.prompt_ids));
    logits.add(session.logits());
    for (std::size_t step = 1; step < n_steps; ++step) {
        LLMZERO_CHECK(session.decode(prompt.greedy_ids[step - 1]));
        logits.add(session.logits());
    }
    return llmzero::success();
}

// A context for the longest prompt and all that follows it: more than the context length that some files state.
[[nodiscard]] inline std::uint32_t context_for(const golden::model & expected) {
    std::size_t longest = 0;
    for (const golden::prompt & p : expected.prompts) {
        longest = std::max(longest, p.prompt_ids.size() + p.greedy_ids.size());
    }
    return static_cast<std::uint32_t>(longest);
}

// How one run of one model compares with the record.
struct fidelity {
    support::comparison stored; // over the stored rows
    support::comparison scaled; // the same with the factor of a tied head that the record lacks, if there is one
    std::size_t n_steps = 0;    // all steps of all prompts ...
    std::size_t decided = 0;    // ... those where the float reference is farther ahead than rounding explains ...
    std::size_t wrong = 0;      // ... and those of them whose argmax differs
    // |ln p - ln p of the float reference| of the ids fed: steps where it is more than the oracle's errors allow, and
    // the mean.
    std::size_t beyond_logprob = 0;
    double mean_logprob = 0;
    // Prompts where oracle and float reference generate the same ids, those of them where this run does too, and those
    // where it first differs at a step that is not decided.
    std::size_t greedy_comparable = 0;
    std::size_t greedy_equal = 0;
    std::size_t greedy_tied = 0;
};

inline bool is_decided(const golden::prompt & p, std::size_t step) {
    return p.float_ref_gap[step] > 3 * p.oracle_max_err[step];
}

// Adds the logits of one prompt. The ids that a greedy run would generate need no run of their own: as long as every
// argmax so far was the id fed next, this is that run.
inline void add_prompt(fidelity & found, const golden::prompt & p, const step_logits & logits) {
    for (const golden::row & row : p.rows) {
        found.stored.add(row.float_ref, logits[row.step]);
    }
    const std::size_t n_steps = p.greedy_ids.size();
    std::size_t first_difference = n_steps;
    double logprob_sum = 0;
    for (std::size_t step = 0; step < n_steps; ++step) {
        const std::size_t best = support::argmax(logits[step]);
        const auto fed = static_cast<std::size_t>(p.greedy_ids[step]);
        if (best != fed && first_difference == n_steps) {
            first_difference = step;
        }
        if (is_decided(p, step)) {
            ++found.decided;
            found.wrong += best == static_cast<std::size_t>(p.float_ref_argmax[step]) ? 0u : 1u;
        }
        const double error = std::abs(support::log_probability(logits[step], fed) - p.float_ref_logprob[step]);
        found.beyond_logprob += error <= 4 * p.oracle_max_err[step] + 0.001 ? 0u : 1u; // NaN is beyond
        logprob_sum += error;
    }
    found.mean_logprob = (found.mean_logprob * static_cast<double>(found.n_steps) + logprob_sum) /
                         static_cast<double>(found.n_steps + n_steps);
    found.n_steps += n_steps;
    if (p.greedy_ids == p.float_ref_greedy_ids) {
        ++found.greedy_comparable;
        if (first_difference == n_steps) {
            ++found.greedy_equal;
        } else if (!is_decided(p, first_difference)) {
            ++found.greedy_tied;
        }
    }
}

// Every prompt, each from an empty context. `on_prompt`, if there is one, sees all logits.
[[nodiscard]] inline llmzero::result<fidelity>
measure(const golden::model & expected, const llmzero::model & model, llmzero::kv_type kv,
        llmzero::function_ref<void(const golden::prompt &, const step_logits &)> on_prompt = {}) {
    LLMZERO_ASSIGN(llmzero::session session,
                   llmzero::session::create(model, {.context = context_for(expected), .kv = kv}));
    fidelity found;
    for (const golden::prompt & p : expected.prompts) {
        session.rewind();
        step_logits logits;
        LLMZERO_CHECK(replay(session, p, p.greedy_ids.size(), logits));
        if (logits.n_vocab != expected.n_vocab) {
            return llmzero::error(llmzero::error_code::malformed, "found %zu logits, expected %zu", logits.n_vocab,
                                  expected.n_vocab);
        }
        for (const golden::row & row : p.rows) {
            if (!row.float_ref_scaled.empty()) {
                found.scaled.add(row.float_ref_scaled, logits[row.step]);
            }
        }
        logits.multiply(1 / expected.head_scale);
        add_prompt(found, p, logits);
        if (on_prompt) {
            on_prompt(p, logits);
        }
    }
    return found;
}

} // namespace conformance
