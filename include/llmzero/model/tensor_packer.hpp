// A tensor of a file as a packed matrix, in a layout that need not be that of this machine.
//
// Rows go through in pieces of 256 KiB of the file for each thread, which are forgotten when they are packed: of a
// mapped file no more than that stays in memory. Errors: malformed (a number that is not finite), io, out_of_memory,
// and those of the caller's function.
#pragma once

#include <llmzero/base/function_ref.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/thread_team.hpp>
#include <llmzero/numerics/blocks.hpp>
#include <llmzero/numerics/head_sketch.hpp>
#include <llmzero/numerics/packed_matrix.hpp>
#include <llmzero/storage/gguf.hpp>

#include <algorithm>
#include <atomic>
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

    // From here on the team's threads pack `rows_together` rows, or a multiple, of each piece. It must outlive the
    // packer.
    void share_with(thread_team * team, std::size_t rows_together) {
        team_ = team;
        n_threads_ = size_of(team);
        rows_together_ = rows_together;
    }

    // Packs `tensor`, of this type, into a matrix of its shape, and into its sketch where it has one; on_packed(bytes
    // of the file) is called for each piece.
    [[nodiscard]] status pack(const gguf_tensor & tensor, const block_type & type, const packed_matrix & into,
                              function_ref<status(std::uint64_t)> on_packed, head_sketch * sketch = nullptr) {
        const auto row_bytes = static_cast<std::size_t>(tensor.row_bytes());
        const std::size_t rows_at_once = std::max<std::size_t>(1, n_threads_ * chunk_bytes / row_bytes);
        if (is_quantised(type.packed)) {
            LLMZERO_CHECK(groups_.resize(n_threads_ * (into.cols() / group_size)));
        } else {
            LLMZERO_CHECK(floats_.resize(n_threads_ * into.cols()));
        }
        for (std::size_t first = 0; first < into.rows(); first += rows_at_once) {
            const std::size_t n_rows = std::min(rows_at_once, into.rows() - first);
            LLMZERO_ASSIGN(const auto bytes, file_.rows(tensor, first, n_rows, file_rows_));
            const std::size_t bad_row = pack_rows({into, type, sketch, bytes, row_bytes, first, n_rows});
            if (bad_row < into.rows()) {
                return detail::not_finite(tensor, bad_row);
            }
            file_.source().forget(tensor.offset + first * row_bytes, n_rows * row_bytes);
            LLMZERO_CHECK(on_packed(n_rows * row_bytes));
        }
        return success();
    }

private:
    static constexpr std::size_t chunk_bytes = 256 * 1024; // of the file, packed at a time by a thread

    struct piece {
        const packed_matrix & into;
        const block_type & type;
        head_sketch * sketch; // or nullptr
        std::span<const std::byte> bytes;
        std::size_t row_bytes;
        std::size_t first;
        std::size_t n_rows;
    };

    // Returns the first row that is not finite, or one that is not there.
    [[nodiscard]] std::size_t pack_rows(const piece & p) {
        const std::uint64_t ns = std::uint64_t{rows_together_} * p.into.cols(); // one for a weight, about
        const std::size_t end_row = p.first + p.n_rows;
        const std::size_t first_tile = p.first / rows_together_;
        const std::size_t n_tiles = (end_row + rows_together_ - 1) / rows_together_ - first_tile;
        std::atomic<std::size_t> bad_row{p.into.rows()};
        // A sketch is made row by row.
        thread_team * const team = p.sketch == nullptr ? team_ : nullptr;
        share(team, n_tiles, ns, [&](std::size_t first, std::size_t end, std::size_t member) {
            const std::size_t from = std::max((first_tile + first) * rows_together_, p.first);
            const std::size_t to = std::min((first_tile + end) * rows_together_, end_row);
            for (std::size_t row = from; row < to && row < bad_row.load(std::memory_order_relaxed); ++row) {
                if (!pack_row(p, row, member)) {
                    lower(bad_row, row);
                }
            }
        });
        return bad_row.load(std::memory_order_relaxed);
    }

    static void lower(std::atomic<std::size_t> & value, std::size_t to) {
        std::size_t seen = value.load(std::memory_order_relaxed);
        while (to < seen && !value.compare_exchange_weak(seen, to, std::memory_order_relaxed)) {
        }
    }

    // False where the row holds what is not finite.
    [[nodiscard]] bool pack_row(const piece & p, std::size_t row, std::size_t member) {
        const std::size_t cols = p.into.cols();
        const std::byte * bytes = p.bytes.data() + (row - p.first) * p.row_bytes;
        if (!is_quantised(p.type.packed)) {
            const std::span<float> floats = floats_.span().subspan(member * cols, cols);
            unpack(p.type, bytes, cols, floats.data());
            for (const float value : floats) {
                if (!detail::is_finite(value)) {
                    return false;
                }
            }
            layout_.pack_row(p.into.view(), row, bytes);
            if (p.sketch != nullptr) {
                p.sketch->add_row(layout_, row, floats.data());
            }
            return true;
        }
        const std::size_t n_groups = cols / group_size;
        const std::span<weight_group> groups = groups_.span().subspan(member * n_groups, n_groups);
        const tensor_type_info & info = info_of(p.type.type);
        const std::size_t groups_in_block = info.block_size / group_size;
        for (std::size_t g = 0; g < n_groups; g += groups_in_block, bytes += info.block_bytes) {
            p.type.unpack(bytes, groups.data() + g);
        }
        for (const weight_group & group : groups) {
            if (!detail::is_finite(group.scale) || !detail::is_finite(group.offset)) {
                return false;
            }
        }
        layout_.pack_row(p.into.view(), row, groups.data());
        if (p.sketch != nullptr) {
            p.sketch->add_row(layout_, p.into.format(), row, groups.data());
        }
        return true;
    }

    const gguf_file & file_;
    const packed_layout & layout_;
    heap_array<std::byte> file_rows_; // where rows are read to when the file is not mapped
    heap_array<weight_group> groups_; // one row for each thread, unpacked
    heap_array<float> floats_;
    thread_team * team_ = nullptr;
    std::size_t n_threads_ = 1;
    std::size_t rows_together_ = 1;
};

} // namespace llmzero::inline LLMZERO_ABI
