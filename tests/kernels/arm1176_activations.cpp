#include <llmzero/kernels/arm1176_activations.hpp>

#include "arm1176_arrange.hpp"

#include <doctest/doctest.h>

using namespace llmzero;

namespace {

namespace arm = kernels::arm1176;

void check_lane(std::int32_t factor, int low, int high) {
    CHECK(static_cast<std::int16_t>(factor & 0xffff) == low);
    CHECK(static_cast<std::int16_t>(factor >> 16) == high);
}

// Both ends of the range of each lane, so that a bound of one less would be seen to be needed or not.
TEST_CASE("arm1176 activations: factors stay within 16 bits") {
    std::int16_t code[group_size] = {};
    code[0] = 127;
    code[1] = -127;
    code[2] = -127;
    code[3] = 127;
    arm::activation_group a;
    support::arrange_group(activation_kind::eight, code, 1.0f, a);
    check_lane(a.factor[0], -127, 127);
    check_lane(a.factor[1], 256 * 127 + 127, -256 * 127 - 127);
    support::arrange_group(activation_kind::threes, code, 1.0f, a);
    check_lane(a.factor[0], -127, 0);
    check_lane(a.factor[1], -32 * 127 + 127, 0);
    check_lane(a.factor[2], 64 * 127 + 127, 64 * 127);
    code[0] = 127;
    code[1] = 127;
    code[2] = -15; // 16 * 127 + 15 = 2047
    code[3] = -127;
    code[4] = -127;
    code[5] = -127;
    code[6] = 15;
    code[7] = 127;
    support::arrange_group(activation_kind::nibble_safe, code, 1.0f, a);
    check_lane(a.factor[0], -127, 127);
    check_lane(a.factor[1], -16 * 15 + 127, 16 * 15 - 127);
    check_lane(a.factor[2], 16 * 2047, -16 * 2047);
    check_lane(a.factor[3], 16 * 127 - 127, -16 * 127 + 127);
}

TEST_CASE("arm1176 activations: factors of weights of 6 bits stay within 16 bits") {
    std::int16_t code[group_size] = {};
    code[16] = -127; // of the second half
    code[17] = 127;
    code[24] = 127;
    code[28] = 127;
    code[29] = -127;
    code[30] = -127;
    code[31] = 127;
    arm::sixes_group a;
    support::arrange_group(activation_kind::sixes, code, 0.5f, a);
    for (std::size_t i = 0; i < 10; ++i) {
        CHECK(a.factor[i] == 0);
    }
    check_lane(a.factor[10], 127, 0);
    check_lane(a.factor[11], -64 * 127 - 127, 0);
    check_lane(a.factor[12], 64 * 127 + 127, -64 * 127);
    check_lane(a.factor[15], -64 * 127, 64 * 127);
    check_lane(a.factor[16], 0, 0);
    check_lane(a.factor[17], 64 * 127, 0);
    check_lane(a.factor[18], -4 * 127 - 127, 4 * 127);
    check_lane(a.factor[19], 16 * 127 + 4 * 127, -16 * 127 - 4 * 127);
    CHECK(a.half_start[0] == 0);
    CHECK(a.half_start[1] == 0); // -127 + 127 and four that cancel
    CHECK(a.scale == 0.5f / 1024);
    code[0] = 3; // one of each sort
    code[1] = 5; // the signed one does not count
    code[12] = 7;
    code[13] = 11;
    support::arrange_group(activation_kind::sixes, code, 0.5f, a);
    CHECK(a.half_start[0] == -1024 * 32 * (3 + 7 + 11));
}

TEST_CASE("arm1176 activations: a token's numbers stand beside those of the others") {
    std::int16_t code[group_size];
    for (std::size_t i = 0; i < group_size; ++i) {
        code[i] = static_cast<std::int16_t>(i);
    }
    arm::sixes_group a;
    support::arrange_group(activation_kind::sixes, code, 0.5f, a);
    arm::sixes_quad quad{};
    arm::insert_group(a, 2, quad);
    for (std::size_t i = 0; i < 20; ++i) {
        CHECK(quad.factor[i][2] == a.factor[i]);
        CHECK(quad.factor[i][1] == 0);
    }
    CHECK(quad.half_start[1][2] == a.half_start[1]);
    CHECK(quad.half_start[1][2] != quad.half_start[0][2]);
    CHECK(quad.scale[2] == a.scale);
    CHECK(quad.scale[3] == 0.0f);
}

TEST_CASE("arm1176 activations: sums, starts and scales") {
    std::int16_t code[group_size];
    for (std::size_t i = 0; i < group_size; ++i) {
        code[i] = static_cast<std::int16_t>(i < 16 ? 1 : 3);
    }
    arm::activation_group a;
    support::arrange_group(activation_kind::eight, code, 0.5f, a);
    CHECK(a.sum == 0.5f * 64);
    CHECK(a.half_sum[0] == 0.5f * 16);
    CHECK(a.half_sum[1] == 0.5f * 48);
    CHECK(a.half_start[0] == -256 * 128 * 8); // every second
    CHECK(a.half_start[1] == -256 * 128 * 24);
    CHECK(a.start == -256 * 128 * 32);
    CHECK(a.scale == 0.5f / 256);
    CHECK(a.small_scale == 0x1p47f);
    support::arrange_group(activation_kind::threes, code, 0.5f, a);
    CHECK(a.start == -2048 * 16 * (11 + 9 * 3)); // 0, 1, 3, 4, 6, ... without 30 and 31
    CHECK(a.scale == 0.5f / 2048);
    support::arrange_group(activation_kind::nibble_safe, code, 0.5f, a);
    CHECK(a.half_start[0] == -4096 * 8 * 12); // three of four
    CHECK(a.half_start[1] == -4096 * 8 * 36);
    CHECK(a.start == -4096 * 8 * 48);
    CHECK(a.scale == 0.5f / 4096);
}

} // namespace
