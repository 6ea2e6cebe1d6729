#include "cli/file_info.hpp"

#include "support/json.hpp"

#include <cstdint>
#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace llmzero;

namespace {

// A file with an entry of every kind and three tensors.
std::vector<std::byte> file_to_tell_of() {
    gguf_writer writer;
    CHECK(writer.add("general.architecture", "mamba"));
    CHECK(writer.add("number.small", std::int8_t{-5}));
    CHECK(writer.add("number.large", std::uint64_t{0xffffffffffffffffu}));
    CHECK(writer.add("number.low", std::int64_t{-9223372036854775807}));
    CHECK(writer.add("real", 0.1f));
    CHECK(writer.add("real.wide", 0.25));
    CHECK(writer.add("flag", true));
    CHECK(writer.add("long", std::string(300, 'x')));
    CHECK(writer.add("odd", "a\n\x1b[2Jb"));
    CHECK(writer.add_array("words", std::vector<std::string>{"a", "b", "c", "d", "e", "f"}));
    CHECK(writer.add_array("numbers", std::vector<std::int16_t>{-1, 2}));
    CHECK(writer.add_array("none", std::vector<float>{}));
    const std::uint64_t matrix[] = {64, 3};
    const std::uint64_t vector[] = {5};
    CHECK(writer.add_tensor("a.weight", matrix, tensor_type::q4_0));
    CHECK(writer.add_tensor("b.weight", matrix, tensor_type::q4_0));
    CHECK(writer.add_tensor("odd\nname", vector, tensor_type::f32));
    std::vector<std::byte> made;
    CHECK(writer.write(
        [&made](std::span<const std::byte> bytes) {
            made.insert(made.end(), bytes.begin(), bytes.end());
            return success();
        },
        [](std::size_t i, gguf_sink data) { return data(std::vector<std::byte>(i < 2 ? 2 * 3 * 18 : 20)); }));
    return made;
}

bool has_line(const std::string & text, const std::string & line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

} // namespace

TEST_CASE("file info: every value is told, long ones in short") {
    const auto bytes = file_to_tell_of();
    const memory_source source(bytes);
    const auto file = gguf_file::open(source);
    REQUIRE(file.has_value());
    cli::file_needs needs;
    needs.why_not = "it is of an unknown kind";
    const std::string text = cli::info_text("x.gguf", *file, needs);
    CHECK(has_line(text, "Metadata: 12 keys"));
    CHECK(has_line(text, "  number.small                             i8             -5"));
    CHECK(has_line(text, "  number.large                             u64            18446744073709551615"));
    CHECK(has_line(text, "  number.low                               i64            -9223372036854775807"));
    CHECK(has_line(text, "  real                                     f32            0.1"));
    CHECK(has_line(text, "  real.wide                                f64            0.25"));
    CHECK(has_line(text, "  flag                                     bool           true"));
    CHECK(has_line(text, "  long                                     string         \"" + std::string(100, 'x') +
                             "\"... (300 bytes)"));
    CHECK(has_line(text, "  odd                                      string         \"a\\n\\u001b[2Jb\""));
    CHECK(has_line(text, "  words                                    string[6]      "
                         "[\"a\",\"b\",\"c\",\"d\",\"e\",...]"));
    CHECK(has_line(text, "  numbers                                  i16[2]         [-1,2]"));
    CHECK(has_line(text, "  none                                     f32[0]         []"));
    CHECK(has_line(text, "  a.weight                                 Q4_0    64 x 3           108 bytes"));
    CHECK(has_line(text, "  odd name                                 F32     5                20 bytes"));
    CHECK(has_line(text, "  Q4_0    2 tensors     0.00 M weights       216 bytes"));
    CHECK(has_line(text, "  all     3 tensors     0.00 M weights       236 bytes"));
    CHECK(has_line(text, "llmzero cannot run this file: it is of an unknown kind"));
    CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("file info: the object says the same") {
    const auto bytes = file_to_tell_of();
    const memory_source source(bytes);
    const auto file = gguf_file::open(source);
    REQUIRE(file.has_value());
    cli::file_needs needs;
    needs.why_not = "because";
    auto told = support::json::parse(cli::info_json("x.gguf", *file, needs, {}), nullptr, false);
    REQUIRE_FALSE(told.is_discarded());
    CHECK(told["bytes"] == bytes.size());
    CHECK(told["gguf_version"] == 3);
    CHECK(told["weights"] == 2 * 64 * 3 + 5);
    CHECK(told["tensor_bytes"] == 236);
    CHECK(told["runs"] == false);
    CHECK(told["why_not"] == "because");
    CHECK_FALSE(told.contains("memory"));
    CHECK(told["tensors"][0]["shape"] == support::json::array({64, 3}));
    CHECK(told["tensors"][2]["name"] == "odd\nname");
    CHECK(told["types"].size() == 2);
    CHECK(told["metadata"][1]["value"] == -5);
    CHECK(told["metadata"][2]["value"] == 18446744073709551615u);
    CHECK(told["metadata"][7]["value"] == std::string(300, 'x'));
    CHECK(told["metadata"][9]["count"] == 6);
    CHECK(told["metadata"][9]["first"] == support::json::array({"a", "b", "c", "d", "e"}));

    needs = {"", 512, "q8", 1000, 24};
    told = support::json::parse(cli::info_json("x.gguf", *file, needs, {}), nullptr, false);
    CHECK(told["runs"] == true);
    CHECK(told["memory"]["context"] == 512);
    CHECK(told["memory"]["together"] == 1024);
    const std::string text = cli::info_text("x.gguf", *file, needs);
    CHECK(has_line(text, "  context of 512 tokens, q8 cache          24 bytes"));
    CHECK(has_line(text, "  together                                 1.0 kB"));
}
