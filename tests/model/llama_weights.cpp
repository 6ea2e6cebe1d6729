#include <llmzero/model/llama_weights.hpp>
#include <llmzero/model/model.hpp>

#include "support/failing_allocator.hpp"
#include "support/tiny_llama.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace {

using support::tiny_llama;
using support::tiny_shape;

std::string refusal_of(const tiny_llama & source, llmzero::error_code code = llmzero::error_code::malformed) {
    const auto model = llmzero::load(source.file());
    REQUIRE_FALSE(model);
    CHECK(model.error().code() == code);
    return model.error().message();
}

bool mentions(const std::string & text, const char * part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("llama weights: tensors are checked before anything is loaded") {
    for (const char * name :
         {"token_embd.weight", "output_norm.weight", "blk.0.attn_norm.weight", "blk.1.attn_q.weight",
          "blk.1.attn_k.weight", "blk.0.attn_v.weight", "blk.1.attn_output.weight", "blk.0.ffn_norm.weight",
          "blk.0.ffn_gate.weight", "blk.1.ffn_up.weight", "blk.1.ffn_down.weight"}) {
        CAPTURE(name);
        tiny_llama missing({});
        missing.remove(name);
        CHECK(mentions(refusal_of(missing), name));
        tiny_llama reshaped({});
        reshaped[name].cols /= 2;
        reshaped[name].rows *= 2;
        const std::string message = refusal_of(reshaped);
        CHECK(mentions(message, name));
        CHECK(mentions(message, "offset"));
    }
    const auto dizzy = llmzero::load(tiny_llama({.linear_factor = 1e-30f}).file());
    REQUIRE_FALSE(dizzy);
    CHECK(mentions(dizzy.error().message(), "radians"));
    tiny_llama divisors({.rope_divisors = true});
    divisors["rope_freqs.weight"].values[1] = 0.0f;
    CHECK(mentions(refusal_of(divisors), "rope_freqs.weight"));
}

TEST_CASE("llama weights: norms that an architecture has must be there") {
    for (const char * name : {"blk.1.attn_q_norm.weight", "blk.0.attn_k_norm.weight",
                              "blk.3.post_attention_norm.weight", "blk.2.post_ffw_norm.weight"}) {
        CAPTURE(name);
        tiny_llama missing(tiny_llama::gemma3(1));
        missing.remove(name);
        CHECK(mentions(refusal_of(missing), name));
        tiny_llama reshaped(tiny_llama::gemma3(1));
        reshaped[name].cols /= 2;
        reshaped[name].values.resize(reshaped[name].values.size() / 2);
        CHECK(mentions(refusal_of(reshaped), name));
    }
    tiny_llama missing({.architecture = "qwen3", .halves = true, .qk_norms = true});
    missing.remove("blk.1.attn_k_norm.weight");
    CHECK(mentions(refusal_of(missing), "blk.1.attn_k_norm.weight"));
}

TEST_CASE("llama weights: tensors that change what is computed are refused where they are not taken into account") {
    const auto refused = [](const tiny_shape & shape, const char * name) {
        CAPTURE(name);
        tiny_llama more(shape);
        more.tensors.push_back({name, 1, 32, llmzero::tensor_type::f32, std::vector<float>(32)});
        const std::string message = refusal_of(more, llmzero::error_code::unsupported);
        CHECK(mentions(message, name));
        CHECK(mentions(message, "offset"));
    };
    for (const char * other :
         {"blk.1.attn_output.bias", "blk.0.ffn_gate.bias", "blk.0.ffn_up.bias", "blk.0.ffn_down.bias",
          "blk.0.ffn_gate_inp.weight", "blk.1.attn_qkv.weight", "blk.0.attn_sinks.weight", "blk.1.attn_q_norm.weight",
          "blk.1.attn_k_norm.weight", "blk.0.post_attention_norm.weight", "blk.0.post_ffw_norm.weight", "output.bias",
          "rope_factors_long.weight"}) {
        refused({}, other);
    }
    refused({.architecture = "qwen3", .qk_norms = true}, "blk.0.post_ffw_norm.weight");
    // Experts are named before the matrices that they have none of are missed.
    tiny_llama experts({});
    experts.remove("blk.0.ffn_gate.weight");
    experts.tensors.push_back({"blk.0.ffn_gate_inp.weight", 1, 32, llmzero::tensor_type::f32, std::vector<float>(32)});
    CHECK(mentions(refusal_of(experts, llmzero::error_code::unsupported), "ffn_gate_inp"));
}

TEST_CASE("llama weights: the memory of norms is counted, and running out of it is an error") {
    const tiny_llama source(tiny_llama::gemma3(2));
    const auto bytes = source.file();
    tiny_shape plain = source.s;
    plain.architecture = "qwen2";
    plain.qk_norms = false;
    plain.gemma = false;
    plain.window = 0;
    const auto with_norms = llmzero::bytes_needed(llmzero::memory_source(bytes));
    const auto without_file = tiny_llama(plain).file();
    const auto without = llmzero::bytes_needed(llmzero::memory_source(without_file));
    REQUIRE(with_norms);
    REQUIRE(without);
    const std::uint64_t norms = 4 * (2 * 12 + 2 * 32) * sizeof(float);
    CHECK(*with_norms - *without == norms + 12 / 2 * sizeof(double)); // and the turns of local layers
    CHECK(llmzero::load(bytes)->memory_bytes() == *with_norms);
    const auto survived = support::survive_allocation_failures([&]() -> llmzero::status {
        LLMZERO_CHECK(llmzero::load(bytes));
        return llmzero::success();
    });
    CHECK(survived > 100);
}
