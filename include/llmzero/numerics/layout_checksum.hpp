// A number that changes with every change of how weights are packed: which packed format a type of a file becomes, and
// where each of its bits goes. Packed files carry it, so that a layout needs no version that somebody could forget.
//
// It is made by packing a small matrix of every type, with rows for a whole tile and a part of one: 6 ms on the
// ARM1176.
#pragma once

#include <llmzero/base/checksum.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/numerics/blocks.hpp>
#include <llmzero/numerics/head_sketch.hpp>
#include <llmzero/numerics/packed_matrix.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

namespace detail {

// Bytes that are no part of an infinity or a NaN, wherever in a block they stand: those of a linear congruential
// generator (Numerical Recipes), with one bit of the exponent off where all would be on.
class sample_bytes {
public:
    std::byte next() {
        state_ = state_ * 1664525u + 1013904223u;
        const std::uint32_t byte = state_ >> 24;
        return static_cast<std::byte>((byte & 0x7cu) == 0x7cu ? byte ^ 0x40u : byte);
    }

private:
    std::uint32_t state_ = 1;
};

// A row of that type: weight_groups.
template <std::size_t n>
inline void sample_row(const block_type & type, sample_bytes & sample, std::array<weight_group, n> & groups) {
    const tensor_type_info & info = info_of(type.type);
    for (std::size_t g = 0; g < n; g += info.block_size / group_size) {
        std::array<std::byte, 256> block; // as large as any
        for (std::size_t i = 0; i < info.block_bytes; ++i) {
            block[i] = sample.next();
        }
        type.unpack(block.data(), groups.data() + g);
    }
}

inline status add_packed_sample(const packed_layout & layout, const block_type & type, checksum & sum) {
    constexpr std::size_t rows = 99;
    constexpr std::size_t cols = 512;
    const std::byte ids[] = {static_cast<std::byte>(type.type), static_cast<std::byte>(type.packed)};
    sum.add(ids);
    LLMZERO_ASSIGN(const auto w, packed_matrix::create(layout, type.packed, rows, cols));
    sample_bytes sample;
    for (std::size_t row = 0; row < rows; ++row) {
        std::array<weight_group, cols / group_size> groups;
        sample_row(type, sample, groups);
        layout.pack_row(w.view(), row, groups.data());
    }
    sum.add(w.bytes());
    return success();
}

} // namespace detail

// Error: out_of_memory.
[[nodiscard]] inline result<std::uint64_t> layout_checksum(const packed_layout & layout) {
    checksum sum;
    for (const block_type & type : block_types) {
        if (type.unpack != nullptr) {
            LLMZERO_CHECK(detail::add_packed_sample(layout, type, sum));
        }
    }
    return sum.value();
}

// The same for sketches of a head, and for what their errors mean: sketches of a few rows. Errors count with the digits
// that every machine's arithmetic agrees on. 0.5 ms on the ARM1176. Error: out_of_memory.
[[nodiscard]] inline result<std::uint64_t> sketch_checksum(const packed_layout & layout) {
    constexpr std::size_t rows = 4;
    constexpr std::size_t cols = 512;
    checksum sum;
    detail::sample_bytes sample;
    for (const tensor_type of : {tensor_type::q8_0, tensor_type::q6_k, tensor_type::q5_k}) {
        const block_type & type = *find_block_type(of);
        LLMZERO_ASSIGN(auto sketch, head_sketch::create(layout, rows, cols));
        for (std::size_t row = 0; row < rows; ++row) {
            std::array<weight_group, cols / group_size> groups;
            detail::sample_row(type, sample, groups);
            sketch.add_row(layout, type.packed, row, groups.data());
            const std::uint32_t error = std::bit_cast<std::uint32_t>(sketch.errors()[row]) >> 14;
            const std::byte bytes[] = {static_cast<std::byte>(error & 255u), static_cast<std::byte>(error >> 8 & 255u)};
            sum.add(bytes);
        }
        sum.add(sketch.matrix().bytes());
    }
    // Of activations, the other half of the bound.
    std::array<float, cols> x;
    for (std::size_t i = 0; i < cols; ++i) {
        x[i] = static_cast<float>(std::to_integer<int>(sample.next()) - 128);
    }
    const sketch_reach reach = reach_of(activation_kind::eight, activation_kind::nibble_safe, x.data(), cols);
    const std::uint32_t factor = std::bit_cast<std::uint32_t>(reach.factor) >> 14;
    const std::byte bytes[] = {static_cast<std::byte>(factor & 255u), static_cast<std::byte>(factor >> 8 & 255u)};
    sum.add(bytes);
    return sum.value();
}

} // namespace llmzero::inline LLMZERO_ABI
