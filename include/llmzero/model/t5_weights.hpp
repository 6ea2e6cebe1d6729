// The weights of T5 models: an encoder and a decoder whose layers look alike, but that a decoder's has a second
// attention, to what the encoder made of the source.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/model/config.hpp>
#include <llmzero/model/weight_loader.hpp>
#include <llmzero/numerics/packed_matrix.hpp>

#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

// The names of the tensors of one layer: "enc.blk.0.attn_q.weight".
class t5_layer_name {
public:
    t5_layer_name(const char * stack, std::uint32_t layer) : stack_(stack), layer_(layer) {}
    [[nodiscard]] short_name operator()(const char * block, const char * what) const {
        return short_name("%s.blk.%lu.%s_%s.weight", stack_, static_cast<unsigned long>(layer_), block, what);
    }

private:
    const char * stack_;
    std::uint32_t layer_;
};

struct t5_attention {
    heap_array<float> norm; // (d_model)
    packed_matrix wq;       // (d_query, d_model)
    packed_matrix wk;       // (d_query, d_model)
    packed_matrix wv;       // (d_query, d_model)
    packed_matrix wo;       // (d_model, d_query)

    [[nodiscard]] status visit(weight_loader & loader, const model_config & c, const t5_layer_name & name,
                               const char * block) {
        LLMZERO_CHECK(loader.vector(norm, c.d_model, name(block, "norm")));
        LLMZERO_CHECK(loader.matrix(wq, c.d_query(), c.d_model, name(block, "q")));
        LLMZERO_CHECK(loader.matrix(wk, c.d_query(), c.d_model, name(block, "k")));
        LLMZERO_CHECK(loader.matrix(wv, c.d_query(), c.d_model, name(block, "v")));
        return loader.matrix(wo, c.d_model, c.d_query(), name(block, "o"));
    }
};

struct t5_feed_forward {
    heap_array<float> norm; // (d_model)
    packed_matrix w_gate;   // (d_ff, d_model), or empty: ReLU without a gate
    packed_matrix w_up;     // (d_ff, d_model)
    packed_matrix w_down;   // (d_model, d_ff)

    [[nodiscard]] status visit(weight_loader & loader, const model_config & c, const t5_layer_name & name) {
        LLMZERO_CHECK(loader.vector(norm, c.d_model, name("ffn", "norm")));
        if (loader.has(name("ffn", "gate"))) {
            LLMZERO_CHECK(loader.matrix(w_gate, c.d_ff, c.d_model, name("ffn", "gate")));
        }
        LLMZERO_CHECK(loader.matrix(w_up, c.d_ff, c.d_model, name("ffn", "up")));
        return loader.matrix(w_down, c.d_model, c.d_ff, name("ffn", "down"));
    }
};

struct t5_layer {
    t5_attention attention;
    t5_attention cross; // of the decoder: keys and values are made of the encoder's output
    t5_feed_forward feed_forward;
};

// An encoder or a decoder.
struct t5_stack {
    heap_array<t5_layer> layers;
    heap_array<float> position_bias; // [n_buckets, n_heads], for all layers; none in cross-attention
    heap_array<float> output_norm;   // (d_model)

    // Names every tensor once; `layers` has its size already. Files keep an attn_rel_b in every layer or a
    // cross_attn_rel_b at times, which no layer uses.
    [[nodiscard]] status visit(weight_loader & loader, const model_config & c, const char * stack, bool has_cross) {
        for (std::uint32_t n = 0; n < layers.size(); ++n) {
            const t5_layer_name name(stack, n);
            LLMZERO_CHECK(layers[n].attention.visit(loader, c, name, "attn"));
            if (has_cross) {
                LLMZERO_CHECK(layers[n].cross.visit(loader, c, name, "cross_attn"));
            }
            LLMZERO_CHECK(layers[n].feed_forward.visit(loader, c, name));
        }
        LLMZERO_CHECK(loader.floats(position_bias, c.n_buckets, c.n_heads, t5_layer_name(stack, 0)("attn", "rel_b")));
        return loader.vector(output_norm, c.d_model, short_name("%s.output_norm.weight", stack));
    }
};

struct t5_weights {
    packed_matrix embedding; // (n_vocab, d_model), of both sides
    t5_stack encoder;
    t5_stack decoder;
    packed_matrix separate_head; // (n_vocab, d_model), or empty: the embedding is the head
    head_sketch sketch;          // of the head, or empty

    [[nodiscard]] bool is_tied() const { return separate_head.empty(); }
    [[nodiscard]] const packed_matrix & head() const { return is_tied() ? embedding : separate_head; }

    [[nodiscard]] status create_layers(const model_config & c) {
        LLMZERO_ASSIGN(encoder.layers, heap_array<t5_layer>::create(c.n_encoder_layers));
        LLMZERO_ASSIGN(decoder.layers, heap_array<t5_layer>::create(c.n_layers));
        return success();
    }
    [[nodiscard]] static std::uint64_t layer_bytes(const model_config & c) {
        return sizeof(t5_layer) * (std::uint64_t{c.n_encoder_layers} + c.n_layers);
    }

    // Names every tensor once; the layers are there already.
    [[nodiscard]] status visit(weight_loader & loader, const model_config & c) {
        const short_name head_name("output.weight");
        const short_name embedding_name("token_embd.weight");
        if (loader.has(head_name)) {
            LLMZERO_CHECK(loader.matrix(embedding, c.n_vocab, c.d_model, embedding_name));
        } else {
            LLMZERO_CHECK(loader.head(embedding, sketch, c.n_vocab, c.d_model, embedding_name));
        }
        LLMZERO_CHECK(encoder.visit(loader, c, "enc", false));
        LLMZERO_CHECK(decoder.visit(loader, c, "dec", true));
        return loader.has(head_name) ? loader.head(separate_head, sketch, c.n_vocab, c.d_model, head_name) : success();
    }
};

} // namespace llmzero::inline LLMZERO_ABI
