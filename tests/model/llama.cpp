#include <llmzero/generation/session.hpp>
#include <llmzero/model/llama.hpp>

#include "support/tiny_llama.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <vector>

namespace {

using support::tiny_llama;
using support::tiny_shape;

const std::vector<std::int32_t> sequence = {1, 5, 9, 30, 12, 3, 3, 7, 39, 20, 11, 4, 17, 2, 8, 25, 31, 6};

// The logits of every position, evaluated one token at a time.
std::vector<std::vector<float>> run(const std::vector<std::byte> & file, llmzero::kv_type kv = llmzero::kv_type::f32) {
    const auto model = llmzero::load(file);
    REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
    auto session = llmzero::session::create(*model, {.kv = kv});
    REQUIRE(session);
    std::vector<std::vector<float>> out;
    for (const llmzero::token_id token : sequence) {
        REQUIRE(session->decode(token));
        out.emplace_back(session->logits().begin(), session->logits().end());
    }
    return out;
}

double worst_nmse(const std::vector<std::vector<float>> & found, const std::vector<std::vector<double>> & expected) {
    double worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        worst = std::max(worst, support::nmse(found[i], expected[i]));
    }
    return worst;
}

} // namespace

TEST_CASE("llama: agrees with a forward pass in double precision, for every variant") {
    std::vector<std::pair<const char *, tiny_shape>> variants;
    variants.emplace_back("plain", tiny_shape{});
    variants.emplace_back("separate head", tiny_shape{.separate_head = true, .seed = 2});
    variants.emplace_back("every head its own keys", tiny_shape{.n_kv_heads = 4, .seed = 3});
    variants.emplace_back("one key head", tiny_shape{.n_kv_heads = 1, .seed = 4});
    variants.emplace_back("wide heads", tiny_shape{.head_dim = 24, .n_rotated = 24, .seed = 5});
    variants.emplace_back("narrow heads", tiny_shape{.head_dim = 2, .n_rotated = 2, .seed = 6});
    variants.emplace_back("part of a head turns", tiny_shape{.n_rotated = 4, .seed = 7});
    variants.emplace_back("large theta", tiny_shape{.theta = 1e6f, .seed = 8});
    variants.emplace_back("linear scaling", tiny_shape{.linear_factor = 4.0f, .seed = 9});
    variants.emplace_back("rope_freqs", tiny_shape{.rope_divisors = true, .seed = 10});
    variants.emplace_back("large epsilon", tiny_shape{.rms_epsilon = 0.5f, .seed = 11});
    variants.emplace_back("odd widths", tiny_shape{.d_model = 44, .d_ff = 70, .seed = 12});
    variants.emplace_back("qwen2", tiny_shape{.architecture = "qwen2", .halves = true, .biases = true, .seed = 13});
    variants.emplace_back("qwen2, part of a head turns",
                          tiny_shape{.architecture = "qwen2", .n_rotated = 4, .halves = true, .seed = 14});
    variants.emplace_back("llama with biases", tiny_shape{.biases = true, .seed = 15});
    for (const auto & [name, shape] : variants) {
        const char * variant = name;
        CAPTURE(variant);
        const tiny_llama model(shape);
        // Floats in another order than doubles: 1e-13 was measured; a mistake gives more than 1e-4.
        CHECK(worst_nmse(run(model.file()), model.logits(sequence)) < 1e-11);
    }
}

TEST_CASE("llama: 8-bit weights and an 8-bit cache stay close to the same numbers in double precision") {
    tiny_llama model({.seed = 21});
    model.quantise();
    const auto expected = model.logits(sequence);
    const double weights_only = worst_nmse(run(model.file()), expected);
    CHECK(weights_only < 3e-3);
    CHECK(weights_only > 1e-9); // activations are rounded: this test would not notice anything if they were not
    tiny_llama floats({.seed = 22});
    const double cache_only = worst_nmse(run(floats.file(), llmzero::kv_type::q8), floats.logits(sequence));
    CHECK(cache_only < 3e-3);
    CHECK(cache_only > 1e-9);
}

TEST_CASE("llama: a batch gives the same bits as one token at a time") {
    tiny_llama source({.seed = 31});
    for (const bool quantised : {false, true}) {
        if (quantised) {
            source.quantise();
        }
        const auto file = source.file();
        const auto one_by_one = run(file);
        const auto model = llmzero::load(file);
        REQUIRE(model);
        for (const std::uint32_t batch : {1u, 2u, 3u, 5u, 7u, 17u, 18u, 64u}) {
            CAPTURE(batch);
            auto session = llmzero::session::create(*model, {.batch = batch});
            REQUIRE(session);
            REQUIRE(session->prefill(sequence));
            CHECK(std::memcmp(session->logits().data(), one_by_one.back().data(), session->logits().size_bytes()) == 0);
        }
    }
}

TEST_CASE("llama: a token sees nothing of what follows it") {
    const tiny_llama source({.seed = 41});
    const auto model = llmzero::load(source.file());
    REQUIRE(model);
    auto session = llmzero::session::create(*model);
    REQUIRE(session);
    REQUIRE(session->prefill(sequence));
    session->rewind(4);
    REQUIRE(session->decode(sequence[4]));
    auto fresh = llmzero::session::create(*model);
    REQUIRE(fresh);
    REQUIRE(fresh->prefill(std::span(sequence).first(5)));
    CHECK(std::memcmp(session->logits().data(), fresh->logits().data(), fresh->logits().size_bytes()) == 0);
}

TEST_CASE("llama: tensors are checked before anything is loaded") {
    const auto refusal = [](const tiny_llama & source) {
        const auto model = llmzero::load(source.file());
        REQUIRE_FALSE(model);
        CHECK(model.error().code() == llmzero::error_code::malformed);
        return std::string(model.error().message());
    };
    const auto contains = [](const std::string & text, const char * part) {
        return text.find(part) != std::string::npos;
    };
    for (const char * name :
         {"token_embd.weight", "output_norm.weight", "blk.0.attn_norm.weight", "blk.1.attn_q.weight",
          "blk.1.attn_k.weight", "blk.0.attn_v.weight", "blk.1.attn_output.weight", "blk.0.ffn_norm.weight",
          "blk.0.ffn_gate.weight", "blk.1.ffn_up.weight", "blk.1.ffn_down.weight"}) {
        CAPTURE(name);
        tiny_llama missing({});
        missing.remove(name);
        CHECK(contains(refusal(missing), name));
        tiny_llama reshaped({});
        reshaped[name].cols /= 2;
        reshaped[name].rows *= 2;
        const std::string message = refusal(reshaped);
        CHECK(contains(message, name));
        CHECK(contains(message, "offset"));
    }
    for (const char * other : {"blk.1.attn_output.bias", "blk.0.ffn_down.bias", "rope_factors_long.weight"}) {
        tiny_llama more({});
        more.tensors.push_back({other, 1, 32, llmzero::tensor_type::f32, std::vector<float>(32)});
        const auto unsupported = llmzero::load(more.file());
        REQUIRE_FALSE(unsupported);
        CHECK(unsupported.error().code() == llmzero::error_code::unsupported);
        CHECK(contains(unsupported.error().message(), other));
    }
    const auto dizzy = llmzero::load(tiny_llama({.linear_factor = 1e-30f}).file());
    REQUIRE_FALSE(dizzy);
    CHECK(contains(dizzy.error().message(), "radians"));
    tiny_llama divisors({.rope_divisors = true});
    divisors["rope_freqs.weight"].values[1] = 0.0f;
    CHECK(contains(refusal(divisors), "rope_freqs.weight"));
}
