#include "cli/option.hpp"

#include <cstdint>
#include <doctest/doctest.h>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace {

enum class fruit { apple, pear };
constexpr const char * fruit_names[] = {"apple", "pear"};

std::string value_of(const cli::option & o) {
    std::string out;
    cli::json_writer json(out);
    cli::write_value(json, o);
    return out;
}

// The message of a refused value; "" when it was accepted.
std::string refusal(cli::option & o, std::string_view text) {
    const auto set = cli::set_from_text(o, text);
    return set ? std::string() : std::string(set.error().message());
}

} // namespace

TEST_CASE("an option's long name gives its other names") {
    std::uint32_t n = 0;
    const cli::option o = cli::whole('n', "n-predict", n, 0, 9, "");
    CHECK(cli::environment_name(o) == "LLMZERO_N_PREDICT");
    CHECK(cli::json_name(o) == "n_predict");
}

TEST_CASE("an option takes its default from the member it sets") {
    std::uint32_t n = 256;
    float x = 0.8f;
    fruit f = fruit::pear;
    CHECK(cli::whole(0, "n", n, 0, 1000, "").standard == "256");
    CHECK(cli::whole(0, "n", n, 0, 1000, "", "many").standard == "many");
    CHECK(cli::number(0, "x", x, 0, 1, "").standard == "0.8");
    CHECK(cli::choice(0, "f", f, fruit_names, "FRUIT", "").standard == "pear");
}

TEST_CASE("switches say yes or no") {
    bool b = false;
    cli::option o = cli::toggle(0, "b", b, "");
    CHECK(o.is_switch());
    for (const char * yes : {"1", "true", "yes", "on"}) {
        b = false;
        CHECK(refusal(o, yes) == "");
        CHECK(b);
    }
    CHECK(value_of(o) == "true");
    for (const char * no : {"0", "false", "no", "off"}) {
        b = true;
        CHECK(refusal(o, no) == "");
        CHECK_FALSE(b);
    }
    CHECK(value_of(o) == "false");
    for (const char * bad : {"", "2", "TRUE", "y", "nonsense"}) {
        b = true;
        CHECK(refusal(o, bad) != "");
        CHECK(b);
    }
}

TEST_CASE("texts, files and lists") {
    std::string content = "before";
    cli::option text = cli::text(0, "t", content, "TEXT", "");
    CHECK(refusal(text, "") == "");
    CHECK(content == "");
    CHECK(refusal(text, "-x \"y\"") == "");
    CHECK(value_of(text) == R"("-x \"y\"")");

    cli::option file = cli::file(0, "f", content, "");
    CHECK(refusal(file, "") == "must not be empty");
    CHECK(content == "-x \"y\"");

    std::vector<std::string> items;
    cli::option list = cli::texts(0, "l", items, "TEXT", "");
    CHECK(refusal(list, "one") == "");
    CHECK(refusal(list, "two") == "");
    CHECK(refusal(list, "") == "must not be empty");
    CHECK(value_of(list) == R"(["one","two"])");
}

TEST_CASE("whole numbers keep to their range") {
    std::uint32_t n = 5;
    cli::option o = cli::whole(0, "n", n, 1, 4000000000u, "");
    CHECK(refusal(o, "1") == "");
    CHECK(n == 1);
    CHECK(refusal(o, "4000000000") == "");
    CHECK(n == 4000000000u);
    for (const char * bad : {"0", "4000000001", "4294967297", "18446744073709551617", "-1", "1.5", "nonsense", ""}) {
        CAPTURE(bad);
        CHECK(refusal(o, bad) == "'" + std::string(bad) + "' is not a whole number from 1 to 4000000000");
        CHECK(n == 4000000000u);
    }
    CHECK(value_of(o) == "4000000000");
}

TEST_CASE("numbers that may be left to the program") {
    cli::automatic_number seed = 3;
    cli::option o = cli::automatic('s', "seed", seed, "N", "-1", "", "drawn");
    CHECK(refusal(o, "-1") == "");
    CHECK_FALSE(seed);
    CHECK(value_of(o) == "null");
    CHECK(refusal(o, "0") == "");
    CHECK(seed == 0u);
    CHECK(refusal(o, "18446744073709551615") == "");
    CHECK(value_of(o) == "18446744073709551615");
    for (const char * bad : {"18446744073709551616", "-2", "", "1K", "nonsense"}) {
        CHECK(refusal(o, bad) != "");
        CHECK(seed == std::numeric_limits<std::uint64_t>::max());
    }
    o = cli::up_to(15, o);
    CHECK(refusal(o, "15") == "");
    CHECK(refusal(o, "16").find("neither -1 nor a whole number from 0 to 15") != std::string::npos);
    CHECK(seed == 15u);

    cli::automatic_number memory;
    cli::option size = cli::bytes(0, "memory", memory, "auto", "", "what there is");
    CHECK(refusal(size, "2M") == "");
    CHECK(memory == 2097152u);
    CHECK(refusal(size, "nonsense").find("200M") != std::string::npos);
    CHECK(refusal(size, "auto") == "");
    CHECK_FALSE(memory);
}

TEST_CASE("floats keep to their range") {
    float x = 0.5f;
    cli::option o = cli::number(0, "x", x, 0.0, 1.0, "");
    CHECK(refusal(o, "0") == "");
    CHECK(refusal(o, "1") == "");
    CHECK(x == 1.0f);
    for (const char * bad : {"-0.1", "1.0001", "nan", "inf", "", "nonsense"}) {
        CAPTURE(bad);
        CHECK(refusal(o, bad) == "'" + std::string(bad) + "' is not a number from 0 to 1");
        CHECK(x == 1.0f);
    }
}

TEST_CASE("choices go by name") {
    fruit f = fruit::apple;
    cli::option o = cli::choice(0, "f", f, fruit_names, "FRUIT", "");
    CHECK(refusal(o, "pear") == "");
    CHECK(f == fruit::pear);
    CHECK(value_of(o) == R"("pear")");
    CHECK(refusal(o, "plum") == "'plum' is not one of: apple, pear");
    CHECK(cli::same_name("Q4_K_M", "q4_k_m"));
    CHECK_FALSE(cli::same_name("q4_k", "q4_k_m"));
    CHECK_FALSE(cli::same_name("q4_k_m", "q4_k"));
    CHECK(refusal(o, "") != "");
    CHECK(f == fruit::pear);
}

TEST_CASE("JSON has every option but headings and requests") {
    bool quick = true, help = false;
    std::string name = "x";
    const cli::option_table table = {cli::heading("Things"), cli::toggle(0, "be-quick", quick, ""),
                                     cli::text(0, "name", name, "TEXT", ""),
                                     cli::request(cli::toggle('h', "help", help, ""))};
    std::string out;
    cli::json_writer json(out);
    cli::write_options(json, table);
    CHECK(out == R"({"be_quick":true,"name":"x"})");
}
