// The shape of a model, as networks, caches and sessions know it. How a file describes it differs from architecture to
// architecture; each has a reader of its own (llama_config.hpp).
#pragma once

#include <llmzero/base/config.hpp>
#include <llmzero/numerics/rope.hpp>
#include <llmzero/tokenizer/token.hpp>

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

// What the gate of a feed-forward layer goes through.
enum class gate_activation : std::uint8_t {
    silu,
    gelu, // in its tanh form
};

struct model_config {
    std::uint32_t n_vocab = 0;
    std::uint32_t d_model = 0;
    std::uint32_t d_ff = 0;
    std::uint32_t n_layers = 0;
    std::uint32_t n_heads = 0;
    std::uint32_t n_kv_heads = 0; // divides n_heads
    std::uint32_t head_dim = 0;   // may differ from d_model / n_heads
    std::uint32_t context = 0;    // tokens that the model was trained for
    float rms_epsilon = 0;
    float embedding_scale = 1; // of the embedding where it enters the first layer, not where it is the head
    float attention_scale = 0; // of a query times a key; 1 / sqrt(head_dim) in most models
    gate_activation activation = gate_activation::silu;
    bool has_qk_norms = false;   // each head of q and k is normalised before rope
    bool has_post_norms = false; // what attention and feed-forward add is normalised too

    rope_pairs pairs = rope_pairs::neighbours;
    std::uint32_t n_rotated = 0; // elements of a head that rope turns; even, at most head_dim
    double rope_theta = 10000;
    double rope_scale = 1; // positions are multiplied by this: 1 / factor of linear scaling

    // A local layer sees the last `window` positions, the token's own among them, and turns by a theta of its own,
    // without rope_scale. Every window_period-th layer sees all positions.
    std::uint32_t window = 0; // 0: there are no local layers
    std::uint32_t window_period = 1;
    double local_rope_theta = 10000;

    // Models with an encoder (T5): n_layers are the decoder's, and the context is for source and answer together.
    std::uint32_t n_encoder_layers = 0; // 0: there is no encoder
    std::uint32_t n_buckets = 0;        // of relative positions
    token_id decoder_start = 0;         // stands before the first token of an answer

    [[nodiscard]] bool has_encoder() const { return n_encoder_layers != 0; }
    // Widths of the query and of the key (and value) vectors of one token.
    [[nodiscard]] std::uint32_t d_query() const { return n_heads * head_dim; }
    [[nodiscard]] std::uint32_t d_kv() const { return n_kv_heads * head_dim; }
    [[nodiscard]] bool is_local(std::size_t layer) const {
        return window != 0 && layer % window_period != window_period - 1;
    }
};

// A metadata key or a tensor's name, put together without allocation: short_name("blk.%u.attn_q.weight", 3u).
class short_name {
public:
    LLMZERO_PRINTF(2, 3)
    explicit short_name(const char * format, ...) {
        std::va_list arguments;
        va_start(arguments, format);
        std::vsnprintf(text_, sizeof text_, format, arguments);
        va_end(arguments);
    }
    operator std::string_view() const { return text_; }
    [[nodiscard]] const char * c_str() const { return text_; }

private:
    char text_[96];
};

} // namespace llmzero::inline LLMZERO_ABI
