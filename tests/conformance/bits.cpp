// The same tokens give the same bits, however they arrive: on every rerun, in any batch, after any rewind, beside any
// other session, from a mapped, read or in-memory file.
//
// Where arithmetic is wider than the types (x87), a sum depends on which of its parts the compiler keeps in registers,
// and so on the shape of the batch; there only reruns are the same.
#include "golden.hpp"
#include "models.hpp"
#include "replay.hpp"
#include "support/conformance.hpp"
#include "support/read_file.hpp"
#include "support/scale.hpp"

#include <cfloat>
#include <doctest/doctest.h>
#include <span>
#include <string>
#include <utility>

namespace {

using conformance::step_logits;

const golden::prompt & named(const golden::model & m, std::string_view name) {
    for (const golden::prompt & p : m.prompts) {
        if (p.name == name) {
            return p;
        }
    }
    return m.prompts.front();
}

llmzero::result<step_logits> run(llmzero::session & session, const golden::prompt & prompt, std::size_t n_steps) {
    step_logits logits;
    LLMZERO_CHECK(conformance::replay(session, prompt, n_steps, logits));
    return logits;
}

llmzero::result<step_logits> run(const llmzero::model & model, const llmzero::session_options & options,
                                 const golden::prompt & prompt, std::size_t n_steps) {
    LLMZERO_ASSIGN(llmzero::session session, llmzero::session::create(model, options));
    return run(session, prompt, n_steps);
}

void check_same_bits(const step_logits & expected, const llmzero::result<step_logits> & found) {
    REQUIRE_MESSAGE(found.has_value(), found.error().message());
    CHECK(expected.same_bits(*found));
}

// One run, and what it takes to make it again.
struct reference_run {
    const llmzero::model & model;
    const golden::model & expected;
    const golden::prompt & prompt;
    const golden::prompt & other_prompt;
    llmzero::session_options options;
    std::size_t n_steps;
    step_logits bits;
};

// By the same calls.
void check_reruns(const reference_run & reference) {
    const auto & [model, expected, prompt, other_prompt, options, n_steps, bits] = reference;

    SUBCASE("a new session") {
        check_same_bits(bits, run(model, options, prompt, n_steps));
    }

    SUBCASE("a session used before") {
        auto session = llmzero::session::create(model, options);
        REQUIRE(session.has_value());
        REQUIRE(run(*session, other_prompt, 2).has_value());
        session->rewind();
        CHECK(session->position() == 0);
        check_same_bits(bits, run(*session, prompt, n_steps));
    }

    SUBCASE("another context length") {
        llmzero::session_options shorter = options;
        shorter.context = static_cast<std::uint32_t>(prompt.prompt_ids.size() + n_steps);
        check_same_bits(bits, run(model, shorter, prompt, n_steps));
    }

    SUBCASE("the file read, mapped, or in memory") {
        llmzero::load_options read;
        read.mode = llmzero::load_mode::read;
        const auto from_read = llmzero::load(expected.path.c_str(), read);
        REQUIRE_MESSAGE(from_read.has_value(), from_read.error().message());
        check_same_bits(bits, run(*from_read, options, prompt, n_steps));
        const std::string content = support::read_file(expected.path);
        const auto from_memory = llmzero::load(std::as_bytes(std::span(content)));
        REQUIRE_MESSAGE(from_memory.has_value(), from_memory.error().message());
        check_same_bits(bits, run(*from_memory, options, prompt, n_steps));
    }
}

// By other calls.
void check_other_ways(const reference_run & reference) {
    const auto & [model, expected, prompt, other_prompt, options, n_steps, bits] = reference;

    SUBCASE("batches of other sizes") {
        for (const std::uint32_t batch : {7u, 1u, 31u, 64u}) {
            if (batch != 7 && !support::full_scale()) {
                break;
            }
            CAPTURE(batch);
            llmzero::session_options other = options;
            other.batch = batch;
            check_same_bits(bits, run(model, other, prompt, n_steps));
        }
    }

    if (!model.config().has_encoder()) { // which reads its source as a whole
        SUBCASE("the prompt in two parts, the second token by token") {
            auto session = llmzero::session::create(model, options);
            REQUIRE(session.has_value());
            const std::span ids(prompt.prompt_ids);
            REQUIRE(session->prefill(ids.first(5)).has_value());
            for (const std::int32_t id : ids.subspan(5)) {
                REQUIRE(session->decode(id).has_value());
            }
            CHECK(session->position() == ids.size());
            step_logits logits;
            logits.add(session->logits());
            CHECK(logits.n_vocab == bits.n_vocab);
            CHECK(std::memcmp(logits.values.data(), bits.values.data(), bits.n_vocab * sizeof(float)) == 0);
        }
    }

    SUBCASE("back to the end of the prompt, by way of another continuation") {
        auto session = llmzero::session::create(model, options);
        REQUIRE(session.has_value());
        const std::span ids(prompt.prompt_ids);
        REQUIRE(session->prefill(ids).has_value());
        const auto position = session->position();
        for (const std::int32_t id : other_prompt.prompt_ids) {
            REQUIRE(session->decode(id).has_value());
        }
        session->rewind(position - 1);
        CHECK(session->position() == position - 1);
        const auto last = model.config().has_encoder() ? model.config().decoder_start : ids.back();
        REQUIRE(session->decode(last).has_value());
        step_logits logits;
        logits.add(session->logits());
        for (std::size_t step = 1; step < n_steps; ++step) {
            REQUIRE(session->decode(prompt.greedy_ids[step - 1]).has_value());
            logits.add(session->logits());
        }
        CHECK(bits.same_bits(logits));
    }

    SUBCASE("two sessions in turns") {
        auto session = llmzero::session::create(model, options);
        auto beside = llmzero::session::create(model, options);
        REQUIRE(session.has_value());
        REQUIRE(beside.has_value());
        step_logits logits;
        REQUIRE(session->prefill(prompt.prompt_ids).has_value());
        REQUIRE(beside->prefill(other_prompt.prompt_ids).has_value());
        logits.add(session->logits());
        for (std::size_t step = 1; step < n_steps; ++step) {
            REQUIRE(beside->decode(other_prompt.greedy_ids[step - 1]).has_value());
            REQUIRE(session->decode(prompt.greedy_ids[step - 1]).has_value());
            logits.add(session->logits());
        }
        CHECK(bits.same_bits(logits));
    }
}

void check_bits(const char * name) {
    const std::string folder = support::conformance_dir(name);
    if (folder.empty()) {
        return;
    }
    // The widest models differ from others of their types in size only.
    const std::string_view wide = name;
    if (!support::full_scale() && (wide.find("d576") != wide.npos || wide.find("v32128") != wide.npos ||
                                   (wide.find("d256") != wide.npos && !wide.ends_with("Q4_K_M")))) {
        return;
    }
    const auto expected = golden::load(folder, name);
    REQUIRE(expected.has_value());
    const auto model = llmzero::load(expected->path.c_str());
    REQUIRE_MESSAGE(model.has_value(), model.error().message());
    const std::size_t n_steps = support::full_scale() ? 48 : 4;
    for (const llmzero::kv_type kv : {llmzero::kv_type::f32, llmzero::kv_type::q8}) {
        SUBCASE(kv == llmzero::kv_type::f32 ? "kv f32" : "kv q8") {
            reference_run reference{.model = *model,
                                    .expected = *expected,
                                    .prompt = named(*expected, "medium"),
                                    .other_prompt = named(*expected, "short"),
                                    .options = {.context = conformance::context_for(*expected), .kv = kv, .batch = 32},
                                    .n_steps = n_steps,
                                    .bits = {}};
            auto first = run(*model, reference.options, reference.prompt, n_steps);
            REQUIRE_MESSAGE(first.has_value(), first.error().message());
            CHECK(first->size() == n_steps);
            reference.bits = std::move(*first);
            check_reruns(reference);
            if constexpr (FLT_EVAL_METHOD == 0) {
                check_other_ways(reference);
            }
        }
    }
}

} // namespace

#define LLMZERO_BITS_TEST(name)                                                                                        \
    TEST_CASE("same bits: " name) {                                                                                    \
        check_bits(name);                                                                                              \
    }
LLMZERO_TESTED_MODELS(LLMZERO_BITS_TEST)
#undef LLMZERO_BITS_TEST
