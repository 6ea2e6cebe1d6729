// Numbers in the bytes of a sector: little-endian, unaligned.
#pragma once

#include <llmzero/base/byte_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace fat {

// The caller knows that the number lies inside `bytes`.
template <class T> [[nodiscard]] T load(std::span<const std::byte> bytes, std::size_t offset) {
    return llmzero::load_little_endian<T>(bytes.data() + offset);
}

template <class T> void store(std::span<std::byte> bytes, std::size_t offset, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        bytes[offset + i] = static_cast<std::byte>(value >> (8 * i) & 0xff);
    }
}

} // namespace fat
