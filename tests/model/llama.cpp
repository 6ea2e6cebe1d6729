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
    variants.emplace_back("qwen3", tiny_shape{.architecture = "qwen3", .halves = true, .qk_norms = true, .seed = 16});
    variants.emplace_back(
        "qwen3 with biases",
        tiny_shape{.architecture = "qwen3", .halves = true, .biases = true, .qk_norms = true, .seed = 17});
    variants.emplace_back("gemma3", tiny_llama::gemma3(18));
    tiny_shape narrow = tiny_llama::gemma3(19);
    narrow.window = 1;
    narrow.local_theta = 300.0f;
    variants.emplace_back("gemma3, a window of one", narrow);
    tiny_shape wide = tiny_llama::gemma3(20);
    wide.window = 0;
    variants.emplace_back("gemma3 without a window", wide);
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
