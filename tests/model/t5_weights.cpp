#include <llmzero/model/model.hpp>
#include <llmzero/model/t5_weights.hpp>

#include "support/tiny_t5.hpp"

#include <doctest/doctest.h>
#include <limits>
#include <string>

namespace {

using support::tiny_t5;

std::string t5_refusal(const tiny_t5 & source) {
    const auto model = llmzero::load(source.file());
    REQUIRE_FALSE(model);
    CHECK(model.error().code() == llmzero::error_code::malformed);
    return model.error().message();
}

bool mentions_all(const std::string & text, std::initializer_list<const char *> parts) {
    for (const char * part : parts) {
        if (text.find(part) == std::string::npos) {
            return false;
        }
    }
    return true;
}

} // namespace

TEST_CASE("t5 weights: every tensor is checked before anything is loaded") {
    const tiny_t5 good({});
    REQUIRE(llmzero::load(good.file()));
    for (const tiny_t5::tensor & t : good.tensors) {
        const std::string & name = t.name;
        CAPTURE(name);
        // Without it the model is another one: the embedding is the head, or there is no gate.
        const bool may_be_missing = name == "output.weight" || name.find("ffn_gate") != std::string::npos;
        tiny_t5 missing = good;
        missing.remove(name);
        if (may_be_missing) {
            CHECK(llmzero::load(missing.file()));
        } else {
            CHECK(mentions_all(t5_refusal(missing), {name.c_str(), "missing"}));
        }
        tiny_t5 reshaped = good;
        const std::uint64_t factor = name.find("rel_b") != std::string::npos ? 3 : 2;
        reshaped[name].cols /= factor;
        reshaped[name].rows *= factor;
        CHECK(mentions_all(t5_refusal(reshaped), {name.c_str(), "shape", "offset"}));
        tiny_t5 broken = good;
        broken[name].values.back() = std::numeric_limits<float>::quiet_NaN();
        CHECK(mentions_all(t5_refusal(broken), {name.c_str(), "NaN", "offset"}));
    }
}

TEST_CASE("t5 weights: a layer without a gate has ReLU, each for itself") {
    tiny_t5 mixed({});
    mixed.remove("dec.blk.1.ffn_gate.weight");
    const auto model = llmzero::load(mixed.file());
    CHECK(model);
}

TEST_CASE("t5 weights: a position bias is read as floats of any kind, and not from blocks") {
    tiny_t5 source({.n_heads = 32, .head_dim = 4});
    source["enc.blk.0.attn_rel_b.weight"].type = llmzero::tensor_type::q8_0;
    const auto model = llmzero::load(source.file());
    REQUIRE_FALSE(model);
    CHECK(model.error().code() == llmzero::error_code::unsupported);
    CHECK(mentions_all(model.error().message(), {"enc.blk.0.attn_rel_b.weight", "Q8_0", "F32, F16 or BF16"}));
}

TEST_CASE("t5 weights: the memory that is announced is what is taken") {
    for (const bool separate_head : {false, true}) {
        const tiny_t5 source({.n_decoder_layers = 3, .separate_head = separate_head});
        const auto file = source.file();
        const auto needed = llmzero::bytes_needed(llmzero::memory_source(file));
        REQUIRE(needed);
        const auto model = llmzero::load(file, {.memory_budget_bytes = *needed});
        REQUIRE(model);
        CHECK(model->memory_bytes() == *needed);
        std::uint64_t expected = model->text().memory_bytes() + (2 + 3) * sizeof(llmzero::t5_layer);
        for (const tiny_t5::tensor & t : source.tensors) {
            expected += t.values.size() * sizeof(float);
        }
        CHECK(*needed == expected);
        const auto refused = llmzero::load(file, {.memory_budget_bytes = *needed - 1});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == llmzero::error_code::over_budget);
    }
}
