// Opens a GGUF file (version 2 or 3): parses its header once, validates all of it, and then gives typed
// access to metadata and tensors without looking twice.
//
// After open() has succeeded: counts, strings and arrays lie inside the file; keys and tensor names are
// unique and not empty; booleans are 0 or 1; shapes, types and sizes are consistent (no product has
// wrapped); tensors are aligned, in file order, do not overlap, and end inside the file. What an architecture
// needs beyond that is not known here.
//
// Errors: malformed (with key or tensor name, what was found and expected, and the offset in the file),
// unsupported (version 1, big-endian files, unknown tensor types, files above the limits), io, out_of_memory.
// Memory: 64 bytes for an entry, 88 for a tensor, and, when the source is not mapped, a copy of the header.
//
//     LLMZERO_ASSIGN(auto file, file_source::open(path));
//     LLMZERO_ASSIGN(auto gguf, gguf_file::open(file));
//     LLMZERO_ASSIGN(const auto n_layers, gguf.get<std::uint32_t>("llama.block_count"));
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/storage/byte_source.hpp>
#include <llmzero/storage/gguf_parser.hpp>
#include <llmzero/storage/gguf_types.hpp>
#include <llmzero/storage/gguf_value.hpp>

namespace llmzero::inline LLMZERO_ABI {

class gguf_file {
public:
    // `source` must outlive the gguf_file. The views it gives out point into the mapping, or into a copy of
    // the header that it owns; they survive a move of it.
    [[nodiscard]] static result<gguf_file> open(const byte_source & source, const gguf_limits & limits = {}) {
        LLMZERO_ASSIGN(detail::gguf_header header, detail::gguf_parser(source, limits).parse());
        return gguf_file(source, std::move(header));
    }

    [[nodiscard]] std::uint32_t version() const { return header_.version; }
    [[nodiscard]] std::uint64_t alignment() const { return header_.alignment; }
    [[nodiscard]] const byte_source & source() const { return *source_; }

    // All entries and tensors, in file order.
    [[nodiscard]] std::span<const gguf_entry> metadata() const { return header_.entries.span(); }
    [[nodiscard]] std::span<const gguf_tensor> tensors() const { return header_.tensors.span(); }

    // nullptr when there is none; O(log n).
    [[nodiscard]] const gguf_entry * find(std::string_view key) const {
        const std::span<const gguf_entry> all = metadata();
        const std::size_t i = detail::find_by_name(header_.entries_by_key.span(), key, all.size(),
                                                   [all](std::size_t n) { return all[n].key; });
        return i < all.size() ? &all[i] : nullptr;
    }
    [[nodiscard]] const gguf_tensor * find_tensor(std::string_view name) const {
        const std::span<const gguf_tensor> all = tensors();
        const std::size_t i = detail::find_by_name(header_.tensors_by_name.span(), name, all.size(),
                                                   [all](std::size_t n) { return all[n].name; });
        return i < all.size() ? &all[i] : nullptr;
    }

    // The value of a key, which must be there: any integer type (whatever width it is stored in), float or
    // double, bool, or std::string_view (see gguf_entry::as).
    template <class T> [[nodiscard]] result<T> get(std::string_view key) const {
        const gguf_entry * entry = find(key);
        if (entry == nullptr) {
            return missing(key);
        }
        return entry->as<T>();
    }

    // The same, with a value for when the key is missing. A key of the wrong type is still an error.
    template <class T> [[nodiscard]] result<T> get_or(std::string_view key, T fallback) const {
        const gguf_entry * entry = find(key);
        if (entry == nullptr) {
            return fallback;
        }
        return entry->as<T>();
    }

    [[nodiscard]] result<gguf_array> get_array(std::string_view key, gguf_array_kind kind) const {
        const gguf_entry * entry = find(key);
        if (entry == nullptr) {
            return missing(key);
        }
        return entry->as_array(kind);
    }

    // The bytes of `n_rows` rows of a tensor of this file: from the mapping where there is one, else read
    // into `scratch`, which the result then points into.
    [[nodiscard]] result<std::span<const std::byte>> rows(const gguf_tensor & tensor, std::size_t first_row,
                                                          std::size_t n_rows, heap_array<std::byte> & scratch) const {
        if (first_row > tensor.rows() || n_rows > tensor.rows() - first_row) {
            return error(error_code::bad_argument, "rows %zu to %zu of tensor %s were asked for, it has %zu", first_row,
                         first_row + n_rows, quoted(tensor.name).c_str(), tensor.rows());
        }
        const std::uint64_t start = tensor.offset + first_row * tensor.row_bytes();
        const auto count = to_size(n_rows * tensor.row_bytes());
        if (!count) {
            return error(error_code::out_of_memory, "%zu rows of tensor %s do not fit into the memory of this machine",
                         n_rows, quoted(tensor.name).c_str());
        }
        const std::span<const std::byte> mapped = source_->mapped();
        if (!mapped.empty()) {
            return mapped.subspan(static_cast<std::size_t>(start), *count);
        }
        LLMZERO_CHECK(scratch.resize(*count));
        LLMZERO_CHECK(source_->read(start, scratch.span()));
        return std::span<const std::byte>(scratch.span());
    }

private:
    gguf_file(const byte_source & source, detail::gguf_header && header)
        : source_(&source), header_(std::move(header)) {}

    [[nodiscard]] static error missing(std::string_view key) {
        return error(error_code::malformed, "key %s is missing from the file's metadata", quoted(key).c_str());
    }

    const byte_source * source_;
    detail::gguf_header header_;
};

} // namespace llmzero::inline LLMZERO_ABI
