// The layout that the header draws, on every machine. That rows come back is tested in kernel_set.cpp where the machine
// has such kernels, and here where it has not.
#include <llmzero/kernels/neon_layout.hpp>

#include "kernel_cases.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

namespace {

TEST_CASE("neon layout: bytes of tiles") {
    using kernels::neon::packed_bytes;
    CHECK(packed_bytes(packed_format::q8, 16, 64) == 2 * (32 + 512));
    CHECK(packed_bytes(packed_format::q8_offset, 16, 64) == 2 * (128 + 512));
    CHECK(packed_bytes(packed_format::q5, 16, 64) == 2 * (32 + 320));
    CHECK(packed_bytes(packed_format::q5_offset, 16, 64) == 2 * (128 + 320));
    CHECK(packed_bytes(packed_format::q4, 16, 64) == 2 * (32 + 256));
    CHECK(packed_bytes(packed_format::q4_offset, 16, 64) == 2 * (128 + 256));
    CHECK(packed_bytes(packed_format::q8_halves, 16, 512) == 2 * (32 + 8 * (32 + 384)));
    CHECK(packed_bytes(packed_format::q4_halves, 16, 512) == 2 * (32 + 8 * (32 + 256)));
    CHECK(packed_bytes(packed_format::q4_halves_offset, 16, 512) == 2 * (64 + 8 * (64 + 256)));
    // A last block of one group; and whole tiles.
    CHECK(packed_bytes(packed_format::q4_halves, 16, 288) == 32 + 8 * 288 + 32 + 288);
    CHECK(packed_bytes(packed_format::q4, 17, 64) == 2 * packed_bytes(packed_format::q4, 16, 64));
    CHECK(packed_bytes(packed_format::f16, 3, 7) == 3 * 7 * 2);
}

// The code of column 4 * k + j with its bias: `at` is byte j of the row in the first stored line.
int neon_code(packed_format format, const std::byte * at, std::size_t k) {
    const auto bits = [at](std::size_t stored, int from, int count) {
        return std::to_integer<int>(at[64 * stored]) >> from & ((1 << count) - 1);
    };
    if (has_nibbles(format)) {
        return bits(k % 4, k < 4 ? 0 : 4, 4);
    }
    if (has_five_bits(format)) {
        return k < 5    ? bits(k, 0, 5)
               : k == 5 ? bits(0, 5, 3) * 4 + bits(1, 6, 2)
               : k == 6 ? bits(2, 5, 3) * 4 + bits(3, 6, 2)
                        : bits(4, 5, 3) * 4 + bits(1, 5, 1) * 2 + bits(3, 5, 1);
    }
    if (has_six_bits(format)) {
        const std::size_t first = k / 4 * 3;
        return k % 4 < 3 ? bits(first + k % 4, 0, 6)
                         : bits(first, 6, 2) + bits(first + 1, 6, 2) * 4 + bits(first + 2, 6, 2) * 16;
    }
    return static_cast<std::int8_t>(bits(k, 0, 8));
}

TEST_CASE("neon layout: codes lie as the header says, and rows come back") {
    support::numbers random(60);
    for (const packed_format format : kernel_cases::formats) {
        if (!is_quantised(format)) {
            continue;
        }
        CAPTURE(static_cast<int>(format));
        constexpr std::size_t rows = 19; // in two tiles
        constexpr std::size_t cols = 64;
        const auto w = kernel_cases::random_matrix(format, rows, cols, random);
        std::vector<std::byte> memory(static_cast<std::size_t>(kernels::neon::packed_bytes(format, rows, cols)),
                                      std::byte{0x5a});
        const packed_view view{format, rows, cols, memory.data()};
        kernels::neon::pad(view);
        for (std::size_t row = 0; row < rows; ++row) {
            kernels::neon::pack_row(view, row, w.row(row));
        }
        const std::size_t header = has_halves(format) ? (has_offset(format) ? 64 : 32) : has_offset(format) ? 128 : 32;
        const std::size_t factors = has_halves(format) ? (has_offset(format) ? 64 : 32) : 0;
        const bool is_eight = format == packed_format::q8 || format == packed_format::q8_offset;
        const std::size_t codes = 64u * (is_eight ? 8u : has_six_bits(format) ? 6u : has_five_bits(format) ? 5u : 4u);
        const int bias = is_eight ? 0 : kernel_cases::codes_of(format).low;
        for (std::size_t row = 0; row < rows; ++row) {
            for (std::size_t i = 0; i < cols; ++i) {
                const std::size_t g = i / 32;
                const std::byte * at = memory.data() + row / 16 * memory.size() / 2 + header + factors +
                                       g * (factors + codes + (has_halves(format) ? 0 : header)) + row % 16 * 4 + i % 4;
                REQUIRE(neon_code(format, at, i % 32 / 4) + bias == w.groups[row * 2 + g].code[i % 32]);
            }
        }
        CHECK(memory[memory.size() - 1] == std::byte{0}); // of the rows that the tile has too many
        std::vector<float> out(cols);
        for (std::size_t row = 0; row < rows; ++row) {
            kernels::neon::unpack_row(view, row, out.data());
            for (std::size_t i = 0; i < cols; ++i) {
                REQUIRE(out[i] == w.values[row * cols + i]);
            }
        }
    }
}

TEST_CASE("neon layout: scales, offsets and factors of a tile lie row by row") {
    support::numbers random(61);
    const auto w = kernel_cases::random_matrix(packed_format::q4_halves_offset, 16, 64, random);
    std::vector<std::byte> memory(static_cast<std::size_t>(kernels::neon::packed_bytes(w.format, 16, 64)));
    const packed_view view{w.format, 16, 64, memory.data()};
    for (std::size_t row = 0; row < 16; ++row) {
        kernels::neon::pack_row(view, row, w.row(row));
    }
    for (std::size_t row = 0; row < 16; ++row) {
        const weight_group & group = w.groups[2 * row + 1];
        std::uint16_t half[2];
        std::memcpy(&half[0], memory.data() + 2 * row, 2);
        std::memcpy(&half[1], memory.data() + 32 + 2 * row, 2);
        CHECK(f16_to_f32(half[0]) == group.scale);
        CHECK(f16_to_f32(half[1]) == group.offset);
        const std::byte * const factors = memory.data() + 64 + (64 + 256) + row;
        CHECK(static_cast<std::int8_t>(factors[0]) == group.half_scale[0]);
        CHECK(static_cast<std::int8_t>(factors[16]) == group.half_scale[1]);
        CHECK(static_cast<std::int8_t>(factors[32]) == group.half_offset[0]);
        CHECK(static_cast<std::int8_t>(factors[48]) == group.half_offset[1]);
    }
}

} // namespace
