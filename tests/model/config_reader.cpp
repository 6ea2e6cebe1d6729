#include <llmzero/model/config_reader.hpp>
#include <llmzero/storage/byte_source.hpp>
#include <llmzero/storage/gguf_writer.hpp>

#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace llmzero;
using detail::config_reader;

namespace {

// Calls `look` with a reader of keys "a.<what>".
template <class Add, class Look> void with_keys(const Add & add, const Look & look) {
    gguf_writer writer;
    add(writer);
    std::vector<std::byte> bytes;
    const auto take = [&](std::span<const std::byte> part) {
        bytes.insert(bytes.end(), part.begin(), part.end());
        return success();
    };
    REQUIRE(writer.write(take, [](std::size_t, gguf_sink) { return success(); }));
    const memory_source source(bytes);
    const auto file = gguf_file::open(source);
    REQUIRE(file);
    look(config_reader(*file, "a"));
}

// The sentence of something that failed.
template <class T> std::string sentence(const T & failed, error_code code) {
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code() == code);
    return failed.error().message();
}

bool has_part(const std::string & text, const char * part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("config reader: counts and positive numbers, with and without a value to fall back to") {
    with_keys(
        [](gguf_writer & w) {
            REQUIRE(w.add("a.n", 5u));
            REQUIRE(w.add("a.zero", 0u));
            REQUIRE(w.add("a.x", 0.5f));
            REQUIRE(w.add("a.negative", -0.5f));
        },
        [](const config_reader & keys) {
            CHECK(keys.architecture() == "a");
            CHECK(keys.has("n"));
            CHECK_FALSE(keys.has("m"));
            CHECK(*keys.count("n") == 5);
            CHECK(*keys.count("n", 5) == 5);
            CHECK(*keys.count_or("n", 7) == 5);
            CHECK(*keys.count_or("m", 7) == 7);
            CHECK(*keys.positive("x") == 0.5f);
            CHECK(*keys.positive_or("y", 2.0f) == 2.0f);
            CHECK(*keys.get_or<std::uint32_t>("zero", 3) == 0);
            CHECK(*keys.get_or<std::uint32_t>("m", 3) == 3);
            const auto malformed = error_code::malformed;
            CHECK(has_part(sentence(keys.count("n", 4), malformed), "'a.n' is 5, expected 1 to 4 (at offset"));
            CHECK(has_part(sentence(keys.count("zero"), malformed), "'a.zero' is 0"));
            CHECK(has_part(sentence(keys.count_or("zero", 1), malformed), "'a.zero' is 0"));
            CHECK(has_part(sentence(keys.count("m"), malformed), "'a.m' is missing"));
            CHECK(has_part(sentence(keys.positive("negative"), malformed), "above 0"));
            CHECK(has_part(sentence(keys.positive_or("negative", 1), malformed), "above 0"));
            CHECK(has_part(sentence(keys.positive("n"), malformed), "'a.n' is of type u32"));
        });
}

TEST_CASE("config reader: an array where one number belongs is not supported") {
    const std::uint32_t counts[] = {4, 2, 4};
    with_keys([&](gguf_writer & w) { REQUIRE(w.add_array("a.n", std::span(counts))); },
              [](const config_reader & keys) {
                  for (const auto & refused : {keys.count("n"), keys.count_or("n", 1)}) {
                      CHECK(has_part(sentence(refused, error_code::unsupported),
                                     "'a.n' is an array of 3, one for each layer"));
                  }
              });
}

TEST_CASE("config reader: keys that change what is computed must say that they do not") {
    with_keys(
        [](gguf_writer & w) {
            REQUIRE(w.add("a.none", 0u));
            REQUIRE(w.add("a.some", 8u));
            REQUIRE(w.add("a.one", 1.0f));
            REQUIRE(w.add("a.cap", 30.0f));
            REQUIRE(w.add("a.text", "x"));
        },
        [](const config_reader & keys) {
            CHECK(keys.refuse_unless("missing", 0));
            CHECK(keys.refuse_unless("none", 0));
            CHECK(keys.refuse_unless("one", 1));
            const auto unsupported = error_code::unsupported;
            CHECK(has_part(sentence(keys.refuse_unless("some", 0), unsupported),
                           "'a.some' is 8, which is not supported; expected 0 (at offset"));
            CHECK(has_part(sentence(keys.refuse_unless("cap", 0), unsupported), "'a.cap' is 30"));
            CHECK(has_part(sentence(keys.refuse_unless("none", 1), unsupported), "'a.none' is 0"));
            CHECK_FALSE(keys.refuse_unless("text", 0));
        });
}
