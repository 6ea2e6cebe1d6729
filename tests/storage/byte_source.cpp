#include <llmzero/storage/byte_source.hpp>

#include "gguf_bytes.hpp"

#include <array>
#include <doctest/doctest.h>
#include <limits>
#include <string_view>

using namespace llmzero;

namespace {

TEST_CASE("memory_source: gives its bytes, mapped and read") {
    const std::string_view text = "0123456789";
    const memory_source source(support::bytes_of(text));
    CHECK(source.size() == 10);
    CHECK(source.mapped().data() == support::bytes_of(text).data());
    CHECK(source.mapped().size() == 10);
    for (std::size_t offset = 0; offset <= 10; ++offset) {
        for (std::size_t count = 0; offset + count <= 10; ++count) {
            std::string into(count, '?');
            REQUIRE(source.read(offset, std::as_writable_bytes(std::span(into.data(), into.size()))));
            CHECK(into == text.substr(offset, count));
        }
    }
}

TEST_CASE("memory_source: a read beyond the end is an io error that says where") {
    const memory_source source(support::bytes_of("0123456789"));
    std::array<std::byte, 4> into{};
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    for (const std::uint64_t offset :
         {std::uint64_t{7}, std::uint64_t{10}, std::uint64_t{11}, most - 3, most, std::uint64_t{1} << 32}) {
        CAPTURE(offset);
        const status refused = source.read(offset, into);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == error_code::io);
        CHECK(std::string_view(refused.error().message()).find("at offset " + std::to_string(offset)) !=
              std::string_view::npos);
        CHECK(std::string_view(refused.error().message()).find("only 10 bytes") != std::string_view::npos);
    }
    CHECK(source.read(10, std::span<std::byte>()));
    CHECK_FALSE(source.read(11, std::span<std::byte>()));
}

TEST_CASE("memory_source: may be empty") {
    const memory_source source({});
    CHECK(source.size() == 0);
    CHECK(source.read(0, std::span<std::byte>()));
    std::array<std::byte, 1> into{};
    CHECK_FALSE(source.read(0, into));
}

} // namespace
