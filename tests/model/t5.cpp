#include <llmzero/generation/session.hpp>
#include <llmzero/model/t5.hpp>

#include "support/failing_allocator.hpp"
#include "support/threads.hpp"
#include "support/tiny_t5.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <span>
#include <utility>
#include <vector>

namespace {

using support::tiny_t5;
using support::tiny_t5_shape;

using logits_rows = std::vector<std::vector<float>>;
using exact_rows = std::vector<std::vector<double>>;

const std::vector<std::int32_t> t5_source = {5, 9, 30, 12, 3, 3, 7, 39, 20, 11, 4, 17, 2, 8, 25, 31, 6, 1, 2};
const std::vector<std::int32_t> t5_answer = {7, 30, 30, 12, 0, 21, 38, 4, 4, 19, 27, 5};

llmzero::model loaded_t5(const tiny_t5 & source) {
    auto model = llmzero::load(source.file());
    REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
    return *model;
}

// The logits after the start token and each token of the answer.
logits_rows run_t5(const llmzero::model & model, const llmzero::session_options & options) {
    auto session = llmzero::session::create(model, options);
    REQUIRE(session);
    REQUIRE(session->prefill(t5_source));
    logits_rows out;
    out.emplace_back(session->logits().begin(), session->logits().end());
    for (const llmzero::token_id token : t5_answer) {
        REQUIRE(session->decode(token));
        out.emplace_back(session->logits().begin(), session->logits().end());
    }
    return out;
}

double worst_t5_nmse(const logits_rows & found, const exact_rows & expected) {
    REQUIRE(found.size() == expected.size());
    double worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        worst = std::max(worst, support::nmse(found[i], expected[i]));
    }
    return worst;
}

} // namespace

TEST_CASE("t5: agrees with a forward pass in double precision, for every variant") {
    std::vector<std::pair<const char *, tiny_t5_shape>> variants;
    variants.emplace_back("gated", tiny_t5_shape{});
    variants.emplace_back("gated and tied", tiny_t5_shape{.separate_head = false, .seed = 2});
    variants.emplace_back("relu", tiny_t5_shape{.gated = false, .seed = 3});
    variants.emplace_back("relu and tied", tiny_t5_shape{.gated = false, .separate_head = false, .seed = 4});
    variants.emplace_back("heads narrower than d_model / n_heads", tiny_t5_shape{.head_dim = 4, .seed = 5});
    variants.emplace_back("heads wider", tiny_t5_shape{.head_dim = 40, .seed = 6});
    variants.emplace_back("one head", tiny_t5_shape{.n_heads = 1, .seed = 7});
    variants.emplace_back("more layers in the decoder",
                          tiny_t5_shape{.n_encoder_layers = 1, .n_decoder_layers = 3, .seed = 8});
    variants.emplace_back("more layers in the encoder",
                          tiny_t5_shape{.n_encoder_layers = 3, .n_decoder_layers = 1, .seed = 9});
    variants.emplace_back("few buckets", tiny_t5_shape{.n_buckets = 4, .seed = 10});
    variants.emplace_back("an odd number of buckets", tiny_t5_shape{.n_buckets = 11, .seed = 11});
    variants.emplace_back("large epsilon", tiny_t5_shape{.rms_epsilon = 0.5f, .seed = 12});
    variants.emplace_back("odd widths", tiny_t5_shape{.d_model = 44, .d_ff = 70, .seed = 13});
    variants.emplace_back("another start", tiny_t5_shape{.decoder_start = 17, .seed = 14});
    for (const auto & [name, shape] : variants) {
        const char * variant = name;
        CAPTURE(variant);
        const tiny_t5 source(shape);
        const exact_rows expected = source.logits(t5_source, t5_answer);
        // Floats in another order than doubles: 1e-12 was measured; a mistake gives more than 1e-4.
        CHECK(worst_t5_nmse(run_t5(loaded_t5(source), {}), expected) < 1e-11);
    }
}

TEST_CASE("t5: every part of the double-precision forward pass counts") {
    // What the agreement above would not see if tiny models had no use for it.
    const tiny_t5 source({.seed = 21});
    const exact_rows expected = source.logits(t5_source, t5_answer);
    for (const char * name :
         {"enc.blk.0.attn_rel_b.weight", "dec.blk.0.attn_rel_b.weight", "dec.blk.1.cross_attn_q.weight",
          "dec.blk.1.cross_attn_v.weight", "enc.output_norm.weight", "enc.blk.1.ffn_gate.weight"}) {
        CAPTURE(name);
        tiny_t5 without = source;
        for (float & value : without[name].values) {
            value *= 0.5f;
        }
        const exact_rows changed = without.logits(t5_source, t5_answer);
        CHECK(support::nmse(changed.back(), expected.back()) > 1e-4);
    }
}

TEST_CASE("t5: 8-bit weights and an 8-bit cache stay close to the same numbers in double precision") {
    tiny_t5 source({.head_dim = 32, .seed = 31}); // rows of 32 and 96
    source.quantise();
    const auto expected = source.logits(t5_source, t5_answer);
    const double weights_only = worst_t5_nmse(run_t5(loaded_t5(source), {}), expected);
    CHECK(weights_only < 3e-3);
    CHECK(weights_only > 1e-9); // activations are rounded: this test would not notice anything if they were not
    const tiny_t5 floats({.seed = 32});
    const double cache_only =
        worst_t5_nmse(run_t5(loaded_t5(floats), {.kv = llmzero::kv_type::q8}), floats.logits(t5_source, t5_answer));
    CHECK(cache_only < 3e-3);
    CHECK(cache_only > 1e-9);
}

TEST_CASE("t5: the source gives the same bits in batches of any size") {
    tiny_t5 source({.head_dim = 32, .seed = 41});
    for (const bool quantised : {false, true}) {
        if (quantised) {
            source.quantise();
        }
        const llmzero::model model = loaded_t5(source);
        for (const llmzero::kv_type kv : {llmzero::kv_type::f32, llmzero::kv_type::q8}) {
            const logits_rows one_by_one = run_t5(model, {.kv = kv, .batch = 1});
            for (const std::uint32_t batch : {2u, 3u, 7u, 18u, 19u, 64u}) {
                CAPTURE(batch);
                CHECK(run_t5(model, {.kv = kv, .batch = batch}) == one_by_one);
            }
        }
    }
}

TEST_CASE("t5: any number of threads gives the same bits") {
    for (const bool gated : {false, true}) {
        tiny_t5 source({.d_model = 192, .d_ff = 256, .head_dim = 48, .gated = gated, .seed = 43});
        source.quantise();
        const auto model = llmzero::load(source.file(), {.kernels = llmzero::find_kernels("portable")});
        REQUIRE(model);
        for (const llmzero::kv_type kv : {llmzero::kv_type::f32, llmzero::kv_type::q8}) {
            logits_rows expected;
            for (const std::uint32_t n_threads : support::thread_counts()) {
                CAPTURE(n_threads);
                const logits_rows found = run_t5(*model, {.kv = kv, .threads = n_threads});
                if (n_threads == 1) {
                    expected = found;
                }
                CHECK(found == expected);
            }
        }
    }
}

TEST_CASE("t5: a batch of the answer gives the same bits as one token at a time") {
    const tiny_t5 source({.seed = 42});
    const llmzero::model model = loaded_t5(source);
    const logits_rows expected = run_t5(model, {});
    auto state = model.network().create_state({.context = 40, .batch = 13});
    REQUIRE(state);
    REQUIRE((*state)->encode(t5_source, {}));
    std::vector<llmzero::token_id> tokens = {static_cast<llmzero::token_id>(source.s.decoder_start)};
    tokens.insert(tokens.end(), t5_answer.begin(), t5_answer.end());
    const auto n_source = static_cast<std::uint32_t>(t5_source.size());
    REQUIRE((*state)->evaluate(tokens, n_source, llmzero::logits_wanted::last, {}));
    const auto logits = (*state)->logits();
    CHECK(std::vector<float>(logits.begin(), logits.end()) == expected.back());
}

TEST_CASE("t5: the decoder needs a source, and stands after it") {
    const llmzero::model model = loaded_t5(tiny_t5({.seed = 43}));
    auto state = model.network().create_state({.context = 40, .batch = 4});
    REQUIRE(state);
    const llmzero::token_id start[] = {3};
    const auto sourceless = (*state)->evaluate(start, 0, llmzero::logits_wanted::last, {});
    REQUIRE_FALSE(sourceless);
    CHECK(sourceless.error().code() == llmzero::error_code::bad_argument);
    REQUIRE((*state)->encode(t5_source, {}));
    CHECK_FALSE(
        (*state)->evaluate(start, static_cast<std::uint32_t>(t5_source.size()) - 1, llmzero::logits_wanted::last, {}));
    CHECK((*state)->evaluate(start, static_cast<std::uint32_t>(t5_source.size()), llmzero::logits_wanted::last, {}));
}

TEST_CASE("t5: later layers may bring a position bias of their own, which is not used") {
    const tiny_t5 source({.seed = 44});
    const logits_rows expected = run_t5(loaded_t5(source), {});
    tiny_t5 more = source;
    const std::vector<float> bias(32 * 3, 1e3f);
    for (const char * name :
         {"enc.blk.1.attn_rel_b.weight", "dec.blk.1.attn_rel_b.weight", "dec.blk.0.cross_attn_rel_b.weight"}) {
        more.tensors.push_back({name, 32, 3, llmzero::tensor_type::f32, bias});
    }
    CHECK(run_t5(loaded_t5(more), {}) == expected);
}

TEST_CASE("t5: the encoder tells how far it is, and stops when asked to") {
    const tiny_t5 source({.seed = 45});
    const llmzero::model model = loaded_t5(source);
    auto state = model.network().create_state({.context = 40, .batch = 4});
    REQUIRE(state);
    std::vector<std::size_t> seen;
    REQUIRE((*state)->encode(t5_source, [&](std::size_t done) {
        seen.push_back(done);
        return true;
    }));
    CHECK(seen.size() == 5 * 5); // five passes (two for each layer, one for the decoder) over five batches
    CHECK(seen.front() == 0);
    CHECK(std::is_sorted(seen.begin(), seen.end()));
    CHECK(seen.back() < t5_source.size());
    const auto n_source = static_cast<std::uint32_t>(t5_source.size());
    const llmzero::token_id start[] = {3};
    for (std::size_t stop_at = 0; stop_at < seen.size(); ++stop_at) {
        std::size_t asked = 0;
        const auto stopped = (*state)->encode(t5_source, [&](std::size_t) { return asked++ < stop_at; });
        REQUIRE_FALSE(stopped);
        CHECK(stopped.error().code() == llmzero::error_code::cancelled);
        CHECK(asked == stop_at + 1);
        CHECK_FALSE((*state)->evaluate(start, n_source, llmzero::logits_wanted::last, {})); // nothing is left of it
    }
    REQUIRE((*state)->encode(t5_source, {}));
    int layers = 0;
    const auto stopped =
        (*state)->evaluate(start, n_source, llmzero::logits_wanted::last, [&] { return ++layers < 2; });
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().code() == llmzero::error_code::cancelled);
    CHECK(layers == 2);
}

TEST_CASE("t5: memory is as announced, in every shape") {
    for (const tiny_t5_shape & shape : {tiny_t5_shape{}, tiny_t5_shape{.head_dim = 40},
                                        tiny_t5_shape{.n_encoder_layers = 1, .n_decoder_layers = 4}}) {
        const llmzero::model model = loaded_t5(tiny_t5(shape));
        for (const llmzero::kv_type kv : {llmzero::kv_type::f32, llmzero::kv_type::q8}) {
            for (const std::uint32_t batch : {1u, 5u, 50u}) {
                const llmzero::state_options options{.context = 33, .kv = kv, .batch = batch};
                const std::uint64_t before = support::requested_bytes();
                REQUIRE(model.network().create_state(options));
                CHECK(support::requested_bytes() - before ==
                      model.network().state_bytes(options) - sizeof(llmzero::t5_state));
            }
        }
    }
}

TEST_CASE("t5: loading survives running out of memory at any point") {
    const auto bytes = tiny_t5({.n_encoder_layers = 1, .n_decoder_layers = 1}).file();
    const auto survived = support::survive_allocation_failures([&]() -> llmzero::status {
        LLMZERO_CHECK(llmzero::load(bytes));
        return llmzero::success();
    });
    CHECK(survived > 60);
}
