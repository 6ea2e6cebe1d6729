#include "cli/json.hpp"

#include "support/json.hpp"

#include <cstdint>
#include <doctest/doctest.h>
#include <limits>
#include <random>
#include <string>

namespace {

std::string as_json(std::string_view text) {
    std::string out;
    cli::json_writer(out).value(text);
    return out;
}

template <class Number> std::string as_json_number(Number number) {
    std::string out;
    cli::json_writer(out).value(number);
    return out;
}

} // namespace

TEST_CASE("JSON: commas stand between values and nowhere else") {
    std::string out;
    cli::json_writer json(out);
    json.begin_object();
    json.member("a", std::uint32_t{1});
    json.key("b");
    json.begin_array();
    json.value("x,");
    json.value("[");
    json.begin_object();
    json.end_object();
    json.begin_array();
    json.end_array();
    json.null();
    json.end_array();
    json.key("c");
    json.begin_object();
    json.member("d", true);
    json.member("e", false);
    json.end_object();
    json.member("f:", "{");
    json.end_object();
    CHECK(out == R"({"a":1,"b":["x,","[",{},[],null],"c":{"d":true,"e":false},"f:":"{"})");
}

TEST_CASE("JSON: negative integers keep every digit") {
    CHECK(as_json_number(std::int64_t{-1}) == "-1");
    CHECK(as_json_number(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
    CHECK(as_json_number(std::int64_t{7}) == "7");
}

TEST_CASE("JSON: text is escaped") {
    CHECK(as_json("") == R"("")");
    CHECK(as_json("\"\\/\n\r\t") == R"("\"\\/\n\r\t")");
    CHECK(as_json(std::string_view("\0\x1f\x7f", 3)) == R"("\u0000\u001f\u007f")");
    CHECK(as_json("\xc3\xa9\xf0\x9f\x98\x80") == "\"\xc3\xa9\xf0\x9f\x98\x80\"");
    CHECK(as_json("\xff\xed\xa0\x80") == "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST_CASE("JSON: numbers are exact, and never what JSON does not have") {
    CHECK(as_json_number(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
    CHECK(as_json_number(0.8f) == "0.8");
    CHECK(as_json_number(1234.5678) == "1234.57");
    CHECK(as_json_number(1e300) == "1e+300");
    CHECK(as_json_number(std::numeric_limits<double>::infinity()) == "null");
    CHECK(as_json_number(std::numeric_limits<double>::quiet_NaN()) == "null");
    CHECK(as_json_number(std::numeric_limits<float>::quiet_NaN()) == "null");
}

TEST_CASE("JSON: any bytes give a text that a parser accepts") {
    std::mt19937 random(2);
    for (int i = 0; i < 500; ++i) {
        std::string bytes(random() % 40, 0);
        for (char & c : bytes) {
            c = static_cast<char>(random());
        }
        std::string out;
        cli::json_writer json(out);
        json.begin_object();
        json.member("text", std::string_view(bytes));
        json.end_object();
        CAPTURE(out);
        const auto parsed = nlohmann::json::parse(out, nullptr, false);
        REQUIRE_FALSE(parsed.is_discarded());
        std::string expected;
        cli::for_each_character(bytes, [&](std::string_view b, std::uint32_t) { expected += b; });
        CHECK(parsed["text"].get<std::string>() == expected);
    }
}
