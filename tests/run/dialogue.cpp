#include "run/dialogue.hpp"

#include "standard_streams.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace {

// What a dialogue with the model of program.cpp writes.
std::string talk_with(std::vector<const char *> words, std::string_view input, cli::exit_code expected) {
    words.insert(words.end(), {"--interactive", "--temp", "0", "-n", "5", "--ignore-eos"});
    return support::output_of(
        [&] {
            cli::run_settings settings;
            cli::option_table options = cli::run_options(settings);
            std::vector<char *> writable;
            for (const char * word : words) {
                writable.push_back(const_cast<char *>(word));
            }
            REQUIRE(cli::parse_command_line(options, writable));
            REQUIRE(cli::settle_prompt(settings, options, false));
            run::program program(settings, options);
            CHECK(run::dialogue(program).run() == expected);
        },
        input);
}

} // namespace

TEST_CASE("dialogue: each line is answered with a line") {
    const std::string two = talk_with({"--template", "raw"}, "abc\n\nde", cli::exit_code::ok);
    const std::string one = talk_with({"--template", "raw"}, "abc\n", cli::exit_code::ok);
    CHECK(two.starts_with(one));
    CHECK(two.size() > one.size());
    CHECK(two.ends_with('\n'));
    CHECK(talk_with({"--template", "raw", "-p", "abc"}, "de\n", cli::exit_code::ok) == two);
    CHECK(talk_with({}, "", cli::exit_code::ok).empty());
}

TEST_CASE("dialogue: a line may go on in the next") {
    const std::string joined = talk_with({"--template", "raw", "-p", "a\nb"}, "", cli::exit_code::ok);
    CHECK(talk_with({"--template", "raw"}, "a\\\nb\n", cli::exit_code::ok) == joined);
    // Nothing follows: what was said is answered.
    const std::string plain = talk_with({"--template", "raw", "-p", "a"}, "", cli::exit_code::ok);
    CHECK(talk_with({"--template", "raw"}, "a\\\n", cli::exit_code::ok) == plain);
}

TEST_CASE("dialogue: a turn that cannot be answered does not end it, and is not forgotten") {
    const std::string answers = talk_with({"--template", "raw", "-c", "20"}, "abc\n" + std::string(40, 'a') + "\nde\n",
                                          cli::exit_code::run_error);
    CHECK_FALSE(answers.empty());
}
