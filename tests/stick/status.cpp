#include "stick/status.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>

using stick::status_text;

TEST_CASE("status: at the start, and without a model") {
    stick::status_facts facts;
    facts.model = "storyteller";
    CHECK(status_text(facts) == "llmzero is ready\r\n\r\nModel: storyteller\r\nSpeed: nothing was answered yet\r\n"
                                "Answers since the start: 0\r\nWaiting: 0\r\nLast error: none\r\n");
    facts.is_starting = true;
    CHECK(status_text(facts).starts_with("llmzero is starting; this is written anew with the first answer\r\n\r\nM"));
    facts.is_starting = false;
    facts.model.clear();
    facts.model_note = "x.gguf: is no GGUF file";
    CHECK(status_text(facts).starts_with(
        "llmzero is waiting for a model\r\n\r\nModel: none\r\n  x.gguf: is no GGUF file\r\n"));
}

TEST_CASE("status: what people have to know of the drive comes first") {
    stick::status_facts facts;
    facts.model = "m";
    facts.notice = "This drive is in memory only.\nReally.";
    CHECK(status_text(facts).starts_with(
        "llmzero is ready\r\n\r\nThis drive is in memory only. Really.\r\n\r\nModel: m\r\n"));
}

TEST_CASE("status: at work") {
    stick::status_facts facts;
    facts.model = "m";
    facts.work = {"a.txt", 12, 37, 0};
    CHECK(status_text(facts).starts_with("llmzero is reading a.txt, 12/37 tokens\r\n"));
    facts.work = {"a.txt", 0, 0, 0};
    CHECK(status_text(facts).starts_with("llmzero is reading a.txt\r\n"));
    facts.work = {"a\nb\x1b.txt", 37, 37, 1};
    CHECK(status_text(facts).starts_with("llmzero is answering a b\xef\xbf\xbd.txt, 1 token\r\n"));
    facts.tokens_per_second = 4.26;
    facts.n_answers = 3;
    facts.queue = {"b.txt", "c.txt"};
    facts.left_alone = std::vector<std::string>(12, "huge.txt");
    facts.unfinished = {"half.txt"};
    facts.last_error = "the volume\nis full";
    facts.settings_mistake = "no such model";
    const std::string text = status_text(facts);
    CHECK(text.find("Speed: 4.3 tokens a second\r\nAnswers since the start: 3\r\nWaiting: 2\r\nNext:\r\n  b.txt\r\n  "
                    "c.txt\r\n") != text.npos);
    CHECK(text.find("left alone:\r\n  huge.txt\r\n") != text.npos);
    CHECK(text.find("  and 2 more\r\n") != text.npos);
    CHECK(text.find("Left unfinished by the computer, so that their answers had to wait:\r\n  half.txt\r\n") !=
          text.npos);
    CHECK(text.ends_with("In SETTINGS.TXT: no such model\r\nLast error: the volume is full\r\n"));
}

TEST_CASE("status: the readme has ten lines that fit a window") {
    const std::string text = stick::readme_text();
    CHECK(std::count(text.begin(), text.end(), '\n') == 10);
    CHECK(std::count(text.begin(), text.end(), '\r') == 10);
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
        CHECK(text.find('\n', at) - at <= 101);
    }
}
