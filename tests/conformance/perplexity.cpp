// Perplexity over 100 stories, each from an empty context, one token after the other. The reduced scale takes the first
// story only, and compares it with the float reference's figure for that story.
#include "golden.hpp"
#include "replay.hpp"
#include "support/conformance.hpp"
#include "support/read_file.hpp"
#include "support/scale.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <string>
#include <string_view>
#include <vector>

namespace {

std::vector<std::string_view> split_stories(std::string_view text) {
    constexpr std::string_view mark = "\n<|endoftext|>\n";
    std::vector<std::string_view> stories;
    while (!text.empty()) {
        const std::size_t end = text.find(mark);
        stories.push_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + mark.size());
    }
    return stories;
}

struct story_score {
    double nll = 0; // nats
    std::size_t scored = 0;
    std::size_t top1 = 0; // ids that were the argmax
};

// Adds the ids after the first, each given those before it.
llmzero::status score_story(llmzero::session & session, std::span<const llmzero::token_id> ids, story_score & score) {
    session.rewind();
    for (std::size_t i = 1; i < ids.size(); ++i) {
        LLMZERO_CHECK(session.decode(ids[i - 1]));
        const auto next = static_cast<std::size_t>(ids[i]);
        score.nll -= support::log_probability(session.logits(), next);
        score.top1 += support::argmax(session.logits()) == next ? 1u : 0u;
        ++score.scored;
    }
    return llmzero::success();
}

void check_perplexity(const char * name, llmzero::kv_type kv = llmzero::kv_type::f32) {
    const std::string folder = support::conformance_dir(name);
    if (folder.empty()) {
        return;
    }
    const auto record = golden::load_perplexity(folder);
    REQUIRE(record.has_value());
    const auto expected = std::find_if(record->results.begin(), record->results.end(),
                                       [&](const golden::perplexity & result) { return result.model == name; });
    REQUIRE(expected != record->results.end());
    const std::string text = support::read_file(record->path);
    const std::vector<std::string_view> stories = split_stories(text);
    REQUIRE(stories.size() == 100);
    REQUIRE(record->ids_per_story.size() == stories.size());
    REQUIRE(expected->nll_per_story.size() == stories.size());

    const std::string path = folder + "/models/" + name + ".gguf";
    const auto model = llmzero::load(path.c_str());
    REQUIRE_MESSAGE(model.has_value(), model.error().message());
    auto session = llmzero::session::create(*model, {.context = static_cast<std::uint32_t>(record->max_ids), .kv = kv});
    REQUIRE_MESSAGE(session.has_value(), session.error().message());

    const bool is_float = kv == llmzero::kv_type::f32 &&
                          (std::string_view(name).ends_with("-F32") || std::string_view(name).ends_with("-F16"));
    const std::size_t n_stories = support::full_scale() ? stories.size() : 1;
    story_score total;
    for (std::size_t i = 0; i < n_stories; ++i) {
        const auto encoded = model->text().encode(stories[i]);
        REQUIRE_MESSAGE(encoded.has_value(), encoded.error().message());
        const auto ids = encoded->span().first(std::min(encoded->size(), record->max_ids));
        CHECK(ids.size() == record->ids_per_story[i]);
        if (i == 0) {
            CHECK(std::equal(ids.begin(), ids.end(), record->first_story_ids.begin(), record->first_story_ids.end()));
        }
        story_score story;
        const auto scored = score_story(*session, ids, story);
        REQUIRE_MESSAGE(scored.has_value(), scored.error().message());
        // Floats: 4 decimals are on record. Quantised activations move a story's mean by up to 0.022 nats an id, either
        // way, which evens out over the stories.
        const double allowed = is_float ? 0.001 : 0.04 * static_cast<double>(story.scored);
        CHECK_MESSAGE(std::abs(story.nll - expected->nll_per_story[i]) <= allowed, "story ", i, ": ", story.nll,
                      ", float reference ", expected->nll_per_story[i]);
        total.nll += story.nll;
        total.scored += story.scored;
        total.top1 += story.top1;
    }
    if (n_stories < stories.size()) {
        return;
    }
    CHECK(total.scored == expected->n_scored);
    const double perplexity = std::exp(total.nll / static_cast<double>(total.scored));
    const double top1 = static_cast<double>(total.top1) / static_cast<double>(total.scored);
    MESSAGE(std::string(name), ", kv ", std::string(llmzero::name_of(kv)), ": perplexity ", perplexity,
            ", float reference ", expected->float_ref, ", oracle ", expected->oracle);
    CHECK(perplexity == doctest::Approx(expected->float_ref).epsilon(is_float ? 1e-6 : 0.005).scale(0));
    CHECK(top1 == doctest::Approx(expected->float_ref_top1).epsilon(is_float ? 1e-5 : 0.01).scale(0));
}

} // namespace

#define LLMZERO_PERPLEXITY_TEST(name)                                                                                  \
    TEST_CASE("perplexity: " name) {                                                                                   \
        check_perplexity(name);                                                                                        \
    }
LLMZERO_PERPLEXITY_TEST("stories260K-F32")
LLMZERO_PERPLEXITY_TEST("stories260K-F16")
LLMZERO_PERPLEXITY_TEST("stories260K-Q8_0")
LLMZERO_PERPLEXITY_TEST("stories260K-Q4_0")
LLMZERO_PERPLEXITY_TEST("llama2xs-F32")
LLMZERO_PERPLEXITY_TEST("llama2xs-Q8_0")
LLMZERO_PERPLEXITY_TEST("llama2xs-Q4_0")
LLMZERO_PERPLEXITY_TEST("llama2xs-Q4_1")
LLMZERO_PERPLEXITY_TEST("llama2xs-Q5_0")
LLMZERO_PERPLEXITY_TEST("llama2xs-Q5_1")
#undef LLMZERO_PERPLEXITY_TEST

// What the 8-bit cache costs by itself.
TEST_CASE("perplexity, kv q8: stories260K-F32") {
    check_perplexity("stories260K-F32", llmzero::kv_type::q8);
}
TEST_CASE("perplexity, kv q8: llama2xs-F32") {
    check_perplexity("llama2xs-F32", llmzero::kv_type::q8);
}
