#include "stick/settings.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using stick::read_settings;
using stick::settings;

namespace {

const std::vector<std::string> some_models = {"built-in", "SmolLM2-135M.gguf"};

std::string annotated(const std::string & content) {
    return read_settings(content, some_models).annotated;
}

} // namespace

TEST_CASE("settings: the file that is there from the start says what holds without it") {
    const std::string content = stick::default_settings_text();
    const auto read = read_settings(content, some_models);
    CHECK(read.values == settings());
    CHECK(read.annotated == content);
    CHECK(read.mistake.empty());
    CHECK(content.find("max tokens = 256\r\n") != content.npos);
    CHECK(content.find("temperature = 0.8\r\n") != content.npos);
}

TEST_CASE("settings: values") {
    const std::string content = "model = smollm2-135m\nMAX_TOKENS: 12\n temperature=0\nseed = 7\n"
                                "system = Answer in one sentence = short.\n";
    const auto read = read_settings(content, some_models);
    CHECK(read.mistake.empty());
    CHECK(read.annotated == content);
    CHECK(read.values.model == "SmolLM2-135M.gguf");
    CHECK(read.values.max_tokens == 12);
    CHECK(read.values.temperature == 0.0f);
    CHECK(read.values.seed == 7u);
    CHECK(read.values.has_system);
    CHECK(read.values.system == "Answer in one sentence = short.");
    CHECK(read_settings("system = none", some_models).values.has_system);
    CHECK(read_settings("system = none", some_models).values.system.empty());
    CHECK(read_settings("model = Built-In", some_models).values.model == "built-in");
    CHECK(read_settings("seed = RANDOM", some_models).n_mistakes == 1);
    CHECK(
        read_settings(content + "model=\nmax tokens=\ntemperature=\nseed=\nsystem=\n", some_models).values.max_tokens ==
        settings().max_tokens);
    CHECK_FALSE(read_settings(content + "system =", some_models).values.has_system);
    CHECK(read_settings("", some_models).values == settings());
}

TEST_CASE("settings: a mistake is explained under its line, until it is gone") {
    const struct {
        const char * line;
        const char * explanation;
    } cases[] = {
        {"temperature = hot", "#! 'hot' is not a number from 0 to 100; 0.8 is used"},
        {"max tokens = 0", "#! '0' is not a whole number from 1 to 65536; 256 is used"},
        {"seed = x", "#! 'x' is neither random nor a whole number from 0 to 18446744073709551615; random is used"},
        {"model = gpt", "#! there is no model 'gpt'; there are: built-in, SmolLM2-135M.gguf"},
        {"temprature = 1", "#! there is no setting 'temprature'; did you mean temperature?"},
        {"colour = red", "#! there is no setting 'colour'; there are: model, max tokens, temperature, seed, system"},
        {"hello", "#! this is no setting: one has its name, =, and its value; # begins a remark"},
    };
    for (const auto & c : cases) {
        const std::string line = c.line;
        const std::string explained = line + "\r\n" + c.explanation + "\r\n";
        CHECK(annotated(line + "\r\nseed = 3\r\n") == explained + "seed = 3\r\n");
        CHECK(annotated(explained) == explained);
        CHECK(annotated("# x\r\n" + std::string(c.explanation) + "\r\n") == "# x\r\n");
        CHECK(annotated(line) == line + "\n" + c.explanation + "\n");
        const auto read = read_settings("seed = 3\n" + line + "\nmax tokens = 4\n", some_models);
        CHECK(read.n_mistakes == 1);
        CHECK("#! " + read.mistake == c.explanation);
        CHECK(read.values.max_tokens == 4); // the rest holds
    }
}

TEST_CASE("settings: the user's lines stay as they are in every encoding") {
    using stick::text_encoding;
    for (const text_encoding encoding :
         {text_encoding::utf16_le, text_encoding::utf16_be, text_encoding::windows_1252}) {
        const bool is_utf16 = encoding != text_encoding::windows_1252;
        const stick::text_form form = {encoding, true};
        const std::string mark = encoding == text_encoding::utf16_le   ? "\xff\xfe"
                                 : encoding == text_encoding::utf16_be ? "\xfe\xff"
                                                                       : "";
        const std::string before = mark + stick::encode_text("# caf\xc3\xa9\nseed = x\n", form);
        const std::string after = stick::encode_text("max tokens = 9", form);
        const auto read = read_settings(before + after, some_models);
        CHECK(read.values.max_tokens == 9);
        CHECK(read.annotated.starts_with(before));
        CHECK(read.annotated.ends_with(after));
        CHECK(read.annotated.size() > before.size() + after.size() + (is_utf16 ? 80 : 40));
        CHECK(read_settings(read.annotated, some_models).annotated == read.annotated);
    }
    CHECK(annotated("seed = 1\r\rmax tokens = x\r# y") ==
          "seed = 1\r\rmax tokens = x\r#! 'x' is not a whole number from 1 to 65536; 256 is used\n# y");
}

TEST_CASE("settings: what is no text is left as it is") {
    const std::string bytes("\0\1\2", 3);
    const auto read = read_settings(bytes, some_models);
    CHECK(read.values == settings());
    CHECK(read.annotated == bytes);
    CHECK(read.mistake == "it is no text");
}
