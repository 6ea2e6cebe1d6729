#include <llmzero/kernels/arm1176_tile.hpp>

#include "kernel_cases.hpp"

#include <doctest/doctest.h>
#include <set>
#include <vector>

using namespace llmzero;

namespace {

namespace arm = kernels::arm1176;

TEST_CASE("arm1176 tile: bytes of a group of rows") {
    const auto bits = [](packed_format format) {
        const arm::tile_shape shape(format);
        return static_cast<double>(shape.tile_bytes(1000)) * 8 / static_cast<double>(shape.rows() * 32000);
    };
    CHECK(bits(packed_format::q8) == doctest::Approx(8.501));
    CHECK(bits(packed_format::q5) == doctest::Approx(6.501));
    CHECK(bits(packed_format::q4) == doctest::Approx(5.0));
    CHECK(bits(packed_format::q8_offset) == doctest::Approx(10.0));
    CHECK(bits(packed_format::q5_offset) == doctest::Approx(8.0));
    CHECK(bits(packed_format::q4_offset) == doctest::Approx(6.0));
    CHECK(bits(packed_format::q8_halves) == doctest::Approx(8.0));
    CHECK(bits(packed_format::q4_halves) == doctest::Approx(6.0));
    CHECK(bits(packed_format::q4_halves_offset) == doctest::Approx(8.0));
    CHECK(arm::tiled_bytes(packed_format::q8_halves, 33, 64) == 2 * 3 * (128 + 384) + 5 * (128 + 384) + 128 + 32);
    CHECK(arm::tiled_bytes(packed_format::q8, 97, 64) ==
          2 * (6 + 1) * (32 + 512) + 384 + 64 + 5 * (32 + 512) + 32 + 32);
    CHECK(arm::tiled_bytes(packed_format::q8, 0, 64) == 0);
    CHECK(arm::tiled_bytes(packed_format::q4, 96, 32) == (6 + 5) * (64 + 256) + 64 + 32);
}

TEST_CASE("arm1176 tile: only the last has fewer rows") {
    const packed_view w{packed_format::q5, 96 + 33, 64, nullptr};
    CHECK(arm::tile_shape(w, 0).height == 96);
    CHECK(arm::tile_shape(w, 95).height == 96);
    CHECK(arm::tile_shape(w, 96).height == 48);
    CHECK(arm::tile_shape(w, 128).height == 48);
    CHECK(arm::tile_at(w, 95) == 0);
    CHECK(arm::tile_at(w, 128) == arm::tile_shape(w.format).tile_bytes(2));
}

TEST_CASE("arm1176 tile: lines of the stream begin at cache lines") {
    for (const packed_format format : kernel_cases::formats) {
        if (is_quantised(format)) {
            const arm::tile_shape shape(format);
            CHECK(shape.scale_bytes() % 32 == 0);
            CHECK(shape.strip_bytes() % 32 == 0);
            CHECK(shape.group_bytes() % 32 == 0);
            CHECK(shape.rows() % shape.strip_rows() == 0);
            CHECK(arm::tile_shape(format, 1).tile_bytes(1) % 32 == 0);
            CHECK(shape.whole_strips(0) == 0);
            CHECK(shape.whole_strips(1) == shape.strip_rows());
            CHECK(shape.whole_strips(shape.rows()) == shape.rows());
            CHECK(shape.tile_bytes(3) % 32 == 0);
        }
    }
}

TEST_CASE("arm1176 tile: every part of every row has a place of its own") {
    for (const packed_format format : kernel_cases::formats) {
        if (!is_quantised(format)) {
            continue;
        }
        CAPTURE(static_cast<int>(format));
        const arm::tile_shape shape(format, has_offset(format) ? 96 : 41);
        constexpr std::size_t n_groups = 3;
        std::set<std::size_t> taken;
        const auto take = [&](std::size_t at, std::size_t bytes) {
            for (std::size_t i = at; i < at + bytes; ++i) {
                REQUIRE(taken.insert(i).second);
            }
        };
        for (std::size_t row = 0; row < shape.height; ++row) {
            for (std::size_t g = 0; g < n_groups; ++g) {
                const std::size_t group = g * shape.group_bytes();
                take(group + shape.scale_at(row), shape.has_wide_scales() ? 4 : 2);
                for (std::size_t h = 0; h < 2 && has_halves(format); ++h) {
                    take(group + shape.factor_at(row, h), 2);
                }
                for (std::size_t h = 0; h < shape.n_offsets(); ++h) {
                    take(group + shape.offset_at(row, h), 4);
                }
                for (std::size_t word = 0; word < shape.words(); ++word) {
                    take(group + shape.word_at(row, word), 4);
                }
            }
            if (!shape.has_wide_scales()) {
                take(shape.unit_at(row, n_groups), 4);
            }
        }
        CHECK(taken.size() == shape.tile_bytes(n_groups)); // and nothing is left over
        CHECK(*taken.rbegin() == shape.tile_bytes(n_groups) - 1);
    }
}

// Rows come back whatever the tile, and the exponents of rows do not touch each other.
TEST_CASE("arm1176 tile: rows of several tiles come back") {
    constexpr std::size_t rows = 96 + 23;
    support::numbers random(70);
    for (const packed_format format : kernel_cases::formats) {
        if (!is_quantised(format)) {
            continue;
        }
        CAPTURE(static_cast<int>(format));
        auto w = kernel_cases::random_matrix(format, rows, 64, random);
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t g = 0; g < 2; ++g) {
                weight_group & group = w.groups[2 * r + g];
                group.scale = std::ldexp(group.scale, static_cast<int>(r % 9) - 4);
                dequantise(group, w.values.data() + (2 * r + g) * group_size);
            }
        }
        std::vector<std::byte> memory(static_cast<std::size_t>(arm::tiled_bytes(format, rows, 64)), std::byte{0x5a});
        const packed_view view{format, rows, 64, memory.data()};
        for (std::size_t r = 0; r < rows; ++r) {
            arm::pack_tile_row(view, r, w.groups.data() + 2 * r);
        }
        for (std::size_t r = 0; r < rows; ++r) {
            float out[64];
            arm::unpack_tile_row(view, r, out);
            for (std::size_t i = 0; i < 64; ++i) {
                const weight_group & group = w.groups[2 * r + i / group_size];
                REQUIRE(kernel_cases::same_weight(format, group, i % group_size, out[i], w.values[r * 64 + i]));
            }
        }
    }
}

} // namespace
