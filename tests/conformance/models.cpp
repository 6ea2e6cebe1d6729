// Every model of the conformance data that can be run, with an f32 K/V cache, by the rules that its README suggests.
#include "models.hpp"

#include "golden.hpp"
#include "replay.hpp"
#include "support/conformance.hpp"
#include "support/kernels.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>

namespace {

using conformance::fidelity;

double largest_nmse(const golden::model & m) {
    return std::max({m.oracle.nmse, m.oracle_kv_f32.nmse, m.oracle_scalar.nmse, m.oracle_scalar_kv_f32.nmse});
}

double largest_kl(const golden::model & m) {
    return std::max(
        {m.oracle.kl_mean, m.oracle_kv_f32.kl_mean, m.oracle_scalar.kl_mean, m.oracle_scalar_kv_f32.kl_mean});
}

// Whether the ids that it generates must be the oracle's, wherever that agrees with the float reference.
bool must_generate_the_same(const golden::model & m) {
    return m.name.ends_with("-F32") || m.name.ends_with("-F16");
}

void check_rules(const golden::model & expected, const llmzero::kernel_set & kernels) {
    CAPTURE(std::string(kernels.name));
    llmzero::load_options options;
    options.kernels = &kernels;
    const auto model = llmzero::load(expected.path.c_str(), options);
    REQUIRE_MESSAGE(model.has_value(), model.error().message());
    const auto run = conformance::measure(expected, *model, llmzero::session_options{}.kv);
    REQUIRE_MESSAGE(run.has_value(), run.error().message());
    const fidelity & found = *run;

    CHECK(found.stored.rows() == expected.n_stored_rows);
    CHECK(found.n_steps == 192);
    // Float weights meet float activations here, and only the order of additions differs from the reference. (1e-9 is
    // what the README asks for; 3e-13 was measured.)
    CHECK(found.stored.nmse() <= (is_float(expected) ? 1e-11 : 2 * largest_nmse(expected)));
    if (expected.head_scale != 1) {
        CHECK(found.scaled.rows() == expected.n_stored_rows);
        CHECK(found.scaled.nmse() <= 2 * largest_nmse(expected));
    }
    // Rounded activations tip one step in a hundred: trained models have steps where two keys get nearly the same
    // attention (llama2xs-Q5_0, long, step 22: an nmse of 1e-4 or of 0.3, as roundings fall). One of the 16 rows of a
    // file may be such a step: babyllama105-Q4_0 has one whose divergence is 0.001, 0.003 or 0.013, by last bits.
    CHECK((is_float(expected) ? found.stored.kl_mean() : found.stored.kl_mean_but_largest()) <=
          3 * largest_kl(expected));
    CHECK(found.stored.kl_mean() <= 10 * largest_kl(expected));
    const double tipped = is_float(expected) ? 0.0 : 0.01;
    CHECK(found.decided > 0);
    CHECK(static_cast<double>(found.wrong) <= tipped * static_cast<double>(found.decided));
    CHECK(static_cast<double>(found.beyond_logprob) <= tipped * static_cast<double>(found.n_steps));
    if (must_generate_the_same(expected)) {
        CHECK(found.greedy_comparable > 0);
        CHECK(found.greedy_equal == found.greedy_comparable);
    } else {
        // Activations of 8 bits decide near-ties by chance. The oracle, which rounds them too, gets all four prompts of
        // stories260K-Q8_0; one of them begins with two logits of 16.2 that are 0.015 apart.
        CHECK(found.greedy_equal + found.greedy_tied == found.greedy_comparable);
        CHECK((found.greedy_equal >= 3 || expected.name != "stories260K-Q8_0"));
    }
}

void check_rules(const char * name) {
    const std::string folder = support::conformance_dir(name);
    if (folder.empty()) {
        return;
    }
    const auto expected = golden::load(folder, name);
    REQUIRE(expected.has_value());
    for (const llmzero::kernel_set * kernels : support::tested_kernels()) {
        check_rules(*expected, *kernels);
    }
}

} // namespace

#define LLMZERO_MODEL_TEST(name)                                                                                       \
    TEST_CASE("conformance: " name) {                                                                                  \
        check_rules(name);                                                                                             \
    }
LLMZERO_TESTED_MODELS(LLMZERO_MODEL_TEST)
#undef LLMZERO_MODEL_TEST

TEST_CASE("conformance: every model of the data is tested") {
    const std::string folder = support::conformance_dir("list of models");
    if (folder.empty()) {
        return;
    }
    std::size_t found = 0;
    for (const std::string & name : golden::model_names(folder)) {
        CHECK_MESSAGE(std::count(conformance::tested_models.begin(), conformance::tested_models.end(), name) == 1,
                      name);
        ++found;
    }
    CHECK(found == conformance::tested_models.size());
}

// From text to text: tokenizer, session, sampler and detokenizer together.
TEST_CASE("conformance: generated text of the float models") {
    const std::string folder = support::conformance_dir("generated text");
    if (folder.empty()) {
        return;
    }
    for (const char * name :
         {"stories260K-F32", "llama2xs-F32", "syn-t5-gated-dm64-kv16-h6-ff128-e2d2-v4096-untied-F16"}) {
        const auto expected = golden::load(folder, name);
        REQUIRE(expected.has_value());
        const auto model = llmzero::load(expected->path.c_str());
        REQUIRE_MESSAGE(model.has_value(), model.error().message());
        auto session = llmzero::session::create(*model, {.context = conformance::context_for(*expected)});
        REQUIRE_MESSAGE(session.has_value(), session.error().message());
        for (const golden::prompt & p : expected->prompts) {
            CAPTURE(p.name);
            REQUIRE(p.greedy_ids == p.float_ref_greedy_ids);
            session->rewind();
            std::string text;
            llmzero::generate_options options;
            options.max_tokens = static_cast<std::uint32_t>(p.greedy_ids.size());
            options.sampling.temperature = 0;
            options.ignore_end_of_text = true; // as the record does
            const auto generated = session->generate(p.text, options, [&](std::string_view piece) {
                text += piece;
                return true;
            });
            REQUIRE_MESSAGE(generated.has_value(), generated.error().message());
            CHECK(generated->n_prompt == p.prompt_ids.size());
            CHECK(generated->n_generated == p.greedy_ids.size());
            CHECK(generated->reason == llmzero::stop_reason::max_tokens);
            // The record was detokenised by itself, so the space before its first word is gone; here it is only where
            // the text starts from nothing.
            const bool has_space = text.starts_with(' ');
            CHECK(text.substr(has_space ? 1 : 0) == p.greedy_text);
            CHECK_FALSE((has_space && (p.name == "empty" || model->config().has_encoder())));
        }
    }
}
