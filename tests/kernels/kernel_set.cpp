// What every kernel set promises, tested on all sets of the build through the interface alone.
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/kernels/select.hpp>

#include "kernel_cases.hpp"
#include "support/scale.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <string_view>
#include <vector>

using namespace llmzero;

namespace {

template <class Test> void for_all_sets_and_formats(Test && test) {
    for (const kernel_set * set : available_kernels()) {
        for (const packed_format format : kernel_cases::formats) {
            CAPTURE(set->name);
            CAPTURE(static_cast<int>(format));
            test(*set, format);
        }
    }
}

TEST_CASE("kernel set: which formats are quantised") {
    CHECK_FALSE(is_quantised(packed_format::f32));
    CHECK_FALSE(is_quantised(packed_format::f16));
    CHECK_FALSE(is_quantised(packed_format::bf16));
    CHECK(is_quantised(packed_format::q8));
    CHECK(is_quantised(packed_format::q8_offset));
    CHECK(is_quantised(packed_format::q4));
    CHECK(is_quantised(packed_format::q4_offset));
    CHECK(is_quantised(packed_format::q8_halves));
    CHECK(is_quantised(packed_format::q4_halves));
    CHECK(is_quantised(packed_format::q4_halves_offset));
    for_all_sets_and_formats([](const kernel_set & set, packed_format format) {
        CHECK(is_quantised(format) == (set.kind_for(format) != activation_kind::floats));
        CHECK(static_cast<std::size_t>(set.kind_for(format)) < activation_kinds);
    });
}

TEST_CASE("kernel set: sizes grow with rows and columns, and hold the codes") {
    for_all_sets_and_formats([](const kernel_set & set, packed_format format) {
        constexpr std::size_t tile = 96; // rows; sets may keep rows in tiles of up to so many
        const auto bytes = set.packed_bytes(format, tile, 64);
        const std::size_t bits = format == packed_format::f32               ? 32
                                 : !is_quantised(format)                    ? 16
                                 : has_five_bits(format)                    ? 5
                                 : has_six_bits(format)                     ? 6
                                 : kernel_cases::codes_of(format).high < 16 ? 4
                                                                            : 8;
        CHECK(bytes >= tile * 64 * bits / 8);
        // Codes of 5 and 6 bits take up to 8; scale, factors and offsets of two groups, once for each row; and what
        // lies behind the last.
        const std::size_t most_bits = has_five_bits(format) || has_six_bits(format) ? 8 : bits;
        CHECK(bytes <=
              tile * (64 * most_bits / 8 + (is_quantised(format) ? 2 * 16 : 0)) + (is_quantised(format) ? 3072 : 0));
        CHECK(set.packed_bytes(format, 0, 64) == 0);
        CHECK(set.packed_bytes(format, 3, 64) >= 3 * 64 * bits / 8);
        CHECK(set.packed_bytes(format, 2 * tile, 64) > bytes);
        // More than 32 bits can count.
        CHECK(set.packed_bytes(format, 1u << 20, 1u << 20) >= (std::uint64_t{1} << 40) * bits / 8);
        const activation_kind kind = set.kind_for(format);
        CHECK(set.activation_bytes(kind, 64) == 2 * set.activation_bytes(kind, 32));
        CHECK(set.activation_bytes(kind, 64) % alignof(float) == 0);
        if (kind == activation_kind::floats) {
            CHECK(set.activation_bytes(kind, 7) == 7 * sizeof(float));
        }
    });
}

TEST_CASE("kernel set: what is prepared for several tokens is what is prepared for each, where threads may share it") {
    for_all_sets_and_formats([](const kernel_set & set, packed_format format) {
        CHECK(set.shared_rows > 0);
        CHECK(set.macs_in_ns > 0);
        CHECK(set.shared_rows * sizeof(float) % cache_line_bytes == 0);
        const activation_kind kind = set.kind_for(format);
        if (!set.prepares_apart || kind == activation_kind::floats) {
            return;
        }
        constexpr std::size_t cols = 96;
        constexpr std::size_t n_tokens = 7;
        support::numbers random(41);
        const auto x = kernel_cases::random_vectors(cols * n_tokens, random);
        const std::size_t bytes = set.activation_bytes(kind, cols);
        auto together = heap_array<std::byte>::create(bytes * n_tokens);
        auto apart = heap_array<std::byte>::create(bytes * n_tokens);
        REQUIRE(together);
        REQUIRE(apart);
        set.prepare(kind, x.data(), cols, n_tokens, together->data());
        for (const std::size_t first : {3u, 0u}) { // in two parts
            const std::size_t n = first == 0 ? 3 : n_tokens - 3;
            set.prepare(kind, x.data() + first * cols, cols, n, apart->data() + first * bytes);
        }
        CHECK(std::equal(together->begin(), together->end(), apart->begin()));
    });
}

TEST_CASE("kernel set: a packed row is unpacked exactly, in any order of rows") {
    for_all_sets_and_formats([](const kernel_set & set, packed_format format) {
        support::numbers random(30);
        for (const std::size_t rows : {1u, 2u, 5u, 8u}) {
            for (const std::size_t cols : {32u, 64u, 96u, 288u}) {
                const auto w = kernel_cases::random_matrix(format, rows, cols, random);
                const kernel_cases::packed forwards(set, w);
                const kernel_cases::packed backwards(set, w, true);
                CHECK(forwards.is_guarded());
                CHECK(forwards.content() == backwards.content());
                std::vector<float> out(cols + 2, 77.0f);
                for (std::size_t r = 0; r < rows; ++r) {
                    set.unpack_row(forwards.view(), r, out.data() + 1);
                    for (std::size_t i = 0; i < cols; ++i) {
                        const float expected = w.values[r * cols + i];
                        const std::size_t g = r * (cols / group_size) + i / group_size;
                        REQUIRE((is_quantised(format) ? kernel_cases::same_weight(format, w.groups[g], i % group_size,
                                                                                  out[1 + i], expected)
                                                      : out[1 + i] == expected));
                    }
                    CHECK(out.front() == 77.0f);
                    CHECK(out.back() == 77.0f);
                }
            }
        }
    });
}

TEST_CASE("kernel set: every code keeps its value in every place") {
    for_all_sets_and_formats([](const kernel_set & set, packed_format format) {
        if (!is_quantised(format)) {
            return;
        }
        const auto range = kernel_cases::codes_of(format);
        support::numbers random(31);
        for (int code = range.low; code <= range.high; ++code) {
            for (std::size_t at = 0; at < group_size; ++at) {
                auto w = kernel_cases::random_matrix(format, 1, 32, random);
                w.groups[0].code[at] = static_cast<std::int8_t>(code);
                const kernel_cases::packed packed(set, w);
                float expected[group_size];
                dequantise(w.groups[0], expected);
                float out[group_size];
                set.unpack_row(packed.view(), 0, out);
                for (std::size_t i = 0; i < group_size; ++i) {
                    REQUIRE(kernel_cases::same_weight(format, w.groups[0], i, out[i], expected[i]));
                }
            }
        }
    });
}

TEST_CASE("kernel set: scales and offsets keep all their bits") {
    for_all_sets_and_formats([](const kernel_set & set, packed_format format) {
        if (!is_quantised(format)) {
            return;
        }
        support::numbers random(32);
        auto w = kernel_cases::random_matrix(format, 1, 64, random);
        w.groups[0].code[0] = 1;
        w.groups[1].code[31] = 1;
        for (weight_group & group : w.groups) {
            set_scales(group.scale, group.offset, &group); // factors of 1
        }
        for (const float scale : {65504.0f, 0x1p-24f, -0x1.554p-2f, 1e-38f, 0.0f}) {
            if (scale == 1e-38f && !has_offset(format)) {
                continue; // no half-precision number
            }
            w.groups[0].scale = scale;
            w.groups[1].scale = has_halves(format) ? scale : -scale; // one for the block
            w.groups[1].half_scale[1] = has_halves(format) ? std::int8_t{-1} : std::int8_t{1};
            const kernel_cases::packed packed(set, w);
            float out[64];
            set.unpack_row(packed.view(), 0, out);
            CHECK(kernel_cases::same_weight(format, w.groups[0], 0, out[0], scale + w.groups[0].offset));
            CHECK(kernel_cases::same_weight(format, w.groups[1], 31, out[63], -scale + w.groups[1].offset));
        }
    });
}

TEST_CASE("kernel set: scales that differ much from each other are kept") {
    for_all_sets_and_formats([](const kernel_set & set, packed_format format) {
        if (!is_quantised(format)) {
            return;
        }
        support::numbers random(40);
        auto w = kernel_cases::random_matrix(format, 1, 64, random);
        if (has_halves(format)) {
            return; // one scale for both groups
        }
        for (int exponent = 0; exponent <= 29; ++exponent) {
            set_scales(std::ldexp(1.5f, 14), w.groups[0].offset, &w.groups[0]);
            set_scales(std::ldexp(-1.25f, 14 - exponent), w.groups[1].offset, &w.groups[1]);
            const kernel_cases::packed packed(set, w);
            float out[64];
            set.unpack_row(packed.view(), 0, out);
            float expected[group_size];
            for (std::size_t g = 0; g < 2; ++g) {
                dequantise(w.groups[g], expected);
                for (std::size_t i = 0; i < group_size; ++i) {
                    REQUIRE(kernel_cases::same_weight(format, w.groups[g], i, out[g * group_size + i], expected[i]));
                }
            }
        }
    });
}

TEST_CASE("kernel set: the factors of the halves keep their values and places") {
    for_all_sets_and_formats([](const kernel_set & set, packed_format format) {
        if (!has_halves(format)) {
            return;
        }
        support::numbers random(39);
        for (int factor = -128; factor <= 127; ++factor) {
            for (const std::size_t h : {0u, 1u}) {
                auto w = kernel_cases::random_matrix(format, 1, 64, random);
                w.groups[1].half_scale[h] = static_cast<std::int8_t>(factor);
                if (has_offset(format)) {
                    w.groups[1].half_offset[h] = static_cast<std::int8_t>(-1 - factor);
                }
                const kernel_cases::packed packed(set, w);
                float expected[group_size];
                dequantise(w.groups[1], expected);
                float out[64];
                set.unpack_row(packed.view(), 0, out);
                for (std::size_t i = 0; i < group_size; ++i) {
                    REQUIRE(kernel_cases::same_weight(format, w.groups[1], i, out[32 + i], expected[i]));
                }
            }
        }
    });
}

TEST_CASE("kernel set: products agree with double, for all shapes and numbers of tokens") {
    for_all_sets_and_formats([](const kernel_set & set, packed_format format) {
        support::numbers random(33);
        for (const std::size_t rows : {1u, 2u, 3u, 7u}) {
            for (const std::size_t cols : {32u, 64u, 288u}) {
                const auto w = kernel_cases::random_matrix(format, rows, cols, random);
                const kernel_cases::packed packed(set, w);
                for (const std::size_t n_tokens : {1u, 2u, 3u, 4u, 5u, 9u}) {
                    CAPTURE(rows);
                    CAPTURE(cols);
                    CAPTURE(n_tokens);
                    const auto x = kernel_cases::random_vectors(cols * n_tokens, random);
                    const kernel_cases::prepared_vectors prepared(set, format, x, cols);
                    std::vector<float> y(rows * n_tokens);
                    set.multiply(packed.view(), 0, rows, prepared.data(), n_tokens, y.data(), rows);
                    for (std::size_t t = 0; t < n_tokens; ++t) {
                        for (std::size_t r = 0; r < rows; ++r) {
                            const auto expected = kernel_cases::exact(set, w, r, x.data() + t * cols);
                            const double error = std::fabs(static_cast<double>(y[t * rows + r]) - expected.value);
                            REQUIRE(error <= 2e-6 * expected.magnitude + 1e-30);
                        }
                    }
                }
            }
        }
    });
}

TEST_CASE("kernel set: products with rows of any length, where a format allows it") {
    for_all_sets_and_formats([](const kernel_set & set, packed_format format) {
        if (is_quantised(format)) {
            return;
        }
        support::numbers random(34);
        for (std::size_t cols = 1; cols <= 70; ++cols) {
            const auto w = kernel_cases::random_matrix(format, 2, cols, random);
            const kernel_cases::packed packed(set, w);
            const auto x = kernel_cases::random_vectors(cols * 2, random);
            const kernel_cases::prepared_vectors prepared(set, format, x, cols);
            float y[4];
            set.multiply(packed.view(), 0, 2, prepared.data(), 2, y, 2);
            for (std::size_t i = 0; i < 4; ++i) {
                const auto expected = kernel_cases::exact(set, w, i % 2, x.data() + i / 2 * cols);
                REQUIRE(std::fabs(static_cast<double>(y[i]) - expected.value) <= 2e-6 * expected.magnitude);
            }
        }
    });
}

TEST_CASE("kernel set: the same bits however tokens and rows are divided") {
    for_all_sets_and_formats([](const kernel_set & set, packed_format format) {
        support::numbers random(35);
        constexpr std::size_t rows = 37; // more than a tile
        constexpr std::size_t cols = 96;
        const auto w = kernel_cases::random_matrix(format, rows, cols, random);
        const kernel_cases::packed packed(set, w);
        for (std::size_t n_tokens = 1; n_tokens <= 9; ++n_tokens) {
            CAPTURE(n_tokens);
            const auto x = kernel_cases::random_vectors(cols * n_tokens, random);
            const kernel_cases::prepared_vectors prepared(set, format, x, cols);
            std::vector<float> together(rows * n_tokens);
            set.multiply(packed.view(), 0, rows, prepared.data(), n_tokens, together.data(), rows);
            std::vector<float> one_by_one(rows * n_tokens);
            for (std::size_t t = 0; t < n_tokens; ++t) {
                const std::vector<float> one(x.begin() + static_cast<std::ptrdiff_t>(t * cols),
                                             x.begin() + static_cast<std::ptrdiff_t>((t + 1) * cols));
                const kernel_cases::prepared_vectors prepared_one(set, format, one, cols);
                set.multiply(packed.view(), 0, rows, prepared_one.data(), 1, one_by_one.data() + t * rows, rows);
            }
            for (std::size_t i = 0; i < together.size(); ++i) {
                REQUIRE(support::same_float(together[i], one_by_one[i]));
            }
            for (std::size_t split = 0; split <= rows; split += 1 + split % 5) {
                std::vector<float> parts(rows * n_tokens);
                set.multiply(packed.view(), split, rows, prepared.data(), n_tokens, parts.data(), rows);
                set.multiply(packed.view(), 0, split, prepared.data(), n_tokens, parts.data(), rows);
                for (std::size_t i = 0; i < together.size(); ++i) {
                    REQUIRE(support::same_float(together[i], parts[i]));
                }
            }
        }
    });
}

TEST_CASE("kernel set: results are written where they belong and nowhere else") {
    for_all_sets_and_formats([](const kernel_set & set, packed_format format) {
        support::numbers random(36);
        constexpr std::size_t rows = 5;
        constexpr std::size_t cols = 64;
        constexpr std::size_t stride = 11;
        constexpr std::size_t n_tokens = 5;
        constexpr std::size_t first = 3; // of y
        const auto w = kernel_cases::random_matrix(format, rows, cols, random);
        const kernel_cases::packed packed(set, w);
        const auto before = packed.content();
        const auto x = kernel_cases::random_vectors(cols * n_tokens, random);
        const kernel_cases::prepared_vectors prepared(set, format, x, cols);
        for (std::size_t first_row = 0; first_row <= rows; ++first_row) {
            for (std::size_t end_row = first_row; end_row <= rows; ++end_row) {
                std::vector<float> y(first + stride * n_tokens, 77.0f);
                set.multiply(packed.view(), first_row, end_row, prepared.data(), n_tokens, y.data() + first, stride);
                for (std::size_t i = 0; i < y.size(); ++i) {
                    const std::size_t column = (i + stride - first) % stride;
                    const bool is_result = i >= first && column >= first_row && column < end_row;
                    REQUIRE((y[i] != 77.0f) == is_result);
                }
            }
        }
        float untouched = 77.0f;
        set.multiply(packed.view(), 0, rows, prepared.data(), 0, &untouched, rows);
        CHECK(untouched == 77.0f);
        CHECK(packed.content() == before);
    });
}

// One group without an offset: the sum of integers is exact, one float product follows. So all sets agree to the last
// bit. (Codes that begin at 0 may be kept less by half of their range, and the offset moved, which rounds.)
TEST_CASE("kernel set: the integer part of a group's product is exact") {
    for_all_sets_and_formats([](const kernel_set & set, packed_format format) {
        if (!is_quantised(format) || format == packed_format::q4_offset || format == packed_format::q5_offset) {
            return;
        }
        support::numbers random(37);
        const auto range = kernel_cases::codes_of(format);
        const int trials = support::full_scale() ? 3000 : 500;
        for (int n = 0; n < trials; ++n) {
            auto w = kernel_cases::random_matrix(format, 1, 32, random);
            w.groups[0].offset = 0.0f;
            std::vector<float> x(32);
            for (std::size_t i = 0; i < 32; ++i) {
                switch (n % 4) {
                case 0: x[i] = static_cast<float>(random.integer(-127, 127)); break;
                case 1: x[i] = random.bits() % 2 != 0 ? 127.0f : -127.0f; break;
                case 2: x[i] = random.normal(); break;
                default: // as large a sum as there is, of either sign
                    x[i] = i % 2 == 0 ? 127.0f : -127.0f;
                    w.groups[0].code[i] =
                        static_cast<std::int8_t>((i % 2 == 0) == (n % 8 == 3) ? range.low : range.high);
                    if (has_halves(format)) {
                        w.groups[0].half_scale[i / half_size] = -128;
                    }
                }
            }
            const kernel_cases::packed packed(set, w);
            const kernel_cases::prepared_vectors prepared(set, format, x, 32);
            float y = 77.0f;
            set.multiply(packed.view(), 0, 1, prepared.data(), 1, &y, 1);
            std::int16_t code[group_size];
            const float scale = quantise_group(set.kind_for(format), x.data(), code);
            std::int32_t sum = 0;
            for (std::size_t i = 0; i < 32; ++i) {
                sum += w.groups[0].half_scale[i / half_size] * w.groups[0].code[i] * code[i];
            }
            REQUIRE(support::same_float(y, 0.0f + static_cast<float>(sum) * (w.groups[0].scale * scale)));
        }
    });
}

TEST_CASE("kernel set: vectors of zeros give zeros") {
    for_all_sets_and_formats([](const kernel_set & set, packed_format format) {
        support::numbers random(38);
        const auto w = kernel_cases::random_matrix(format, 3, 64, random);
        const kernel_cases::packed packed(set, w);
        const kernel_cases::prepared_vectors prepared(set, format, std::vector<float>(64, 0.0f), 64);
        float y[3] = {77, 77, 77};
        set.multiply(packed.view(), 0, 3, prepared.data(), 1, y, 3);
        CHECK(y[0] == 0.0f);
        CHECK(y[1] == 0.0f);
        CHECK(y[2] == 0.0f);
    });
}

// Keys or values [n, head_dim] as floats, or as codes with a scale for each row.
struct kv_case {
    std::vector<float> floats;
    std::vector<std::int8_t> codes;
    std::vector<float> scales;

    [[nodiscard]] kv_rows rows() const {
        return codes.empty() ? kv_rows{floats.data(), nullptr, nullptr} : kv_rows{nullptr, codes.data(), scales.data()};
    }
    [[nodiscard]] double value(std::size_t t, std::size_t i, std::size_t head_dim) const {
        return codes.empty() ? static_cast<double>(floats[t * head_dim + i])
                             : codes[t * head_dim + i] * static_cast<double>(scales[t]);
    }
};

kv_case random_kv(bool is_eight_bit, std::size_t n, std::size_t head_dim, support::numbers & random) {
    kv_case made;
    if (!is_eight_bit) {
        made.floats = kernel_cases::random_vectors(n * head_dim, random);
        return made;
    }
    for (std::size_t i = 0; i < n * head_dim; ++i) {
        made.codes.push_back(static_cast<std::int8_t>(random.integer(-127, 127)));
    }
    for (std::size_t t = 0; t < n; ++t) {
        made.scales.push_back(random.uniform(0.01f, 0.03f));
    }
    return made;
}

void check_attention(const kernel_set & set, bool eight_bit_keys, bool eight_bit_values, bool has_bias, std::size_t n,
                     std::size_t head_dim, std::size_t n_heads, support::numbers & random) {
    CAPTURE(n_heads);
    CAPTURE(eight_bit_keys);
    CAPTURE(eight_bit_values);
    CAPTURE(has_bias);
    CAPTURE(n);
    CAPTURE(head_dim);
    const auto q = kernel_cases::random_vectors(n_heads * head_dim, random);
    const kv_case keys = random_kv(eight_bit_keys, n, head_dim, random);
    const kv_case values = random_kv(eight_bit_values, n, head_dim, random);
    const auto bias = kernel_cases::random_vectors(n_heads * n, random);
    const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
    // Where keys and values are integers, the set of the ARM1176 computes with integers: the elements of a query are
    // within 2^-16 of the largest, which moves a score by 1e-4, and weights within 2^-15 of the largest of 32;
    // values here are up to 3.8, and one unit of their codes up to 0.03.
    const bool in_integers =
        set.name == std::string_view("arm1176") && eight_bit_keys && eight_bit_values && head_dim % 8 == 0;
    const double bound = in_integers ? 6e-4 : 5e-6;

    std::vector<float> scores(n_heads * n + 1, 77.0f);
    std::vector<float> out(n_heads * head_dim + 1, 77.0f); // what was there before does not count
    set.attend(q.data(), n_heads, keys.rows(), values.rows(), n, head_dim, scale, has_bias ? bias.data() : nullptr,
               scores.data(), out.data());
    CHECK(out.back() == 77.0f);
    CHECK(scores.back() == 77.0f);
    for (std::size_t head = 0; head < n_heads; ++head) {
        std::vector<double> weight(n);
        double largest = -std::numeric_limits<double>::infinity();
        for (std::size_t t = 0; t < n; ++t) {
            for (std::size_t i = 0; i < head_dim; ++i) {
                weight[t] += static_cast<double>(q[head * head_dim + i]) * keys.value(t, i, head_dim);
            }
            weight[t] *= static_cast<double>(scale);
            weight[t] += has_bias ? static_cast<double>(bias[head * n + t]) : 0.0;
            largest = std::max(largest, weight[t]);
        }
        double sum = 0;
        for (double & w : weight) {
            w = std::exp(w - largest);
            sum += w;
        }
        for (std::size_t i = 0; i < head_dim; ++i) {
            double expected = 0;
            for (std::size_t t = 0; t < n; ++t) {
                expected += weight[t] / sum * values.value(t, i, head_dim);
            }
            REQUIRE(std::fabs(static_cast<double>(out[head * head_dim + i]) - expected) < bound);
        }
    }
}

TEST_CASE("kernel set: attention against double, with float and 8-bit keys and values") {
    for (const kernel_set * set : available_kernels()) {
        CAPTURE(set->name);
        support::numbers random(53);
        for (const bool eight_bit_keys : {false, true}) {
            for (const bool eight_bit_values : {false, true}) {
                for (std::size_t head_dim = 1; head_dim <= 130; head_dim += head_dim < 20 ? 1 : 10) {
                    for (const std::size_t n : {1u, 2u, 3u, 17u}) {
                        check_attention(*set, eight_bit_keys, eight_bit_values, n % 2 == 1, n, head_dim,
                                        1 + head_dim % 5, random);
                    }
                }
                check_attention(*set, eight_bit_keys, eight_bit_values, false, 257, 64, 3, random);
                check_attention(*set, eight_bit_keys, eight_bit_values, true, 257, 64, 3, random);
            }
        }
    }
}

} // namespace
