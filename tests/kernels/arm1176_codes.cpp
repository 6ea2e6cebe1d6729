#include <llmzero/kernels/arm1176_codes.hpp>
#include <llmzero/kernels/loops.hpp>

#include "kernel_cases.hpp"

#include <doctest/doctest.h>

using namespace llmzero;

namespace {

namespace arm_codes = kernels::arm1176::detail;

TEST_CASE("arm1176 codes: words as they are drawn") {
    std::int8_t code[group_size];
    for (std::size_t i = 0; i < group_size; ++i) {
        code[i] = static_cast<std::int8_t>(i);
    }
    std::uint32_t words[8];
    arm_codes::pack_words<packed_format::q8>(code, words);
    CHECK(words[0] == 0x03820180u); // codes 0 and 2 with 128 added, 1 and 3 as they are
    CHECK(words[7] == 0x1f9e1d9cu);
    for (std::size_t i = 0; i < group_size; ++i) {
        code[i] = static_cast<std::int8_t>(static_cast<int>(i % 16) - 8);
    }
    arm_codes::pack_words<packed_format::q4>(code, words);
    CHECK(words[0] == 0xf654b210u); // -8..-1: offset by 8 but for every fourth, which is two's complement
    CHECK(words[1] == 0x7edc3a98u); // 0..7
    CHECK(words[2] == words[0]);
    arm_codes::pack_words<packed_format::q5>(code, words);
    // -8, -7, -6 and -5, -4, -3: the third of each in two's complement, the others offset by 16
    CHECK(words[0] == ((29u << 27 | 12u << 22 | 11u << 16) | (26u << 11 | 9u << 6 | 8u)));
    CHECK(words[5] == (7u << 27 | 6u << 11));
    for (std::size_t i = 0; i < group_size; ++i) {
        code[i] = static_cast<std::int8_t>(static_cast<int>(i) - 16);
    }
    arm_codes::pack_words<packed_format::q8_halves>(code, words);
    // -16 and -14 offset by 32, -15 and -13 in two's complement; below them the highest bits of -4 and -2 (c)
    CHECK(words[0] == ((51u << 26 | 18u << 20 | 7u << 16) | (49u << 10 | 16u << 4 | 7u)));
    // -12 to -9, and of -3 and -1 (d)
    CHECK(words[1] == ((55u << 26 | 22u << 20 | 7u << 16) | (53u << 10 | 20u << 4 | 7u)));
    // -8 to -5; what is left of d, then of c
    CHECK(words[2] == ((59u << 26 | 26u << 20 | 14u << 16) | (57u << 10 | 24u << 4 | 4u)));
    CHECK(words[3] == ((3u << 26 | 34u << 20 | 11u << 16) | (1u << 10 | 32u << 4 | 11u)));
}

TEST_CASE("arm1176 codes: every code comes back from every place") {
    for (const packed_format format : kernel_cases::formats) {
        CAPTURE(static_cast<int>(format));
        const auto range = kernel_cases::codes_of(format);
        const int low = range.low; // clang 14 cannot capture structured bindings
        const int high = range.high;
        const int minus = has_offset(format) && !has_halves(format) && format != packed_format::q8_offset
                              ? (high + 1) / 2
                              : 0; // what stored codes are less by
        kernels::with_format(format, [&]<packed_format known>() {
            for (int value = low; value <= high; ++value) {
                for (std::size_t place = 0; place < group_size; ++place) {
                    std::int8_t code[group_size];
                    for (std::size_t i = 0; i < group_size; ++i) {
                        code[i] = static_cast<std::int8_t>(i == place ? value : i % 2 == 0 ? low : high);
                    }
                    std::uint32_t words[8];
                    arm_codes::pack_words<known>(code, words);
                    std::int8_t back[group_size];
                    arm_codes::unpack_words(known, words, back);
                    for (std::size_t i = 0; i < group_size; ++i) {
                        REQUIRE(back[i] == code[i] - minus);
                    }
                }
            }
        });
    }
}

} // namespace
