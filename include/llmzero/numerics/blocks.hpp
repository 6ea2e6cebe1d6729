// The types of GGUF files that the library can compute with: one table.
//
// A new type is one struct and one unpacker (blocks_32.hpp, blocks_256.hpp), and one line in `block_types`.
#pragma once

#include <llmzero/base/byte_reader.hpp>
#include <llmzero/base/f16.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/numerics/blocks_256.hpp>
#include <llmzero/numerics/blocks_32.hpp>
#include <llmzero/numerics/weight_group.hpp>
#include <llmzero/storage/tensor_type.hpp>

#include <cstddef>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

// How a type of a file is unpacked, and what it becomes at run time.
struct block_type {
    tensor_type type;
    packed_format packed;
    // One block into block_size / 32 groups; nullptr for types whose elements are floats.
    void (*unpack)(const std::byte * block, weight_group * groups);
};

// The types that the library can compute with.
inline constexpr block_type block_types[] = {
    {tensor_type::f32, packed_format::f32, nullptr},
    {tensor_type::f16, packed_format::f16, nullptr},
    {tensor_type::bf16, packed_format::bf16, nullptr},
    {tensor_type::q8_0, packed_format::q8, detail::unpack_q8_0},
    {tensor_type::q4_0, packed_format::q4, detail::unpack_q4_0},
    {tensor_type::q4_1, packed_format::q4_offset, detail::unpack_q4_1},
    {tensor_type::q5_0, packed_format::q5, detail::unpack_q5_0},
    {tensor_type::q5_1, packed_format::q5_offset, detail::unpack_q5_1},
    {tensor_type::iq4_nl, packed_format::q8, detail::unpack_iq4_nl},
    {tensor_type::q2_k, packed_format::q4_halves_offset, detail::unpack_q2_k},
    {tensor_type::q3_k, packed_format::q4_halves, detail::unpack_q3_k},
    {tensor_type::q4_k, packed_format::q4_offset, detail::unpack_q4_k},
    {tensor_type::q5_k, packed_format::q5_offset, detail::unpack_q5_k},
    {tensor_type::q6_k, packed_format::q8_halves, detail::unpack_q6_k},
};

// nullptr for a type that cannot be computed with.
inline const block_type * find_block_type(tensor_type type) {
    for (const block_type & entry : block_types) {
        if (entry.type == type) {
            return &entry;
        }
    }
    return nullptr;
}

// "F32, F16, ...": what find_block_type() knows, for messages.
struct block_type_names {
    block_type_names() {
        std::size_t n = 0;
        for (const block_type & entry : block_types) {
            for (const char * c = n == 0 ? "" : ", "; *c != 0 && n + 1 < sizeof text; ++c) {
                text[n++] = *c;
            }
            for (const char * c = info_of(entry.type).name; *c != 0 && n + 1 < sizeof text; ++c) {
                text[n++] = *c;
            }
        }
        text[n] = 0;
    }
    char text[160];
};

// Unpacks `n` weights (a whole number of blocks) that lie at `bytes` into weights[n].
inline void unpack(const block_type & type, const std::byte * bytes, std::size_t n, float * weights) {
    if (type.unpack == nullptr) {
        for (std::size_t i = 0; i < n; ++i) {
            if (type.packed == packed_format::f32) {
                weights[i] = load_little_endian<float>(bytes + 4 * i);
            } else {
                const auto half = load_little_endian<std::uint16_t>(bytes + 2 * i);
                weights[i] = type.packed == packed_format::f16 ? f16_to_f32(half) : bf16_to_f32(half);
            }
        }
        return;
    }
    constexpr std::size_t max_groups = 8; // the largest block has 256 weights
    const tensor_type_info & info = info_of(type.type);
    weight_group groups[max_groups];
    for (std::size_t done = 0; done < n; done += info.block_size, bytes += info.block_bytes) {
        type.unpack(bytes, groups);
        for (std::size_t g = 0; g < info.block_size / group_size; ++g) {
            dequantise(groups[g], weights + done + g * group_size);
        }
    }
}

} // namespace llmzero::inline LLMZERO_ABI
