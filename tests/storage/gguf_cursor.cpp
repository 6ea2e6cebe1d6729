#include <llmzero/storage/gguf_cursor.hpp>

#include "gguf_bytes.hpp"

#include <doctest/doctest.h>
#include <limits>
#include <string>

using namespace llmzero;
using detail::gguf_cursor;
using support::bytes_of;
using support::contains;
using support::raw;
using support::reading_source;

namespace {

TEST_CASE("gguf_cursor: reads the same mapped and not mapped") {
    const std::string bytes = raw(std::uint32_t{7}) + support::text("abc") + support::text("") + support::text("de");
    const memory_source mapped(bytes_of(bytes));
    const reading_source not_mapped(bytes);
    for (const byte_source * source :
         {static_cast<const byte_source *>(&mapped), static_cast<const byte_source *>(&not_mapped)}) {
        gguf_cursor cursor(*source, {});
        std::uint32_t number = 0;
        REQUIRE(cursor.read(number, "a", "number"));
        CHECK(number == 7);
        CHECK(cursor.offset() == 4);
        std::size_t length = 0;
        REQUIRE(cursor.skip_string(length, 10, "a", "string"));
        CHECK(length == 3);
        CHECK(as_text(cursor.passed(12, 3)) == "abc");
        REQUIRE(cursor.skip_strings(2, 10, "a", "string"));
        CHECK(cursor.remaining() == 0);
        CHECK(cursor.offset() == bytes.size());
        const status beyond = cursor.skip(1, "the", "rest");
        REQUIRE_FALSE(beyond);
        CHECK(contains(beyond.error(), "the file ends inside the rest: 1 bytes expected, 0 left (at offset " +
                                           std::to_string(bytes.size()) + ")"));
    }
    CHECK(not_mapped.reads == 1);
    CHECK(not_mapped.size_calls == 1);
}

TEST_CASE("gguf_cursor: a string that is too long for the file or the limit is refused") {
    for (const std::uint64_t length :
         {std::uint64_t{4}, std::uint64_t{1} << 32, std::uint64_t{1} << 63, std::numeric_limits<std::uint64_t>::max(),
          std::numeric_limits<std::uint64_t>::max() - 7}) {
        const std::string bytes = "xx" + raw(length) + "abc";
        const memory_source mapped(bytes_of(bytes));
        for (const bool in_array : {false, true}) {
            gguf_cursor cursor(mapped, {});
            REQUIRE(cursor.skip(2, "the", "start"));
            std::size_t unused = 0;
            const status refused = in_array ? cursor.skip_strings(1, 1000, "the value of", "'k'")
                                            : cursor.skip_string(unused, 1000, "the value of", "'k'");
            REQUIRE_FALSE(refused);
            CHECK(refused.error().code() == error_code::malformed);
            CHECK(contains(refused.error(), "the value of 'k' says that it has " + std::to_string(length) +
                                                " bytes, but only 3 follow (at offset 2)"));
        }
    }
    const std::string bytes = support::text("abcdef");
    const memory_source mapped(bytes_of(bytes));
    for (const bool in_array : {false, true}) {
        std::size_t length = 0;
        gguf_cursor cursor(mapped, {});
        const status refused =
            in_array ? cursor.skip_strings(1, 5, "a", "'k'") : cursor.skip_string(length, 5, "a", "'k'");
        REQUIRE_FALSE(refused);
        CHECK(contains(refused.error(), "'k' has 6 bytes, expected at most 5 (at offset 0)"));
        gguf_cursor again(mapped, {});
        CHECK((in_array ? again.skip_strings(1, 6, "a", "'k'") : again.skip_string(length, 6, "a", "'k'")));
    }
}

TEST_CASE("gguf_cursor: a header that is not mapped is read once, in few and growing steps") {
    std::string bytes;
    std::size_t n_strings = 0;
    while (bytes.size() < 5000000) {
        bytes += support::text(std::string(n_strings % 50, static_cast<char>('a' + n_strings % 26)));
        ++n_strings;
    }
    const std::size_t end = bytes.size();
    bytes.resize(40000000); // the tensors' data, which is not to be read
    const reading_source source(bytes);
    gguf_cursor cursor(source, {});
    REQUIRE(cursor.skip_strings(n_strings, 100, "a", "string"));
    CHECK(cursor.offset() == end);
    CHECK(source.reads <= 6);
    CHECK(source.bytes_read <= 2 * end);
    CHECK(as_text(cursor.passed(0, end)) == std::string_view(bytes).substr(0, end));
    const std::byte * first = cursor.passed(0, 1).data();
    const heap_array<std::byte> copy = cursor.take_copy();
    CHECK(copy.data() == first);
    CHECK(copy.size() == source.bytes_read);
}

TEST_CASE("gguf_cursor: one step reaches as far as is needed, and never beyond the file") {
    const std::string bytes = support::text(std::string(3000000, 'x'));
    const reading_source source(bytes);
    gguf_cursor cursor(source, {});
    std::size_t length = 0;
    REQUIRE(cursor.skip_string(length, 4000000, "a", "string"));
    CHECK(length == 3000000);
    CHECK(source.reads == 2);
    CHECK(source.bytes_read == bytes.size());
}

TEST_CASE("gguf_cursor: the limit of the header holds, mapped or not") {
    const std::string bytes(100, 'x');
    const memory_source mapped(bytes_of(bytes));
    const reading_source not_mapped(bytes);
    gguf_limits limits;
    limits.max_header_bytes = 50;
    for (const byte_source * source :
         {static_cast<const byte_source *>(&mapped), static_cast<const byte_source *>(&not_mapped)}) {
        gguf_cursor cursor(*source, limits);
        CHECK(cursor.skip(40, "the", "start"));
        const status refused = cursor.skip(11, "the", "rest");
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == error_code::unsupported);
        CHECK(contains(refused.error(), "the rest ends after the first 50 bytes"));
        CHECK(contains(refused.error(), "at offset 40"));
        CHECK(cursor.skip(10, "the", "rest"));
        CHECK(contains(cursor.skip(51, "the", "rest").error(),
                       "the file ends inside the rest: 51 bytes expected, 50 left"));
    }
    CHECK(not_mapped.bytes_read == 50);
}

TEST_CASE("gguf_cursor: a source that fails gives its own error") {
    const std::string bytes(600000, 'x');
    reading_source source(bytes);
    source.fail_at = 2;
    gguf_cursor cursor(source, {});
    CHECK(cursor.skip(1000, "the", "start"));
    const status failed = cursor.skip(500000, "the", "rest");
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code() == error_code::io);
    CHECK(contains(failed.error(), "read 2 fails"));
}

} // namespace
