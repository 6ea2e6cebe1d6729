// The largest logits by a sketch of the head: the tokens that the whole head gives, greedy and drawn, on trained and on
// random weights of all kinds of heads.
#include <llmzero/llmzero.hpp>

#include "golden.hpp"
#include "support/conformance.hpp"
#include "support/kernels.hpp"
#include "support/scale.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace {

// The tokens that follow the prompt, as their text's ids.
std::vector<llmzero::token_id> continuation(const llmzero::model & model, const std::vector<std::int32_t> & prompt,
                                            const llmzero::sampler_options & sampling) {
    auto session = llmzero::session::create(model, {.context = 512});
    REQUIRE(session);
    const llmzero::generate_options options = {
        .max_tokens = support::full_scale() ? 40u : 8u, .sampling = sampling, .ignore_end_of_text = true};
    const auto done = session->generate(prompt, options, {});
    REQUIRE_MESSAGE(done, (done ? "" : done.error().message()));
    const auto tokens = session->tokens();
    return {tokens.begin(), tokens.end()};
}

void check_sketch(const golden::model & expected, const llmzero::kernel_set & kernels) {
    CAPTURE(std::string(kernels.name));
    const auto whole = llmzero::load(expected.path, {.kernels = &kernels, .head = llmzero::head_mode::full});
    const auto sketched = llmzero::load(expected.path, {.kernels = &kernels, .head = llmzero::head_mode::sketch});
    REQUIRE((whole && sketched));
    for (std::size_t p = 0; p < 2; ++p) { // the shorter two
        const auto & prompt = expected.prompts[p].prompt_ids;
        for (const std::uint32_t top_k : {1u, 3u}) {
            const llmzero::sampler_options sampling = {
                .temperature = top_k == 1 ? 0.0f : 0.8f, .top_k = top_k, .min_p = 0.0f, .seed = 9};
            CHECK(continuation(*sketched, prompt, sampling) == continuation(*whole, prompt, sampling));
        }
    }
}

void check_sketch(const char * name) {
    const std::string folder = support::conformance_dir(name);
    if (folder.empty()) {
        return;
    }
    const auto expected = golden::load(folder, name);
    REQUIRE(expected.has_value());
    for (const llmzero::kernel_set * kernels : support::tested_kernels()) {
        check_sketch(*expected, *kernels);
    }
}

} // namespace

#define LLMZERO_SKETCH_TEST(name)                                                                                      \
    TEST_CASE("sketch: " name) {                                                                                       \
        check_sketch(name);                                                                                            \
    }
LLMZERO_SKETCH_TEST("stories260K-Q8_0")
LLMZERO_SKETCH_TEST("stories260K-F32")
LLMZERO_SKETCH_TEST("llama2xs-Q5_0")
LLMZERO_SKETCH_TEST("babyllama105-Q8_0")
LLMZERO_SKETCH_TEST("syn-llama-d128-ff256-l2-h4kv2-tied-BF16")
LLMZERO_SKETCH_TEST("syn-llama-d256-ff512-l2-h4kv2-tied-Q2_K")
LLMZERO_SKETCH_TEST("syn-llama-d256-ff512-l2-h4kv2-tied-Q5_K_M")
LLMZERO_SKETCH_TEST("syn-llama-d576-ff256-l2-h9kv3-untied-Q4_K_M")
LLMZERO_SKETCH_TEST("syn-qwen2-d192-ff384-l2-h6kv2-untied-Q8_0")
LLMZERO_SKETCH_TEST("syn-t5-gated-dm64-kv16-h6-ff128-e2d2-v32128-untied-Q8_0")
LLMZERO_SKETCH_TEST("syn-t5-relu-dm64-kv16-h6-ff128-e2d2-v4096-tied-Q8_0")
#undef LLMZERO_SKETCH_TEST
