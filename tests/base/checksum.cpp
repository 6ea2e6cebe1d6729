#include <llmzero/base/checksum.hpp>

#include <doctest/doctest.h>
#include <set>
#include <string>
#include <vector>

using llmzero::checksum;

namespace {

std::uint64_t sum_of(std::span<const std::byte> bytes) {
    checksum sum;
    sum.add(bytes);
    return sum.value();
}

std::vector<std::byte> some_bytes(std::size_t n) {
    std::vector<std::byte> bytes(n);
    for (std::size_t i = 0; i < n; ++i) {
        bytes[i] = static_cast<std::byte>(i * 37 + 5);
    }
    return bytes;
}

TEST_CASE("checksum: the same in whatever pieces the bytes come") {
    const std::vector<std::byte> bytes = some_bytes(61);
    const std::uint64_t whole = sum_of(bytes);
    for (std::size_t first = 0; first <= bytes.size(); ++first) {
        for (std::size_t second = first; second <= bytes.size(); second += 3) {
            checksum sum;
            sum.add(std::span(bytes).first(first));
            sum.add(std::span(bytes).subspan(first, second - first));
            CHECK(sum.value() == sum_of(std::span(bytes).first(second))); // asking changes nothing
            sum.add(std::span(bytes).subspan(second));
            REQUIRE(sum.value() == whole);
        }
    }
}

TEST_CASE("checksum: every bit counts, and every length") {
    std::vector<std::byte> bytes = some_bytes(45);
    std::set<std::uint64_t> seen = {sum_of(bytes)};
    for (std::byte & byte : bytes) {
        for (int bit = 0; bit < 8; ++bit) {
            byte ^= static_cast<std::byte>(1 << bit);
            CHECK(seen.insert(sum_of(bytes)).second);
            byte ^= static_cast<std::byte>(1 << bit);
        }
    }
    const std::vector<std::byte> zeros(40);
    for (std::size_t n = 0; n <= zeros.size(); ++n) {
        CHECK(seen.insert(sum_of(std::span(zeros).first(n))).second);
    }
}

TEST_CASE("checksum: what files hold stays what it is") {
    const std::string text = "llmzero";
    CHECK(sum_of(std::as_bytes(std::span(text))) == 0x64ca165b6c1d271eu);
    CHECK(sum_of({}) == 0xb743db30302f5574u);
}

} // namespace
