// What stands before the codes of a packed group, in the same way in all kernel sets:
//
//     | scale f32 | offset f32, if the format has one | half_scale 2 x i8, half_offset 2 x i8, if it has halves |
//
// 4, 8 or 12 bytes at an address that is a multiple of 4.
#pragma once

#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace llmzero::inline LLMZERO_ABI::kernels {

struct group_header {
    float scale;
    float offset;
    std::int8_t half_scale[2];
    std::int8_t half_offset[2];
};

constexpr std::size_t header_bytes(packed_format format) {
    return std::size_t{4} + (has_offset(format) ? 4u : 0u) + (has_halves(format) ? 4u : 0u);
}

inline void write_header(packed_format format, const weight_group & group, void * header) {
    auto * to = static_cast<std::byte *>(header);
    std::memcpy(to, &group.scale, 4);
    to += 4;
    if (has_offset(format)) {
        std::memcpy(to, &group.offset, 4);
        to += 4;
    }
    if (has_halves(format)) {
        std::memcpy(to, group.half_scale, 2);
        std::memcpy(to + 2, group.half_offset, 2);
    }
}

// Members that the format does not have are not set.
template <packed_format format> inline group_header read_header(const void * header) {
    const auto * from = static_cast<const std::byte *>(__builtin_assume_aligned(header, 4));
    group_header read;
    std::memcpy(&read.scale, from, 4);
    if constexpr (has_offset(format)) {
        std::memcpy(&read.offset, from + 4, 4);
    }
    if constexpr (has_halves(format)) {
        std::memcpy(read.half_scale, from + header_bytes(format) - 4, 2);
        std::memcpy(read.half_offset, from + header_bytes(format) - 2, 2);
    }
    return read;
}

// The header as a group of weights whose codes are still to be set.
template <packed_format format> inline void read_scales(const void * header, weight_group & group) {
    const group_header read = read_header<format>(header);
    set_scales(read.scale, has_offset(format) ? read.offset : 0.0f, &group);
    if constexpr (has_halves(format)) {
        std::memcpy(group.half_scale, read.half_scale, 2);
        std::memcpy(group.half_offset, read.half_offset, 2);
    }
}

} // namespace llmzero::inline LLMZERO_ABI::kernels
