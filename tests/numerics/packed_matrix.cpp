#include <llmzero/kernels/select.hpp>
#include <llmzero/numerics/packed_matrix.hpp>

#include "support/failing_allocator.hpp"
#include "support/numbers.hpp"
#include "support/threads.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <doctest/doctest.h>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

using namespace llmzero;

namespace {

constexpr packed_format packed_formats[] = {
    packed_format::f32,       packed_format::f16,       packed_format::bf16,      packed_format::q8,
    packed_format::q8_offset, packed_format::q5,        packed_format::q5_offset, packed_format::q4,
    packed_format::q4_offset, packed_format::q8_halves, packed_format::q4_halves, packed_format::q4_halves_offset};

// A set of the portable functions that counts, and whose 4-bit formats ask for a kind of their own.
struct prepare_calls {
    int eight = 0;
    int nibble_safe = 0;
    int floats = 0;
} calls;

void counting_prepare(activation_kind kind, const float * x, std::size_t cols, std::size_t n_tokens, std::byte * out) {
    ++(kind == activation_kind::eight         ? calls.eight
       : kind == activation_kind::nibble_safe ? calls.nibble_safe
                                              : calls.floats);
    kernels::portable::prepare(kind, x, cols, n_tokens, out);
}

activation_kind two_kinds(packed_format format) {
    if (!is_quantised(format)) {
        return activation_kind::floats;
    }
    return has_nibbles(format) ? activation_kind::nibble_safe : activation_kind::eight;
}

kernel_set counting_set(bool has_two_kinds) {
    kernel_set set = kernels::portable::set;
    set.prepare = counting_prepare;
    if (has_two_kinds) {
        set.kind_for = two_kinds;
    }
    return set;
}

packed_matrix random_matrix(const kernel_set & set, packed_format format, std::size_t rows, std::size_t cols,
                            support::numbers & random) {
    auto made = packed_matrix::create(set, format, rows, cols);
    REQUIRE(made);
    for (std::size_t r = 0; r < rows; ++r) {
        if (!is_quantised(format)) {
            std::vector<std::uint8_t> row(cols * (format == packed_format::f32 ? 4 : 2));
            for (std::uint8_t & byte : row) {
                byte = static_cast<std::uint8_t>(random.integer(0x30, 0x3f));
            }
            set.pack_row(made->view(), r, row.data());
            continue;
        }
        std::vector<weight_group> groups(cols / group_size);
        for (weight_group & group : groups) {
            group.scale = random.uniform(0.01f, 0.02f);
            group.offset = random.uniform(-0.1f, 0.1f);
            for (std::int8_t & code : group.code) {
                code = static_cast<std::int8_t>(random.integer(0, 7));
            }
        }
        set.pack_row(made->view(), r, groups.data());
    }
    return std::move(*made);
}

TEST_CASE("packed matrix: in memory of somebody else it is the same") {
    for (const kernel_set * set : available_kernels()) {
        CAPTURE(set->name);
        auto own = packed_matrix::create(*set, packed_format::q4, 5, 64); // rows that its tile may have too many
        REQUIRE(own);
        const std::size_t bytes = own->size_bytes();
        auto memory = heap_array<std::byte>::create(bytes + cache_line_bytes);
        REQUIRE(memory);
        std::fill(memory->begin(), memory->end(), std::byte{0x5a});
        const packed_matrix made = packed_matrix::create_in(memory->span(), *set, packed_format::q4, 5, 64);
        CHECK(made.view().data == memory->data());
        CHECK(made.size_bytes() == bytes);
        CHECK((*memory)[bytes] == std::byte{0x5a});
        std::vector<weight_group> groups(2);
        for (std::size_t row = 0; row < 5; ++row) {
            for (weight_group & group : groups) {
                set_scales(0.5f, 0.0f, &group);
                std::fill(std::begin(group.code), std::end(group.code), static_cast<std::int8_t>(row));
            }
            set->pack_row(own->view(), row, groups.data());
            set->pack_row(made.view(), row, groups.data());
        }
        CHECK(std::equal(own->bytes().begin(), own->bytes().end(), made.bytes().begin()));
    }
}

TEST_CASE("packed matrix: shape, size and alignment") {
    for (const kernel_set * set : available_kernels()) {
        for (const packed_format format : packed_formats) {
            auto made = packed_matrix::create(*set, format, 5, 64);
            REQUIRE(made);
            CHECK(made->rows() == 5);
            CHECK(made->cols() == 64);
            CHECK(made->format() == format);
            CHECK_FALSE(made->empty());
            CHECK(made->size_bytes() == set->packed_bytes(format, 5, 64));
            const packed_view view = made->view();
            CHECK(view.format == format);
            CHECK(view.rows == 5);
            CHECK(view.cols == 64);
            CHECK(reinterpret_cast<std::uintptr_t>(view.data) % cache_line_bytes == 0);
            const std::byte * data = view.data;
            const packed_matrix moved = std::move(*made);
            CHECK(moved.view().data == data);
            CHECK(moved.rows() == 5);
        }
    }
    CHECK(packed_matrix().empty());
    CHECK(packed_matrix().rows() == 0);
    CHECK(packed_matrix().cols() == 0);
}

TEST_CASE("packed matrix: running out of memory is an error") {
    const auto survived = support::survive_allocation_failures([]() -> status {
        LLMZERO_ASSIGN(const auto made, packed_matrix::create(best_kernels(), packed_format::q8, 3, 64));
        CHECK(made.rows() == 3);
        return success();
    });
    CHECK(survived == 2);
}

TEST_CASE("activations: each kind is prepared once for a vector, when it is first asked for") {
    support::numbers random(20);
    constexpr std::size_t cols = 64;
    constexpr std::size_t n_tokens = 3;
    for (const bool has_two_kinds : {false, true}) {
        CAPTURE(has_two_kinds);
        const kernel_set set = counting_set(has_two_kinds);
        const auto q8 = random_matrix(set, packed_format::q8, 4, cols, random);
        const auto q4 = random_matrix(set, packed_format::q4, 4, cols, random);
        const auto q4_offset = random_matrix(set, packed_format::q4_offset, 4, cols, random);
        const auto f16 = random_matrix(set, packed_format::f16, 4, cols, random);
        auto made = activations::create(set, cols, n_tokens);
        REQUIRE(made);
        std::vector<float> x(cols * n_tokens);
        for (float & value : x) {
            value = random.normal();
        }
        std::vector<float> y(4 * n_tokens);
        for (int round = 1; round <= 3; ++round) {
            calls = {};
            x[1] += 1.0f; // set() is what says that the vectors have changed
            made->set(x.data(), cols, n_tokens);
            CHECK(calls.eight + calls.nibble_safe + calls.floats == 0);
            made->multiply(f16, y.data());
            CHECK(calls.eight + calls.nibble_safe + calls.floats == 0);
            made->multiply(q4, y.data());
            made->multiply(q4_offset, y.data());
            made->multiply(q4, y.data());
            CHECK(calls.nibble_safe == (has_two_kinds ? 1 : 0));
            CHECK(calls.eight == (has_two_kinds ? 0 : 1));
            made->multiply(q8, y.data());
            made->multiply(q8, y.data());
            CHECK(calls.nibble_safe == (has_two_kinds ? 1 : 0));
            CHECK(calls.eight == 1);
            CHECK(calls.floats == 0);
        }
    }
}

TEST_CASE("activations: multiply gives what the kernels give for the vectors that are set") {
    support::numbers random(21);
    for (const kernel_set * set : available_kernels()) {
        for (const packed_format format : packed_formats) {
            CAPTURE(set->name);
            CAPTURE(static_cast<int>(format));
            auto made = activations::create(*set, 128, 4);
            REQUIRE(made);
            // Vectors of several lengths share the memory, one after the other; the longest is in the middle.
            for (const std::size_t cols : {64u, 128u, 32u}) {
                for (const std::size_t n_tokens : {1u, 4u, 3u}) {
                    const auto w = random_matrix(*set, format, 5, cols, random);
                    std::vector<float> x(cols * n_tokens);
                    for (float & value : x) {
                        value = random.normal();
                    }
                    made->set(x.data(), cols, n_tokens);
                    std::vector<float> y(5 * n_tokens + 1, 77.0f);
                    made->multiply(w, y.data());
                    CHECK(y.back() == 77.0f);

                    const activation_kind kind = set->kind_for(format);
                    const std::size_t bytes = set->activation_bytes(kind, cols);
                    auto prepared = heap_array<std::byte>::create(bytes * n_tokens);
                    REQUIRE(prepared);
                    set->prepare(kind, x.data(), cols, n_tokens, prepared->data());
                    std::vector<float> expected(5 * n_tokens);
                    set->multiply(w.view(), 0, 5, prepared->data(), n_tokens, expected.data(), 5);
                    for (std::size_t i = 0; i < expected.size(); ++i) {
                        REQUIRE(y[i] == expected[i]);
                    }
                }
            }
        }
    }
}

TEST_CASE("activations: threads that share products give the same bits") {
    constexpr std::size_t cols = 256;
    constexpr std::size_t most_tokens = 9;
    constexpr std::size_t rows[] = {403, 7, 160}; // whole tiles and parts of them
    support::numbers random(22);
    std::vector<float> x(cols * most_tokens);
    for (float & value : x) {
        value = random.normal();
    }
    for (const kernel_set * set : available_kernels()) {
        for (const packed_format format : packed_formats) {
            CAPTURE(set->name);
            CAPTURE(static_cast<int>(format));
            const packed_format other = is_quantised(format) ? packed_format::q8 : packed_format::f16;
            const packed_matrix w[] = {random_matrix(*set, format, rows[0], cols, random),
                                       random_matrix(*set, other, rows[1], cols, random),
                                       random_matrix(*set, format, rows[2], cols, random)};
            for (const std::size_t n_tokens : {std::size_t{1}, most_tokens}) {
                std::vector<float> expected[3];
                for (const std::uint32_t n_threads : support::thread_counts()) {
                    CAPTURE(n_threads);
                    const auto team = thread_team::create(n_threads);
                    REQUIRE(team);
                    auto made = activations::create(*set, cols, most_tokens, team->get());
                    REQUIRE(made);
                    made->set(x.data(), cols, n_tokens);
                    std::vector<float> y[3];
                    for (std::size_t i = 0; i < 3; ++i) {
                        y[i].assign(rows[i] * n_tokens + 1, 77.0f);
                    }
                    made->multiply({{w[0], y[0].data()}, {w[1], y[1].data()}, {w[2], y[2].data()}});
                    for (std::size_t i = 0; i < 3; ++i) {
                        CHECK(y[i].back() == 77.0f);
                        if (n_threads == 1) {
                            expected[i] = y[i];
                        }
                        CHECK(std::memcmp(y[i].data(), expected[i].data(), y[i].size() * sizeof(float)) == 0);
                    }
                }
            }
        }
    }
}

TEST_CASE("activations: float formats of any width need no preparation") {
    const float x[] = {1, 2, 3, 4, 5, 6};
    for (const kernel_set * set : available_kernels()) {
        auto w = packed_matrix::create(*set, packed_format::f32, 2, 3);
        REQUIRE(w);
        const float rows[2][3] = {{1, 10, 100}, {0, 0, 1}};
        set->pack_row(w->view(), 0, rows[0]);
        set->pack_row(w->view(), 1, rows[1]);
        auto made = activations::create(*set, 3, 2);
        REQUIRE(made);
        made->set(x, 3, 2);
        float y[4];
        made->multiply(*w, y);
        CHECK(y[0] == 321.0f);
        CHECK(y[1] == 3.0f);
        CHECK(y[2] == 654.0f);
        CHECK(y[3] == 6.0f);
    }
}

// The kinds that `set` prepares for, each with the bytes of one vector.
std::size_t expected_activation_bytes(const kernel_set & set, std::size_t cols, std::size_t n_tokens) {
    std::size_t bytes = 0;
    for (const activation_kind kind : {activation_kind::eight, activation_kind::nibble_safe, activation_kind::threes,
                                       activation_kind::sixes, activation_kind::nibble_halves}) {
        bool is_used = false;
        for (const packed_format format : packed_formats) {
            is_used = is_used || set.kind_for(format) == kind;
        }
        bytes += is_used ? set.activation_bytes(kind, (cols + 31) / 32 * 32) * n_tokens : 0;
    }
    return bytes;
}

TEST_CASE("activations: bytes_needed is what create takes") {
    const kernel_set one_kind = counting_set(false);
    const kernel_set two = counting_set(true);
    for (const kernel_set * set : {&one_kind, &two, &best_kernels()}) {
        for (const std::size_t cols : {32u, 64u, 70u, 576u}) {
            for (const std::size_t n_tokens : {1u, 32u}) {
                CHECK(activations::bytes_needed(*set, cols, n_tokens) ==
                      expected_activation_bytes(*set, cols, n_tokens));
            }
        }
    }
    CHECK(activations::bytes_needed(two, 64, 3) == 2 * activations::bytes_needed(one_kind, 64, 3));
    // One allocation for each kind, of the bytes of bytes_needed(): the last byte of them is written and read below.
    const std::uint64_t before = support::allocation_count();
    auto made = activations::create(two, 64, 3);
    CHECK(support::allocation_count() == before + 2);
    REQUIRE(made);
    auto w = packed_matrix::create(two, packed_format::q4, 1, 64);
    REQUIRE(w);
    const weight_group groups[2] = {};
    two.pack_row(w->view(), 0, groups);
    std::vector<float> x(64 * 3, 1.0f);
    made->set(x.data(), 64, 3);
    float y[3];
    made->multiply(*w, y);
    CHECK(y[2] == y[0]);
}

TEST_CASE("activations: running out of memory is an error") {
    const kernel_set two = counting_set(true);
    const auto survived = support::survive_allocation_failures([&two]() -> status {
        LLMZERO_ASSIGN(const auto made, activations::create(two, 64, 3));
        static_cast<void>(made);
        return success();
    });
    CHECK(survived == 4);
}

TEST_CASE("packed_matrix: what belongs to no row is set, and nothing else needs to be") {
    for (const packed_layout * layout : packed_layouts()) {
        CAPTURE(std::string(layout->layout_name));
        for (const packed_format format : {packed_format::q8, packed_format::q4_offset, packed_format::f16}) {
            const auto bytes = static_cast<std::size_t>(layout->packed_bytes(format, 37, 64));
            std::vector<std::vector<std::byte>> made;
            for (const std::byte before : {std::byte{0}, std::byte{0x5a}}) {
                std::vector<std::byte> memory(bytes, before);
                const packed_view view{format, 37, 64, memory.data()};
                layout->pad(view);
                const weight_group groups[2] = {};
                const std::uint16_t halves[64] = {};
                const void * source = is_quantised(format) ? static_cast<const void *>(groups) : halves;
                for (std::size_t row = 0; row < 37; ++row) {
                    layout->pack_row(view, row, source);
                }
                made.push_back(memory);
            }
            CHECK(made[0] == made[1]);
        }
    }
}

TEST_CASE("packed_matrix: one that is borrowed shows the bytes where they lie") {
    alignas(cache_line_bytes) std::byte bytes[128] = {};
    const packed_matrix w = packed_matrix::borrow(bytes, packed_format::f32, 4, 8);
    CHECK(w.view().data == bytes);
    CHECK(w.size_bytes() == 128);
    CHECK((w.rows() == 4 && w.cols() == 8 && w.format() == packed_format::f32));
    CHECK_FALSE(w.empty());
    packed_matrix from = packed_matrix::borrow(bytes, packed_format::f32, 4, 8);
    const packed_matrix moved = std::move(from);
    CHECK(moved.view().data == bytes);
}

} // namespace
