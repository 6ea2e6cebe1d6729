#include "cli/command_line.hpp"

#include <cstdint>
#include <doctest/doctest.h>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace {

struct settings {
    std::string prompt = "default";
    std::uint32_t n = 256;
    float temp = 0.8f;
    bool json = false;
    std::vector<std::string> stop;

    cli::option_table table() {
        return {cli::heading("All"),
                cli::text('p', "prompt", prompt, "TEXT", ""),
                cli::whole('n', "n-predict", n, 0, 1000, ""),
                cli::number(0, "temp", temp, -5.0, 5.0, ""),
                cli::toggle('j', "json", json, ""),
                cli::texts(0, "stop", stop, "TEXT", "")};
    }
};

// Parses `words`; the message of the error, or "".
std::string parse(cli::option_table & table, std::vector<std::string> words) {
    std::vector<char *> pointers;
    for (std::string & word : words) {
        pointers.push_back(word.data());
    }
    const auto parsed = cli::parse_command_line(table, pointers);
    return parsed ? std::string() : std::string(parsed.error().message());
}

std::string parse_environment(cli::option_table & table, const std::map<std::string, std::string> & variables) {
    const auto look_up = [&](const char * name) -> const char * {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
    };
    const auto parsed = cli::parse_environment(table, look_up);
    return parsed ? std::string() : std::string(parsed.error().message());
}

} // namespace

TEST_CASE("command line: every form of an option") {
    settings s;
    auto table = s.table();
    CHECK(parse(table, {"-p", "a b", "--n-predict", "7", "--temp=-0.5", "--json"}) == "");
    CHECK(s.prompt == "a b");
    CHECK(s.n == 7);
    CHECK(s.temp == -0.5f);
    CHECK(s.json);
    CHECK(parse(table, {"--prompt=", "-n", "8", "--temp", "-1", "--json=no"}) == "");
    CHECK(s.prompt == "");
    CHECK(s.n == 8);
    CHECK(s.temp == -1.0f);
    CHECK_FALSE(s.json);
    CHECK(parse(table, {"-j", "--prompt=a=b", "--"}) == "");
    CHECK(s.json);
    CHECK(s.prompt == "a=b");
    CHECK(parse(table, {}) == "");
}

TEST_CASE("command line: a value may look like an option") {
    settings s;
    auto table = s.table();
    CHECK(parse(table, {"-p", "--json", "--stop", "-n", "--stop", "--"}) == "");
    CHECK(s.prompt == "--json");
    CHECK_FALSE(s.json);
    CHECK(s.stop == std::vector<std::string>{"-n", "--"});
}

TEST_CASE("command line: the later value counts, lists grow") {
    settings s;
    auto table = s.table();
    CHECK(parse(table, {"-n", "1", "--stop", "a", "-n", "2", "--stop=b"}) == "");
    CHECK(s.n == 2);
    CHECK(s.stop == std::vector<std::string>{"a", "b"});
}

TEST_CASE("command line: errors name the option as it was spelt") {
    settings s;
    auto table = s.table();
    CHECK(parse(table, {"-n", "x"}) == "-n: 'x' is not a whole number from 0 to 1000");
    CHECK(parse(table, {"--n-predict=1001"}) == "--n-predict: '1001' is not a whole number from 0 to 1000");
    CHECK(parse(table, {"--stop="}) == "--stop: must not be empty");
    CHECK(parse(table, {"-p"}) == "-p needs a value: -p TEXT");
    CHECK(parse(table, {"--temp"}) == "--temp needs a value: --temp X");
    CHECK(parse(table, {"word"}).starts_with("'word' belongs to no option"));
    CHECK(parse(table, {""}).starts_with("'' belongs to no option"));
    CHECK(parse(table, {"-"}).starts_with("'-' belongs to no option"));
    CHECK(parse(table, {"--", "-n", "1"}).starts_with("'-n' belongs to no option"));
    CHECK(parse(table, {"--=5"}) == "there is no option '--=5'");
    CHECK(parse(table, {"---json"}).starts_with("there is no option '---json'"));
    CHECK(s.n == 256);
}

TEST_CASE("command line: an unknown option suggests the nearest") {
    settings s;
    auto table = s.table();
    CHECK(parse(table, {"--temperature", "1"}) == "there is no option '--temperature'; did you mean --temp?");
    CHECK(parse(table, {"--tmep", "1"}) == "there is no option '--tmep'; did you mean --temp?");
    CHECK(parse(table, {"--n_predict=5"}) == "there is no option '--n_predict=5'; did you mean --n-predict?");
    CHECK(parse(table, {"-json"}) == "there is no option '-json'; did you mean --json?");
    CHECK(parse(table, {"-n16"}) == "there is no option '-n16'; did you mean -n '16'?");
    CHECK(parse(table, {"-n=16"}) == "there is no option '-n=16'; did you mean -n '16'?");
    CHECK(parse(table, {"-x"}) == "there is no option '-x'");
    CHECK(parse(table, {"--quantise"}) == "there is no option '--quantise'");
    CHECK(parse(table, {"--" + std::string(5000, 'a')}).starts_with("there is no option '--aaa"));
}

TEST_CASE("command line: after an error switches are still seen, and the first error counts") {
    settings s;
    auto table = s.table();
    CHECK(parse(table, {"-n", "x", "--temp", "y", "--bogus", "--json"}).starts_with("-n: "));
    CHECK(s.json);
}

TEST_CASE("environment: variables set options, the command line replaces them") {
    settings s;
    auto table = s.table();
    CHECK(parse_environment(table, {{"LLMZERO_N_PREDICT", "16"},
                                    {"LLMZERO_JSON", "1"},
                                    {"LLMZERO_PROMPT", ""},
                                    {"LLMZERO_STOP", "e"},
                                    {"LLMZERO_OTHER", "x"},
                                    {"N_PREDICT", "1"}}) == "");
    CHECK(s.n == 16);
    CHECK(s.json);
    CHECK(s.prompt == "default"); // an empty variable counts as absent
    CHECK(cli::find_option(table, "n-predict")->source == cli::origin::environment);
    CHECK(cli::find_option(table, "prompt")->source == cli::origin::standard);
    CHECK(parse(table, {"--stop", "a", "--stop", "b", "-n", "3"}) == "");
    CHECK(s.n == 3);
    CHECK(s.stop == std::vector<std::string>{"a", "b"});
    CHECK(cli::find_option(table, "n-predict")->source == cli::origin::command_line);
}

TEST_CASE("environment: errors name the variable; requests are not read from it") {
    settings s;
    auto table = s.table();
    CHECK(parse_environment(table, {{"LLMZERO_TEMP", "hot"}}) == "LLMZERO_TEMP: 'hot' is not a number from -5 to 5");
    bool help = false;
    cli::option_table requests = {cli::request(cli::toggle('h', "help", help, ""))};
    CHECK(parse_environment(requests, {{"LLMZERO_HELP", "1"}}) == "");
    CHECK_FALSE(help);
}

TEST_CASE("edit distance counts exchanged neighbours once") {
    CHECK(cli::edit_distance("", "") == 0);
    CHECK(cli::edit_distance("", "abc") == 3);
    CHECK(cli::edit_distance("abc", "") == 3);
    CHECK(cli::edit_distance("temp", "temp") == 0);
    CHECK(cli::edit_distance("tmep", "temp") == 1);
    CHECK(cli::edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("command line: nothing that can be typed breaks it") {
    const char * const pieces[] = {"-",  "--",   "-n",     "=",    "n-predict", "--temp", "-p", "--stop", "1",
                                   "-1", "json", "--json", "1e99", "\xff\xfe",  "",       "  ", "\x1b[",  "--prompt="};
    std::mt19937 random(3);
    for (int i = 0; i < 3000; ++i) {
        settings s;
        auto table = s.table();
        std::vector<std::string> words(random() % 6);
        for (std::string & word : words) {
            for (auto n = random() % 4; n > 0; --n) {
                word += pieces[random() % std::size(pieces)];
            }
        }
        const std::string message = parse(table, words);
        CHECK(s.n <= 1000);
        CHECK(s.temp >= -5.0f);
        CHECK(s.temp <= 5.0f);
        for (const char c : message) { // messages are printed: they must not steer a terminal
            CHECK(static_cast<unsigned char>(c) >= 32);
            CHECK(static_cast<unsigned char>(c) < 127);
        }
    }
}

TEST_CASE("command line: words that belong to no option are operands, where there are some") {
    settings s;
    auto table = s.table();
    std::vector<std::string> words = {"in", "-n", "7", "out", "-", "--", "--json", "-n"};
    std::vector<char *> pointers;
    for (std::string & word : words) {
        pointers.push_back(word.data());
    }
    std::vector<std::string> operands;
    CHECK(cli::parse_command_line(table, pointers, &operands));
    CHECK(operands == std::vector<std::string>{"in", "out", "-", "--json", "-n"});
    CHECK(s.n == 7);
    CHECK_FALSE(s.json);
}
