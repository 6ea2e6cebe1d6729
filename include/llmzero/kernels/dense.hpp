// Products with float weights (F32, F16, BF16), and attention over a KV cache: plain C++ that every kernel
// set shares until it has something better. Loops run over a fixed number of independent lanes, which
// compilers turn into vectors without being allowed to reorder a sum.
#pragma once

#include <llmzero/base/byte_reader.hpp>
#include <llmzero/base/f16.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/numerics/softmax.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace llmzero::inline LLMZERO_ABI::kernels::dense {

inline constexpr std::size_t lanes = 16;

constexpr std::size_t element_bytes(packed_format format) {
    return format == packed_format::f32 ? 4 : 2;
}

// F16 to F32 without a branch, exact for all finite halves: the exponent is moved into place as it is and
// the difference of the biases, 127 - 15, is multiplied in. Subnormals come out right by themselves.
inline float finite_f16_to_f32(std::uint16_t half) {
    const std::uint32_t magnitude = (half & 0x7fffu) << 13;
    const float value = std::bit_cast<float>(magnitude) * 0x1p112f;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) | (half & 0x8000u) << 16);
}

template <packed_format format> inline float element(const std::byte * row, std::size_t i) {
    if constexpr (format == packed_format::f32) {
        float value;
        std::memcpy(&value, row + 4 * i, sizeof value);
        return value;
    } else {
        std::uint16_t bits;
        std::memcpy(&bits, row + 2 * i, sizeof bits);
        return format == packed_format::f16 ? finite_f16_to_f32(bits) : bf16_to_f32(bits);
    }
}

inline float sum_of(const float * lane) {
    float sum = 0.0f;
    for (std::size_t i = 0; i < lanes; ++i) {
        sum += lane[i];
    }
    return sum;
}

template <packed_format format> inline float dot(const std::byte * row, const float * x, std::size_t n) {
    float lane[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        for (std::size_t j = 0; j < lanes; ++j) {
            lane[j] += element<format>(row, i + j) * x[i + j];
        }
    }
    for (; i < n; ++i) {
        lane[i % lanes] += element<format>(row, i) * x[i];
    }
    return sum_of(lane);
}

// Rows outside, tokens inside: a row is read from memory once for all tokens.
template <packed_format format>
inline void multiply_as(const packed_view & w, std::size_t first_row, std::size_t end_row, const float * x,
                        std::size_t n_tokens, float * y, std::size_t y_stride) {
    for (std::size_t r = first_row; r < end_row; ++r) {
        const std::byte * row = w.data + r * w.cols * element_bytes(format);
        for (std::size_t t = 0; t < n_tokens; ++t) {
            y[t * y_stride + r] = dot<format>(row, x + t * w.cols, w.cols);
        }
    }
}

inline void multiply(const packed_view & w, std::size_t first_row, std::size_t end_row, const std::byte * prepared,
                     std::size_t n_tokens, float * y, std::size_t y_stride) {
    const auto * x = reinterpret_cast<const float *>(prepared);
    switch (w.format) {
    case packed_format::f32: return multiply_as<packed_format::f32>(w, first_row, end_row, x, n_tokens, y, y_stride);
    case packed_format::f16: return multiply_as<packed_format::f16>(w, first_row, end_row, x, n_tokens, y, y_stride);
    default: return multiply_as<packed_format::bf16>(w, first_row, end_row, x, n_tokens, y, y_stride);
    }
}

inline std::uint64_t packed_bytes(packed_format format, std::size_t rows, std::size_t cols) {
    return std::uint64_t{rows} * cols * element_bytes(format);
}

inline void pack_row(const packed_view & into, std::size_t row, const void * source) {
    const std::size_t bytes = element_bytes(into.format);
    std::byte * to = into.data + row * into.cols * bytes;
    const auto * from = static_cast<const std::byte *>(source);
    for (std::size_t i = 0; i < into.cols; ++i) { // little endian in the file, native here
        if (into.format == packed_format::f32) {
            const auto value = load_little_endian<float>(from + bytes * i);
            std::memcpy(to + bytes * i, &value, bytes);
        } else {
            const auto value = load_little_endian<std::uint16_t>(from + bytes * i);
            std::memcpy(to + bytes * i, &value, bytes);
        }
    }
}

inline void unpack_row(const packed_view & from, std::size_t row, float * out) {
    const std::byte * data = from.data + row * from.cols * element_bytes(from.format);
    for (std::size_t i = 0; i < from.cols; ++i) {
        switch (from.format) {
        case packed_format::f32: out[i] = element<packed_format::f32>(data, i); break;
        case packed_format::f16: out[i] = element<packed_format::f16>(data, i); break;
        default: out[i] = element<packed_format::bf16>(data, i); break;
        }
    }
}

// sum of a(n) * b(n)
template <class B> inline float dot(const float * a, const B * b, std::size_t n) {
    constexpr std::size_t narrow = 8; // heads are short
    float lane[narrow] = {};
    std::size_t i = 0;
    for (; i + narrow <= n; i += narrow) {
        LLMZERO_LANES
        for (std::size_t j = 0; j < narrow; ++j) {
            lane[j] += a[i + j] * static_cast<float>(b[i + j]);
        }
    }
    float sum = 0.0f;
    for (; i < n; ++i) {
        sum += a[i] * static_cast<float>(b[i]);
    }
    for (const float part : lane) {
        sum += part;
    }
    return sum;
}

// out(n) += factor * b(n)
template <class B> inline void add_scaled(float * LLMZERO_RESTRICT out, float factor, const B * b, std::size_t n) {
    constexpr std::size_t narrow = 8;
    std::size_t i = 0;
    for (; i + narrow <= n; i += narrow) {
        LLMZERO_LANES
        for (std::size_t j = 0; j < narrow; ++j) {
            out[i + j] = multiply_add(factor, static_cast<float>(b[i + j]), out[i + j]);
        }
    }
    for (; i < n; ++i) {
        out[i] = multiply_add(factor, static_cast<float>(b[i]), out[i]);
    }
}

inline void attend_one(const float * q, const kv_rows & keys, const kv_rows & values, std::size_t n,
                       std::size_t head_dim, float scale, const float * bias, float * scores, float * out) {
    for (std::size_t t = 0; t < n; ++t) {
        scores[t] = keys.f32 != nullptr ? dot(q, keys.f32 + t * head_dim, head_dim) * scale
                                        : dot(q, keys.codes + t * head_dim, head_dim) * (scale * keys.scales[t]);
    }
    for (std::size_t t = 0; t < n && bias != nullptr; ++t) {
        scores[t] += bias[t];
    }
    softmax(scores, n);
    for (std::size_t i = 0; i < head_dim; ++i) {
        out[i] = 0.0f;
    }
    for (std::size_t t = 0; t < n; ++t) {
        if (values.f32 != nullptr) {
            add_scaled(out, scores[t], values.f32 + t * head_dim, head_dim);
        } else {
            add_scaled(out, scores[t] * values.scales[t], values.codes + t * head_dim, head_dim);
        }
    }
}

inline void attend(const float * q, std::size_t n_heads, const kv_rows & keys, const kv_rows & values, std::size_t n,
                   std::size_t head_dim, float scale, const float * bias, float * scores, float * out) {
    for (std::size_t h = 0; h < n_heads; ++h) {
        attend_one(q + h * head_dim, keys, values, n, head_dim, scale, bias == nullptr ? bias : bias + h * n, scores,
                   out + h * head_dim);
    }
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::dense
