// The head of a model: its weights, with what finds the largest logits in less than the whole product, and the logits
// of one session.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/numerics/head_sketch.hpp>
#include <llmzero/numerics/largest_rows.hpp>
#include <llmzero/numerics/packed_matrix.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace llmzero::inline LLMZERO_ABI {

// How the largest logits are found. What is found is the same.
enum class head_mode : std::uint8_t {
    automatic, // as `sketch` where the kernel set gains by it, and either the file brings one (model_packer.hpp) or the
               // head is half of the model or more
    full,      // by the whole product
    sketch,    // with a sketch of the head (head_sketch.hpp), which takes 5 bits a weight beside the head itself
};

// Below so many weights a search is not worth what it costs beside the products.
inline constexpr std::size_t least_sketched_weights = 1u << 18;

// Whether finding the largest logits with a sketch is faster than the whole product.
inline bool gains_by_sketch(const packed_layout & layout, packed_format format, std::size_t rows, std::size_t cols) {
    return head_sketch::fits(cols) && layout.gains_by_sketch(format) &&
           std::uint64_t{rows} * cols >= least_sketched_weights;
}

// Whether a head that is being packed gets a sketch. `n_weights` are those of the whole model: making a sketch takes
// longer than loading the head itself, which only models that are little more than their head give back within an
// answer.
inline bool wants_sketch(head_mode mode, const kernel_set & kernels, packed_format format, std::size_t rows,
                         std::size_t cols, std::uint64_t n_weights) {
    if (mode != head_mode::automatic) {
        return mode == head_mode::sketch && head_sketch::fits(cols);
    }
    return gains_by_sketch(kernels, format, rows, cols) && std::uint64_t{rows} * cols >= n_weights / 2;
}

class output_logits {
public:
    // Of up to n_tokens at a time.
    [[nodiscard]] static std::uint64_t bytes_needed(std::size_t n_tokens, std::size_t n_vocab) {
        return std::uint64_t{n_tokens} * n_vocab * sizeof(float) + n_vocab / rows_for_each_left * sizeof(std::int32_t);
    }
    [[nodiscard]] status allocate(std::size_t n_tokens, std::size_t n_vocab) {
        LLMZERO_ASSIGN(logits_, heap_array<float>::create(n_tokens * n_vocab));
        LLMZERO_ASSIGN(rows_, heap_array<std::int32_t>::create(n_vocab / rows_for_each_left));
        return success();
    }

    // From here on only the n largest are wanted; 0: all.
    void want_largest(std::size_t n) { n_wanted_ = n; }

    // logits(n_vocab) = W x of each vector that x is set to. They must stay until the next call; only of one alone are
    // the largest searched for.
    void compute(const packed_matrix & w, const head_sketch & sketch, activations & x) {
        w_ = &w;
        x_ = &x;
        n_present_ = x.n_tokens() == 1 ? search(sketch) : 0;
        if (n_present_ == 0) {
            x.multiply(w, logits_.data());
        }
    }
    // Those that were not computed.
    void complete() {
        if (n_present_ > 0) {
            x_->multiply(*w_, logits_.data());
            n_present_ = 0;
        }
    }
    // x is about to change: there is no completing any more.
    void forget() { n_present_ = 0; }

    [[nodiscard]] std::span<const float> values() const { return logits_.span(); }
    // Tokens whose logits were computed, in ascending order; empty: all.
    [[nodiscard]] std::span<const std::int32_t> present() const { return rows_.span().first(n_present_); }

private:
    static constexpr std::uint32_t longest_pause = 64;

    // Returns how many logits were computed, 0 where all are needed.
    std::size_t search(const head_sketch & sketch) {
        if (sketch.empty() || n_wanted_ == 0) {
            return 0;
        }
        if (n_paused_ > 0) {
            --n_paused_;
            return 0;
        }
        const std::size_t n = find_largest_rows(*w_, sketch, *x_, n_wanted_, logits_.data(), rows_.span());
        if (n > 0) {
            has_found_ = true;
            pause_ = 0;
            return n;
        }
        // What one token cannot gain by, the next ones hardly will; least of all where none has gained yet.
        pause_ = std::min(has_found_ ? 2 * pause_ + 1 : 4 * pause_ + 3, longest_pause);
        n_paused_ = pause_;
        return 0;
    }

    heap_array<float> logits_;      // [n_tokens, n_vocab]
    heap_array<std::int32_t> rows_; // [n_present_] of the logits that were computed, where not all were
    const packed_matrix * w_ = nullptr;
    activations * x_ = nullptr;
    std::size_t n_wanted_ = 0;
    std::uint32_t pause_ = 0;    // tokens without a search after one that was given up
    std::uint32_t n_paused_ = 0; // of these, that are to come
    std::size_t n_present_ = 0;
    bool has_found_ = false; // a search, ever
};

} // namespace llmzero::inline LLMZERO_ABI
