// A tensor of a file as a packed matrix, in a layout that need not be that of this machine.
//
// Rows go through in pieces of 256 KiB of the file, each of which is forgotten when it is packed: of a mapped file no
// more than that stays in memory. Errors: malformed (a number that is not finite), io, out_of_memory, and those of the
// caller's function.
#pragma once

#include <llmzero/base/function_ref.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/numerics/blocks.hpp>
#include <llmzero/numerics/head_sketch.hpp>
#include <llmzero/numerics/packed_matrix.hpp>
#include <llmzero/storage/gguf.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace llmzero::inline LLMZERO_ABI {

namespace detail {

// Without a comparison of floats, which takes a scalar core longer than all else.
[[nodiscard]] constexpr bool is_finite(float value) {
    return (std::bit_cast<std::uint32_t>(value) & 0x7f800000u) != 0x7f800000u;
}

[[nodiscard]] inline error not_finite(const gguf_tensor & tensor, std::size_t row) {
    return error(error_code::malformed,
                 "tensor %s holds an infinity or NaN in row %zu, expected finite numbers (at offset %llu)",
                 quoted(tensor.name).c_str(), row, printable(tensor.offset + row * tensor.row_bytes()));
}

[[nodiscard]] inline status check_finite(std::span<const float> values, const gguf_tensor & tensor, std::size_t row) {
    for (const float value : values) {
        if (!is_finite(value)) {
            return not_finite(tensor, row);
        }
    }
    return success();
}

} // namespace detail

class tensor_packer {
public:
    // `file` must outlive it.
    tensor_packer(const gguf_file & file, const packed_layout & layout) : file_(file), layout_(layout) {}

    // Packs `tensor`, of this type, into a matrix of its shape, and into its sketch where it has one; on_packed(bytes
    // of the file) is called for each piece.
    [[nodiscard]] status pack(const gguf_tensor & tensor, const block_type & type, const packed_matrix & into,
                              function_ref<status(std::uint64_t)> on_packed, head_sketch * sketch = nullptr) {
        const auto row_bytes = static_cast<std::size_t>(tensor.row_bytes());
        const std::size_t rows_at_once = std::max<std::size_t>(1, chunk_bytes / row_bytes);
        if (is_quantised(type.packed)) {
            LLMZERO_CHECK(groups_.resize(into.cols() / group_size));
        } else {
            LLMZERO_CHECK(floats_.resize(into.cols()));
        }
        for (std::size_t first = 0; first < into.rows(); first += rows_at_once) {
            const std::size_t n_rows = std::min(rows_at_once, into.rows() - first);
            LLMZERO_ASSIGN(const auto bytes, file_.rows(tensor, first, n_rows, file_rows_));
            for (std::size_t r = 0; r < n_rows; ++r) {
                LLMZERO_CHECK(pack_row(into, first + r, bytes.data() + r * row_bytes, tensor, type, sketch));
            }
            file_.source().forget(tensor.offset + first * row_bytes, n_rows * row_bytes);
            LLMZERO_CHECK(on_packed(n_rows * row_bytes));
        }
        return success();
    }

private:
    static constexpr std::size_t chunk_bytes = 256 * 1024; // of the file, packed at a time

    [[nodiscard]] status pack_row(const packed_matrix & into, std::size_t row, const std::byte * bytes,
                                  const gguf_tensor & tensor, const block_type & type, head_sketch * sketch) {
        if (!is_quantised(type.packed)) {
            unpack(type, bytes, into.cols(), floats_.data());
            LLMZERO_CHECK(detail::check_finite(floats_.span(), tensor, row));
            layout_.pack_row(into.view(), row, bytes);
            if (sketch != nullptr) {
                sketch->add_row(layout_, row, floats_.data());
            }
            return success();
        }
        const tensor_type_info & info = info_of(type.type);
        const std::size_t groups_in_block = info.block_size / group_size;
        for (std::size_t g = 0; g < groups_.size(); g += groups_in_block, bytes += info.block_bytes) {
            type.unpack(bytes, groups_.data() + g);
        }
        for (const weight_group & group : groups_) {
            if (!detail::is_finite(group.scale) || !detail::is_finite(group.offset)) {
                return detail::not_finite(tensor, row);
            }
        }
        layout_.pack_row(into.view(), row, groups_.data());
        if (sketch != nullptr) {
            sketch->add_row(layout_, into.format(), row, groups_.data());
        }
        return success();
    }

    const gguf_file & file_;
    const packed_layout & layout_;
    heap_array<std::byte> file_rows_; // where rows are read to when the file is not mapped
    heap_array<weight_group> groups_; // one row, unpacked
    heap_array<float> floats_;
};

} // namespace llmzero::inline LLMZERO_ABI
