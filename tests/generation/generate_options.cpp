#include <llmzero/generation/generate_options.hpp>

#include <doctest/doctest.h>
#include <string>

using namespace llmzero;

namespace {

TEST_CASE("generate options: rates are tokens in a second, and none where no time has passed") {
    generation done;
    CHECK(done.tokens_per_second() == 0.0);
    CHECK(done.prompt_tokens_per_second() == 0.0);
    done.n_prompt = 30;
    done.prompt_ms = 500;
    done.n_generated = 10;
    done.generation_ms = 2000;
    CHECK(done.prompt_tokens_per_second() == doctest::Approx(60.0));
    CHECK(done.tokens_per_second() == doctest::Approx(5.0));
}

TEST_CASE("generate options: reasons have names") {
    CHECK(std::string(name_of(stop_reason::end_of_text)) == "end_of_text");
    CHECK(std::string(name_of(stop_reason::max_tokens)) == "max_tokens");
    CHECK(std::string(name_of(stop_reason::stop_string)) == "stop_string");
    CHECK(std::string(name_of(stop_reason::context_full)) == "context_full");
    CHECK(std::string(name_of(stop_reason::cancelled)) == "cancelled");
}

} // namespace
