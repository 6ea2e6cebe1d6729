#include "stick/answerer.hpp"

#include "scripted_answerer.hpp"

#include <doctest/doctest.h>

TEST_CASE("answerer: what is behind it can be exchanged") {
    support::scripted_answerer scripted;
    stick::answerer & a = scripted;
    CHECK(a.prepare({}));
    CHECK(a.model_name() == "script");
    int n_calls = 0;
    const auto made = a.answer({}, "Why?", {}, [&](const stick::thinking &) { return ++n_calls > 0; });
    REQUIRE(made);
    CHECK(made->text == "About: Why?");
    CHECK(n_calls > 1);
    CHECK(a.answer({}, "Why?", {}, [](const stick::thinking &) { return false; }).error().code() ==
          llmzero::error_code::cancelled);
}
