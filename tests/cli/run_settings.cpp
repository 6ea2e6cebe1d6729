#include "cli/run_settings.hpp"

#include <doctest/doctest.h>
#include <set>
#include <string>

TEST_CASE("llmzero-run: the defaults are those people know") {
    cli::run_settings s;
    CHECK(s.n_predict == 256);
    CHECK(s.ctx_size == 0);
    CHECK(s.sampling.temperature == 0.8f);
    CHECK(s.sampling.top_k == 40);
    CHECK(s.sampling.top_p == 0.95f);
    CHECK(s.sampling.min_p == 0.05f);
    CHECK(s.sampling.repeat_penalty == 1.0f);
    CHECK(s.sampling.repeat_last_n == 64);
    CHECK_FALSE(s.seed);
}

TEST_CASE("llmzero-run: names and letters are unique, every option has its help") {
    cli::run_settings s;
    std::set<std::string> names;
    std::set<char> letters;
    std::set<const void *> members;
    for (const cli::option & o : cli::run_options(s)) {
        CHECK(*o.help != 0);
        if (o.is_heading()) {
            continue;
        }
        CAPTURE(o.name);
        CHECK(names.insert(o.name).second);
        CHECK((o.letter == 0 || letters.insert(o.letter).second));
        CHECK(o.is_switch() == (*o.takes == 0));
    }
    for (const char * expected :
         {"model",       "prompt",  "file",    "ids",   "n-predict",      "ctx-size",          "seed",
          "temp",        "top-k",   "top-p",   "min-p", "repeat-penalty", "repeat-last-n",     "stop",
          "ignore-eos",  "kv",      "memory",  "load",  "batch",          "no-display-prompt", "json",
          "dump-logits", "verbose", "version", "help"}) {
        CAPTURE(expected);
        CHECK(names.count(expected) == 1);
    }
    CHECK(names.size() == 25);
    CHECK(letters == std::set<char>{'m', 'p', 'f', 'n', 'c', 's', 'v', 'h'});
}

TEST_CASE("llmzero-run: help fits 80 columns and lists every option and exit code") {
    cli::run_settings s;
    const cli::option_table table = cli::run_options(s);
    const std::string help = cli::run_help(table);
    for (std::size_t start = 0; start < help.size();) {
        const std::size_t end = help.find('\n', start);
        REQUIRE(end != help.npos);
        CHECK(end - start < 80);
        start = end + 1;
    }
    for (const cli::option & o : table) {
        if (!o.is_heading()) {
            CHECK(help.find(std::string("--") + o.name) != help.npos);
        }
    }
    for (const char * text :
         {"\n  130  ", "\n    4  ", "[256]", "[0.8]", "[the built-in model]", "LLMZERO_N_PREDICT"}) {
        CHECK(help.find(text) != help.npos);
    }
}

TEST_CASE("llmzero-run: the prompt has one source") {
    const auto settle = [](cli::origin prompt, cli::origin file, bool terminal, std::string & chosen) {
        cli::run_settings s;
        cli::option_table table = cli::run_options(s);
        s.prompt = prompt == cli::origin::standard ? "" : "text";
        s.file = file == cli::origin::standard ? "" : "path";
        cli::find_option(table, "prompt")->source = prompt;
        cli::find_option(table, "file")->source = file;
        const auto settled = cli::settle_prompt(s, table, terminal);
        chosen = s.file.empty() ? "prompt" : s.file;
        return settled.has_value();
    };
    using enum cli::origin;
    std::string chosen;
    CHECK(settle(command_line, standard, true, chosen));
    CHECK(chosen == "prompt");
    CHECK(settle(standard, command_line, true, chosen));
    CHECK(chosen == "path");
    CHECK(settle(command_line, environment, false, chosen));
    CHECK(chosen == "prompt");
    CHECK(settle(environment, command_line, false, chosen));
    CHECK(chosen == "path");
    CHECK(settle(environment, standard, false, chosen));
    CHECK(chosen == "prompt");
    CHECK_FALSE(settle(command_line, command_line, false, chosen));
    CHECK_FALSE(settle(environment, environment, false, chosen));
    CHECK_FALSE(settle(standard, standard, true, chosen));
    CHECK(settle(standard, standard, false, chosen));
    CHECK(chosen == "-");
}
