// Packed files: GGUF files whose matrices lie as the kernels of one machine want them, so that they can be mapped and
// used where they are. All metadata is that of the file they were made of, and so are tensors that are no quantised
// matrices. A packed matrix is a tensor of type I8 with one dimension, its bytes; what it was stands in arrays with an
// element for each tensor of the file, 0 rows for tensors that are as they were:
//
//     llmzero.packed.kernels  string       the name of the layout, which is that of the kernels or of a family of them
//     llmzero.packed.layout   u64          layout_checksum() of its layout
//     llmzero.packed.types    u32 [n]      the type that the tensor had
//     llmzero.packed.rows     u32 [n]
//     llmzero.packed.cols     u32 [n]
//
// A file may bring a sketch of the model's head (numerics/head_sketch.hpp), which takes longer to make than the head
// takes to load. It is two tensors more:
//
//     llmzero.packed.sketch   u64          sketch_checksum() of the layout
//     llmzero.sketch.weight   a tensor     its matrix, packed, as if it had been of type Q4_0
//     llmzero.sketch.errors   F32 [rows]   what its rows lose
//
// Checked when such a file is opened: all of these, that the layout is the one of this build, that each type can be
// packed, and that each tensor has as many bytes as the layout says. Nothing in the bytes of a matrix is a length, an
// offset or an index, so that they need no checks: bytes of another origin give other logits, or some that are no
// numbers, or with a sketch other tokens, and nothing worse.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/kernels/select.hpp>
#include <llmzero/numerics/blocks.hpp>
#include <llmzero/numerics/layout_checksum.hpp>
#include <llmzero/storage/gguf.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

inline constexpr const char * packed_kernels_key = "llmzero.packed.kernels";
inline constexpr const char * packed_layout_key = "llmzero.packed.layout";
inline constexpr const char * packed_types_key = "llmzero.packed.types";
inline constexpr const char * packed_rows_key = "llmzero.packed.rows";
inline constexpr const char * packed_cols_key = "llmzero.packed.cols";
inline constexpr const char * packed_sketch_key = "llmzero.packed.sketch";
inline constexpr const char * packed_sketch_name = "llmzero.sketch.weight";
inline constexpr const char * packed_sketch_errors_name = "llmzero.sketch.errors";

[[nodiscard]] inline bool is_packed(const gguf_file & file) {
    return file.find(packed_kernels_key) != nullptr;
}

class packed_tensors {
public:
    packed_tensors() = default; // of a file that is not packed

    // What a tensor was before it was packed.
    struct original {
        const block_type * type = nullptr; // of a tensor that is as it was: nullptr
        std::size_t rows = 0;
        std::size_t cols = 0;
    };

    // Of a file that is not packed: nothing, and no error. `file` must outlive it. Errors: unsupported (another
    // layout), malformed, out_of_memory.
    [[nodiscard]] static result<packed_tensors> read(const gguf_file & file) {
        packed_tensors made;
        made.file_ = &file;
        if (!is_packed(file)) {
            return made;
        }
        LLMZERO_CHECK(made.read_layout());
        LLMZERO_CHECK(made.read_originals());
        return made;
    }

    // nullptr: the file is not packed.
    [[nodiscard]] const packed_layout * layout() const { return layout_; }

    // Whether the file brings a sketch of its head.
    [[nodiscard]] bool has_sketch() const { return layout_ != nullptr && file_->find(packed_sketch_key) != nullptr; }

    // Of a tensor of the file.
    [[nodiscard]] original original_of(const gguf_tensor & tensor) const {
        return originals_.empty() ? original{}
                                  : originals_[static_cast<std::size_t>(&tensor - file_->tensors().data())];
    }

    // With the type and the shape that it had.
    [[nodiscard]] gguf_tensor as_it_was(const gguf_tensor & tensor) const {
        gguf_tensor was = tensor;
        if (const original before = original_of(tensor); before.type != nullptr) {
            was.type = before.type->type;
            was.n_dims = 2;
            was.shape = {before.cols, before.rows, 1, 1};
        }
        return was;
    }

    // Whether the file can be used with these kernels: it is not packed, or for them.
    [[nodiscard]] status check_fits(const kernel_set & kernels) const {
        if (layout_ == nullptr || std::string_view(layout_->layout_name) == kernels.layout_name) {
            return success();
        }
        return error(
            error_code::unsupported,
            "the file is packed for the kernels '%s', expected '%s': llmzero-quantize --pack %s makes one that "
            "fits, of the file that this one was made of (at offset %llu)",
            layout_->layout_name, kernels.layout_name, kernels.layout_name,
            detail::printable(file_->find(packed_kernels_key)->offset));
    }

private:
    static constexpr std::uint64_t max_cols = 1u << 20; // what packed_bytes() can count with

    [[nodiscard]] status read_layout() {
        LLMZERO_ASSIGN(const auto name, file_->get<std::string_view>(packed_kernels_key));
        layout_ = find_layout(name);
        if (layout_ == nullptr) {
            return error(error_code::unsupported,
                         "%s is %s, kernels that are not known here; known: %s (at offset %llu)", packed_kernels_key,
                         quoted(name).c_str(), layout_names().text,
                         detail::printable(file_->find(packed_kernels_key)->offset));
        }
        LLMZERO_ASSIGN(const auto expected, layout_checksum(*layout_));
        LLMZERO_CHECK(check_version(packed_layout_key, expected));
        if (!has_sketch()) {
            return success();
        }
        LLMZERO_ASSIGN(const auto expected_of_sketch, sketch_checksum(*layout_));
        return check_version(packed_sketch_key, expected_of_sketch);
    }

    [[nodiscard]] status check_version(const char * key, std::uint64_t expected) const {
        LLMZERO_ASSIGN(const auto found, file_->get<std::uint64_t>(key));
        if (found == expected) {
            return success();
        }
        return error(error_code::unsupported,
                     "%s is %016llx, expected %016llx: the file was packed by another version of llmzero; "
                     "llmzero-quantize --pack %s makes one that fits, of the file that this one was made of (at "
                     "offset %llu)",
                     key, detail::printable(found), detail::printable(expected), layout_->layout_name,
                     detail::printable(file_->find(key)->offset));
    }

    [[nodiscard]] result<gguf_array> numbers(const char * key) const {
        LLMZERO_ASSIGN(const gguf_array array, file_->get_array(key, gguf_array_kind::integers));
        if (array.size() != file_->tensors().size()) {
            return error(error_code::malformed,
                         "%s has %zu elements, expected one for each of the %zu tensors (at offset %llu)", key,
                         array.size(), file_->tensors().size(), detail::printable(array.offset()));
        }
        return array;
    }

    [[nodiscard]] status read_originals() {
        LLMZERO_ASSIGN(const gguf_array types, numbers(packed_types_key));
        LLMZERO_ASSIGN(const gguf_array rows, numbers(packed_rows_key));
        LLMZERO_ASSIGN(const gguf_array cols, numbers(packed_cols_key));
        LLMZERO_CHECK(originals_.resize(file_->tensors().size()));
        for (std::size_t i = 0; i < originals_.size(); ++i) {
            LLMZERO_ASSIGN(const auto n_rows, rows.integer<std::uint32_t>(i));
            if (n_rows == 0) {
                continue;
            }
            LLMZERO_ASSIGN(const auto n_cols, cols.integer<std::uint32_t>(i));
            LLMZERO_ASSIGN(const auto type, types.integer<std::uint32_t>(i));
            LLMZERO_CHECK(read_original(i, type, n_rows, n_cols));
        }
        return success();
    }

    [[nodiscard]] status read_original(std::size_t i, std::uint32_t type_id, std::uint32_t rows, std::uint32_t cols) {
        const gguf_tensor & tensor = file_->tensors()[i];
        const tensor_type_info * info = find_tensor_type(type_id);
        const block_type * type = info != nullptr ? find_block_type(info->type) : nullptr;
        if (type == nullptr || type->unpack == nullptr) {
            return error(error_code::malformed,
                         "tensor %s was packed from the type %lu, which cannot be packed (at offset %llu)",
                         quoted(tensor.name).c_str(), static_cast<unsigned long>(type_id),
                         detail::printable(file_->find(packed_types_key)->offset));
        }
        if (cols == 0 || cols > max_cols || cols % info->block_size != 0) {
            return error(error_code::malformed,
                         "tensor %s was packed from rows of %lu weights, expected a multiple of %lu, at most %llu (at "
                         "offset %llu)",
                         quoted(tensor.name).c_str(), static_cast<unsigned long>(cols),
                         static_cast<unsigned long>(info->block_size), detail::printable(max_cols),
                         detail::printable(file_->find(packed_cols_key)->offset));
        }
        const std::uint64_t expected = layout_->packed_bytes(type->packed, rows, cols);
        if (tensor.type != tensor_type::i8 || tensor.n_dims != 1 || tensor.bytes != expected) {
            return error(error_code::malformed,
                         "tensor %s has %llu bytes of type %s in %lu dimensions, expected %llu of type I8 in one, for "
                         "%lu packed rows of %lu weights (at offset %llu)",
                         quoted(tensor.name).c_str(), detail::printable(tensor.bytes), name_of(tensor.type),
                         static_cast<unsigned long>(tensor.n_dims), detail::printable(expected),
                         static_cast<unsigned long>(rows), static_cast<unsigned long>(cols),
                         detail::printable(tensor.offset));
        }
        originals_[i] = {type, rows, cols};
        return success();
    }

    const gguf_file * file_ = nullptr;
    const packed_layout * layout_ = nullptr;
    heap_array<original> originals_; // of each tensor; empty for a file that is not packed
};

} // namespace llmzero::inline LLMZERO_ABI
