#include <llmzero/kernels/select.hpp>
#include <llmzero/model/batch_time.hpp>

#include <doctest/doctest.h>

using namespace llmzero;

namespace {

packed_matrix matrix_of(packed_format format, std::size_t rows, std::size_t cols) {
    auto made = packed_matrix::create(best_kernels(), format, rows, cols);
    REQUIRE(made);
    return std::move(*made);
}

TEST_CASE("batch_time: the mean over the matrices, by their size") {
    kernel_set kernels = best_kernels();
    kernels.time_of_four = [](packed_format format) {
        return format == packed_format::f32 ? 3.0f : 2.0f;
    };
    batch_time time;
    CHECK(time.of_four() == 4.0f); // nothing known
    time.add(kernels, matrix_of(packed_format::f32, 32, 64));
    CHECK(time.of_four() == 3.0f);
    time.add(kernels, matrix_of(packed_format::q4, 96, 64));
    CHECK(time.of_four() == 2.25f);
    time.add(kernels, packed_matrix());
    CHECK(time.of_four() == 2.25f);
}

TEST_CASE("batch_time: four tokens take every kernel set longer than one and no longer than four") {
    for (const kernel_set * set : available_kernels()) {
        for (int format = 0; format <= static_cast<int>(packed_format::q4_halves_offset); ++format) {
            const float four = set->time_of_four(static_cast<packed_format>(format));
            CHECK(four >= 1.0f);
            CHECK(four <= 4.0f);
        }
    }
}

} // namespace
