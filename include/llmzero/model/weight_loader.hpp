// From a file's tensors to packed weights. An architecture names its tensors once, in a function that takes
// a loader; the function runs twice: first to check shapes and count bytes, so that memory is known before it
// is taken, then to load.
//
// Errors: malformed (a tensor is missing, has another shape, or holds a number that is not finite), unsupported
// (a type that the library cannot compute with), out_of_memory, io, cancelled.
#pragma once

#include <llmzero/base/callback.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/model/config.hpp>
#include <llmzero/model/output_head.hpp>
#include <llmzero/model/packed_tensors.hpp>
#include <llmzero/model/tensor_packer.hpp>
#include <llmzero/numerics/blocks.hpp>
#include <llmzero/numerics/packed_matrix.hpp>
#include <llmzero/storage/gguf.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

class weight_loader {
public:
    // Called with bytes of the file that have been packed and that will be; false cancels.
    using progress_function = callback<bool(std::uint64_t done, std::uint64_t total)>;

    // A loader that only checks and counts.
    weight_loader(const gguf_file & file, const kernel_set & kernels, head_mode head = head_mode::automatic)
        : file_(file), kernels_(kernels), head_mode_(head), packer_(file, kernels) {}

    // For a packed file: what its tensors were, which must outlive the loader. Where `may_borrow`, matrices point into
    // the file's mapping, which must outlive them.
    void use_packed(const packed_tensors & packed, bool may_borrow) {
        packed_ = &packed;
        may_borrow_ = may_borrow;
    }

    // From here on tensors are loaded, and packed by the team's threads (nullptr: by the caller's). Matrices are packed
    // into `memory`, bytes_of_matrices() of it aligned to a cache line, which must outlive them; where it is empty each
    // has its own.
    void start_loading(progress_function progress, thread_team * team = nullptr, std::span<std::byte> memory = {}) {
        is_loading_ = true;
        memory_ = memory;
        packer_.share_with(team, kernels_.shared_rows);
        file_bytes_total_ = file_bytes_;
        file_bytes_ = 0;
        memory_bytes_ = 0;
        progress_ = progress;
    }

    // Memory that the tensors named so far need, in bytes.
    [[nodiscard]] std::uint64_t memory_bytes() const { return memory_bytes_; }
    [[nodiscard]] const kernel_set & kernels() const { return kernels_; }
    // Bytes of the file that are to be packed, of the tensors named so far.
    [[nodiscard]] std::uint64_t bytes_to_pack() const { return bytes_to_pack_; }
    // Memory that the matrices take which are to be packed, of the tensors named so far.
    [[nodiscard]] std::uint64_t bytes_of_matrices() const { return bytes_of_matrices_; }
    // Whether one of the matrices named so far is quantised.
    [[nodiscard]] bool rounds_activations() const { return rounds_activations_; }
    // Whether a matrix points into the file's mapping.
    [[nodiscard]] bool has_borrowed() const { return has_borrowed_; }
    [[nodiscard]] bool has(std::string_view name) const { return file_.find_tensor(name) != nullptr; }

    // W(rows, cols) of any supported type.
    [[nodiscard]] status matrix(packed_matrix & into, std::size_t rows, std::size_t cols, const short_name & name) {
        LLMZERO_ASSIGN(const gguf_tensor * tensor, find(name, rows, cols));
        const block_type * const original = original_of(*tensor).type;
        const block_type * const type = original != nullptr ? original : find_block_type(tensor->type);
        if (type == nullptr) {
            return error(error_code::unsupported,
                         "tensor %s is of type %s, which is not supported; supported: %s (at offset %llu)",
                         quoted(name).c_str(), info_of(tensor->type).name, block_type_names().text,
                         detail::printable(tensor->offset));
        }
        const std::uint64_t bytes = kernels_.packed_bytes(type->packed, rows, cols);
        if (!to_size(bytes)) {
            return error(error_code::out_of_memory, "tensor %s with %zu rows does not fit into this machine's memory",
                         quoted(name).c_str(), rows);
        }
        memory_bytes_ += bytes;
        file_bytes_ += tensor->bytes;
        bytes_to_pack_ += original == nullptr ? tensor->bytes : 0;
        rounds_activations_ = rounds_activations_ || is_quantised(type->packed);
        if (!is_loading_) {
            bytes_of_matrices_ += original == nullptr ? whole_lines(bytes) : 0;
            return success();
        }
        if (original != nullptr) {
            return take_packed(into, *tensor, type->packed, rows, cols);
        }
        LLMZERO_ASSIGN(into, new_matrix(type->packed, rows, cols));
        return packer_.pack(
            *tensor, *type, into, [this](std::uint64_t bytes_of_file) { return report_packed(bytes_of_file); },
            sketch_);
    }

    // The same for the matrix that is the output head, with its sketch where it is to have one. A packed file brings
    // one or has none: the rows that one is made from are not there.
    [[nodiscard]] status head(packed_matrix & into, head_sketch & sketch, std::size_t rows, std::size_t cols,
                              const short_name & name) {
        LLMZERO_ASSIGN(const gguf_tensor * tensor, find(name, rows, cols));
        if (const block_type * const original = original_of(*tensor).type; original != nullptr) {
            LLMZERO_CHECK(matrix(into, rows, cols, name));
            return packed_sketch(sketch, original->packed, rows, cols);
        }
        const block_type * const type = find_block_type(tensor->type);
        if (type == nullptr || !wants_sketch(head_mode_, kernels_, type->packed, rows, cols, n_weights())) {
            return matrix(into, rows, cols, name);
        }
        if (is_loading_) {
            LLMZERO_ASSIGN(sketch, head_sketch::create(kernels_, rows, cols));
            sketch_ = &sketch;
        }
        memory_bytes_ += head_sketch::bytes_needed(kernels_, rows, cols);
        status loaded = matrix(into, rows, cols, name);
        sketch_ = nullptr;
        return loaded;
    }

    // Of all tensors of the file, which is not packed.
    [[nodiscard]] std::uint64_t n_weights() const {
        std::uint64_t sum = 0;
        for (const gguf_tensor & tensor : file_.tensors()) {
            sum += std::uint64_t{tensor.rows()} * tensor.cols();
        }
        return sum;
    }

    // A vector of `n` floats; its type must be F32, F16 or BF16.
    [[nodiscard]] status vector(heap_array<float> & into, std::size_t n, const short_name & name) {
        return floats(into, 1, n, name);
    }

    // The same for a small matrix that is read element by element: [rows, cols].
    [[nodiscard]] status floats(heap_array<float> & into, std::size_t rows, std::size_t cols, const short_name & name) {
        LLMZERO_ASSIGN(const gguf_tensor * tensor, find(name, rows, cols));
        const block_type * const type = find_block_type(tensor->type);
        if (type == nullptr || is_quantised(type->packed)) {
            return error(error_code::unsupported, "tensor %s is of type %s, expected F32, F16 or BF16 (at offset %llu)",
                         quoted(name).c_str(), info_of(tensor->type).name,
                         static_cast<unsigned long long>(tensor->offset));
        }
        memory_bytes_ += std::uint64_t{rows} * cols * sizeof(float);
        file_bytes_ += tensor->bytes;
        if (!is_loading_) {
            return success();
        }
        LLMZERO_ASSIGN(into, heap_array<float>::create(rows * cols));
        LLMZERO_ASSIGN(const auto bytes, file_.rows(*tensor, 0, rows, file_rows_));
        unpack(*type, bytes.data(), into.size(), into.data());
        for (std::size_t row = 0; row < rows; ++row) {
            LLMZERO_CHECK(detail::check_finite(into.span().subspan(row * cols, cols), *tensor, row));
        }
        return report_packed(tensor->bytes);
    }

    // The same, and an empty vector when the file has no such tensor.
    [[nodiscard]] status optional_vector(heap_array<float> & into, std::size_t n, const short_name & name) {
        return has(name) ? vector(into, n, name) : success();
    }

    // For a tensor that changes what a model computes, and that is not taken into account.
    [[nodiscard]] status refuse(const short_name & name) const {
        const gguf_tensor * tensor = file_.find_tensor(name);
        if (tensor == nullptr) {
            return success();
        }
        return error(error_code::unsupported, "tensor %s is not supported for this architecture (at offset %llu)",
                     quoted(name).c_str(), static_cast<unsigned long long>(tensor->offset));
    }

private:
    [[nodiscard]] result<const gguf_tensor *> find(const short_name & name, std::size_t rows, std::size_t cols) const {
        const gguf_tensor * tensor = file_.find_tensor(name);
        if (tensor == nullptr) {
            return error(error_code::malformed, "tensor %s is missing; expected one of shape (%zu, %zu)",
                         quoted(name).c_str(), cols, rows);
        }
        const packed_tensors::original original = original_of(*tensor);
        auto shape = tensor->shape;
        if (original.type != nullptr) {
            shape = {original.cols, original.rows, 1, 1};
        }
        if (shape[0] != cols || shape[1] != rows || shape[2] != 1 || shape[3] != 1) {
            return error(error_code::malformed,
                         "tensor %s has the shape (%llu, %llu, %llu, %llu), expected (%zu, %zu) (at offset %llu)",
                         quoted(name).c_str(), static_cast<unsigned long long>(shape[0]),
                         static_cast<unsigned long long>(shape[1]), static_cast<unsigned long long>(shape[2]),
                         static_cast<unsigned long long>(shape[3]), cols, rows,
                         static_cast<unsigned long long>(tensor->offset));
        }
        return tensor;
    }

    static std::uint64_t whole_lines(std::uint64_t bytes) {
        return (bytes + cache_line_bytes - 1) / cache_line_bytes * cache_line_bytes;
    }

    // One that is to be packed.
    [[nodiscard]] result<packed_matrix> new_matrix(packed_format format, std::size_t rows, std::size_t cols) {
        const std::uint64_t bytes = whole_lines(kernels_.packed_bytes(format, rows, cols));
        if (bytes > memory_.size()) {
            return packed_matrix::create(kernels_, format, rows, cols);
        }
        const std::span<std::byte> place = memory_;
        memory_ = place.subspan(static_cast<std::size_t>(bytes));
        return packed_matrix::create_in(place, kernels_, format, rows, cols);
    }

    [[nodiscard]] packed_tensors::original original_of(const gguf_tensor & tensor) const {
        return packed_ != nullptr ? packed_->original_of(tensor) : packed_tensors::original{};
    }

    // A matrix that is packed in the file: its bytes where they lie, or a copy of them.
    [[nodiscard]] status take_packed(packed_matrix & into, const gguf_tensor & tensor, packed_format format,
                                     std::size_t rows, std::size_t cols) {
        const std::span<const std::byte> mapped = file_.source().mapped();
        if (may_borrow_ && !mapped.empty()) {
            const auto bytes =
                mapped.subspan(static_cast<std::size_t>(tensor.offset), static_cast<std::size_t>(tensor.bytes));
            if (reinterpret_cast<std::uintptr_t>(bytes.data()) % cache_line_bytes == 0) {
                into = packed_matrix::borrow(bytes, format, rows, cols);
                has_borrowed_ = true;
                return report_packed(tensor.bytes);
            }
        }
        LLMZERO_ASSIGN(into, packed_matrix::create(kernels_, format, rows, cols));
        LLMZERO_CHECK(file_.source().read(tensor.offset, {into.view().data, into.size_bytes()}));
        return report_packed(tensor.bytes);
    }

    // The sketch that a packed file brings, where it is wanted for a head of that format.
    [[nodiscard]] status packed_sketch(head_sketch & into, packed_format of, std::size_t rows, std::size_t cols) {
        if (!packed_->has_sketch() || head_mode_ == head_mode::full ||
            (head_mode_ == head_mode::automatic && !kernels_.gains_by_sketch(of))) {
            return success();
        }
        const short_name name(packed_sketch_name);
        LLMZERO_ASSIGN(const gguf_tensor * tensor, find(name, rows, cols));
        const block_type * const type = original_of(*tensor).type;
        if (type == nullptr || type->packed != head_sketch::format) {
            return error(error_code::malformed,
                         "tensor %s is of type %s, expected a matrix packed from Q4_0 (at offset %llu)",
                         quoted(name).c_str(), info_of(type == nullptr ? tensor->type : type->type).name,
                         detail::printable(tensor->offset));
        }
        packed_matrix made;
        heap_array<float> errors;
        LLMZERO_CHECK(matrix(made, rows, cols, name));
        LLMZERO_CHECK(vector(errors, rows, short_name(packed_sketch_errors_name)));
        if (is_loading_) {
            into = head_sketch::of(std::move(made), std::move(errors));
        }
        return success();
    }

    [[nodiscard]] status report_packed(std::uint64_t bytes) {
        file_bytes_packed_ += bytes;
        if (progress_ && !progress_(file_bytes_packed_, file_bytes_total_)) {
            return error(error_code::cancelled, "loading was cancelled");
        }
        return success();
    }

    const gguf_file & file_;
    const kernel_set & kernels_;
    head_mode head_mode_;
    head_sketch * sketch_ = nullptr; // of the matrix that is being packed, if it has one
    progress_function progress_;
    const packed_tensors * packed_ = nullptr;
    bool may_borrow_ = false;
    bool has_borrowed_ = false;
    bool is_loading_ = false;
    bool rounds_activations_ = false;
    std::uint64_t memory_bytes_ = 0;
    std::uint64_t file_bytes_ = 0; // of the tensors named so far
    std::uint64_t bytes_to_pack_ = 0;
    std::uint64_t bytes_of_matrices_ = 0;
    std::span<std::byte> memory_; // for matrices, what is left of it
    std::uint64_t file_bytes_packed_ = 0;
    std::uint64_t file_bytes_total_ = 0;
    tensor_packer packer_;
    heap_array<std::byte> file_rows_; // where rows are read to when the file is not mapped
};

} // namespace llmzero::inline LLMZERO_ABI
