// The tensors of a model: names, shapes and order as converters write them.
#pragma once

#include <llmzero/storage/gguf_types.hpp>

#include "random_model/shapes.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace random_model {

// Matrices are described as F32 too; what they become is the caller's choice.
class tensor_list {
public:
    explicit tensor_list(const model_shape & shape) : shape_(shape) {
        matrix("token_embd.weight", shape.d_model, shape.n_vocab);
        if (shape.kind == family::t5) {
            matrix("output.weight", shape.d_model, shape.n_vocab);
            for (const std::string stack : {"dec.", "enc."}) {
                vector(stack + "output_norm.weight", shape.d_model);
                for (std::uint32_t layer = 0; layer < shape.n_layers; ++layer) {
                    t5_block(stack + "blk." + std::to_string(layer) + ".", layer, stack == "dec.");
                }
            }
        } else {
            vector("output_norm.weight", shape.d_model);
            for (std::uint32_t layer = 0; layer < shape.n_layers; ++layer) {
                llama_block("blk." + std::to_string(layer) + ".");
            }
        }
        for (std::size_t i = 0; i < tensors_.size(); ++i) {
            tensors_[i].name = names_[i]; // the vector has stopped growing
        }
    }
    tensor_list(const tensor_list &) = delete;
    tensor_list & operator=(const tensor_list &) = delete;

    [[nodiscard]] const std::vector<llmzero::gguf_tensor> & tensors() const { return tensors_; }

private:
    void add(const std::string & name, std::uint32_t cols, std::uint32_t rows, std::uint32_t n_dims) {
        llmzero::gguf_tensor tensor;
        tensor.n_dims = n_dims;
        tensor.shape = {cols, rows, 1, 1};
        tensors_.push_back(tensor);
        names_.push_back(name);
    }
    // W(rows, cols)
    void matrix(const std::string & name, std::uint32_t cols, std::uint32_t rows) { add(name, cols, rows, 2); }
    void vector(const std::string & name, std::uint32_t count) { add(name, count, 1, 1); }

    void llama_block(const std::string & block) {
        const bool has_biases = shape_.kind == family::qwen2;
        const bool is_gemma = shape_.kind == family::gemma3;
        vector(block + "attn_norm.weight", shape_.d_model);
        matrix(block + "attn_q.weight", shape_.d_model, shape_.d_query());
        matrix(block + "attn_k.weight", shape_.d_model, shape_.d_kv());
        matrix(block + "attn_v.weight", shape_.d_model, shape_.d_kv());
        if (has_biases) {
            vector(block + "attn_q.bias", shape_.d_query());
            vector(block + "attn_k.bias", shape_.d_kv());
            vector(block + "attn_v.bias", shape_.d_kv());
        }
        if (is_gemma) {
            vector(block + "attn_q_norm.weight", shape_.head_dim);
            vector(block + "attn_k_norm.weight", shape_.head_dim);
        }
        matrix(block + "attn_output.weight", shape_.d_query(), shape_.d_model);
        if (is_gemma) {
            vector(block + "post_attention_norm.weight", shape_.d_model);
        }
        vector(block + "ffn_norm.weight", shape_.d_model);
        matrix(block + "ffn_gate.weight", shape_.d_model, shape_.d_ff);
        matrix(block + "ffn_up.weight", shape_.d_model, shape_.d_ff);
        matrix(block + "ffn_down.weight", shape_.d_ff, shape_.d_model);
        if (is_gemma) {
            vector(block + "post_ffw_norm.weight", shape_.d_model);
        }
    }

    void t5_attention(const std::string & prefix) {
        vector(prefix + "_norm.weight", shape_.d_model);
        matrix(prefix + "_q.weight", shape_.d_model, shape_.d_query());
        matrix(prefix + "_k.weight", shape_.d_model, shape_.d_kv());
        matrix(prefix + "_v.weight", shape_.d_model, shape_.d_kv());
        matrix(prefix + "_o.weight", shape_.d_query(), shape_.d_model);
    }

    void t5_block(const std::string & block, std::uint32_t layer, bool is_decoder) {
        t5_attention(block + "attn");
        if (layer == 0) {
            matrix(block + "attn_rel_b.weight", shape_.n_heads, t5_buckets);
        }
        if (is_decoder) {
            t5_attention(block + "cross_attn");
        }
        vector(block + "ffn_norm.weight", shape_.d_model);
        matrix(block + "ffn_gate.weight", shape_.d_model, shape_.d_ff);
        matrix(block + "ffn_up.weight", shape_.d_model, shape_.d_ff);
        matrix(block + "ffn_down.weight", shape_.d_ff, shape_.d_model);
    }

    model_shape shape_;
    std::vector<std::string> names_;
    std::vector<llmzero::gguf_tensor> tensors_;
};

} // namespace random_model
