// Writes GGUF files, version 3: metadata and tensor descriptions are collected first, then everything goes
// out in one stream, so that the data of all tensors together never has to be in memory.
//
// The writer holds itself to the rules that the reader checks: what it writes, gguf_file::open accepts under
// the same limits. Padding is its business. Errors: those of the reader (malformed, unsupported) for keys,
// names and shapes; bad_argument when a tensor gets more or fewer bytes than its shape says; whatever the
// sink returns; out_of_memory. An add that failed leaves the writer as it was.
//
//     llmzero::gguf_writer writer;
//     LLMZERO_CHECK(writer.add("general.architecture", "llama"));
//     LLMZERO_CHECK(writer.add("llama.block_count", std::uint32_t{2}));
//     LLMZERO_CHECK(writer.add_tensor("output_norm.weight", shape, llmzero::tensor_type::f32));
//     LLMZERO_CHECK(writer.write(file_sink, [&](std::size_t tensor, llmzero::gguf_sink data) {
//         return data(bytes_of(tensor)); // in one piece or in many
//     }));
#pragma once

#include <llmzero/base/function_ref.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/storage/gguf_types.hpp>
#include <llmzero/storage/gguf_value.hpp>

#include <bit>
#include <concepts>
#include <cstring>
#include <ranges>

namespace llmzero::inline LLMZERO_ABI {

// Takes the next bytes of a stream; an error stops the writer.
using gguf_sink = function_ref<status(std::span<const std::byte>)>;

namespace detail {

// The type that a C++ value has in a file: by size and sign for integers, exact for the rest.
template <class T> [[nodiscard]] constexpr gguf_type gguf_type_of() {
    if constexpr (std::same_as<T, bool>) {
        return gguf_type::boolean;
    } else if constexpr (std::integral<T>) {
        constexpr bool is_signed = std::signed_integral<T>;
        switch (sizeof(T)) {
        case 1: return is_signed ? gguf_type::i8 : gguf_type::u8;
        case 2: return is_signed ? gguf_type::i16 : gguf_type::u16;
        case 4: return is_signed ? gguf_type::i32 : gguf_type::u32;
        default: return is_signed ? gguf_type::i64 : gguf_type::u64;
        }
    } else if constexpr (std::same_as<T, float>) {
        return gguf_type::f32;
    } else if constexpr (std::same_as<T, double>) {
        return gguf_type::f64;
    } else {
        static_assert(std::convertible_to<const T &, std::string_view>, "integers, float, double, bool or text");
        return gguf_type::string;
    }
}

} // namespace detail

class gguf_writer {
public:
    explicit gguf_writer(const gguf_limits & limits = {}) : limits_(limits) {}

    // Adds a key. The type in the file is the type of `value`: std::uint32_t gives u32, text gives a string.
    // general.alignment must be a std::uint32_t; it takes effect for all tensors.
    template <class T> [[nodiscard]] status add(std::string_view key, const T & value) {
        constexpr gguf_type type = detail::gguf_type_of<T>();
        std::uint64_t alignment = alignment_;
        if (key == gguf_alignment_key) {
            if constexpr (type == gguf_type::u32) {
                alignment = static_cast<std::uint32_t>(value);
                LLMZERO_CHECK(detail::check_gguf_alignment(alignment, limits_, next_offset()));
            } else {
                return wrong_alignment_type(type);
            }
        }
        if constexpr (type == gguf_type::string) {
            const std::string_view text = value;
            LLMZERO_CHECK(check_string(key, text));
            LLMZERO_CHECK(begin_entry(key, type, sizeof(std::uint64_t) + text.size()));
            put_string(text);
        } else {
            LLMZERO_CHECK(begin_entry(key, type, sizeof(T)));
            put(value);
        }
        alignment_ = alignment;
        return success();
    }

    // Adds an array of numbers, bools or texts: anything whose elements lie one after the other in memory.
    template <std::ranges::contiguous_range Range>
    [[nodiscard]] status add_array(std::string_view key, const Range & elements) {
        using element = std::ranges::range_value_t<Range>;
        constexpr gguf_type type = detail::gguf_type_of<element>();
        if (key == gguf_alignment_key) {
            return wrong_alignment_type(gguf_type::array);
        }
        const std::span<const element> all(elements);
        if (all.size() > limits_.max_array_elements) {
            return error(error_code::unsupported, "key %s is an array of %zu elements, expected at most %llu",
                         quoted(key).c_str(), all.size(), detail::printable(limits_.max_array_elements));
        }
        std::size_t payload_bytes = all.size() * size_of(type);
        if constexpr (type == gguf_type::string) {
            for (const std::string_view text : all) {
                LLMZERO_CHECK(check_string(key, text));
                payload_bytes += sizeof(std::uint64_t) + text.size(); // texts lie in memory: the sum cannot wrap
            }
        }
        LLMZERO_CHECK(begin_entry(key, gguf_type::array, array_head_bytes + payload_bytes));
        put(static_cast<std::uint32_t>(type));
        put(std::uint64_t{all.size()});
        for (const element & value : all) {
            if constexpr (type == gguf_type::string) {
                put_string(value);
            } else {
                put(value);
            }
        }
        return success();
    }

    // Adds a copy of an entry of another file.
    [[nodiscard]] status add(const gguf_entry & entry) {
        if (entry.key == gguf_alignment_key) {
            if (entry.type != gguf_type::u32) {
                return wrong_alignment_type(entry.type);
            }
            return add(entry.key, load_little_endian<std::uint32_t>(entry.payload.data()));
        }
        switch (entry.type) {
        case gguf_type::string: return add(entry.key, as_text(entry.payload));
        case gguf_type::array:
            LLMZERO_CHECK(begin_entry(entry.key, entry.type, array_head_bytes + entry.payload.size()));
            put(static_cast<std::uint32_t>(entry.element_type));
            put(std::uint64_t{entry.count});
            break;
        default: LLMZERO_CHECK(begin_entry(entry.key, entry.type, entry.payload.size()));
        }
        put_bytes(entry.payload);
        return success();
    }

    // Adds a tensor; its data follows in write(). Shape: fastest dimension first, 1 to 4 dimensions.
    [[nodiscard]] status add_tensor(std::string_view name, std::span<const std::uint64_t> shape, tensor_type type) {
        described_tensor described;
        gguf_tensor & tensor = described.tensor;
        tensor.name = name;
        tensor.n_dims = static_cast<std::uint32_t>(std::min<std::size_t>(shape.size(), gguf_max_dims + 1));
        std::copy_n(shape.begin(), std::min(shape.size(), gguf_max_dims), tensor.shape.begin());
        LLMZERO_CHECK(detail::complete_gguf_tensor(tensor, static_cast<std::uint32_t>(type), limits_, next_offset()));
        tensor.name = {}; // the caller's; the copy is found through name_offset
        described.name_offset = names_.size();
        described.name_bytes = name.size();
        LLMZERO_CHECK(tensors_.push_back(described));
        if (auto copied = names_.append({name.data(), name.size()}); !copied) {
            tensors_.pop_back();
            return copied.error();
        }
        return success();
    }

    [[nodiscard]] std::size_t n_tensors() const { return tensors_.size(); }

    // The size of the file that write() will write; fails where write() would fail before its first byte.
    [[nodiscard]] result<std::uint64_t> file_bytes() const {
        LLMZERO_ASSIGN(const plan planned, make_plan());
        return planned.file_bytes;
    }

    // Sends the whole file to `out`. `fill` is called once for each tensor, in the order in which they were
    // added, and passes the tensor's bytes on, in as many pieces as it likes.
    [[nodiscard]] status write(gguf_sink out, function_ref<status(std::size_t tensor, gguf_sink data)> fill) const {
        LLMZERO_ASSIGN(const plan planned, make_plan());
        LLMZERO_CHECK(write_header(out, planned));
        for (std::size_t i = 0; i < tensors_.size(); ++i) {
            const std::uint64_t expected = tensors_[i].tensor.bytes;
            std::uint64_t left = expected;
            LLMZERO_CHECK(fill(i, [&](std::span<const std::byte> bytes) -> status {
                if (bytes.size() > left) {
                    return error(error_code::bad_argument, "tensor %s gets more than its %llu bytes",
                                 quoted(name_at(i)).c_str(), detail::printable(expected));
                }
                left -= bytes.size();
                return out(bytes);
            }));
            if (left != 0) {
                return error(error_code::bad_argument, "tensor %s gets %llu bytes, expected %llu",
                             quoted(name_at(i)).c_str(), detail::printable(expected - left),
                             detail::printable(expected));
            }
            LLMZERO_CHECK(write_padding(out, expected));
        }
        return success();
    }

private:
    static constexpr std::size_t counts_bytes = 4 + 4 + 8 + 8;   // magic, version, n_tensors, n_entries
    static constexpr std::size_t array_head_bytes = 4 + 8;       // element type, count
    static constexpr std::size_t entry_head_bytes = 8 + 4;       // length of the key, value type
    static constexpr std::size_t tensor_head_bytes = 8 + 4 + 12; // length of the name, n_dims; type, offset

    struct described_tensor {
        gguf_tensor tensor; // without its name
        std::size_t name_offset = 0;
        std::size_t name_bytes = 0;
    };
    struct key_place {
        std::size_t offset = 0; // in metadata_
        std::size_t bytes = 0;
    };
    struct plan {
        std::uint64_t header_bytes = 0; // without padding
        std::uint64_t file_bytes = 0;
    };

    [[nodiscard]] std::string_view key_at(std::size_t i) const {
        return as_text(metadata_.span().subspan(keys_[i].offset, keys_[i].bytes));
    }
    [[nodiscard]] std::string_view name_at(std::size_t i) const {
        return {names_.data() + tensors_[i].name_offset, tensors_[i].name_bytes};
    }
    // Where the next key would stand in the file.
    [[nodiscard]] std::uint64_t next_offset() const { return counts_bytes + metadata_.size(); }

    [[nodiscard]] error wrong_alignment_type(gguf_type type) const {
        return error(error_code::malformed, "key 'general.alignment' is of type %s, expected u32 (at offset %llu)",
                     name_of(type), detail::printable(next_offset()));
    }

    [[nodiscard]] status check_string(std::string_view key, std::string_view text) const {
        if (text.size() > limits_.max_string_bytes) {
            return error(error_code::malformed, "a string of key %s has %zu bytes, expected at most %llu",
                         quoted(key).c_str(), text.size(), detail::printable(limits_.max_string_bytes));
        }
        return success();
    }

    // Writes an entry's key and type, after room has been made for all of it: what follows cannot fail.
    [[nodiscard]] status begin_entry(std::string_view key, gguf_type type, std::size_t payload_bytes) {
        LLMZERO_CHECK(detail::check_gguf_key(key, limits_, next_offset()));
        const std::size_t needed = metadata_.size() + entry_head_bytes + key.size() + payload_bytes;
        if (needed > metadata_.capacity()) {
            LLMZERO_CHECK(metadata_.reserve(std::max(needed, metadata_.capacity() * 2)));
        }
        LLMZERO_CHECK(keys_.push_back({metadata_.size() + sizeof(std::uint64_t), key.size()}));
        put_string(key);
        put(static_cast<std::uint32_t>(type));
        return success();
    }

    // These need room in metadata_.
    void put_bytes(std::span<const std::byte> bytes) { put_bytes(metadata_, bytes); }
    void put_string(std::string_view text) { put_string(metadata_, text); }
    template <class T> void put(T value) { put(metadata_, value); }

    static void put_bytes(heap_array<std::byte> & to, std::span<const std::byte> bytes) {
        for (const std::byte byte : bytes) {
            to.push_back_unchecked(byte);
        }
    }
    static void put_string(heap_array<std::byte> & to, std::string_view text) {
        put(to, std::uint64_t{text.size()});
        put_bytes(to, std::as_bytes(std::span(text)));
    }
    template <class T> static void put(heap_array<std::byte> & to, T value) {
        std::byte raw[sizeof value];
        std::memcpy(raw, &value, sizeof value);
        if constexpr (std::endian::native == std::endian::big) {
            std::reverse(std::begin(raw), std::end(raw));
        }
        put_bytes(to, raw);
    }

    // Checks what cannot be checked piece by piece, and computes where everything goes.
    [[nodiscard]] result<plan> make_plan() const {
        LLMZERO_CHECK(check_unique(keys_.size(), "key", [this](std::size_t i) { return key_at(i); }));
        LLMZERO_CHECK(check_unique(tensors_.size(), "tensor name", [this](std::size_t i) { return name_at(i); }));
        if (keys_.size() > limits_.max_entries || tensors_.size() > limits_.max_tensors) {
            return error(error_code::unsupported, "%zu keys and %zu tensors, expected at most %llu and %llu",
                         keys_.size(), tensors_.size(), detail::printable(limits_.max_entries),
                         detail::printable(limits_.max_tensors));
        }
        plan made;
        made.header_bytes = next_offset() + tensors_.size() * tensor_head_bytes + names_.size();
        for (const described_tensor & described : tensors_) {
            made.header_bytes += described.tensor.n_dims * sizeof(std::uint64_t);
        }
        if (made.header_bytes > limits_.max_header_bytes) {
            return error(error_code::unsupported, "the header has %llu bytes, expected at most %llu",
                         detail::printable(made.header_bytes), detail::printable(limits_.max_header_bytes));
        }
        made.file_bytes = padded(made.header_bytes);
        for (std::size_t i = 0; i < tensors_.size(); ++i) {
            // Sizes are below 2^63, so only their sum can wrap, not the padding.
            const auto sum = checked_add(made.file_bytes, padded(tensors_[i].tensor.bytes));
            if (!sum || !std::in_range<std::int64_t>(*sum)) {
                return error(error_code::unsupported, "the file would be larger than 2^63 bytes at tensor %s",
                             quoted(name_at(i)).c_str());
            }
            made.file_bytes = *sum;
        }
        return made;
    }

    template <class NameAt>
    [[nodiscard]] static status check_unique(std::size_t count, const char * what, const NameAt & text_at) {
        LLMZERO_ASSIGN(auto order, heap_array<std::uint32_t>::create(count));
        detail::sort_by_name(order.span(), text_at);
        const std::size_t second = detail::find_duplicate(order.span(), text_at);
        if (second < count) {
            return error(error_code::malformed, "the %s %s was added twice", what,
                         quoted(text_at(order[second])).c_str());
        }
        return success();
    }

    [[nodiscard]] std::uint64_t padded(std::uint64_t bytes) const {
        return (bytes + (alignment_ - 1)) & ~(alignment_ - 1);
    }

    [[nodiscard]] status write_header(gguf_sink out, const plan & planned) const {
        heap_array<std::byte> counts;
        LLMZERO_CHECK(counts.reserve(counts_bytes));
        put_bytes(counts, std::as_bytes(std::span(gguf_magic)));
        put(counts, gguf_version);
        put(counts, std::uint64_t{tensors_.size()});
        put(counts, std::uint64_t{keys_.size()});
        LLMZERO_CHECK(out(counts.span()));
        LLMZERO_CHECK(out(metadata_.span()));

        heap_array<std::byte> descriptions;
        LLMZERO_CHECK(descriptions.reserve(static_cast<std::size_t>(planned.header_bytes - next_offset())));
        std::uint64_t offset = 0;
        for (std::size_t i = 0; i < tensors_.size(); ++i) {
            const gguf_tensor & tensor = tensors_[i].tensor;
            put_string(descriptions, name_at(i));
            put(descriptions, tensor.n_dims);
            for (std::size_t d = 0; d < tensor.n_dims; ++d) {
                put(descriptions, tensor.shape[d]);
            }
            put(descriptions, static_cast<std::uint32_t>(tensor.type));
            put(descriptions, offset);
            offset += padded(tensor.bytes);
        }
        LLMZERO_CHECK(out(descriptions.span()));
        return write_padding(out, planned.header_bytes);
    }

    // Zeros up to the next aligned position after `written` bytes.
    [[nodiscard]] status write_padding(gguf_sink out, std::uint64_t written) const {
        constexpr std::byte zeros[256] = {};
        for (std::uint64_t left = padded(written) - written; left > 0;) {
            const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, sizeof zeros));
            LLMZERO_CHECK(out(std::span(zeros).first(count)));
            left -= count;
        }
        return success();
    }

    gguf_limits limits_;
    std::uint64_t alignment_ = gguf_default_alignment;
    heap_array<std::byte> metadata_; // all entries as they will stand in the file
    heap_array<key_place> keys_;
    heap_array<described_tensor> tensors_;
    heap_array<char> names_; // of the tensors, one after the other
};

} // namespace llmzero::inline LLMZERO_ABI
