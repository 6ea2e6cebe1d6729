// GGUF files made byte by byte, right and wrong, and sources that misbehave: for the tests of storage/.
#pragma once

#include <llmzero/storage/byte_source.hpp>
#include <llmzero/storage/gguf_types.hpp>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace support {

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

// Whether an error's sentence contains these words.
inline bool contains(const llmzero::error & e, std::string_view part) {
    return std::string_view(e.message()).find(part) != std::string_view::npos;
}

// The little-endian bytes of a number. The machines that the tests run on are little-endian.
template <class T> std::string raw(T value) {
    std::string bytes(sizeof value, 0);
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}
inline std::string text(std::string_view value) {
    return raw(std::uint64_t{value.size()}).append(value);
}

// An entry: key, type, and the value's bytes.
inline std::string entry(std::string_view key, std::uint32_t type, std::string_view value) {
    return text(key) + raw(type).append(value);
}
inline std::string entry(std::string_view key, llmzero::gguf_type type, std::string_view value) {
    return entry(key, static_cast<std::uint32_t>(type), value);
}
inline std::string array_of(llmzero::gguf_type element, std::uint64_t count, std::string_view elements) {
    return raw(static_cast<std::uint32_t>(element)) + raw(count).append(elements);
}

struct raw_tensor {
    std::string name;
    std::vector<std::uint64_t> dims;
    std::uint32_t type = 0;
    std::uint64_t offset = 0;
    std::optional<std::uint32_t> n_dims = std::nullopt; // when it is to differ from dims

    std::string bytes() const {
        std::string all = text(name) + raw(n_dims.value_or(static_cast<std::uint32_t>(dims.size())));
        for (const std::uint64_t d : dims) {
            all += raw(d);
        }
        return all + raw(type) + raw(offset);
    }
};

// A file with a few keys of which each may be replaced. As it is, it is valid.
struct raw_gguf {
    std::string magic = "GGUF";
    std::uint32_t version = 3;
    std::optional<std::uint64_t> n_tensors = std::nullopt;
    std::optional<std::uint64_t> n_entries = std::nullopt;
    std::vector<std::string> entries;
    std::vector<raw_tensor> tensors;
    std::size_t alignment = 32;
    std::string data;

    // The offset of the first entry, and of what follows the entries.
    static constexpr std::size_t entries_start = 24;
    std::size_t tensors_start() const {
        std::size_t at = entries_start;
        for (const std::string & e : entries) {
            at += e.size();
        }
        return at;
    }

    std::string bytes() const {
        std::string all =
            magic + raw(version) + raw(n_tensors.value_or(tensors.size())) + raw(n_entries.value_or(entries.size()));
        for (const std::string & e : entries) {
            all += e;
        }
        for (const raw_tensor & t : tensors) {
            all += t.bytes();
        }
        if (!data.empty()) {
            all.resize((all.size() + alignment - 1) / alignment * alignment);
            all += data;
        }
        return all;
    }
};

// Bytes that can only be read, with faults on demand.
class reading_source : public llmzero::byte_source {
public:
    explicit reading_source(std::string_view bytes) : bytes_(bytes) {}

    std::uint64_t fail_at = 0;                        // the read with this number (from 1) fails
    bool keeps_failing = false;                       // and all after it
    std::uint64_t ends_at = ~std::uint64_t{0};        // reads beyond fail, as in a file that was cut
    std::optional<std::uint64_t> says = std::nullopt; // the size it claims to have
    mutable std::uint64_t reads = 0;                  // so far
    mutable std::uint64_t bytes_read = 0;             // so far
    mutable std::uint64_t size_calls = 0;             // so far

    [[nodiscard]] std::uint64_t size() const override {
        ++size_calls;
        return says.value_or(bytes_.size());
    }
    [[nodiscard]] llmzero::status read(std::uint64_t offset, std::span<std::byte> into) const override {
        ++reads;
        if (fail_at != 0 && (reads == fail_at || (keeps_failing && reads > fail_at))) {
            std::memset(into.data(), 0xee, into.size() / 2); // a read that fails midway leaves garbage
            return llmzero::error(llmzero::error_code::io, "read %llu fails", static_cast<unsigned long long>(reads));
        }
        if (offset + into.size() > std::min<std::uint64_t>(bytes_.size(), ends_at)) {
            return llmzero::error(llmzero::error_code::io, "the file became shorter while it was read");
        }
        if (!into.empty()) {
            std::memcpy(into.data(), bytes_.data() + offset, into.size());
        }
        bytes_read += into.size();
        return llmzero::success();
    }

private:
    std::string_view bytes_;
};

} // namespace support
