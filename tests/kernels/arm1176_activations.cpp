#include <llmzero/kernels/arm1176_activations.hpp>

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
    arm::arrange_group(activation_kind::eight, code, 1.0f, a);
    check_lane(a.factor[0], -127, 127);
    check_lane(a.factor[1], 256 * 127 + 127, -256 * 127 - 127);
    arm::arrange_group(activation_kind::threes, code, 1.0f, a);
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
    arm::arrange_group(activation_kind::nibble_safe, code, 1.0f, a);
    check_lane(a.factor[0], -127, 127);
    check_lane(a.factor[1], -16 * 15 + 127, 16 * 15 - 127);
    check_lane(a.factor[2], 16 * 2047, -16 * 2047);
    check_lane(a.factor[3], 16 * 127 - 127, -16 * 127 + 127);
}

TEST_CASE("arm1176 activations: sums, starts and scales") {
    std::int16_t code[group_size];
    for (std::size_t i = 0; i < group_size; ++i) {
        code[i] = static_cast<std::int16_t>(i < 16 ? 1 : 3);
    }
    arm::activation_group a;
    arm::arrange_group(activation_kind::eight, code, 0.5f, a);
    CHECK(a.sum == 0.5f * 64);
    CHECK(a.half_sum[0] == 0.5f * 16);
    CHECK(a.half_sum[1] == 0.5f * 48);
    CHECK(a.half_start[0] == -256 * 128 * 8); // every second
    CHECK(a.half_start[1] == -256 * 128 * 24);
    CHECK(a.start == -256 * 128 * 32);
    CHECK(a.scale == 0.5f / 256);
    CHECK(a.small_scale == 0x1p47f);
    arm::arrange_group(activation_kind::threes, code, 0.5f, a);
    CHECK(a.start == -2048 * 16 * (11 + 9 * 3)); // 0, 1, 3, 4, 6, ... without 30 and 31
    CHECK(a.scale == 0.5f / 2048);
    arm::arrange_group(activation_kind::nibble_safe, code, 0.5f, a);
    CHECK(a.half_start[0] == -4096 * 8 * 12); // three of four
    CHECK(a.half_start[1] == -4096 * 8 * 36);
    CHECK(a.start == -4096 * 8 * 48);
    CHECK(a.scale == 0.5f / 4096);
}

} // namespace
