// What a generation is asked for, and what is told about it afterwards: how a session writes (session.hpp).
#pragma once

#include <llmzero/base/callback.hpp>
#include <llmzero/generation/sampler.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

inline constexpr std::uint32_t automatic_draft = 0xffffffff;

struct generate_options {
    std::uint32_t max_tokens = 256;
    sampler_options sampling = {};
    std::span<const std::string_view> stop = {}; // texts that end generation; they are not given out
    bool parse_special = false;                  // take special tokens spelt out in the prompt as such
    bool ignore_end_of_text = false;             // go on after an end token
    // How many tokens may be proposed ahead and verified together with the one that they follow (drafting.hpp); at most
    // session_options::draft_tokens. What is written stays the same. 0: none; automatic_draft: where that should pay.
    std::uint32_t draft_tokens = automatic_draft;

    // Called while the prompt is read, at least once a layer, with the tokens that are done; false stops.
    callback<bool(std::size_t done, std::size_t total)> on_prefill = {};
    // Called with the logits [n_vocab] of every position that they were computed for: the end of the prompt,
    // then each generated token that was evaluated.
    callback<void(std::span<const float> logits)> on_logits = {};
    // Asked before each layer of each generated token, or of tokens that are verified together; false stops.
    callback<bool()> keep_going = {};
    // Proposes how `text` goes on, in place of its own repetitions: writes into `proposed`, from its beginning, and
    // returns how many tokens. Always verified, unless draft_tokens is 0.
    callback<std::size_t(std::span<const token_id> text, std::span<token_id> proposed)> on_draft = {};
};

enum class stop_reason : std::uint8_t {
    end_of_text,  // the model gave an end token
    max_tokens,   // as many tokens as were asked for
    stop_string,  // one of generate_options::stop appeared
    context_full, // no room for another token
    cancelled,    // a callback returned false
};

constexpr const char * name_of(stop_reason reason) {
    switch (reason) {
    case stop_reason::end_of_text: return "end_of_text";
    case stop_reason::max_tokens: return "max_tokens";
    case stop_reason::stop_string: return "stop_string";
    case stop_reason::context_full: return "context_full";
    case stop_reason::cancelled: return "cancelled";
    }
    return "unknown";
}

// How a generation went.
struct generation {
    stop_reason reason = stop_reason::max_tokens;
    std::uint32_t n_prompt = 0;    // tokens of the prompt that were evaluated
    std::uint32_t n_generated = 0; // tokens sampled, an end token not counted
    std::uint32_t n_drafted = 0;   // tokens proposed and verified
    std::uint32_t n_accepted = 0;  // those of them that were right: each saved an evaluation
    double prompt_ms = 0;          // time from the start to the first logits
    double generation_ms = 0;      // time from the first logits to the end
    std::uint64_t seed = 0;        // with which this text can be made again

    [[nodiscard]] double prompt_tokens_per_second() const { return per_second(n_prompt, prompt_ms); }
    [[nodiscard]] double tokens_per_second() const { return per_second(n_generated, generation_ms); }

private:
    static double per_second(std::uint32_t count, double ms) { return ms > 0 ? count * 1000.0 / ms : 0.0; }
};

} // namespace llmzero::inline LLMZERO_ABI
