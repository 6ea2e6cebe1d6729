// The weights of a model of the llama family, and the names that GGUF files give them.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/model/config.hpp>
#include <llmzero/model/weight_loader.hpp>
#include <llmzero/numerics/packed_matrix.hpp>
#include <llmzero/numerics/rope.hpp>

#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

struct llama_layer {
    heap_array<float> attn_norm;      // (d_model)
    packed_matrix wq;                 // (d_query, d_model)
    packed_matrix wk;                 // (d_kv, d_model)
    packed_matrix wv;                 // (d_kv, d_model)
    heap_array<float> bq;             // (d_query), or empty
    heap_array<float> bk;             // (d_kv), or empty
    heap_array<float> bv;             // (d_kv), or empty
    heap_array<float> q_norm;         // (head_dim), or empty
    heap_array<float> k_norm;         // (head_dim), or empty
    packed_matrix wo;                 // (d_model, d_query)
    heap_array<float> post_attn_norm; // (d_model), or empty
    heap_array<float> ffn_norm;       // (d_model)
    packed_matrix w_gate;             // (d_ff, d_model)
    packed_matrix w_up;               // (d_ff, d_model)
    packed_matrix w_down;             // (d_model, d_ff)
    heap_array<float> post_ffn_norm;  // (d_model), or empty
};

struct llama_weights {
    packed_matrix embedding; // (n_vocab, d_model)
    heap_array<llama_layer> layers;
    heap_array<float> output_norm;  // (d_model)
    packed_matrix separate_head;    // (n_vocab, d_model), or empty: the embedding is the head
    head_sketch sketch;             // of the head, or empty
    heap_array<float> rope_divisor; // (n_rotated / 2), or empty

    [[nodiscard]] const packed_matrix & head() const { return separate_head.empty() ? embedding : separate_head; }

    // Names every tensor once; `layers` has its size already.
    [[nodiscard]] status visit(weight_loader & loader, const model_config & c) {
        const short_name head_name("output.weight");
        const short_name embedding_name("token_embd.weight");
        if (loader.has(head_name)) {
            LLMZERO_CHECK(loader.matrix(embedding, c.n_vocab, c.d_model, embedding_name));
        } else {
            LLMZERO_CHECK(loader.head(embedding, sketch, c.n_vocab, c.d_model, embedding_name));
        }
        for (std::uint32_t n = 0; n < c.n_layers; ++n) {
            LLMZERO_CHECK(refuse_other_layers(loader, n));
            LLMZERO_CHECK(visit_attention(loader, c, n));
            LLMZERO_CHECK(visit_feed_forward(loader, c, n));
        }
        LLMZERO_CHECK(loader.vector(output_norm, c.d_model, short_name("output_norm.weight")));
        if (loader.has(head_name)) {
            LLMZERO_CHECK(loader.head(separate_head, sketch, c.n_vocab, c.d_model, head_name));
        }
        LLMZERO_CHECK(loader.refuse(short_name("output.bias")));
        LLMZERO_CHECK(loader.refuse(short_name("rope_factors_long.weight")));
        return loader.optional_vector(rope_divisor, c.n_rotated / 2, short_name("rope_freqs.weight"));
    }

private:
    static short_name layer_name(std::uint32_t n, const char * what) {
        return short_name("blk.%lu.%s", static_cast<unsigned long>(n), what);
    }

    [[nodiscard]] status visit_attention(weight_loader & loader, const model_config & c, std::uint32_t n) {
        llama_layer & l = layers[n];
        LLMZERO_CHECK(loader.vector(l.attn_norm, c.d_model, layer_name(n, "attn_norm.weight")));
        LLMZERO_CHECK(loader.matrix(l.wq, c.d_query(), c.d_model, layer_name(n, "attn_q.weight")));
        LLMZERO_CHECK(loader.matrix(l.wk, c.d_kv(), c.d_model, layer_name(n, "attn_k.weight")));
        LLMZERO_CHECK(loader.matrix(l.wv, c.d_kv(), c.d_model, layer_name(n, "attn_v.weight")));
        LLMZERO_CHECK(loader.optional_vector(l.bq, c.d_query(), layer_name(n, "attn_q.bias")));
        LLMZERO_CHECK(loader.optional_vector(l.bk, c.d_kv(), layer_name(n, "attn_k.bias")));
        LLMZERO_CHECK(loader.optional_vector(l.bv, c.d_kv(), layer_name(n, "attn_v.bias")));
        if (c.has_qk_norms) {
            LLMZERO_CHECK(loader.vector(l.q_norm, c.head_dim, layer_name(n, "attn_q_norm.weight")));
            LLMZERO_CHECK(loader.vector(l.k_norm, c.head_dim, layer_name(n, "attn_k_norm.weight")));
        } else {
            LLMZERO_CHECK(loader.refuse(layer_name(n, "attn_q_norm.weight")));
            LLMZERO_CHECK(loader.refuse(layer_name(n, "attn_k_norm.weight")));
        }
        LLMZERO_CHECK(loader.matrix(l.wo, c.d_model, c.d_query(), layer_name(n, "attn_output.weight")));
        return visit_post_norm(loader, c, l.post_attn_norm, layer_name(n, "post_attention_norm.weight"));
    }

    [[nodiscard]] status visit_feed_forward(weight_loader & loader, const model_config & c, std::uint32_t n) {
        llama_layer & l = layers[n];
        LLMZERO_CHECK(loader.vector(l.ffn_norm, c.d_model, layer_name(n, "ffn_norm.weight")));
        LLMZERO_CHECK(loader.matrix(l.w_gate, c.d_ff, c.d_model, layer_name(n, "ffn_gate.weight")));
        LLMZERO_CHECK(loader.matrix(l.w_up, c.d_ff, c.d_model, layer_name(n, "ffn_up.weight")));
        LLMZERO_CHECK(loader.matrix(l.w_down, c.d_model, c.d_ff, layer_name(n, "ffn_down.weight")));
        return visit_post_norm(loader, c, l.post_ffn_norm, layer_name(n, "post_ffw_norm.weight"));
    }

    [[nodiscard]] static status visit_post_norm(weight_loader & loader, const model_config & c,
                                                heap_array<float> & into, const short_name & name) {
        return c.has_post_norms ? loader.vector(into, c.d_model, name) : loader.refuse(name);
    }

    // What other architectures have beside or instead of these, experts among them.
    [[nodiscard]] static status refuse_other_layers(const weight_loader & loader, std::uint32_t n) {
        for (const char * other : {"ffn_gate_inp.weight", "attn_qkv.weight", "attn_output.bias", "attn_sinks.weight",
                                   "ffn_gate.bias", "ffn_up.bias", "ffn_down.bias"}) {
            LLMZERO_CHECK(loader.refuse(layer_name(n, other)));
        }
        return success();
    }
};

} // namespace llmzero::inline LLMZERO_ABI
