// Reads little-endian values from a span of bytes, never beyond its end. Keeps the number of bytes that
// remain, so that each count in a file can be compared with what could follow before memory is taken.
#pragma once

#include <llmzero/base/result.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace llmzero::inline LLMZERO_ABI {

// The value of a number stored little-endian and unaligned at `bytes` (at least sizeof(T) of them).
template <class T>
requires std::is_arithmetic_v<T>
[[nodiscard]] T load_little_endian(const void * bytes) {
    unsigned char raw[sizeof(T)];
    std::memcpy(raw, bytes, sizeof raw);
    if constexpr (std::endian::native == std::endian::big) {
        for (std::size_t i = 0; i < sizeof(T) / 2; ++i) {
            const unsigned char swapped = raw[i];
            raw[i] = raw[sizeof(T) - 1 - i];
            raw[sizeof(T) - 1 - i] = swapped;
        }
    }
    T value;
    std::memcpy(&value, raw, sizeof value);
    return value;
}

class byte_reader {
public:
    explicit byte_reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

    // Bytes read so far: the offset of the next value from the start.
    [[nodiscard]] std::size_t offset() const { return offset_; }
    [[nodiscard]] std::size_t remaining() const { return bytes_.size() - offset_; }

    // False, and nothing is read, when fewer than sizeof(T) bytes remain.
    template <class T> [[nodiscard]] bool read(T & value) {
        if (remaining() < sizeof(T)) {
            return false;
        }
        value = load_little_endian<T>(bytes_.data() + offset_);
        offset_ += sizeof(T);
        return true;
    }

    // A view of the next `count` bytes; false when fewer remain.
    [[nodiscard]] bool read_bytes(std::uint64_t count, std::span<const std::byte> & view) {
        if (count > remaining()) {
            return false;
        }
        view = bytes_.subspan(offset_, static_cast<std::size_t>(count));
        offset_ += static_cast<std::size_t>(count);
        return true;
    }

private:
    std::span<const std::byte> bytes_;
    std::size_t offset_ = 0;
};

// Bytes seen as text, without a copy.
[[nodiscard]] inline std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

} // namespace llmzero::inline LLMZERO_ABI
