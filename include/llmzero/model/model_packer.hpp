// Makes a packed file (packed_tensors.hpp) of a GGUF file, for the kernels of any machine. The numbers stay what they
// are: the packed file gives the logits that its original gives, to the last bit.
//
// Quantised matrices are packed, all other tensors are copied. The head gets a sketch where products gain by it.
// Tensors are aligned to cache lines, so that they can be used where a mapping has them. Memory: the largest tensor,
// packed, and the sketch. Errors: unsupported (the file is packed already, or one of several parts), malformed (a
// number that is not finite), cancelled, io, out_of_memory, and those of the sink.
//
//     LLMZERO_ASSIGN(auto packer, llmzero::model_packer::create(file, *llmzero::find_layout("arm1176")));
//     LLMZERO_CHECK(packer.write(sink, {}));
#pragma once

#include <llmzero/base/function_ref.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/model/output_head.hpp>
#include <llmzero/model/packed_tensors.hpp>
#include <llmzero/model/tensor_packer.hpp>
#include <llmzero/numerics/blocks.hpp>
#include <llmzero/numerics/layout_checksum.hpp>
#include <llmzero/numerics/packed_matrix.hpp>
#include <llmzero/storage/gguf.hpp>
#include <llmzero/storage/gguf_writer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

struct packer_options {
    function_ref<bool(std::uint64_t done, std::uint64_t total)> progress = {}; // bytes of the input; false cancels
    function_ref<void(const gguf_tensor & from, std::uint64_t bytes)> on_tensor = {}; // bytes in the output
};

class model_packer {
public:
    // `file` must outlive the packer. `head`: whether there is a sketch; automatic: where products gain by it.
    [[nodiscard]] static result<model_packer> create(const gguf_file & file, const packed_layout & layout,
                                                     head_mode head = head_mode::automatic) {
        if (is_packed(file)) {
            return error(error_code::unsupported,
                         "the file is packed already, expected the one that it was made of (at offset %llu)",
                         detail::printable(file.find(packed_kernels_key)->offset));
        }
        LLMZERO_ASSIGN(const auto n_parts, file.get_or<std::uint32_t>("split.count", 1));
        if (n_parts > 1) {
            return error(error_code::unsupported, "the file is one of %lu parts, expected a whole model",
                         static_cast<unsigned long>(n_parts));
        }
        model_packer made(file, layout);
        made.choose_sketch(head);
        LLMZERO_CHECK(made.add_metadata());
        LLMZERO_CHECK(made.add_tensors());
        return made;
    }

    [[nodiscard]] result<std::uint64_t> file_bytes() const { return writer_.file_bytes(); }

    // Sends the whole file to `out`.
    [[nodiscard]] status write(gguf_sink out, const packer_options & options) const {
        std::uint64_t total = 0;
        for (const gguf_tensor & tensor : file_->tensors()) {
            total += tensor.bytes;
        }
        std::uint64_t done = 0;
        const auto report = [&](std::uint64_t more) -> status {
            done += more;
            if (options.progress && !options.progress(done, total)) {
                return error(error_code::cancelled, "cancelled while the model was packed");
            }
            return success();
        };
        tensor_packer packer(*file_, *layout_);
        head_sketch sketch;
        return writer_.write(out, [&](std::size_t i, gguf_sink data) -> status {
            if (i >= file_->tensors().size()) { // the sketch is behind all others
                return data(i == file_->tensors().size() ? sketch.matrix().bytes()
                                                         : std::as_bytes(std::span(sketch.errors(), head_->rows())));
            }
            const gguf_tensor & tensor = file_->tensors()[i];
            const block_type * const type = packed_type(tensor);
            std::uint64_t bytes = tensor.bytes;
            if (type == nullptr) {
                LLMZERO_CHECK(copy(tensor, data, report));
            } else {
                LLMZERO_ASSIGN(const auto w,
                               packed_matrix::create(*layout_, type->packed, tensor.rows(), tensor.cols()));
                if (&tensor == head_) {
                    LLMZERO_ASSIGN(sketch, head_sketch::create(*layout_, tensor.rows(), tensor.cols()));
                }
                LLMZERO_CHECK(packer.pack(tensor, *type, w, report, &tensor == head_ ? &sketch : nullptr));
                LLMZERO_CHECK(data(w.bytes()));
                bytes = w.size_bytes();
            }
            if (options.on_tensor) {
                options.on_tensor(tensor, bytes);
            }
            return success();
        });
    }

private:
    static constexpr std::size_t rows_bytes = 256 * 1024; // copied at a time

    model_packer(const gguf_file & file, const packed_layout & layout) : file_(&file), layout_(&layout) {}

    // nullptr for a tensor that is copied.
    [[nodiscard]] static const block_type * packed_type(const gguf_tensor & tensor) {
        const block_type * const type = find_block_type(tensor.type);
        return type != nullptr && type->unpack != nullptr && tensor.n_dims == 2 ? type : nullptr;
    }

    void choose_sketch(head_mode mode) {
        const gguf_tensor * const own = file_->find_tensor("output.weight");
        const gguf_tensor * const head = own != nullptr ? own : file_->find_tensor("token_embd.weight");
        const block_type * const type = head != nullptr ? packed_type(*head) : nullptr;
        if (type != nullptr && mode != head_mode::full && head_sketch::fits(head->cols()) &&
            (mode == head_mode::sketch || gains_by_sketch(*layout_, type->packed, head->rows(), head->cols()))) {
            head_ = head;
        }
    }

    [[nodiscard]] status add_metadata() {
        constexpr auto line = static_cast<std::uint32_t>(cache_line_bytes);
        bool has_alignment = false;
        for (const gguf_entry & entry : file_->metadata()) {
            if (entry.key == gguf_alignment_key) {
                has_alignment = true;
                LLMZERO_CHECK(
                    writer_.add(gguf_alignment_key, std::max(line, static_cast<std::uint32_t>(file_->alignment()))));
            } else {
                LLMZERO_CHECK(writer_.add(entry));
            }
        }
        if (!has_alignment) {
            LLMZERO_CHECK(writer_.add(gguf_alignment_key, line));
        }
        LLMZERO_CHECK(writer_.add(packed_kernels_key, layout_->layout_name));
        LLMZERO_ASSIGN(const std::uint64_t layout, layout_checksum(*layout_));
        LLMZERO_CHECK(writer_.add(packed_layout_key, layout));
        if (head_ == nullptr) {
            return success();
        }
        LLMZERO_ASSIGN(const std::uint64_t sketch, sketch_checksum(*layout_));
        return writer_.add(packed_sketch_key, sketch);
    }

    [[nodiscard]] status add_tensors() {
        heap_array<std::uint32_t> types, rows, cols;
        for (const gguf_tensor & tensor : file_->tensors()) {
            const block_type * const type = packed_type(tensor);
            if (type == nullptr) {
                LLMZERO_CHECK(
                    writer_.add_tensor(tensor.name, std::span(tensor.shape).first(tensor.n_dims), tensor.type));
            } else {
                LLMZERO_CHECK(check_can_be_counted(tensor));
                const std::uint64_t shape[] = {layout_->packed_bytes(type->packed, tensor.rows(), tensor.cols())};
                LLMZERO_CHECK(writer_.add_tensor(tensor.name, shape, tensor_type::i8));
            }
            LLMZERO_CHECK(types.push_back(static_cast<std::uint32_t>(tensor.type)));
            LLMZERO_CHECK(rows.push_back(type == nullptr ? 0 : static_cast<std::uint32_t>(tensor.rows())));
            LLMZERO_CHECK(cols.push_back(type == nullptr ? 0 : static_cast<std::uint32_t>(tensor.cols())));
        }
        if (head_ != nullptr) {
            const std::uint64_t bytes[] = {layout_->packed_bytes(head_sketch::format, head_->rows(), head_->cols())};
            const std::uint64_t n_rows[] = {head_->rows()};
            LLMZERO_CHECK(writer_.add_tensor(packed_sketch_name, bytes, tensor_type::i8));
            LLMZERO_CHECK(writer_.add_tensor(packed_sketch_errors_name, n_rows, tensor_type::f32));
            for (const bool is_matrix : {true, false}) {
                LLMZERO_CHECK(
                    types.push_back(static_cast<std::uint32_t>(is_matrix ? tensor_type::q4_0 : tensor_type::f32)));
                LLMZERO_CHECK(rows.push_back(is_matrix ? static_cast<std::uint32_t>(head_->rows()) : 0));
                LLMZERO_CHECK(cols.push_back(is_matrix ? static_cast<std::uint32_t>(head_->cols()) : 0));
            }
        }
        LLMZERO_CHECK(writer_.add_array(packed_types_key, types.span()));
        LLMZERO_CHECK(writer_.add_array(packed_rows_key, rows.span()));
        return writer_.add_array(packed_cols_key, cols.span());
    }

    [[nodiscard]] static status check_can_be_counted(const gguf_tensor & tensor) {
        if (tensor.cols() > (1u << 20) || !std::in_range<std::uint32_t>(tensor.rows())) {
            return error(
                error_code::unsupported,
                "tensor %s has %zu rows of %zu weights, expected less than 2^32 of at most 2^20 (at offset %llu)",
                quoted(tensor.name).c_str(), tensor.rows(), tensor.cols(), detail::printable(tensor.offset));
        }
        return success();
    }

    [[nodiscard]] status copy(const gguf_tensor & tensor, gguf_sink data,
                              function_ref<status(std::uint64_t)> report) const {
        heap_array<std::byte> read;
        const auto row_bytes = static_cast<std::size_t>(tensor.row_bytes());
        const std::size_t rows_at_once = std::max<std::size_t>(1, rows_bytes / row_bytes);
        for (std::size_t row = 0; row < tensor.rows(); row += rows_at_once) {
            const std::size_t n_rows = std::min(rows_at_once, tensor.rows() - row);
            LLMZERO_ASSIGN(const auto bytes, file_->rows(tensor, row, n_rows, read));
            LLMZERO_CHECK(data(bytes));
            LLMZERO_CHECK(report(bytes.size()));
        }
        return success();
    }

    const gguf_file * file_;
    const packed_layout * layout_;
    const gguf_tensor * head_ = nullptr; // that has a sketch
    gguf_writer writer_;
};

} // namespace llmzero::inline LLMZERO_ABI
