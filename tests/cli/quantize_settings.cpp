#include "cli/quantize_settings.hpp"

#include <doctest/doctest.h>
#include <set>
#include <string>
#include <vector>

namespace {

// Reads a command line; the message of the error, or "".
std::string read_quantize(cli::quantize_settings & s, std::vector<std::string> words) {
    cli::option_table table = cli::quantize_options(s);
    std::vector<char *> pointers;
    for (std::string & word : words) {
        pointers.push_back(word.data());
    }
    if (const auto parsed = cli::parse_command_line(table, pointers, &s.files); !parsed) {
        return parsed.error().message();
    }
    const auto settled = cli::settle_quantize(s);
    return settled ? std::string() : std::string(settled.error().message());
}

} // namespace

TEST_CASE("llmzero-quantize: file names stand anywhere among the options") {
    for (const std::vector<std::string> & words : std::vector<std::vector<std::string>>{
             {"in", "--type", "Q4_K_M", "out"}, {"--type=q4_k", "in", "out"}, {"in", "out", "-t", "Q4_K_M"}}) {
        cli::quantize_settings s;
        CHECK(read_quantize(s, words) == "");
        CHECK(s.input == "in");
        CHECK(s.output == "out");
        CHECK(s.mix == llmzero::type_mix::q4_k_m);
        CHECK_FALSE(s.pure);
        CHECK(s.shape == nullptr);
    }
    cli::quantize_settings dashed;
    CHECK(read_quantize(dashed, {"--type", "F16", "--", "-in", "--out"}) == "");
    CHECK(dashed.input == "-in");
    CHECK(dashed.output == "--out");
}

TEST_CASE("llmzero-quantize: random models take one name") {
    cli::quantize_settings s;
    CHECK(read_quantize(s, {"--random", "gemma3-270m", "--type", "Q4_0", "--pure", "--seed", "5", "out"}) == "");
    CHECK(s.input == "");
    CHECK(s.output == "out");
    CHECK(s.pure);
    CHECK(s.seed == 5u);
    CHECK(s.shape == random_model::find_shape("gemma3-270m"));
}

TEST_CASE("llmzero-quantize: packing needs no type, and takes none") {
    cli::quantize_settings s;
    CHECK(read_quantize(s, {"in", "--pack", "arm1176", "out"}) == "");
    CHECK(s.layout == llmzero::find_layout("arm1176"));
    CHECK((s.input == "in" && s.output == "out"));
    const auto message = [](const std::vector<std::string> & words) {
        cli::quantize_settings wrong;
        return read_quantize(wrong, words);
    };
    CHECK(message({"a", "b", "--pack", "list"}) == "--pack: 'list' is not one of: arm1176, neon, x86, portable");
    for (const std::vector<std::string> & more :
         std::vector<std::vector<std::string>>{{"--type", "Q4_0"}, {"--pure"}, {"--random", "stories15m"}}) {
        std::vector<std::string> words = {"a", "b", "--pack", "portable"};
        words.insert(words.end(), more.begin(), more.end());
        CHECK(message(words).starts_with("--pack keeps the types that the file has"));
    }
    CHECK(message({"a", "--pack", "portable"}).starts_with("1 file names are given, expected two"));
}

TEST_CASE("llmzero-quantize: what is wrong is said") {
    const auto message = [](const std::vector<std::string> & words) {
        cli::quantize_settings s;
        return read_quantize(s, words);
    };
    CHECK(message({"a", "b"}).starts_with("--type TYPE is needed; the types are: F32, F16, BF16, Q8_0, "));
    CHECK(message({"a", "b", "--type", "Q9"}).starts_with("--type: 'Q9' is not one of: F32, "));
    CHECK(message({"a", "--type", "Q4_0"}) == "1 file names are given, expected two: IN.gguf and OUT.gguf");
    CHECK(message({"a", "b", "c", "--type", "Q4_0"}) == "3 file names are given, expected two: IN.gguf and OUT.gguf");
    CHECK(message({"a", "b", "--type", "Q4_0", "--random", "stories15m"}) ==
          "2 file names are given, expected one with --random: OUT.gguf");
    CHECK(
        message({"a", "--type", "Q4_0", "--random", "llama"}).starts_with("--random: 'llama' is not one of: stories"));
    CHECK(message({"", "b", "--type", "Q4_0"}) == "the name of a file must not be empty");
    CHECK(message({"a", "b", "--typo", "Q4_0"}).starts_with("there is no option '--typo'; did you mean --type?"));
}

TEST_CASE("llmzero-quantize: names are unique, and help fits 80 columns and lists types, shapes and exit codes") {
    cli::quantize_settings s;
    const cli::option_table table = cli::quantize_options(s);
    std::set<std::string> names;
    for (const cli::option & o : table) {
        CHECK((o.is_heading() || names.insert(o.name).second));
    }
    const std::string help = cli::quantize_help(table);
    std::size_t column = 0;
    for (const char c : help) {
        column = c == '\n' ? 0 : column + 1;
        CHECK(column <= 80);
    }
    for (const std::string & name : names) {
        CHECK(help.find("--" + name) != std::string::npos);
    }
    for (const char * part : {"Q4_K_M", "IQ4_NL", "smollm2-135m", "gemma3-270m", "arm1176", "  130  "}) {
        CHECK(help.find(part) != std::string::npos);
    }
}
