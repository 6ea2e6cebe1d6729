#include <llmzero/numerics/blocks_32.hpp>

#include "block_cases.hpp"

#include <doctest/doctest.h>

using namespace llmzero;

namespace {

TEST_CASE("blocks of 32: any bytes mean what the format says") {
    block_cases::check_type(tensor_type::q8_0);
    block_cases::check_type(tensor_type::q4_0);
    block_cases::check_type(tensor_type::q4_1);
    block_cases::check_type(tensor_type::q5_0);
    block_cases::check_type(tensor_type::q5_1);
    block_cases::check_type(tensor_type::iq4_nl);
}

// The order of bits, by hand, so that the formulas of block_cases.hpp are not their own witness.
TEST_CASE("blocks of 32: five bits by hand") {
    std::uint8_t block[22] = {0x00, 0x38}; // d = 0.5
    block[2] = 0x01;                       // bit 0: weight 0
    block[5] = 0x80;                       // bit 31: weight 31
    block[6] = 0x2a;                       // weight 0: 10, weight 16: 2
    block[21] = 0xf3;                      // weight 15: 3, weight 31: 15
    weight_group group;
    detail::unpack_q5_0(reinterpret_cast<const std::byte *>(block), &group);
    float weights[32];
    dequantise(group, weights);
    CHECK(weights[0] == 0.5f * (16 + 10 - 16));
    CHECK(weights[16] == 0.5f * (2 - 16));
    CHECK(weights[15] == 0.5f * (3 - 16));
    CHECK(weights[31] == 0.5f * (16 + 15 - 16));
    CHECK(weights[1] == -8.0f);
}

TEST_CASE("blocks of 32: IQ4_NL by hand") {
    std::uint8_t block[18] = {0x00, 0x34}; // d = 0.25
    block[2] = 0xf0;                       // weight 0: -127, weight 16: 113
    block[17] = 0x87;                      // weight 15: -10, weight 31: 1
    weight_group group;
    detail::unpack_iq4_nl(reinterpret_cast<const std::byte *>(block), &group);
    float weights[32];
    dequantise(group, weights);
    CHECK(weights[0] == -127 * 0.25f);
    CHECK(weights[16] == 113 * 0.25f);
    CHECK(weights[15] == -2.5f);
    CHECK(weights[31] == 0.25f);
    for (std::size_t i = 1; i < 16; ++i) {
        CHECK(iq4_nl_values[i] > iq4_nl_values[i - 1]);
    }
}

} // namespace
