// Weights into every type that the library can compute with: one table. The way back is unpack() in blocks.hpp.
//
// The library's users need this to make smaller files of larger ones; running a model encodes nothing.
#pragma once

#include <llmzero/base/f16.hpp>
#include <llmzero/numerics/encode_256.hpp>
#include <llmzero/numerics/encode_32.hpp>
#include <llmzero/storage/tensor_type.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

namespace detail {

inline void store_little_endian(std::uint32_t bits, std::size_t n_bytes, std::byte * to) {
    for (std::size_t i = 0; i < n_bytes; ++i) {
        to[i] = static_cast<std::byte>(bits >> (8 * i) & 0xffu);
    }
}

inline void encode_f32(const float * x, std::byte * to) {
    store_little_endian(std::bit_cast<std::uint32_t>(*x), 4, to);
}
inline void encode_f16(const float * x, std::byte * to) {
    store_little_endian(f32_to_f16(*x), 2, to);
}
inline void encode_bf16(const float * x, std::byte * to) {
    store_little_endian(f32_to_bf16(*x), 2, to);
}

} // namespace detail

struct encoder {
    tensor_type type;
    // One block: weights[info_of(type).block_size], which must be finite, of magnitudes below 65520.
    void (*encode)(const float * weights, std::byte * block);
};

inline constexpr encoder encoders[] = {
    {tensor_type::f32, detail::encode_f32},   {tensor_type::f16, detail::encode_f16},
    {tensor_type::bf16, detail::encode_bf16}, {tensor_type::q8_0, detail::encode_q8_0},
    {tensor_type::q4_0, detail::encode_q4_0}, {tensor_type::q4_1, detail::encode_q4_1},
    {tensor_type::q5_0, detail::encode_q5_0}, {tensor_type::q5_1, detail::encode_q5_1},
    {tensor_type::q2_k, detail::encode_q2_k}, {tensor_type::q3_k, detail::encode_q3_k},
    {tensor_type::q4_k, detail::encode_q4_k}, {tensor_type::q5_k, detail::encode_q5_k},
    {tensor_type::q6_k, detail::encode_q6_k}, {tensor_type::iq4_nl, detail::encode_iq4_nl},
};

// nullptr for a type that weights cannot be turned into.
[[nodiscard]] inline const encoder * find_encoder(tensor_type type) {
    for (const encoder & entry : encoders) {
        if (entry.type == type) {
            return &entry;
        }
    }
    return nullptr;
}

// Encodes weights[n], a whole number of blocks.
inline void encode(const encoder & to, const float * weights, std::size_t n, std::byte * bytes) {
    const tensor_type_info & info = info_of(to.type);
    for (std::size_t done = 0; done < n; done += info.block_size, bytes += info.block_bytes) {
        to.encode(weights + done, bytes);
    }
}

} // namespace llmzero::inline LLMZERO_ABI
