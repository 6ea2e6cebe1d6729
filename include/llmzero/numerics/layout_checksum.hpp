// A number that changes with every change of how weights are packed: which packed format a type of a file becomes, and
// where each of its bits goes. Packed files carry it, so that a layout needs no version that somebody could forget.
//
// It is made by packing a small matrix of every type, with rows for a whole tile and a part of one: 6 ms on the
// ARM1176.
#pragma once

#include <llmzero/base/checksum.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/numerics/blocks.hpp>
#include <llmzero/numerics/packed_matrix.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <array>
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

inline status add_packed_sample(const packed_layout & layout, const block_type & type, checksum & sum) {
    constexpr std::size_t rows = 99;
    constexpr std::size_t cols = 512;
    const tensor_type_info & info = info_of(type.type);
    const std::byte ids[] = {static_cast<std::byte>(type.type), static_cast<std::byte>(type.packed)};
    sum.add(ids);
    LLMZERO_ASSIGN(const auto w, packed_matrix::create(layout, type.packed, rows, cols));
    sample_bytes sample;
    for (std::size_t row = 0; row < rows; ++row) {
        std::array<weight_group, cols / group_size> groups;
        for (std::size_t g = 0; g < groups.size(); g += info.block_size / group_size) {
            std::array<std::byte, 256> block; // as large as any
            for (std::size_t i = 0; i < info.block_bytes; ++i) {
                block[i] = sample.next();
            }
            type.unpack(block.data(), groups.data() + g);
        }
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

} // namespace llmzero::inline LLMZERO_ABI
