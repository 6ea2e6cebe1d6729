// The layout that the header draws, on every machine. That rows come back is tested in kernel_set.cpp where the machine
// has such kernels, and here where it has not.
#include <llmzero/kernels/x86_layout.hpp>

#include "kernel_cases.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

namespace {

TEST_CASE("x86 layout: bytes of tiles") {
    using kernels::x86::packed_bytes;
    CHECK(packed_bytes(packed_format::q8, 32, 64) == 2 * (64 + 1024));
    CHECK(packed_bytes(packed_format::q8_offset, 32, 64) == 2 * (256 + 1024));
    CHECK(packed_bytes(packed_format::q5, 32, 64) == 2 * (64 + 128 + 512));
    CHECK(packed_bytes(packed_format::q5_offset, 32, 64) == 2 * (256 + 128 + 512));
    CHECK(packed_bytes(packed_format::q4, 32, 64) == 2 * (64 + 512));
    CHECK(packed_bytes(packed_format::q4_offset, 32, 64) == 2 * (256 + 512));
    CHECK(packed_bytes(packed_format::q8_halves, 32, 512) == 2 * (64 + 8 * (64 + 256 + 512)));
    CHECK(packed_bytes(packed_format::q4_halves, 32, 512) == 2 * (64 + 8 * (64 + 512)));
    CHECK(packed_bytes(packed_format::q4_halves_offset, 32, 512) == 2 * (128 + 8 * (128 + 512)));
    // A last block of one group; and whole tiles.
    CHECK(packed_bytes(packed_format::q4_halves, 32, 288) == 64 + 8 * 576 + 64 + 576);
    CHECK(packed_bytes(packed_format::q4, 33, 64) == 2 * packed_bytes(packed_format::q4, 32, 64));
    CHECK(packed_bytes(packed_format::f16, 3, 7) == 3 * 7 * 2);
}

// Byte `column % 4` of a row in line `column / 4` of its strip.
TEST_CASE("x86 layout: codes lie as the header says") {
    support::numbers random(60);
    for (const packed_format format : kernel_cases::formats) {
        if (!is_quantised(format)) {
            continue;
        }
        CAPTURE(static_cast<int>(format));
        constexpr std::size_t rows = 35; // in two tiles
        constexpr std::size_t cols = 64;
        const auto w = kernel_cases::random_matrix(format, rows, cols, random);
        std::vector<std::byte> memory(static_cast<std::size_t>(kernels::x86::packed_bytes(format, rows, cols)));
        const packed_view view{format, rows, cols, memory.data()};
        kernels::x86::pad(view);
        for (std::size_t row = 0; row < rows; ++row) {
            kernels::x86::pack_row(view, row, w.row(row));
        }
        const std::size_t header = has_halves(format) ? (has_offset(format) ? 128 : 64) : has_offset(format) ? 256 : 64;
        const std::size_t factors = has_halves(format) ? (has_offset(format) ? 128 : 64) : 0;
        const std::size_t high = has_six_bits(format) ? 128 : has_five_bits(format) ? 64 : 0;
        const std::size_t strip = high + (high != 0 || has_nibbles(format) ? 256 : 512);
        const auto range = kernel_cases::codes_of(format);
        const int bias = range.low;
        for (std::size_t row = 0; row < rows; ++row) {
            for (std::size_t i = 0; i < cols; ++i) {
                const std::size_t g = i / 32;
                const std::size_t line = i % 32 / 4;
                const std::byte * at = memory.data() + row / 32 * memory.size() / 2 + header + factors +
                                       g * (factors + 2 * strip + (has_halves(format) ? 0 : header)) +
                                       row % 32 / 16 * strip + row % 16 * 4 + i % 4;
                int code = 0;
                if (strip == 512) {
                    code = static_cast<int>(at[line * 64]);
                } else {
                    code = static_cast<int>(at[high + line % 4 * 64]) >> (line < 4 ? 0 : 4) & 15;
                }
                if (high == 64) {
                    code += (static_cast<int>(at[0]) >> line & 1) * 16;
                } else if (high == 128) {
                    code += (static_cast<int>(at[line / 4 * 64]) >> line % 4 * 2 & 3) * 16;
                }
                REQUIRE(code + bias == w.groups[row * 2 + g].code[i % 32]);
            }
        }
        std::vector<float> out(cols);
        for (std::size_t row = 0; row < rows; ++row) {
            kernels::x86::unpack_row(view, row, out.data());
            for (std::size_t i = 0; i < cols; ++i) {
                REQUIRE(out[i] == w.values[row * cols + i]);
            }
        }
    }
}

TEST_CASE("x86 layout: scales, offsets and factors of a tile lie row by row") {
    support::numbers random(61);
    const auto w = kernel_cases::random_matrix(packed_format::q4_halves_offset, 32, 64, random);
    std::vector<std::byte> memory(static_cast<std::size_t>(kernels::x86::packed_bytes(w.format, 32, 64)));
    const packed_view view{w.format, 32, 64, memory.data()};
    for (std::size_t row = 0; row < 32; ++row) {
        kernels::x86::pack_row(view, row, w.row(row));
    }
    for (std::size_t row = 0; row < 32; ++row) {
        const weight_group & group = w.groups[2 * row + 1];
        std::uint16_t half[2];
        std::memcpy(&half[0], memory.data() + 2 * row, 2);
        std::memcpy(&half[1], memory.data() + 64 + 2 * row, 2);
        CHECK(f16_to_f32(half[0]) == group.scale);
        CHECK(f16_to_f32(half[1]) == group.offset);
        const std::byte * const factors = memory.data() + 128 + (128 + 512) + row;
        CHECK(static_cast<std::int8_t>(factors[0]) == group.half_scale[0]);
        CHECK(static_cast<std::int8_t>(factors[32]) == group.half_scale[1]);
        CHECK(static_cast<std::int8_t>(factors[64]) == group.half_offset[0]);
        CHECK(static_cast<std::int8_t>(factors[96]) == group.half_offset[1]);
    }
}

} // namespace
