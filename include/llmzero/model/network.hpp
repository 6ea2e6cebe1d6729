// What every architecture offers to the layer above: weights that do not change, and a state that belongs to
// one session. A new architecture is a new file that implements these two, and one line in model.hpp.
#pragma once

#include <llmzero/base/function_ref.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/base/thread_team.hpp>
#include <llmzero/model/kv_cache.hpp>
#include <llmzero/tokenizer/token.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace llmzero::inline LLMZERO_ABI {

struct state_options {
    std::uint32_t context = 0; // tokens to make room for
    kv_type kv = kv_type::f32;
    std::uint32_t batch = 1;  // tokens evaluated together at most
    std::uint32_t logits = 1; // of them, those that logits are kept for
    std::uint32_t threads = 1;
    thread_team * team = nullptr; // of so many threads, which outlives the state; nullptr: the caller's alone
};

// Multiplications and additions of attention in a nanosecond, about, for thread_team::share().
inline constexpr std::size_t attention_macs_in_ns = 4;

// Which tokens of a batch the output head is computed for. The head is a large part of a small model.
enum class logits_wanted : std::uint8_t {
    none,
    last,
    all, // of at most state_options::logits tokens
};

class network_state {
public:
    virtual ~network_state() = default;
    network_state(const network_state &) = delete;
    network_state & operator=(const network_state &) = delete;

    // Models with an encoder: reads a source text as a whole, which replaces the one before. It takes the positions
    // from 0 on, and the decoder's tokens, for evaluate(), the positions after it. progress (may be empty) is asked
    // at least once a layer with the work that is done, in tokens of the source; when it returns false, the error is
    // `cancelled` and there is no source. Allocates nothing.
    [[nodiscard]] virtual status encode(std::span<const token_id> source,
                                        function_ref<bool(std::size_t done)> progress) {
        static_cast<void>(source);
        static_cast<void>(progress);
        return error(error_code::bad_argument, "this model has no encoder");
    }

    // Evaluates at most `batch` tokens at positions position, position + 1, ...; positions before that are in
    // the cache. keep_going (may be empty) is asked before each layer; when it returns false, the error is
    // `cancelled` and nothing at these positions counts. Allocates nothing.
    [[nodiscard]] virtual status evaluate(std::span<const token_id> tokens, std::uint32_t position,
                                          logits_wanted wanted, function_ref<bool()> keep_going) = 0;

    // Where a KV cache is all that is kept of the tokens so far, so that the state can be saved; else nullptr.
    [[nodiscard]] virtual kv_cache * cache() { return nullptr; }

    // From here on a token's largest logits will do, this many of them; 0, as it is at first: all. Then logits() may
    // hold those of present_logits() only: among them are the largest, and all that equal the last of these. Until the
    // next evaluate(), complete_logits() computes the others.
    virtual void want_largest(std::size_t n) { static_cast<void>(n); }
    // Ascending; empty: all.
    [[nodiscard]] virtual std::span<const token_id> present_logits() const { return {}; }
    virtual void complete_logits() {}

    // Of the tokens that they were wanted for last, the first ones: [state_options::logits, n_vocab].
    [[nodiscard]] virtual std::span<const float> logits() const = 0;

protected:
    network_state() = default;
};

class network {
public:
    virtual ~network() = default;
    network(const network &) = delete;
    network & operator=(const network &) = delete;

    // Memory that create_state() takes, in bytes.
    [[nodiscard]] virtual std::uint64_t state_bytes(const state_options & options) const = 0;
    // Time of evaluating four tokens together in that of one, about: of the products with weights alone.
    [[nodiscard]] virtual float time_of_four() const = 0;
    // The state refers to the network, which must outlive it.
    [[nodiscard]] virtual result<std::unique_ptr<network_state>> create_state(const state_options & options) const = 0;

protected:
    network() = default;
};

} // namespace llmzero::inline LLMZERO_ABI
