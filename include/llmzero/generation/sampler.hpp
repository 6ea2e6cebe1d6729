// Chooses the next token from the model's logits.
//
// The chain, in this order, each step working on what the one before it left:
//     repeat penalty  for each token among the last repeat_last_n: logit * penalty where logit <= 0, else / penalty
//     top-k           the k largest logits (0: all)
//     top-p           the fewest of the largest whose probabilities reach p, the one that crosses p included
//     min-p           logits of at least max + ln p, that is p times the probability of the likeliest
//     temperature     probabilities are softmax(logit / temperature)
//     draw            one random number
// With temperature <= 0 the largest logit after the penalty is taken; of equals the lowest id. A NaN counts as
// -infinity, and where there is nothing else the token is 0.
//
// Top-p and min-p both keep the first so many in order of the logits, so min-p is applied first, which leaves
// fewer to order. Nothing is ever sorted as a whole: top-k is one pass with a heap of k, top-p takes from a heap
// until p is reached.
//
// The same seed, options and logits give the same tokens, with any standard library: the order in which
// the candidates are drawn from is defined. No step allocates. Memory: 8 bytes for each of the
// top_k (0: n_vocab) candidates; with a penalty also 4 * (n_vocab + repeat_last_n) bytes.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/generation/random.hpp>
#include <llmzero/numerics/largest_rows.hpp>
#include <llmzero/numerics/math.hpp>
#include <llmzero/tokenizer/token.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

struct sampler_options {
    float temperature = 0.8f;         // <= 0: always the likeliest token
    std::uint32_t top_k = 40;         // 0: off
    float top_p = 0.95f;              // 0 to 1; 1: off
    float min_p = 0.05f;              // 0 to 1; 0: off
    float repeat_penalty = 1.0f;      // above 0; 1: off
    std::uint32_t repeat_last_n = 64; // at most 1048576; 0: off
    std::uint64_t seed = 0;
};

class sampler {
public:
    static constexpr std::uint32_t max_repeat_last_n = 1048576;

    static result<sampler> create(const sampler_options & options, std::size_t n_vocab) {
        if (n_vocab == 0 || !std::in_range<token_id>(n_vocab)) {
            return error(error_code::bad_argument, "a sampler for %zu tokens was asked for, expected 1 to 2147483647",
                         n_vocab);
        }
        LLMZERO_CHECK(check(options));
        sampler made(options, n_vocab);
        if (!made.is_greedy()) {
            const std::size_t k = options.top_k == 0 ? n_vocab : std::min<std::size_t>(options.top_k, n_vocab);
            LLMZERO_CHECK(made.candidates_.resize(k));
        }
        if (options.repeat_penalty != 1.0f && options.repeat_last_n > 0) {
            LLMZERO_CHECK(made.last_.resize(options.repeat_last_n));
            LLMZERO_CHECK(made.times_in_last_.resize(n_vocab));
        }
        return made;
    }

    // Adds a token, of the prompt or of the answer, to those that the repeat penalty looks at.
    void accept(token_id token) {
        if (last_.empty() || static_cast<std::size_t>(token) >= n_vocab_) { // also below 0
            return;
        }
        if (n_last_ == last_.size()) {
            --times_in_last_[static_cast<std::size_t>(last_[next_last_])];
        } else {
            ++n_last_;
        }
        last_[next_last_] = token;
        next_last_ = next_last_ + 1 == last_.size() ? 0 : next_last_ + 1;
        ++times_in_last_[static_cast<std::size_t>(token)];
    }

    // The next token. logits: [n_vocab]; of a longer or shorter span the common part is looked at. `among`: the tokens
    // whose logits are there, in ascending order; empty: all.
    [[nodiscard]] token_id sample(std::span<const float> logits, std::span<const token_id> among = {}) {
        logits = logits.first(std::min(logits.size(), n_vocab_));
        if (is_greedy()) {
            return among.empty() ? likeliest(logits) : likeliest(logits, among);
        }
        select(logits, among); // penalty, top-k
        return n_candidates_ == 0 ? token_id{0} : draw(restrict());
    }

    // How many of the largest logits the next token depends on, with all that equal the last of them; 0: on all.
    [[nodiscard]] std::size_t n_largest() const { return !last_.empty() ? 0 : is_greedy() ? 1 : options_.top_k; }

    // As after create(): no history, and the same random numbers again.
    void reset() {
        random_ = random_generator(options_.seed);
        n_last_ = 0;
        next_last_ = 0;
        std::fill(times_in_last_.begin(), times_in_last_.end(), 0u);
    }

private:
    struct candidate {
        float logit = 0;
        token_id token = no_token;
    };

    static bool is_better(const candidate & a, const candidate & b) {
        return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
    }
    static bool is_worse(const candidate & a, const candidate & b) { return is_better(b, a); }

    sampler(const sampler_options & options, std::size_t n_vocab)
        : options_(options), n_vocab_(n_vocab), random_(options.seed) {}

    [[nodiscard]] static status check(const sampler_options & options) {
        constexpr float largest = std::numeric_limits<float>::max();
        LLMZERO_CHECK(check_range("temperature", options.temperature, -largest, largest, "a finite number"));
        LLMZERO_CHECK(check_range("top_p", options.top_p, 0.0f, 1.0f, "0 to 1"));
        LLMZERO_CHECK(check_range("min_p", options.min_p, 0.0f, 1.0f, "0 to 1"));
        LLMZERO_CHECK(check_range("repeat_penalty", options.repeat_penalty, std::numeric_limits<float>::min(), largest,
                                  "a finite number above 0"));
        if (options.repeat_last_n > max_repeat_last_n) {
            return error(error_code::bad_argument, "repeat_last_n is %lu, expected 0 to %lu",
                         static_cast<unsigned long>(options.repeat_last_n),
                         static_cast<unsigned long>(max_repeat_last_n));
        }
        return success();
    }

    [[nodiscard]] static status check_range(const char * option, float value, float low, float high,
                                            const char * expected) {
        if (value >= low && value <= high) { // false for NaN
            return success();
        }
        return error(error_code::bad_argument, "%s is %g, expected %s", option, static_cast<double>(value), expected);
    }

    [[nodiscard]] bool is_greedy() const { return options_.temperature <= 0.0f; }

    // The logit after the penalty, never +infinity. A NaN stays one: it is greater than nothing, so no comparison below
    // selects it.
    [[nodiscard]] float adjusted(std::span<const float> logits, std::size_t i) const {
        float logit = logits[i];
        if (!times_in_last_.empty() && times_in_last_[i] != 0) {
            logit = logit <= 0.0f ? logit * options_.repeat_penalty : logit / options_.repeat_penalty;
        }
        return std::min(logit, std::numeric_limits<float>::max());
    }

    // The bits of a float as an integer in the same order: comparing integers is what a small core does fastest.
    // -0 counts as +0, a NaN as less than -infinity.
    static std::int32_t ordered(float logit) {
        constexpr std::int32_t infinity = 0x7f800000;
        const auto bits = std::bit_cast<std::int32_t>(logit + 0.0f);
        const std::int32_t key = bits ^ (bits >> 31 & 0x7fffffff);
        return key > infinity ? std::numeric_limits<std::int32_t>::min() : key;
    }

    // Calls found(i) for every logit that may be larger than the one whose key is `least`, which found() may raise. The
    // raw bits of a positive float are its key already, and few logits are larger than those before them: most are
    // ruled out eight at a time.
    template <class found_function>
    void find_above(std::span<const float> logits, const std::int32_t & least, found_function found) const {
        constexpr std::size_t line = detail::eight;
        const bool is_penalised = !times_in_last_.empty();
        const auto look_at = [&](const float & logit) {
            const auto bits = std::bit_cast<std::int32_t>(logit);
            if ((bits ^ (bits >> 31 & 0x7fffffff)) > least || is_penalised) {
                found(static_cast<std::size_t>(&logit - logits.data()));
            }
        };
        const float * logit = logits.data();
        const float * const end = logit + logits.size();
        const float * const end_of_lines = logit + logits.size() / line * line;
        const auto skip = [&] {
            if (least > 0 && !is_penalised) {
                logit = detail::skip_smaller(logit, end_of_lines, least);
            }
        };
        for (skip(); logit != end_of_lines; skip()) {
            for (const float * const next = logit + line; logit != next; ++logit) {
                look_at(*logit);
            }
        }
        for (; logit != end; ++logit) {
            look_at(*logit);
        }
    }

    [[nodiscard]] token_id likeliest(std::span<const float> logits) const {
        std::int32_t best = ordered(-std::numeric_limits<float>::infinity());
        std::size_t token = 0;
        find_above(logits, best, [&](std::size_t i) {
            const std::int32_t key = ordered(adjusted(logits, i));
            token = key > best ? i : token;
            best = key > best ? key : best;
        });
        return static_cast<token_id>(token);
    }

    [[nodiscard]] token_id likeliest(std::span<const float> logits, std::span<const token_id> among) const {
        std::int32_t best = ordered(-std::numeric_limits<float>::infinity());
        token_id token = 0;
        for (const token_id i : among) {
            const std::int32_t key = ordered(adjusted(logits, static_cast<std::size_t>(i)));
            token = key > best ? i : token;
            best = key > best ? key : best;
        }
        return token;
    }

    // Fills the candidates with the largest logits, as many as there is room for, none of them -infinity.
    void select(std::span<const float> logits, std::span<const token_id> among) {
        n_candidates_ = 0;
        candidate * const first = candidates_.begin();
        bool is_heap = false;
        // What a logit must exceed: of equals, those met first have the lower ids.
        float worst = -std::numeric_limits<float>::infinity();
        std::int32_t worst_key = ordered(worst);
        const auto consider = [&](std::size_t i) {
            const float logit = adjusted(logits, i);
            if (!(logit > worst)) {
                return;
            }
            const candidate found{logit, static_cast<token_id>(i)};
            if (n_candidates_ < candidates_.size()) {
                candidates_[n_candidates_++] = found;
                if (n_candidates_ < candidates_.size()) {
                    return;
                }
                std::make_heap(first, first + n_candidates_, is_better); // the worst on top
                is_heap = true;
            } else {
                std::pop_heap(first, first + n_candidates_, is_better);
                candidates_[n_candidates_ - 1] = found;
                std::push_heap(first, first + n_candidates_, is_better);
            }
            worst = first->logit;
            worst_key = ordered(worst);
        };
        if (among.empty()) {
            find_above(logits, worst_key, consider);
        }
        for (const token_id token : among) {
            consider(static_cast<std::size_t>(token));
        }
        // Without top-k, top-p puts them in order; with it, sums must not depend on what the heap met on the way.
        if (is_heap && (options_.top_p == 1.0f || n_candidates_ < logits.size())) {
            std::sort_heap(first, first + n_candidates_, is_better);
        }
    }

    // Top-p and min-p: the candidates that remain.
    [[nodiscard]] std::span<candidate> restrict() {
        candidate * first = candidates_.begin();
        candidate * last = first + n_candidates_;
        const float largest = std::min_element(first, last, is_better)->logit;
        double enough = 0; // sum of exp(logit - largest) that top-p asks for
        if (options_.top_p < 1.0f) {
            for (const candidate * c = first; c != last; ++c) {
                enough += static_cast<double>(fast_exp(c->logit - largest));
            }
            enough *= static_cast<double>(options_.top_p);
        }
        if (options_.min_p > 0.0f) {
            const float least = largest + log_min_p_;
            last = std::remove_if(first, last, [least](const candidate & c) { return c.logit < least; });
        }
        if (options_.top_p < 1.0f) {
            // The best goes to the end each time, and what has gone there is kept.
            std::make_heap(first, last, is_worse);
            candidate * kept = last;
            double sum = 0;
            do {
                std::pop_heap(first, kept, is_worse);
                --kept;
                sum += static_cast<double>(fast_exp(kept->logit - largest));
            } while (kept != first && sum < enough);
            first = kept;
        }
        return {first, last};
    }

    [[nodiscard]] token_id draw(std::span<candidate> candidates) {
        const float largest = std::min_element(candidates.begin(), candidates.end(), is_better)->logit;
        double sum = 0;
        for (candidate & c : candidates) {
            c.logit = fast_exp((c.logit - largest) / options_.temperature);
            sum += static_cast<double>(c.logit);
        }
        double left = static_cast<double>(random_.next_float()) * sum;
        for (std::size_t i = candidates.size() - 1; i > 0; --i) {
            left -= static_cast<double>(candidates[i].logit);
            if (left < 0) {
                return candidates[i].token;
            }
        }
        return candidates.front().token;
    }

    sampler_options options_;
    float log_min_p_ = options_.min_p > 0.0f ? std::log(options_.min_p) : 0.0f;
    std::size_t n_vocab_;
    random_generator random_;
    heap_array<candidate> candidates_; // room for top_k
    std::size_t n_candidates_ = 0;
    heap_array<token_id> last_;               // a ring; empty: no penalty
    heap_array<std::uint32_t> times_in_last_; // [n_vocab]
    std::size_t n_last_ = 0;
    std::size_t next_last_ = 0;
};

} // namespace llmzero::inline LLMZERO_ABI
