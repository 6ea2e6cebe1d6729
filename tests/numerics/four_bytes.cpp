#include <llmzero/numerics/four_bytes.hpp>

#include <cstdint>
#include <cstring>
#include <doctest/doctest.h>

using namespace llmzero;

namespace {

TEST_CASE("four bytes: the first is the lowest, wherever they lie") {
    const unsigned char bytes[6] = {9, 1, 2, 3, 4, 9};
    CHECK(detail::load_four(bytes + 1) == 0x04030201u);
    unsigned char copy[6] = {7, 0, 0, 0, 0, 7};
    detail::store_four(copy + 1, 0x04030201u);
    CHECK(std::memcmp(copy + 1, bytes + 1, 4) == 0);
    CHECK((copy[0] == 7 && copy[5] == 7));
    CHECK(detail::in_each_byte(0x80) == 0x80808080u);
}

TEST_CASE("four bytes: differences stay in their bytes") {
    for (std::uint32_t value = 0; value < 128; ++value) {
        for (const std::uint32_t minus : {0u, 1u, 4u, 8u, 16u, 32u, 127u}) {
            const std::uint32_t word = value << 8 | (127 - value) << 24; // zeros between them
            const std::uint32_t less = detail::less_in_each_byte(word, minus);
            for (std::uint32_t i = 0; i < 4; ++i) {
                const auto before = static_cast<int>(word >> 8 * i & 255u);
                REQUIRE(static_cast<std::int8_t>(less >> 8 * i & 255u) == before - static_cast<int>(minus));
            }
        }
    }
}

TEST_CASE("four bytes: four bits go to four bytes") {
    for (std::uint32_t bits = 0; bits < 16; ++bits) {
        const std::uint32_t spread = detail::spread_four_bits(bits);
        for (std::uint32_t i = 0; i < 4; ++i) {
            REQUIRE((spread >> 8 * i & 255u) == (bits >> i & 1u));
        }
    }
}

} // namespace
