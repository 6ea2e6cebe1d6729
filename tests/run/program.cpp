#include "run/program.hpp"

#include "standard_streams.hpp"
#include "support/json.hpp"
#include "support/tiny_llama.hpp"

#include <doctest/doctest.h>
#include <span>
#include <string>
#include <vector>

// The model of these tests: programs without -m run the one that is linked into them.
std::span<const std::byte> embedded_model() {
    static const std::vector<std::byte> file = support::tiny_llama({.seed = 77}).file();
    return file;
}

namespace {

struct outcome {
    cli::exit_code code = cli::exit_code::ok;
    std::string out;
};

outcome run_with(std::vector<const char *> words) {
    words.insert(words.end(), {"--temp", "0", "-n", "5", "--ignore-eos"});
    outcome done;
    done.out = support::output_of([&] {
        cli::run_settings settings;
        cli::option_table options = cli::run_options(settings);
        std::vector<char *> writable;
        for (const char * word : words) {
            writable.push_back(const_cast<char *>(word));
        }
        REQUIRE(cli::parse_command_line(options, writable));
        REQUIRE(cli::settle_prompt(settings, options, true));
        run::program program(settings, options);
        done.code = program.run_once();
    });
    return done;
}

} // namespace

TEST_CASE("program: a prompt is continued, a chat is answered") {
    const outcome text = run_with({"-p", "abc"});
    CHECK(text.code == cli::exit_code::ok);
    CHECK(text.out.starts_with("abc"));
    const outcome chat = run_with({"-p", "abc", "--template", "raw"});
    CHECK(chat.code == cli::exit_code::ok);
    CHECK("abc" + chat.out == text.out); // only the answer is shown
    const outcome other = run_with({"-p", "abc", "--template", "zephyr"});
    CHECK(other.code == cli::exit_code::ok);
    const outcome object = run_with({"-p", "abc", "--template", "zephyr", "--json"});
    const auto json = nlohmann::json::parse(object.out, nullptr, false);
    REQUIRE(json.is_object());
    CHECK(json["text"] == other.out);
    CHECK(json["template"] == "zephyr");
}

TEST_CASE("program: an error has its exit code, and an object where one was asked for") {
    const outcome refused = run_with({"-p", "abcdefgh", "-c", "3", "--json"});
    CHECK(refused.code == cli::exit_code::run_error);
    const auto json = nlohmann::json::parse(refused.out, nullptr, false);
    REQUIRE(json.is_object());
    CHECK(json["error"]["code"] == "context_full");
}
