// The ARM1176's packed lanes against plain integers. What every kernel set promises is tested in kernel_set.cpp.
#include <llmzero/kernels/arm1176.hpp>
#include <llmzero/kernels/portable.hpp>
#include <llmzero/kernels/select.hpp>

#include "kernel_cases.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

#if LLMZERO_HAS_ARM1176

namespace {

namespace arm = kernels::arm1176;

// One group of weights, packed by the set itself.
template <packed_format format> std::vector<std::uint32_t> arm_words(const weight_group & group) {
    std::vector<std::uint32_t> words(arm::bytes_of_row(format, group_size) / 4);
    arm::pack_row({format, 1, group_size, reinterpret_cast<std::byte *>(words.data())}, 0, &group);
    return words;
}

// The integer part in the ARM's lanes and in plain integers, for the same codes.
template <packed_format format> void check_integers(const weight_group & group, const std::int16_t * code) {
    const auto words = arm_words<format>(group);
    arm::activation_group a;
    std::memset(&a, 0x5a, sizeof a);
    arm::arrange_group(arm::kind_for(format), code, 0.5f, a);
    std::int32_t lanes = 0;
    kernels::for_groups<format>(reinterpret_cast<const std::byte *>(words.data()), 1, arm::code_bytes(format),
                                [&](std::size_t, const kernels::group_scales & scales, const std::byte * codes) {
                                    lanes = arm::integer_dot<format>(scales,
                                                                     reinterpret_cast<const std::uint32_t *>(codes), a);
                                });
    std::int16_t wide[group_size];
    std::int32_t sum[2] = {};
    for (std::size_t i = 0; i < group_size; ++i) {
        wide[i] = static_cast<std::int16_t>(group.code[i] * group.half_scale[i / half_size]);
        sum[i / half_size] += code[i];
    }
    REQUIRE(lanes == kernels::portable::integer_dot(wide, code));
    REQUIRE(a.half_sum[0] == sum[0]);
    REQUIRE(a.half_sum[1] == sum[1]);
    REQUIRE(a.scale == 0.5f);
    REQUIRE(a.sum == 0.5f * static_cast<float>(sum[0] + sum[1]));
}

template <packed_format format> void make_nibble_safe(std::int16_t * code) {
    if (arm::kind_for(format) != activation_kind::nibble_safe) {
        return;
    }
    for (std::size_t i = 0; i < group_size; i += 4) { // the largest that the form can carry
        const int limit = 2047;
        const int x1 = code[i + 1];
        const int difference = 16 * x1 - code[i + 2];
        if (difference > limit) {
            code[i + 2] = static_cast<std::int16_t>(16 * x1 - limit);
        } else if (difference < -limit) {
            code[i + 2] = static_cast<std::int16_t>(16 * x1 + limit);
        }
    }
    REQUIRE(detail::is_nibble_safe(code));
}

template <packed_format format> void check_random_integers(std::uint64_t seed) {
    support::numbers random(seed);
    const auto range = kernel_cases::codes_of(format);
    for (int n = 0; n < 20000; ++n) {
        weight_group group = kernel_cases::random_group(format, random); // its factors, if it has any
        std::int16_t code[group_size];
        for (std::size_t i = 0; i < group_size; ++i) {
            const std::uint32_t choice = random.bits();
            const int end = (choice & 1) != 0 ? range.low : range.high;
            const int limit = (choice & 2) != 0 ? -127 : 127;
            group.code[i] = static_cast<std::int8_t>(n % 3 == 0 ? end : random.integer(range.low, range.high));
            code[i] = static_cast<std::int16_t>(n % 2 == 0 ? limit : random.integer(-127, 127));
        }
        make_nibble_safe<format>(code);
        check_integers<format>(group, code);
    }
}

TEST_CASE("arm1176: the integer parts are those of the portable kernels") {
    check_random_integers<packed_format::q8>(60);
    check_random_integers<packed_format::q8_offset>(61);
    check_random_integers<packed_format::q4>(62);
    check_random_integers<packed_format::q4_offset>(63);
    check_random_integers<packed_format::q8_halves>(65);
    check_random_integers<packed_format::q4_halves>(66);
    check_random_integers<packed_format::q4_halves_offset>(67);
}

// Factors of the halves as large as they come, of either sign.
template <packed_format format> weight_group extreme_scales() {
    weight_group group{1.0f, 0.0f, {}};
    if (has_halves(format)) {
        group.half_scale[0] = -128;
        group.half_scale[1] = 127;
    }
    return group;
}

// Every pattern of extremes in the four weights and four activations that share lanes, in every place of a group.
template <packed_format format> void check_extremes() {
    const auto range = kernel_cases::codes_of(format);
    for (std::size_t at = 0; at < group_size; at += 4) {
        for (unsigned pattern = 0; pattern < 256; ++pattern) {
            weight_group group = extreme_scales<format>();
            std::int16_t code[group_size] = {};
            for (std::size_t i = 0; i < 4; ++i) {
                group.code[at + i] = static_cast<std::int8_t>((pattern >> i & 1u) != 0 ? range.low : range.high);
                code[at + i] = (pattern >> (4 + i) & 1u) != 0 ? std::int16_t{-127} : std::int16_t{127};
            }
            make_nibble_safe<format>(code);
            check_integers<format>(group, code);
        }
    }
    for (const int weight : {range.low, range.high}) { // all 32 alike: the largest sums
        for (const std::int16_t limit :
             {std::int16_t{-127}, std::int16_t{127}, std::int16_t{-120}, std::int16_t{120}}) {
            weight_group group = extreme_scales<format>();
            std::int16_t code[group_size];
            for (std::size_t i = 0; i < group_size; ++i) {
                group.code[i] = static_cast<std::int8_t>(weight);
                code[i] = limit;
            }
            make_nibble_safe<format>(code);
            check_integers<format>(group, code);
        }
    }
}

TEST_CASE("arm1176: extremes in all lanes") {
    check_extremes<packed_format::q8>();
    check_extremes<packed_format::q8_offset>();
    check_extremes<packed_format::q4>();
    check_extremes<packed_format::q4_offset>();
    check_extremes<packed_format::q8_halves>();
    check_extremes<packed_format::q4_halves>();
    check_extremes<packed_format::q4_halves_offset>();
}

// Both ends of the range of each lane, so that a bound of one less would be seen to be needed or not.
TEST_CASE("arm1176: prepared factors stay within 16 bits") {
    const auto check_lane = [](std::int32_t factor, int low, int high) {
        CHECK(static_cast<std::int16_t>(factor & 0xffff) == low);
        CHECK(static_cast<std::int16_t>(factor >> 16) == high);
    };
    std::int16_t code[group_size] = {};
    code[0] = 127;
    code[1] = -127;
    code[2] = -127;
    code[3] = 127;
    arm::activation_group a;
    arm::arrange_group(activation_kind::eight, code, 1.0f, a);
    check_lane(a.factor[0], -127, 127);
    check_lane(a.factor[1], 256 * 127 + 127, -256 * 127 - 127);
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

TEST_CASE("arm1176: bytes of rows, and of prepared vectors") {
    CHECK(arm::packed_bytes(packed_format::q8, 3, 64) == 3 * 2 * 36);
    CHECK(arm::packed_bytes(packed_format::q8_offset, 3, 64) == 3 * 2 * 40);
    CHECK(arm::packed_bytes(packed_format::q4, 3, 64) == 3 * 2 * 20);
    CHECK(arm::packed_bytes(packed_format::q4_offset, 3, 64) == 3 * 2 * 24);
    CHECK(arm::packed_bytes(packed_format::q8_halves, 3, 512) == 3 * 2 * (4 + 8 * 36));
    CHECK(arm::packed_bytes(packed_format::q4_halves, 3, 512) == 3 * 2 * (4 + 8 * 20));
    CHECK(arm::packed_bytes(packed_format::q4_halves_offset, 3, 512) == 3 * 2 * (8 + 8 * 20));
    CHECK(arm::activation_bytes(activation_kind::nibble_safe, 64) == 2 * 88);
    CHECK(arm::kind_for(packed_format::q8) == activation_kind::eight);
    CHECK(arm::kind_for(packed_format::q8_offset) == activation_kind::eight);
    CHECK(arm::kind_for(packed_format::q4) == activation_kind::nibble_safe);
    CHECK(arm::kind_for(packed_format::q4_offset) == activation_kind::nibble_safe);
    CHECK(arm::kind_for(packed_format::q8_halves) == activation_kind::eight);
    CHECK(arm::kind_for(packed_format::q4_halves) == activation_kind::nibble_safe);
    CHECK(arm::kind_for(packed_format::q4_halves_offset) == activation_kind::nibble_safe);
    CHECK(arm::kind_for(packed_format::f16) == activation_kind::floats);
}

TEST_CASE("arm1176: words are little endian streams of the header's layout") {
    weight_group group{2.0f, 3.0f, {}};
    for (std::size_t i = 0; i < group_size; ++i) {
        group.code[i] = static_cast<std::int8_t>(i);
    }
    const auto q8 = arm_words<packed_format::q8_offset>(group);
    CHECK(std::bit_cast<float>(q8[0]) == 2.0f);
    CHECK(std::bit_cast<float>(q8[1]) == 3.0f);
    CHECK(q8[2] == 0x03820180u); // codes 0 and 2 with 128 added, 1 and 3 as they are
    CHECK(q8[9] == 0x1f9e1d9cu);
    for (std::size_t i = 0; i < group_size; ++i) {
        group.code[i] = static_cast<std::int8_t>(static_cast<int>(i % 16) - 8);
    }
    const auto q4 = arm_words<packed_format::q4>(group);
    CHECK(std::bit_cast<float>(q4[0]) == 2.0f);
    CHECK(q4[1] == 0xf654b210u); // -8..-1: offset by 8 but for every fourth, which is two's complement
    CHECK(q4[2] == 0x7edc3a98u); // 0..7
    CHECK(q4[3] == q4[1]);
}

TEST_CASE("arm1176: products are those of the portable kernels within rounding, however they quantise") {
    support::numbers random(64);
    // Formats for which both quantise alike.
    for (const packed_format format : {packed_format::q8, packed_format::q8_offset, packed_format::q8_halves}) {
        const auto w = kernel_cases::random_matrix(format, 5, 96, random);
        const auto x = kernel_cases::random_vectors(3 * 96, random);
        float results[2][15];
        const kernel_set * sets[] = {&arm::set, &kernels::portable::set};
        for (std::size_t s = 0; s < 2; ++s) {
            const kernel_cases::packed packed(*sets[s], w);
            const kernel_cases::prepared_vectors prepared(*sets[s], format, x, 96);
            sets[s]->multiply(packed.view(), 0, 5, prepared.token(0), 3, results[s], 5);
        }
        CHECK(std::memcmp(results[0], results[1], sizeof results[0]) == 0);
    }
}

} // namespace

#else

TEST_CASE("arm1176: is not in builds for other machines, and nothing pretends that it is") {
    CHECK(find_kernels("arm1176") == nullptr);
    CHECK(best_kernels().name != std::string_view("arm1176"));
    // The 4-bit lanes are the only reason for narrower activations.
    for (const packed_format format : kernel_cases::formats) {
        CHECK(best_kernels().kind_for(format) != activation_kind::nibble_safe);
    }
}

#endif
