#include "arm1176_arrange.hpp"

// Products of 16 tokens at once against plain integers, and against those of one token.
#include <llmzero/kernels/arm1176_block.hpp>
#include <llmzero/kernels/select.hpp>

#include <doctest/doctest.h>

#if LLMZERO_HAS_ARM1176

#    include <llmzero/kernels/arm1176.hpp>

#    include "kernel_cases.hpp"

#    include <cstdint>
#    include <cstring>
#    include <vector>

using namespace llmzero;

namespace {

namespace arm = kernels::arm1176;

constexpr packed_format block_formats[] = {packed_format::q4, packed_format::q4_offset};

std::uint32_t fpscr() {
    std::uint32_t value = 0;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(value));
    return value;
}

// Codes of a token: random, or (extremes) as large as the 4-bit form can carry, of one sign.
void make_codes(int extremes, support::numbers & random, std::int16_t * code) {
    for (std::size_t i = 0; i < group_size; ++i) {
        code[i] = static_cast<std::int16_t>(extremes != 0 ? extremes * 127 : random.integer(-127, 127));
    }
    for (std::size_t i = 0; i < group_size; i += 4) {
        const int difference = 16 * code[i + 1] - code[i + 2];
        if (difference < -2048 || difference > 2047) {
            code[i + 2] = static_cast<std::int16_t>(difference < 0 ? 16 * code[i + 1] + 2047 : 16 * code[i + 1] - 2047);
        }
    }
    REQUIRE(llmzero::detail::is_nibble_safe(code));
}

TEST_CASE("arm1176 block: the codes come back from the factors, and doubles hold three of them") {
    support::numbers random(81);
    for (int n = 0; n < 300; ++n) {
        arm::activation_group groups[arm::block_tokens];
        std::int16_t code[arm::block_tokens][group_size];
        for (std::size_t t = 0; t < arm::block_tokens; ++t) {
            make_codes(n < 2 ? (t % 2 == 0) == (n == 0) ? 1 : -1 : 0, random, code[t]);
            support::arrange_group(activation_kind::nibble_safe, code[t], 0.5f, groups[t]);
        }
        arm::activation_block block;
        arm::arrange_block(groups, block);
        for (std::size_t p = 0; p < 4; ++p) {
            double sum = 0.0;
            for (std::size_t i = 0; i < group_size; ++i) {
                const std::size_t t = 4 + 3 * p;
                const double expected = code[t][i] + 0x1p16 * code[t + 1][i] + 0x1p32 * code[t + 2][i];
                REQUIRE(block.packed[arm::packed_column(i)][p] == expected);
                sum += expected;
            }
            REQUIRE(block.correction[p] == 0x1p52 + 0x1p47 + 0x1p31 + 0x1p15 - 264.0 * sum);
        }
        for (std::size_t t = 0; t < arm::block_tokens; ++t) {
            REQUIRE(block.scale[t] == (t < 4 ? 0.5f / 4096.0f : 0.5f));
            REQUIRE(block.sum[t] == groups[t].sum);
        }
        for (std::size_t t = 0; t < 4; ++t) {
            REQUIRE(block.start[t] == groups[t].start);
            REQUIRE(block.factor[t * 5][t] == groups[t].factor[t * 5]);
        }
    }
}

// Of rows [first_row, end_row), which lie in one tile: plain integers, a float product for each group, added in order.
void check_rows(packed_format format, std::size_t n_groups, std::size_t n_blocks, std::size_t first_row,
                std::size_t end_row, int extremes, support::numbers & random) {
    CAPTURE(static_cast<int>(format));
    CAPTURE(n_groups);
    CAPTURE(n_blocks);
    CAPTURE(extremes);
    const auto range = kernel_cases::codes_of(format);
    const std::size_t rows = end_row + 5;
    const std::size_t cols = n_groups * group_size;
    const std::size_t n_tokens = n_blocks * arm::block_tokens;
    auto w = kernel_cases::random_matrix(format, rows, cols, random);
    for (std::size_t i = 0; i < w.groups.size() && extremes != 0; ++i) {
        for (std::int8_t & code : w.groups[i].code) {
            code = static_cast<std::int8_t>(i / n_groups % 2 == 0 ? range.low : range.high);
        }
    }
    std::vector<std::int16_t> code(n_tokens * cols);
    std::vector<arm::activation_group> groups(n_tokens * n_groups); // [group, token]
    std::vector<float> x_scale(groups.size());
    for (std::size_t i = 0; i < groups.size(); ++i) {
        make_codes(extremes == 0 ? 0 : i % 3 == 0 ? -extremes : extremes, random, code.data() + i * group_size);
        x_scale[i] = 0.01f + 0.1f * std::fabs(random.normal());
        support::arrange_group(activation_kind::nibble_safe, code.data() + i * group_size, x_scale[i], groups[i]);
    }
    auto blocks = heap_array<arm::activation_block>::create(n_groups * n_blocks);
    auto memory = heap_array<std::byte>::create(static_cast<std::size_t>(arm::tiled_bytes(format, rows, cols)));
    REQUIRE(blocks);
    REQUIRE(memory);
    for (std::size_t i = 0; i < n_groups * n_blocks; ++i) {
        arm::arrange_block(groups.data() + i * arm::block_tokens, (*blocks)[i]);
    }
    const packed_view view{format, rows, cols, memory->data()};
    for (std::size_t r = 0; r < rows; ++r) {
        arm::pack_tile_row(view, r, w.groups.data() + r * n_groups);
    }
    const std::size_t stride = rows + 3;
    std::vector<float> y(n_tokens * stride, 77.0f);
    const std::uint32_t mode = fpscr();
    arm::multiply_blocks(view, first_row, end_row, blocks->data(), n_blocks, y.data(), stride);
    CHECK(((fpscr() ^ mode) & 0x07ff0000u) == 0); // vectors and modes, not what was found
    for (std::size_t t = 0; t < n_tokens; ++t) {
        CAPTURE(t);
        for (std::size_t r = 0; r < stride; ++r) {
            if (r < first_row || r >= end_row) {
                REQUIRE(y[t * stride + r] == 77.0f);
                continue;
            }
            float expected = 0.0f;
            for (std::size_t g = 0; g < n_groups; ++g) {
                const weight_group & group = w.groups[r * n_groups + g];
                const std::size_t at = g * n_tokens + t;
                std::int32_t sum = 0;
                for (std::size_t i = 0; i < group_size; ++i) {
                    sum += (group.code[i] - arm::detail::offset_shift(format)) * code[at * group_size + i];
                }
                if (has_offset(format)) {
                    const float moved = group.scale * static_cast<float>(arm::detail::offset_shift(format));
                    const float offset = group.offset * static_cast<float>(group.half_offset[0]) + moved;
                    expected = multiply_add(offset, groups[at].sum, expected);
                }
                expected = multiply_add(static_cast<float>(sum), group.scale * x_scale[at], expected);
            }
            REQUIRE(support::same_float(y[t * stride + r], expected));
        }
    }
}

TEST_CASE("arm1176 block: the sums of plain integers, to the last bit") {
    support::numbers random(82);
    for (const packed_format format : block_formats) {
        for (const int extremes : {0, 1, -1}) {
            check_rows(format, 1, 1, 0, 96, extremes, random);
            check_rows(format, 3, 2, 0, 48, extremes, random);
            check_rows(format, 2, 1, 7, 50, extremes, random); // parts of strips
            check_rows(format, 2, 2, 95, 96, extremes, random);
        }
    }
}

TEST_CASE("arm1176 block: results of a token do not depend on how many there are") {
    support::numbers random(83);
    for (const packed_format format : block_formats) {
        constexpr std::size_t rows = 96 + 20;
        constexpr std::size_t cols = 96;
        constexpr std::size_t most = 2 * 32 + 16 + 4 + 1; // blocks by two, a block, four, one
        const auto w = kernel_cases::random_matrix(format, rows, cols, random);
        const auto x = kernel_cases::random_vectors(most * cols, random);
        const kernel_cases::packed packed(arm::set, w);
        std::vector<float> expected(most * rows);
        for (std::size_t t = 0; t < most; ++t) {
            const std::vector<float> one(x.begin() + static_cast<std::ptrdiff_t>(t * cols),
                                         x.begin() + static_cast<std::ptrdiff_t>((t + 1) * cols));
            const kernel_cases::prepared_vectors prepared(arm::set, format, one, cols);
            arm::set.multiply(packed.view(), 0, rows, prepared.data(), 1, expected.data() + t * rows, rows);
        }
        for (const std::size_t n : {std::size_t{15}, std::size_t{16}, std::size_t{31}, std::size_t{35}, most}) {
            const std::vector<float> some(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(n * cols));
            const kernel_cases::prepared_vectors prepared(arm::set, format, some, cols);
            std::vector<float> y(n * rows);
            arm::set.multiply(packed.view(), 0, rows, prepared.data(), n, y.data(), rows);
            CHECK(std::memcmp(y.data(), expected.data(), y.size() * sizeof(float)) == 0);
        }
    }
}

} // namespace

#else

TEST_CASE("arm1176 block: is not in builds for other machines") {
    CHECK(llmzero::best_kernels().name != std::string_view("arm1176"));
}

#endif
