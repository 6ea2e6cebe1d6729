// The order in which scales and codes follow each other in a packed row, the same in all kernel sets:
//
//     row    | block | block | ...
//     block  | scale f32 | offset f32, if the format has one | group | group | ... |
//     group  | half_scale 2 x i8, half_offset 2 x i8, if the format has halves | codes |
//
// A block has one group, or with halves 8 (the last of a row may have fewer). All parts begin at multiples of 4 bytes.
// How codes are laid out is the kernel set's own affair.
#pragma once

#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace llmzero::inline LLMZERO_ABI::kernels {

constexpr std::size_t groups_in_block(packed_format format) {
    return has_halves(format) ? 8 : 1;
}
constexpr std::size_t scale_bytes(packed_format format) {
    return has_offset(format) ? 8 : 4;
}
constexpr std::size_t factor_bytes(packed_format format) {
    return has_halves(format) ? 4 : 0;
}

// `code_bytes` is what the codes of a group take.
constexpr std::size_t row_bytes(packed_format format, std::size_t n_groups, std::size_t code_bytes) {
    const std::size_t n_blocks = (n_groups + groups_in_block(format) - 1) / groups_in_block(format);
    return n_blocks * scale_bytes(format) + n_groups * (factor_bytes(format) + code_bytes);
}

// Writes a row; write_codes(group, to) writes the codes of one group.
template <class WriteCodes>
inline void pack_groups(packed_format format, const weight_group * groups, std::size_t n_groups, std::size_t code_bytes,
                        std::byte * to, const WriteCodes & write_codes) {
    for (std::size_t g = 0; g < n_groups; ++g) {
        const weight_group & group = groups[g];
        if (g % groups_in_block(format) == 0) {
            std::memcpy(to, &group.scale, 4);
            if (has_offset(format)) {
                std::memcpy(to + 4, &group.offset, 4);
            }
            to += scale_bytes(format);
        }
        if (has_halves(format)) {
            std::memcpy(to, group.half_scale, 2);
            std::memcpy(to + 2, group.half_offset, 2);
            to += factor_bytes(format);
        }
        write_codes(group, to);
        to += code_bytes;
    }
}

// What multiplies the codes of a group. Members that the format does not have are not set.
struct group_scales {
    float scale;
    float offset;
    std::int8_t half_scale[2];
    std::int8_t half_offset[2];
};

// Reads a row: calls visit(g, scales, codes) for every group.
template <packed_format format, class Visit>
inline void for_groups(const std::byte * row, std::size_t n_groups, std::size_t code_bytes, const Visit & visit) {
    constexpr std::size_t at_once = groups_in_block(format);
    group_scales scales;
    for (std::size_t g = 0; g < n_groups;) {
        const auto * from = static_cast<const std::byte *>(__builtin_assume_aligned(row, 4));
        std::memcpy(&scales.scale, from, 4);
        if constexpr (has_offset(format)) {
            std::memcpy(&scales.offset, from + 4, 4);
        }
        row += scale_bytes(format);
        const std::size_t end = at_once == 1 ? g + 1 : std::min(g + at_once, n_groups);
        for (; g < end; ++g, row += code_bytes) {
            if constexpr (has_halves(format)) {
                std::memcpy(scales.half_scale, row, 2);
                std::memcpy(scales.half_offset, row + 2, 2);
                row += factor_bytes(format);
            }
            visit(g, scales, row);
        }
    }
}

// total + the offsets of a group of weights times a group of activations, of which a set keeps the scale, half_sum[2]
// (of the integers) and sum (scale times all of them).
template <packed_format format, class Activations>
inline float add_offset(const group_scales & w, const Activations & a, float total) {
    if constexpr (has_offset(format) && has_halves(format)) {
        const std::int32_t sum = w.half_offset[0] * a.half_sum[0] + w.half_offset[1] * a.half_sum[1];
        return multiply_add(static_cast<float>(sum), w.offset * a.scale, total);
    } else if constexpr (has_offset(format)) {
        return multiply_add(w.offset, a.sum, total);
    } else {
        return total;
    }
}

// Reads a row back into floats: decode(codes, code) gives the 32 codes of a group as they were packed.
template <packed_format format, class Decode>
inline void unpack_groups(const std::byte * row, std::size_t n_groups, std::size_t code_bytes, float * out,
                          const Decode & decode) {
    for_groups<format>(row, n_groups, code_bytes,
                       [&](std::size_t g, const group_scales & scales, const std::byte * codes) {
                           weight_group group;
                           set_scales(scales.scale, has_offset(format) ? scales.offset : 0.0f, &group);
                           if constexpr (has_halves(format)) {
                               std::memcpy(group.half_scale, scales.half_scale, 2);
                               std::memcpy(group.half_offset, scales.half_offset, 2);
                           }
                           decode(codes, group.code);
                           dequantise(group, out + g * group_size);
                       });
}

} // namespace llmzero::inline LLMZERO_ABI::kernels
