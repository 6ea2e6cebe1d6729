#include <llmzero/generation/session.hpp>
#include <llmzero/model/llama_state.hpp>

#include "support/failing_allocator.hpp"
#include "support/threads.hpp"
#include "support/tiny_llama.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <utility>
#include <vector>

namespace {

using support::tiny_llama;
using support::tiny_shape;

const std::vector<std::int32_t> long_prompt = {1, 5, 9, 30, 12, 3, 3, 7, 39, 20, 11, 4, 17, 2, 8, 25, 31, 6};

// The last logits, evaluated one token at a time.
std::vector<float> last_logits_of(const std::vector<std::byte> & file, std::span<const std::int32_t> tokens) {
    const auto model = llmzero::load(file);
    REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
    auto session = llmzero::session::create(*model);
    REQUIRE(session);
    for (const llmzero::token_id token : tokens) {
        REQUIRE(session->decode(token));
    }
    return {session->logits().begin(), session->logits().end()};
}

} // namespace

TEST_CASE("llama state: a batch gives the same bits as one token at a time") {
    for (const auto & [shape, quantised] :
         {std::pair(tiny_shape{.seed = 31}, false), std::pair(tiny_shape{.seed = 31}, true),
          std::pair(tiny_llama::gemma3(32), false)}) {
        tiny_llama source(shape);
        if (quantised) {
            source.quantise();
        }
        const auto file = source.file();
        const auto one_by_one = last_logits_of(file, long_prompt);
        const auto model = llmzero::load(file);
        REQUIRE(model);
        for (const std::uint32_t batch : {1u, 2u, 3u, 5u, 7u, 17u, 18u, 64u}) {
            CAPTURE(batch);
            auto session = llmzero::session::create(*model, {.batch = batch});
            REQUIRE(session);
            REQUIRE(session->prefill(long_prompt));
            CHECK(std::memcmp(session->logits().data(), one_by_one.data(), session->logits().size_bytes()) == 0);
        }
    }
}

// Large enough that the slowest kernels have something to share in each step, of a batch and of one token.
TEST_CASE("llama state: any number of threads gives the same bits") {
    tiny_shape shape{.n_vocab = 300, .d_model = 192, .d_ff = 256, .head_dim = 48, .n_rotated = 48, .seed = 33};
    tiny_shape gemma = tiny_llama::gemma3(34);
    gemma.n_vocab = shape.n_vocab;
    gemma.d_model = shape.d_model;
    gemma.d_ff = shape.d_ff;
    for (const bool is_gemma : {false, true}) {
        tiny_llama source(is_gemma ? gemma : shape);
        source.quantise();
        const auto model = llmzero::load(source.file(), {.kernels = llmzero::find_kernels("portable")});
        REQUIRE(model);
        std::vector<std::int32_t> tokens = long_prompt;
        for (int i = 0; i < 4; ++i) {
            tokens.insert(tokens.end(), long_prompt.begin(), long_prompt.end());
        }
        const llmzero::kv_type kv = is_gemma ? llmzero::kv_type::q8 : llmzero::kv_type::f32;
        std::vector<float> expected;
        for (const std::uint32_t n_threads : support::thread_counts()) {
            CAPTURE(n_threads);
            auto session =
                llmzero::session::create(*model, {.context = 96, .kv = kv, .batch = 50, .threads = n_threads});
            REQUIRE(session);
            REQUIRE(session->threads() == n_threads);
            std::vector<float> found;
            REQUIRE(session->prefill(tokens));
            found.insert(found.end(), session->logits().begin(), session->logits().end());
            for (const llmzero::token_id token : {7, 30}) {
                REQUIRE(session->decode(token));
                found.insert(found.end(), session->logits().begin(), session->logits().end());
            }
            if (n_threads == 1) {
                expected = found;
            }
            CHECK(std::memcmp(found.data(), expected.data(), expected.size() * sizeof(float)) == 0);
        }
    }
}

TEST_CASE("llama state: a token sees nothing of what follows it") {
    for (const tiny_shape & shape : {tiny_shape{.seed = 41}, tiny_llama::gemma3(42)}) {
        const tiny_llama source(shape);
        const auto model = llmzero::load(source.file());
        REQUIRE(model);
        auto session = llmzero::session::create(*model);
        REQUIRE(session);
        REQUIRE(session->prefill(long_prompt));
        session->rewind(8); // behind the window of a local layer
        REQUIRE(session->decode(long_prompt[8]));
        auto fresh = llmzero::session::create(*model);
        REQUIRE(fresh);
        REQUIRE(fresh->prefill(std::span(long_prompt).first(9)));
        CHECK(std::memcmp(session->logits().data(), fresh->logits().data(), fresh->logits().size_bytes()) == 0);
    }
}

TEST_CASE("llama state: a local layer sees its window and nothing before it") {
    tiny_shape shape = tiny_llama::gemma3(43);
    shape.n_layers = 2; // both local, so that a token sees what is two windows back, less one each
    const auto file = tiny_llama(shape).file();
    std::vector<std::int32_t> other = long_prompt;
    const std::size_t reach = 2 * (shape.window - 1);
    const auto last = std::span(long_prompt);
    other[long_prompt.size() - 1 - reach] = 33;
    CHECK(last_logits_of(file, last) != last_logits_of(file, other));
    other = long_prompt;
    other[long_prompt.size() - 2 - reach] = 33;
    CHECK(last_logits_of(file, last) == last_logits_of(file, other));
    shape.n_layers = 3; // the third sees everything
    const auto deeper = tiny_llama(shape).file();
    CHECK(last_logits_of(deeper, last) != last_logits_of(deeper, other));
}

TEST_CASE("llama state: the memory is as announced, and running out of it is an error") {
    for (const bool has_window : {false, true}) {
        tiny_shape shape = tiny_llama::gemma3(44);
        shape.window = has_window ? 5 : 0;
        const auto model = llmzero::load(tiny_llama(shape).file());
        REQUIRE(model);
        const llmzero::state_options options{.context = 8, .batch = 3};
        const std::uint64_t announced = model->network().state_bytes(options);
        // x, projected (d_model), h, q (d_query), k, v (d_kv), gate, up (d_ff), turns; scores of 4 heads, logits, rows
        // of a search
        const std::uint64_t floats =
            3 * (2 * 32 + 2 * 48 + 2 * 12 + 2 * 64 + (has_window ? 2 : 1) * 12) + 4 * 8 + 40 + 2;
        const std::uint64_t cache = 2 * 4 * 8 * 12 * sizeof(float); // k and v, layers, tokens, elements
        const auto input = llmzero::activations::bytes_needed(model->kernels(), 64, 3);
        CHECK(announced == floats * sizeof(float) + cache + input + sizeof(llmzero::llama_state));
        llmzero::state_options with_threads = options;
        with_threads.threads = 3; // scores for each
        CHECK(model->network().state_bytes(with_threads) == announced + 2 * 4 * 8 * sizeof(float));
        const auto survived = support::survive_allocation_failures([&]() -> llmzero::status {
            LLMZERO_CHECK(model->network().create_state(options));
            return llmzero::success();
        });
        CHECK(survived > 20);
    }
}
