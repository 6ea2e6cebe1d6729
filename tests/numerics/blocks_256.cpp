#include <llmzero/numerics/blocks_256.hpp>

#include "block_cases.hpp"

#include <doctest/doctest.h>
#include <initializer_list>
#include <vector>

using namespace llmzero;

namespace {

TEST_CASE("blocks of 256: any bytes mean what the format says") {
    block_cases::check_type(tensor_type::q2_k);
    block_cases::check_type(tensor_type::q3_k);
    block_cases::check_type(tensor_type::q4_k);
    block_cases::check_type(tensor_type::q5_k);
    block_cases::check_type(tensor_type::q6_k);
}

struct set_byte {
    std::size_t at;
    std::uint8_t value;
};

// A block of zeros but for these bytes.
std::vector<float> unpack_block(tensor_type id, std::initializer_list<set_byte> bytes) {
    const block_type * type = find_block_type(id);
    REQUIRE(type != nullptr);
    std::vector<std::uint8_t> block(info_of(id).block_bytes);
    for (const set_byte & byte : bytes) {
        block[byte.at] = byte.value;
    }
    std::vector<float> weights(256);
    unpack(*type, reinterpret_cast<const std::byte *>(block.data()), 256, weights.data());
    return weights;
}

// The order of bits, by hand, so that the formulas of block_cases.hpp are not their own witness.
TEST_CASE("blocks of 256: Q2_K by hand") {
    const auto weights = unpack_block(tensor_type::q2_k, {
                                                             {81, 0x38}, // d = 0.5
                                                             {83, 0x34}, // dmin = 0.25
                                                             {0, 0x21},  // weights 0..15: scale 1, min 2
                                                             {15, 0xfa}, // weights 240..255: scale 10, min 15
                                                             {16, 0x02}, // weight 0: 2
                                                             {79, 0xc0}, // weight 128 + 96 + 31: 3
                                                         });
    CHECK(weights[0] == 0.5f * 1 * 2 - 0.25f * 2);
    CHECK(weights[1] == -0.25f * 2);
    CHECK(weights[16] == 0.0f);
    CHECK(weights[240] == -0.25f * 15);
    CHECK(weights[255] == 0.5f * 10 * 3 - 0.25f * 15);
}

TEST_CASE("blocks of 256: Q3_K by hand") {
    const auto weights = unpack_block(
        tensor_type::q3_k, {
                               {109, 0x38}, // d = 0.5
                               {0, 0x01},   // bit 2 of weight 0
                               {31, 0x80},  // bit 2 of weight 224 + 31
                               {32, 0x03},  // weight 0: 3
                               {95, 0x40},  // weight 255: 1
                               {96, 0x05},  // scale 0: 5 + 16 * 2, below
                               {104, 0x02},
                               {103, 0xf0}, // scale 15: 15 + 16 * 3, below
                               {107, 0xc0},
                               {102, 0x0a}, // scale 6: 10 + 16 * 1, its high bits beside those of scales 2, 10 and 14
                               {106, 0x04},
                           });
    CHECK(weights[0] == 0.5f * (5 + 32 - 32) * 3);
    CHECK(weights[1] == 0.5f * (5 + 32 - 32) * -4);
    CHECK(weights[16] == 0.5f * -32 * -4);
    CHECK(weights[96] == 0.5f * (10 + 16 - 32) * -4);
    CHECK(weights[32] == 0.5f * -32 * -4);
    CHECK(weights[255] == 0.5f * (15 + 48 - 32) * 1);
    CHECK(weights[254] == 0.5f * (15 + 48 - 32) * -4);
}

TEST_CASE("blocks of 256: Q4_K by hand") {
    const auto weights = unpack_block(tensor_type::q4_k, {
                                                             {1, 0x38},       // d = 0.5
                                                             {3, 0x34},       // dmin = 0.25
                                                             {4, 0xc1},       // scale 0: 1; bits 4, 5 of scale 4: 3
                                                             {8, 0x82},       // min 0: 2; bits 4, 5 of min 4: 2
                                                             {12, 0x65},      // scale 4: 5 + 48, min 4: 6 + 32
                                                             {16, 0x73},      // weight 0: 3, weight 32: 7
                                                             {143, 0x90},     // weight 192 + 31: 0, weight 255: 9
                                                             {16 + 64, 0x0b}, // weight 128: 11
                                                         });
    CHECK(weights[0] == 0.5f * 1 * 3 - 0.25f * 2);
    CHECK(weights[31] == -0.25f * 2);
    CHECK(weights[32] == 0.0f);
    CHECK(weights[128] == 0.5f * (5 + 48) * 11 - 0.25f * (6 + 32));
    CHECK(weights[159] == -0.25f * (6 + 32));
    CHECK(weights[160] == 0.0f);
    const auto last = unpack_block(tensor_type::q4_k, {{1, 0x38}, {15, 0x0c}, {143, 0x90}});
    CHECK(last[255] == 0.5f * 12 * 9);
    CHECK(last[223] == 0.0f);
}

TEST_CASE("blocks of 256: Q5_K by hand") {
    const auto weights = unpack_block(tensor_type::q5_k, {
                                                             {1, 0x38},   // d = 0.5
                                                             {4, 0x03},   // scale 0: 3
                                                             {15, 0x0c},  // scale 7: 12
                                                             {16, 0x01},  // bit 4 of weight 0
                                                             {47, 0x80},  // bit 4 of weight 255
                                                             {48, 0x02},  // weight 0: 2
                                                             {175, 0x90}, // weight 255: 9
                                                         });
    CHECK(weights[0] == 0.5f * 3 * (16 + 2));
    CHECK(weights[1] == 0.0f);
    CHECK(weights[255] == 0.5f * 12 * (16 + 9));
    CHECK(weights[223] == 0.0f);
}

TEST_CASE("blocks of 256: Q6_K by hand") {
    const auto weights = unpack_block(tensor_type::q6_k, {
                                                             {209, 0x38},     // d = 0.5
                                                             {192, 0xff},     // scale of weights 0..15: -1
                                                             {192 + 4, 3},    // of weights 64..79
                                                             {192 + 15, 127}, // of weights 240..255
                                                             {0, 0x5a},       // weight 0: 10, weight 64: 5
                                                             {127, 0xc0},     // weight 255: 12
                                                             {128, 0x21},     // weight 0: 16, weight 64: 32
                                                             {191, 0xc0},     // weight 255: 48
                                                         });
    CHECK(weights[0] == 0.5f * -1 * (10 + 16 - 32));
    CHECK(weights[1] == 0.5f * -1 * -32);
    CHECK(weights[64] == 0.5f * 3 * (5 + 32 - 32));
    CHECK(weights[255] == 0.5f * 127 * (12 + 48 - 32));
    CHECK(weights[32] == 0.0f);
}

} // namespace
