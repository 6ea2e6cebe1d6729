#include "random_model/tensors.hpp"

#include <cstdint>
#include <doctest/doctest.h>
#include <map>
#include <set>
#include <string>

namespace {

std::uint64_t weights_of_shape(const char * shape) {
    std::uint64_t sum = 0;
    const random_model::tensor_list list(*random_model::find_shape(shape));
    for (const llmzero::gguf_tensor & tensor : list.tensors()) {
        sum += std::uint64_t{tensor.cols()} * tensor.rows();
    }
    return sum;
}

} // namespace

TEST_CASE("random tensors: the models have as many weights as their makers say") {
    CHECK(weights_of_shape("stories15m") == 15191712);
    CHECK(weights_of_shape("smollm2-135m") == 134515008);
    CHECK(weights_of_shape("smollm2-360m") == 361821120);
    CHECK(weights_of_shape("lamini-flan-t5-77m") == 76961152); // flan-t5-small
    CHECK(weights_of_shape("qwen2.5-0.5b") == 494032768);
    CHECK(weights_of_shape("gemma3-270m") == 268098176);
}

TEST_CASE("random tensors: names are unique, and one of each kind is where it belongs") {
    for (const random_model::model_shape & shape : random_model::shapes) {
        CAPTURE(shape.name);
        const random_model::tensor_list list(shape);
        std::map<std::string, llmzero::gguf_tensor> by_name;
        for (const llmzero::gguf_tensor & tensor : list.tensors()) {
            CAPTURE(std::string(tensor.name));
            CHECK(by_name.emplace(tensor.name, tensor).second);
            CHECK(tensor.n_dims == (tensor.rows() > 1 ? 2 : 1));
        }
        CHECK(by_name.at("token_embd.weight").rows() == shape.n_vocab);
        CHECK(by_name.count("output.weight") == (shape.kind == random_model::family::t5 ? 1 : 0));
        const bool is_t5 = shape.kind == random_model::family::t5;
        const std::string last = (is_t5 ? "enc.blk." : "blk.") + std::to_string(shape.n_layers - 1) + ".";
        CHECK(by_name.at(last + "ffn_down.weight").cols() == shape.d_ff);
        CHECK(by_name.at(last + "attn_q.weight").rows() == shape.n_heads * shape.head_dim);
        CHECK(by_name.at(last + "attn_v.weight").rows() == shape.n_kv_heads * shape.head_dim);
        CHECK(by_name.count(last + "attn_q.bias") == (shape.kind == random_model::family::qwen2 ? 1 : 0));
        CHECK(by_name.count(last + "attn_q_norm.weight") == (shape.kind == random_model::family::gemma3 ? 1 : 0));
    }
    const random_model::tensor_list t5(*random_model::find_shape("lamini-flan-t5-77m"));
    std::set<std::string> biases;
    for (const llmzero::gguf_tensor & tensor : t5.tensors()) {
        if (tensor.name.ends_with("rel_b.weight")) {
            biases.emplace(tensor.name);
        }
    }
    CHECK(biases == std::set<std::string>{"dec.blk.0.attn_rel_b.weight", "enc.blk.0.attn_rel_b.weight"});
}
