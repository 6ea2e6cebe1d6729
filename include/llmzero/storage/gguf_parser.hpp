// Parses and validates the header of a GGUF file: everything that can be known without knowing the
// architecture. What is guaranteed afterwards stands at the top of gguf.hpp.
//
// Time is O(header + n log n) for n keys and tensors; memory is taken as records are found, not as counts
// announce them, so it is bounded by the size of the file, whatever the file says.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/storage/gguf_cursor.hpp>
#include <llmzero/storage/gguf_types.hpp>
#include <llmzero/storage/gguf_value.hpp>

namespace llmzero::inline LLMZERO_ABI::detail {

// What was parsed. All views point into the source's mapping, or into `copy`.
struct gguf_header {
    std::uint32_t version = 0;
    std::uint64_t alignment = gguf_default_alignment;
    heap_array<gguf_entry> entries;
    heap_array<gguf_tensor> tensors;
    heap_array<std::uint32_t> entries_by_key;  // numbers of the entries, sorted by key
    heap_array<std::uint32_t> tensors_by_name; // numbers of the tensors, sorted by name
    heap_array<std::byte> copy;                // of the header; empty when the source is mapped
};

class gguf_parser {
public:
    gguf_parser(const byte_source & source, const gguf_limits & limits) : cursor_(source, limits), limits_(limits) {}

    [[nodiscard]] result<gguf_header> parse() {
        std::uint64_t n_tensors = 0;
        std::uint64_t n_entries = 0;
        LLMZERO_CHECK(parse_magic_and_version());
        LLMZERO_CHECK(parse_counts(n_tensors, n_entries));
        for (std::uint64_t i = 0; i < n_entries; ++i) {
            LLMZERO_CHECK(parse_entry());
        }
        for (std::uint64_t i = 0; i < n_tensors; ++i) {
            LLMZERO_CHECK(parse_tensor());
        }
        set_views();
        LLMZERO_CHECK(sort_entries());
        LLMZERO_CHECK(sort_tensors());
        LLMZERO_CHECK(read_alignment());
        LLMZERO_CHECK(place_tensors());
        header_.copy = cursor_.take_copy();
        return std::move(header_);
    }

private:
    // Where a name or a value lies in the header, which may still move while it is read.
    struct extent {
        std::size_t offset = 0;
        std::size_t bytes = 0;
    };
    struct entry_extents {
        extent key;
        extent payload;
    };
    struct tensor_extents {
        std::size_t start = 0; // of the tensor's description
        extent name;
    };

    [[nodiscard]] std::string_view text_at(extent where) const {
        return as_text(cursor_.passed(where.offset, where.bytes));
    }

    [[nodiscard]] status parse_magic_and_version() {
        LLMZERO_CHECK(cursor_.skip(gguf_magic.size(), "the", "magic number"));
        const std::string_view magic = text_at({0, gguf_magic.size()});
        if (magic == "lmgg" || magic == "fmgg" || magic == "tjgg" || magic == "algg") {
            return error(error_code::unsupported,
                         "the file is in a format that came before GGUF: its first bytes are %s, expected 'GGUF' "
                         "(at offset 0)",
                         quoted(magic).c_str());
        }
        if (magic != gguf_magic) {
            return error(error_code::malformed,
                         "not a GGUF file: its first bytes are %s, expected 'GGUF' (at offset 0)",
                         quoted(magic).c_str());
        }
        std::uint32_t version = 0;
        LLMZERO_CHECK(cursor_.read(version, "the", "version"));
        if (version != 0 && (version & 0xffffu) == 0) {
            return error(error_code::unsupported,
                         "the GGUF file is big-endian (its version reads as 0x%08lx), expected a little-endian file "
                         "(at offset 4)",
                         static_cast<unsigned long>(version));
        }
        if (version == 1) {
            return error(error_code::unsupported,
                         "the GGUF file is of version 1, an early draft with 32-bit counts, expected version 2 or 3 "
                         "(at offset 4)");
        }
        if (version < 2 || version > 3) {
            return error(version == 0 ? error_code::malformed : error_code::unsupported,
                         "the GGUF file is of version %lu, expected version 2 or 3 (at offset 4)",
                         static_cast<unsigned long>(version));
        }
        header_.version = version;
        return success();
    }

    [[nodiscard]] status parse_counts(std::uint64_t & n_tensors, std::uint64_t & n_entries) {
        // The smallest record of each kind: a name of one byte and one dimension; a key of one byte and a u8.
        constexpr std::uint64_t least_tensor_bytes = 8 + 1 + 4 + 8 + 4 + 8;
        constexpr std::uint64_t least_entry_bytes = 8 + 1 + 4 + 1;
        const std::uint64_t offset = cursor_.offset();
        LLMZERO_CHECK(cursor_.read(n_tensors, "the", "number of tensors"));
        LLMZERO_CHECK(cursor_.read(n_entries, "the", "number of keys"));
        LLMZERO_CHECK(check_count("tensors", n_tensors, least_tensor_bytes, limits_.max_tensors, offset));
        return check_count("keys", n_entries, least_entry_bytes, limits_.max_entries, offset + sizeof n_tensors);
    }

    [[nodiscard]] status check_count(const char * what, std::uint64_t count, std::uint64_t least_bytes,
                                     std::uint64_t limit, std::uint64_t offset) const {
        if (count > cursor_.remaining() / least_bytes) {
            return error(error_code::malformed,
                         "the file says that it has %llu %s, but only %llu bytes follow (at offset %llu)",
                         printable(count), what, printable(cursor_.remaining()), printable(offset));
        }
        limit = std::min<std::uint64_t>(limit, std::numeric_limits<std::uint32_t>::max()); // they are numbered so
        if (count > limit) {
            return error(error_code::unsupported, "the file has %llu %s, expected at most %llu (at offset %llu)",
                         printable(count), what, printable(limit), printable(offset));
        }
        return success();
    }

    [[nodiscard]] status parse_entry() {
        const std::size_t start = cursor_.offset();
        gguf_entry entry;
        entry_extents where;
        LLMZERO_CHECK(cursor_.skip_string(where.key.bytes, limits_.max_key_bytes, "a", "key"));
        where.key.offset = start + sizeof(std::uint64_t);
        LLMZERO_CHECK(check_gguf_key(text_at(where.key), limits_, start));
        const quoted key(text_at(where.key));
        LLMZERO_CHECK(parse_type(entry.type, "the value", key));
        where.payload.offset = cursor_.offset();
        switch (entry.type) {
        case gguf_type::array: LLMZERO_CHECK(parse_array(entry, where.payload, key)); break;
        case gguf_type::string:
            LLMZERO_CHECK(
                cursor_.skip_string(where.payload.bytes, limits_.max_string_bytes, "the value of key", key.c_str()));
            where.payload.offset += sizeof(std::uint64_t);
            break;
        default:
            where.payload.bytes = size_of(entry.type);
            LLMZERO_CHECK(cursor_.skip(where.payload.bytes, "the value of key", key.c_str()));
        }
        if (entry.type == gguf_type::boolean ||
            (entry.type == gguf_type::array && entry.element_type == gguf_type::boolean)) {
            LLMZERO_CHECK(check_booleans(where.payload, key));
        }
        entry.offset = where.payload.offset;
        LLMZERO_CHECK(entry_extents_.push_back(where));
        return header_.entries.push_back(entry);
    }

    [[nodiscard]] status parse_type(gguf_type & type, const char * of_what, const quoted & key) {
        const std::uint64_t offset = cursor_.offset();
        std::uint32_t id = 0;
        LLMZERO_CHECK(cursor_.read(id, "the value type of key", key.c_str()));
        if (id >= gguf_type_count) {
            return error(error_code::malformed, "%s of key %s has the type %lu, expected 0 to %lu (at offset %llu)",
                         of_what, key.c_str(), static_cast<unsigned long>(id),
                         static_cast<unsigned long>(gguf_type_count - 1), printable(offset));
        }
        type = static_cast<gguf_type>(id);
        return success();
    }

    [[nodiscard]] status parse_array(gguf_entry & entry, extent & payload, const quoted & key) {
        const std::uint64_t offset = cursor_.offset();
        LLMZERO_CHECK(parse_type(entry.element_type, "the array", key));
        if (entry.element_type == gguf_type::array) {
            return error(error_code::malformed,
                         "key %s is an array of arrays, expected numbers, bools or strings "
                         "(at offset %llu)",
                         key.c_str(), printable(offset));
        }
        std::uint64_t count = 0;
        LLMZERO_CHECK(cursor_.read(count, "the length of array", key.c_str()));
        const bool of_strings = entry.element_type == gguf_type::string;
        const std::size_t least_bytes = of_strings ? sizeof(std::uint64_t) : size_of(entry.element_type);
        if (count > cursor_.remaining() / least_bytes) {
            return error(error_code::malformed,
                         "key %s says that it is an array of %llu %s, but only %llu bytes follow (at offset %llu)",
                         key.c_str(), printable(count), of_strings ? "strings" : name_of(entry.element_type),
                         printable(cursor_.remaining()), printable(offset));
        }
        if (count > limits_.max_array_elements) {
            return error(error_code::unsupported,
                         "key %s is an array of %llu elements, expected at most %llu (at offset %llu)", key.c_str(),
                         printable(count), printable(limits_.max_array_elements), printable(offset));
        }
        payload.offset = cursor_.offset();
        if (of_strings) {
            LLMZERO_CHECK(
                cursor_.skip_strings(count, limits_.max_string_bytes, "a string in the array of key", key.c_str()));
        } else {
            LLMZERO_CHECK(cursor_.skip(count * least_bytes, "the array of key", key.c_str()));
        }
        payload.bytes = cursor_.offset() - payload.offset;
        entry.count = static_cast<std::size_t>(count);
        return success();
    }

    [[nodiscard]] status check_booleans(extent payload, const quoted & key) const {
        const std::span<const std::byte> values = cursor_.passed(payload.offset, payload.bytes);
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (values[i] > std::byte{1}) {
                return error(error_code::malformed, "key %s holds the bool %u, expected 0 or 1 (at offset %llu)",
                             key.c_str(), std::to_integer<unsigned>(values[i]), printable(payload.offset + i));
            }
        }
        return success();
    }

    // The offset that is kept is still relative to the start of the data; place_tensors() makes it absolute.
    [[nodiscard]] status parse_tensor() {
        gguf_tensor tensor;
        tensor_extents where;
        where.start = cursor_.offset();
        LLMZERO_CHECK(cursor_.skip_string(where.name.bytes, limits_.max_tensor_name_bytes, "the name of", "a tensor"));
        where.name.offset = where.start + sizeof(std::uint64_t);
        const quoted name(text_at(where.name));
        std::uint32_t type_id = 0;
        LLMZERO_CHECK(cursor_.read(tensor.n_dims, "the number of dimensions of tensor", name.c_str()));
        if (tensor.n_dims >= 1 && tensor.n_dims <= gguf_max_dims) {
            for (std::size_t i = 0; i < tensor.n_dims; ++i) {
                LLMZERO_CHECK(cursor_.read(tensor.shape[i], "the shape of tensor", name.c_str()));
            }
            LLMZERO_CHECK(cursor_.read(type_id, "the type of tensor", name.c_str()));
            LLMZERO_CHECK(cursor_.read(tensor.offset, "the offset of tensor", name.c_str()));
        }
        tensor.name = text_at(where.name);
        LLMZERO_CHECK(complete_gguf_tensor(tensor, type_id, limits_, where.start));
        LLMZERO_CHECK(tensor_extents_.push_back(where));
        return header_.tensors.push_back(tensor);
    }

    // The header has stopped moving: names and values can be pointed at.
    void set_views() {
        for (std::size_t i = 0; i < header_.entries.size(); ++i) {
            const entry_extents & where = entry_extents_[i];
            header_.entries[i].key = text_at(where.key);
            header_.entries[i].payload = cursor_.passed(where.payload.offset, where.payload.bytes);
        }
        for (std::size_t i = 0; i < header_.tensors.size(); ++i) {
            header_.tensors[i].name = text_at(tensor_extents_[i].name);
        }
    }

    [[nodiscard]] status sort_entries() {
        const auto key_at = [this](std::size_t i) {
            return header_.entries[i].key;
        };
        LLMZERO_CHECK(header_.entries_by_key.resize(header_.entries.size()));
        sort_by_name(header_.entries_by_key.span(), key_at);
        const std::size_t second = find_duplicate(header_.entries_by_key.span(), key_at);
        if (second < header_.entries.size()) {
            const std::size_t entry = header_.entries_by_key[second];
            return error(error_code::malformed, "key %s stands in the file twice (the second time at offset %llu)",
                         quoted(key_at(entry)).c_str(), printable(entry_extents_[entry].key.offset));
        }
        return success();
    }

    [[nodiscard]] status sort_tensors() {
        const auto name_at = [this](std::size_t i) {
            return header_.tensors[i].name;
        };
        LLMZERO_CHECK(header_.tensors_by_name.resize(header_.tensors.size()));
        sort_by_name(header_.tensors_by_name.span(), name_at);
        const std::size_t second = find_duplicate(header_.tensors_by_name.span(), name_at);
        if (second < header_.tensors.size()) {
            const std::size_t tensor = header_.tensors_by_name[second];
            return error(error_code::malformed, "two tensors have the name %s (the second at offset %llu)",
                         quoted(name_at(tensor)).c_str(), printable(tensor_extents_[tensor].start));
        }
        return success();
    }

    [[nodiscard]] status read_alignment() {
        for (const gguf_entry & entry : header_.entries) {
            if (entry.key != gguf_alignment_key) {
                continue;
            }
            if (entry.type != gguf_type::u32) {
                return error(error_code::malformed,
                             "key 'general.alignment' is of type %s, expected u32 (at offset %llu)",
                             name_of(entry.type), printable(entry.offset));
            }
            header_.alignment = load_little_endian<std::uint32_t>(entry.payload.data());
            return check_gguf_alignment(header_.alignment, limits_, entry.offset);
        }
        return success();
    }

    // Makes the tensors' offsets absolute. They must be aligned, in file order, apart, and inside the file.
    [[nodiscard]] status place_tensors() {
        // Cannot wrap: the header is shorter than max_header_bytes, the alignment at most max_alignment.
        const std::uint64_t mask = header_.alignment - 1;
        const std::uint64_t data_start = (std::uint64_t{cursor_.offset()} + mask) & ~mask;
        std::uint64_t free_from = data_start;
        for (std::size_t i = 0; i < header_.tensors.size(); ++i) {
            gguf_tensor & tensor = header_.tensors[i];
            const quoted name(tensor.name);
            const std::uint64_t described_at = tensor_extents_[i].start;
            if ((tensor.offset & mask) != 0) {
                return error(error_code::malformed,
                             "the data of tensor %s starts at %llu, expected a multiple of %llu (described at offset "
                             "%llu)",
                             name.c_str(), printable(tensor.offset), printable(header_.alignment),
                             printable(described_at));
            }
            const auto start = checked_add(data_start, tensor.offset);
            const auto end = start ? checked_add(*start, tensor.bytes) : start;
            if (!end || *end > cursor_.size()) {
                return error(error_code::malformed,
                             "the data of tensor %s, %llu bytes from %llu on after the header, ends beyond the file "
                             "of %llu bytes (described at offset %llu)",
                             name.c_str(), printable(tensor.bytes), printable(tensor.offset), printable(cursor_.size()),
                             printable(described_at));
            }
            if (*start < free_from) {
                return error(error_code::malformed,
                             "the data of tensor %s starts at %llu after the header, inside or before the tensor "
                             "in front of it, expected at least %llu (described at offset %llu)",
                             name.c_str(), printable(tensor.offset), printable(free_from - data_start),
                             printable(described_at));
            }
            tensor.offset = *start;
            free_from = *end;
        }
        return success();
    }

    gguf_cursor cursor_;
    gguf_limits limits_;
    gguf_header header_;
    heap_array<entry_extents> entry_extents_;
    heap_array<tensor_extents> tensor_extents_;
};

} // namespace llmzero::inline LLMZERO_ABI::detail
