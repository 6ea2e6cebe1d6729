// Which tokens are proposed ahead, to be verified by the model in one pass, and whether that is worth it.
//
// Tokens that are evaluated together read each weight once, so that four take less time than four times one. A session
// evaluates the token that it has sampled together with tokens that may follow; then it samples from the logits of
// each in turn, as it would have done, and goes on without a pass for as long as what it samples is what was proposed.
// Logits are the same in any batch, and each token takes one random number either way, so the text is the same.
//
// Proposed is what follows the longest repetition (repetition.hpp). One of length L is right with the odds o(L), and
// each token that proves right makes it one longer, so that a pass with three proposals is expected to give
//
//     1 + o(L) (1 + o(L + 1) (1 + o(L + 2)))      tokens
//
// and pays where these are more than kernel_set::time_of_four. Every token that is sampled teaches the odds, whether
// its proposal was verified or not. Three, because kernels multiply by four tokens at a time.
//
// Memory: the object itself; nothing is allocated.
#pragma once

#include <llmzero/base/callback.hpp>
#include <llmzero/generation/generate_options.hpp>
#include <llmzero/generation/repetition.hpp>
#include <llmzero/tokenizer/token.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace llmzero::inline LLMZERO_ABI {

class drafting {
public:
    static constexpr std::uint32_t max_tokens = 15;
    static constexpr std::size_t automatic_tokens = 3;

    // time_of_four: what four tokens together take, in the time of one.
    drafting(const generate_options & options, float time_of_four)
        : source_(options.on_draft), is_automatic_(options.draft_tokens == automatic_draft && !source_),
          most_(options.draft_tokens == automatic_draft ? automatic_tokens
                                                        : std::min(options.draft_tokens, max_tokens)),
          tokens_that_pay_(time_of_four + margin) {
        float doubt = 0.8f;
        for (std::size_t length = 1; length <= max_length; ++length, doubt *= 0.8f) {
            odds_[length] = 1.0f - doubt;
        }
    }

    // What to evaluate at once: the last token of the text, and after it those that it may go on with where that is
    // worth it; ids below n_vocab, and together at most `room`.
    [[nodiscard]] std::span<const token_id> propose(std::span<const token_id> text, std::size_t room,
                                                    std::size_t n_vocab) {
        batch_[0] = text.back();
        n_proposed_ = 0;
        n_judged_ = 0;
        is_verified_ = false;
        const std::size_t n = std::min(most_, room - 1);
        if (n == 0) {
            return first(0);
        }
        const std::span<token_id> proposed(batch_.data() + 1, n);
        if (source_) {
            n_proposed_ = std::min(source_(text, proposed), n);
            const auto is_bad = [n_vocab](token_id token) {
                return token < 0 || static_cast<std::size_t>(token) >= n_vocab;
            };
            const auto end = proposed.begin() + static_cast<std::ptrdiff_t>(n_proposed_);
            n_proposed_ = static_cast<std::size_t>(std::find_if(proposed.begin(), end, is_bad) - proposed.begin());
        } else {
            const repetition found = longest_repetition(text, max_length);
            length_ = found.length;
            n_proposed_ = found.length == 0 ? 0 : n;
            follow_repetition(text, found, proposed.first(n_proposed_));
        }
        is_verified_ = n_proposed_ > 0 && (!is_automatic_ || (n == automatic_tokens && pays()));
        n_drafted_ += is_verified_ ? static_cast<std::uint32_t>(n_proposed_) : 0;
        return first(is_verified_ ? n_proposed_ : 0);
    }

    // Takes the token that was sampled next. Whether it is one that was verified: its logits are there.
    [[nodiscard]] bool confirms(token_id token) {
        if (n_judged_ == n_proposed_) {
            return false;
        }
        const bool is_right = batch_[1 + n_judged_] == token;
        if (!source_) {
            float & odds = odds_[std::min(length_ + n_judged_, max_length)];
            odds += ((is_right ? 1.0f : 0.0f) - odds) * learning_rate;
        }
        ++n_judged_;
        if (!is_right || !is_verified_) {
            n_proposed_ = n_judged_; // the rest are no longer of use
            return false;
        }
        ++n_accepted_;
        return true;
    }

    [[nodiscard]] std::uint32_t n_drafted() const { return n_drafted_; }
    [[nodiscard]] std::uint32_t n_accepted() const { return n_accepted_; }

private:
    static constexpr std::size_t max_length = 16;
    // Of rates and margins that were tried on stories, code and summaries, the ones that lost least: 3 % on the worst
    // text, nothing on average.
    static constexpr float learning_rate = 0.125f;
    static constexpr float margin = 0.2f;

    [[nodiscard]] std::span<const token_id> first(std::size_t n_proposals) const {
        return std::span(batch_).first(1 + n_proposals);
    }

    [[nodiscard]] bool pays() const {
        float tokens = 1.0f;
        for (std::size_t i = automatic_tokens; i-- > 0;) {
            tokens = 1.0f + odds_[std::min(length_ + i, max_length)] * tokens;
        }
        return tokens > tokens_that_pay_;
    }

    callback<std::size_t(std::span<const token_id> text, std::span<token_id> proposed)> source_;
    bool is_automatic_;
    std::size_t most_;
    float tokens_that_pay_;
    std::array<float, max_length + 1> odds_{};     // of a proposal after a repetition of that length
    std::array<token_id, max_tokens + 1> batch_{}; // the text's last token, and the proposals
    std::size_t length_ = 0;                       // of the repetition that they come from
    std::size_t n_proposed_ = 0;
    std::size_t n_judged_ = 0; // of them
    bool is_verified_ = false;
    std::uint32_t n_drafted_ = 0;
    std::uint32_t n_accepted_ = 0;
};

} // namespace llmzero::inline LLMZERO_ABI
