// Four codes of 8 bits in a word, the first in its lowest byte: what unpacking and packing weights is done with where a
// machine has no vectors, and costs nothing where it has.
#pragma once

#include <llmzero/base/byte_reader.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace llmzero::inline LLMZERO_ABI::detail {

// The same number in each byte.
constexpr std::uint32_t in_each_byte(std::uint32_t number) {
    return number * 0x01010101u;
}

inline std::uint32_t load_four(const void * bytes) {
    return load_little_endian<std::uint32_t>(bytes);
}

inline void store_four(void * to, std::uint32_t word) {
    if constexpr (std::endian::native == std::endian::big) {
        word = load_little_endian<std::uint32_t>(&word);
    }
    std::memcpy(to, &word, sizeof word);
}

// Less `minus` in each byte, in two's complement; for bytes and `minus` from 0 to 127: no byte borrows from the next.
constexpr std::uint32_t less_in_each_byte(std::uint32_t word, std::uint32_t minus) {
    return ((word | in_each_byte(0x80)) - in_each_byte(minus)) ^ in_each_byte(0x80);
}

// Bits 0 to 3 as bit 0 of bytes 0 to 3; the others must be 0. Four copies lie 7 bits apart, so that they do not meet.
constexpr std::uint32_t spread_four_bits(std::uint32_t bits) {
    return bits * 0x00204081u & in_each_byte(1);
}

} // namespace llmzero::inline LLMZERO_ABI::detail
