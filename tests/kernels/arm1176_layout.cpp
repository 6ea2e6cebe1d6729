#include <llmzero/kernels/arm1176_layout.hpp>

#include "kernel_cases.hpp"

#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

namespace {

constexpr const packed_layout & arm1176_layout = kernels::arm1176::layout;

TEST_CASE("arm1176 layout: rows of every format come back on every machine") {
    support::numbers random(71);
    constexpr std::size_t rows = 37; // a whole tile and a part of one
    constexpr std::size_t cols = 256;
    for (const packed_format format : kernel_cases::formats) {
        CAPTURE(static_cast<int>(format));
        const auto w = kernel_cases::random_matrix(format, rows, cols, random);
        std::vector<std::byte> memory(static_cast<std::size_t>(arm1176_layout.packed_bytes(format, rows, cols)));
        const packed_view view{format, rows, cols, memory.data()};
        for (std::size_t r = 0; r < rows; ++r) {
            arm1176_layout.pack_row(view, r, w.row(r));
        }
        for (std::size_t r = 0; r < rows; ++r) {
            float out[cols];
            arm1176_layout.unpack_row(view, r, out);
            for (std::size_t i = 0; i < cols; ++i) {
                const float expected = w.values[r * cols + i];
                if (is_quantised(format)) {
                    const weight_group & group = w.groups[(r * cols + i) / group_size];
                    REQUIRE(kernel_cases::same_weight(format, group, i % group_size, out[i], expected));
                } else {
                    REQUIRE(out[i] == expected);
                }
            }
        }
    }
}

TEST_CASE("arm1176 layout: floats lie as they are in a file, the rest in tiles") {
    CHECK(arm1176_layout.packed_bytes(packed_format::f16, 3, 7) == 3 * 7 * 2);
    CHECK(arm1176_layout.packed_bytes(packed_format::q4, 1, 32) ==
          arm1176_layout.packed_bytes(packed_format::q4, 9, 32));
}

} // namespace
