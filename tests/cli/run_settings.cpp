#include "cli/run_settings.hpp"

#include <doctest/doctest.h>
#include <set>
#include <string>
#include <vector>

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
    for (const char * expected : {"model",    "prompt",         "file",          "ids",         "n-predict",
                                  "ctx-size", "seed",           "temp",          "top-k",       "top-p",
                                  "min-p",    "repeat-penalty", "repeat-last-n", "stop",        "ignore-eos",
                                  "kv",       "memory",         "load",          "batch",       "no-display-prompt",
                                  "json",     "dump-logits",    "verbose",       "version",     "help",
                                  "chat",     "system",         "template",      "interactive", "prompt-cache",
                                  "draft",    "kernels",        "threads"}) {
        CAPTURE(expected);
        CHECK(names.count(expected) == 1);
    }
    CHECK(names.size() == 34);
    CHECK(letters == std::set<char>{'m', 'p', 'f', 'n', 'c', 's', 't', 'v', 'h'});
}

TEST_CASE("llmzero-run: every chat template can be chosen, and is in the help") {
    cli::run_settings s;
    cli::option_table table = cli::run_options(s);
    cli::option & o = *cli::find_option(table, "template");
    CHECK(cli::chosen_template(s.chat_template) == nullptr);
    for (const llmzero::chat_template & known : llmzero::chat_templates) {
        CAPTURE(known.name);
        REQUIRE(cli::set_from_text(o, known.name));
        CHECK(cli::chosen_template(s.chat_template) == &known);
        CHECK(std::string(o.help).find(std::string(" ") + known.name) != std::string::npos);
    }
    REQUIRE(cli::set_from_text(o, "auto"));
    CHECK(cli::chosen_template(s.chat_template) == nullptr);
    const auto refused = cli::set_from_text(o, "jinja");
    REQUIRE_FALSE(refused);
    CHECK(std::string(refused.error().message()).find("alpaca, raw") != std::string::npos);
}

TEST_CASE("llmzero-run: what asks for a chat, and what does not go with one") {
    const auto settle = [](std::vector<const char *> words, cli::run_settings & s) {
        cli::option_table table = cli::run_options(s);
        std::vector<char *> writable;
        for (const char * word : words) {
            writable.push_back(const_cast<char *>(word));
        }
        REQUIRE(cli::parse_command_line(table, writable));
        const auto settled = cli::settle_prompt(s, table, true);
        return settled ? std::string() : std::string(settled.error().message());
    };
    const auto is_chat = [&](std::vector<const char *> words) {
        cli::run_settings s;
        CHECK(settle(words, s).empty());
        return s.chat;
    };
    CHECK_FALSE(is_chat({"-p", "a"}));
    CHECK(is_chat({"-p", "a", "--chat"}));
    CHECK(is_chat({"-p", "a", "--system", "b"}));
    CHECK(is_chat({"-p", "a", "--system", ""}));
    CHECK(is_chat({"-p", "a", "--template", "raw"}));
    CHECK(is_chat({"--interactive"})); // needs no prompt, on a terminal neither
    CHECK(is_chat({"--interactive", "-p", "a"}));
    cli::run_settings s;
    settle({"-p", "a", "--system", ""}, s);
    CHECK(s.has_system);
    cli::run_settings t;
    settle({"-p", "a", "--chat"}, t);
    CHECK_FALSE(t.has_system);
    cli::run_settings other;
    CHECK(settle({"--chat", "--ids", "-p", "1"}, other).find("--ids") == 0);
    cli::run_settings logits;
    CHECK(settle({"--interactive", "--dump-logits", "x"}, logits).find("--dump-logits") == 0);
    cli::run_settings input;
    CHECK(settle({"--interactive", "-f", "-"}, input).find("-f - and --interactive") == 0);
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
