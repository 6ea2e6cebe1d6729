// The words of weights that the ARM1176's products take (arm1176_activations.hpp draws them), made of 32 codes and made
// into them.
//
// Codes are kept in two's complement or with an offset, by their place: the highest of a lane is the signed one. In
// two's complement of as many bits, adding half of the range is to invert the highest bit.
#pragma once

#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/numerics/four_bytes.hpp>
#include <llmzero/numerics/weight_group.hpp>

#include <cstddef>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI::kernels::arm1176::detail {

using llmzero::detail::in_each_byte;
using llmzero::detail::load_four;

// Which of four codes in a word have their highest bit inverted, for formats with nibbles; codes from 0 are less by 8.
constexpr std::uint32_t inverted_nibbles(packed_format format) {
    return lowest_nibble(format) == 0 ? 0x08000000u : 0x00080808u;
}

// Four nibbles, one in each byte, side by side.
constexpr std::uint32_t join_nibbles(std::uint32_t four) {
    const std::uint32_t pairs = (four | four >> 4) & 0x00ff00ffu;
    return (pairs | pairs >> 8) & 0xffffu;
}

// The first three of four codes as a halfword of 5 bits: the first at bit 0, the others at 6 and 11.
constexpr std::uint32_t join_three(packed_format format, std::uint32_t four) {
    const std::uint32_t inverted = four ^ (has_offset(format) ? 0x00100000u : 0x00001010u);
    return (inverted & 0x1fu) | (inverted & 0x1f00u) >> 2 | (inverted & 0x1f0000u) >> 5;
}

// A halfword of 6 bits without its lowest four: the first of two codes at bit 4, the second at 10.
constexpr std::uint32_t join_two(std::uint32_t two) {
    return (two & 0x3fu) << 4 | (two & 0x3f00u) << 2;
}

template <packed_format format> inline void pack_words(const std::int8_t * code, std::uint32_t * words) {
    if constexpr (has_nibbles(format)) {
        LLMZERO_LANES
        for (std::size_t w = 0; w < 4; ++w) {
            const std::uint32_t low = (load_four(code + 8 * w) & in_each_byte(15)) ^ inverted_nibbles(format);
            const std::uint32_t high = (load_four(code + 8 * w + 4) & in_each_byte(15)) ^ inverted_nibbles(format);
            words[w] = join_nibbles(low) | join_nibbles(high) << 16;
        }
    } else if constexpr (has_five_bits(format)) {
        LLMZERO_LANES
        for (std::size_t w = 0; w < 5; ++w) {
            words[w] = join_three(format, load_four(code + 6 * w)) | join_three(format, load_four(code + 6 * w + 3))
                                                                         << 16;
        }
        // Weights 30 and 31, each the third of its halfword.
        const std::uint32_t last = (load_four(code + 28) >> 16) ^ (has_offset(format) ? 0x1010u : 0u);
        words[5] = (last & 0x1fu) << 11 | (last & 0x1f00u) << 19;
    } else if constexpr (has_six_bits(format)) {
        for (std::size_t w = 0; w < 6; ++w) {
            const std::int8_t * const half = code + w / 3 * half_size;
            const std::uint32_t four = load_four(half + w % 3 * 4) ^ 0x00200020u;
            words[w] = join_two(four) | join_two(four >> 16) << 16;
            // Codes 12 and 14 are c, 13 and 15 d; parts of them fill the lowest bits of both halfwords.
            const std::uint32_t last = load_four(half + 12) ^ 0x20202020u;
            const std::uint32_t first = last & 0x003f003fu;
            const std::uint32_t second = last >> 8 & 0x003f003fu;
            words[w] |= w % 3 == 0   ? first >> 2 & 0x000f000fu
                        : w % 3 == 1 ? second >> 2 & 0x000f000fu
                                     : (second & 0x00030003u) << 2 | (first & 0x00030003u);
        }
    } else {
        LLMZERO_LANES
        for (std::size_t w = 0; w < 8; ++w) {
            words[w] = load_four(code + 4 * w) ^ 0x00800080u;
        }
    }
}

// As they were packed, but less by 8 or 16 where the format's codes begin at 0.
inline void unpack_words(packed_format format, const std::uint32_t * words, std::int8_t * code) {
    const auto field = [](std::uint32_t word, unsigned mask, std::size_t shift, bool is_signed) {
        const int half = static_cast<int>(mask / 2) + 1;
        const auto value = static_cast<int>(word >> shift & mask);
        return static_cast<std::int8_t>(is_signed ? (value ^ half) - half : value - half);
    };
    for (std::size_t i = 0; i < group_size; ++i) {
        if (has_nibbles(format)) {
            code[i] = field(words[i / 8], 15, i % 8 * 4, i % 4 == 3);
        } else if (has_six_bits(format)) {
            const std::uint32_t * const half = words + i / half_size * 3;
            const std::size_t k = i % half_size;
            const std::size_t lane = k / 2 % 2 * 16;
            const std::uint32_t top = half[k % 2] >> lane & 15; // of c or d
            const std::uint32_t bottom = half[2] >> (lane + k % 2 * 2) & 3;
            code[i] = k < 12 ? field(half[k / 4], 63, 4 + k % 2 * 6 + lane, k % 2 == 1)
                             : field(top << 2 | bottom, 63, 0, false);
        } else if (!has_five_bits(format)) {
            code[i] = field(words[i / 4], 255, i % 4 * 8, i % 2 == 1);
        } else if (i < 30) {
            constexpr std::size_t shift[3] = {0, 6, 11};
            code[i] = field(words[i / 6], 31, shift[i % 3] + i % 6 / 3 * 16, i % 3 == 2);
        } else {
            code[i] = field(words[5], 31, i == 30 ? 11 : 27, true);
        }
    }
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::arm1176::detail
