#include "cli/run_report.hpp"

#include "support/json.hpp"

#include <doctest/doctest.h>
#include <string>

namespace {

cli::run_facts example() {
    cli::run_facts facts;
    facts.model_name = "tiny \"one\"";
    facts.context = 128;
    facts.memory_bytes = 5000000000u;
    facts.load_ms = 12.5;
    facts.generation.reason = llmzero::stop_reason::max_tokens;
    facts.generation.n_prompt = 12;
    facts.generation.n_generated = 48;
    facts.generation.prompt_ms = 1200.0;
    facts.generation.generation_ms = 4800.0;
    facts.generation.seed = 18446744073709551615u;
    return facts;
}

} // namespace

TEST_CASE("report: a line for people") {
    CHECK(cli::summary_line(example()) ==
          "[ prompt 12 tokens, 1.20 s, 10.0/s; output 48 tokens, 4.80 s, 10.0/s; seed 18446744073709551615; stopped: " +
              std::string(name_of(llmzero::stop_reason::max_tokens)) + " ]\n");
    cli::run_facts kept = example();
    kept.n_kept = 30;
    CHECK(cli::summary_line(kept).starts_with("[ prompt 12 tokens and 30 kept, 1.20 s, 10.0/s; output"));
    cli::run_facts drafted = example();
    drafted.generation.n_drafted = 21;
    drafted.generation.n_accepted = 16;
    CHECK(cli::summary_line(drafted).find("; output 48 tokens (16 of 21 drafted), 4.80 s") != std::string::npos);
}

TEST_CASE("report: an object for programs") {
    bool flag = true;
    const cli::option_table options = {cli::toggle(0, "be-quick", flag, "")};
    const std::string out = cli::result_json(example(), "a\n\"b\"\xff", options);
    CHECK(out.find('\n') == out.size() - 1); // one line
    const auto json = nlohmann::json::parse(out, nullptr, false);
    REQUIRE(json.is_object());
    CHECK(json["text"] == "a\n\"b\"\xef\xbf\xbd");
    CHECK(json["stop_reason"] == name_of(llmzero::stop_reason::max_tokens));
    CHECK(json["seed"] == 18446744073709551615u);
    CHECK(json["tokens"]["prompt"] == 12);
    CHECK(json["tokens"]["kept"] == 0);
    CHECK(json["tokens"]["generated"] == 48);
    CHECK(json["tokens"]["drafted"] == 0);
    CHECK(json["tokens"]["accepted"] == 0);
    CHECK(json["template"].is_null());
    CHECK(json["milliseconds"]["load"] == 12.5);
    CHECK(json["milliseconds"]["prompt"] == 1200.0);
    CHECK(json["milliseconds"]["generation"] == 4800.0);
    CHECK(json["tokens_per_second"]["prompt"] == 10.0);
    CHECK(json["model"]["name"] == "tiny \"one\"");
    CHECK(json["model"]["context"] == 128);
    CHECK(json["model"]["memory_bytes"] == 5000000000u);
    CHECK(json["options"]["be_quick"] == true);
    CHECK(json["program"]["version"] == LLMZERO_VERSION_STRING);
}

TEST_CASE("report: an object says how a chat was written") {
    cli::run_facts facts = example();
    facts.template_name = "zephyr";
    facts.n_kept = 7;
    facts.generation.n_drafted = 9;
    facts.generation.n_accepted = 4;
    const auto json = nlohmann::json::parse(cli::result_json(facts, "", {}), nullptr, false);
    REQUIRE(json.is_object());
    CHECK(json["template"] == "zephyr");
    CHECK(json["tokens"]["kept"] == 7);
    CHECK(json["tokens"]["drafted"] == 9);
    CHECK(json["tokens"]["accepted"] == 4);
}

TEST_CASE("report: what took no time has no rate, and JSON stays JSON") {
    const cli::run_facts nothing;
    CHECK(cli::summary_line(nothing).find("0.0/s") != std::string::npos);
    const auto json = nlohmann::json::parse(cli::result_json(nothing, "", {}), nullptr, false);
    REQUIRE(json.is_object());
    CHECK(json["tokens_per_second"]["prompt"] == 0.0);
    CHECK(json["options"].empty());
}

TEST_CASE("report: errors as an object") {
    const std::string out =
        cli::error_json(llmzero::error(llmzero::error_code::malformed, "bad \"thing\""), cli::exit_code::model_refused);
    CHECK(out == R"({"error":{"code":"malformed","status":3,"message":"bad \"thing\""}})"
                 "\n");
}
