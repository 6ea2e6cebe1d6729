// Keys and values of all tokens so far, as floats or as 8-bit integers with one scale for each head's vector.
//
// f32:  keys, values [n_layers, n_kv_heads, context, head_dim]                     8 bytes for a pair
// q8:   the same in i8, and key_scales, value_scales [n_layers, n_kv_heads, context]   about 2 bytes for a pair
// A head's vectors lie one after the other, because attention reads them so.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/model/config.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace llmzero::inline LLMZERO_ABI {

enum class kv_type : std::uint8_t {
    f32,
    q8,
};

constexpr const char * name_of(kv_type type) {
    return type == kv_type::f32 ? "f32" : "q8";
}

class kv_cache {
public:
    kv_cache() = default;

    // What no machine has, for when the product of all sizes does not fit into 64 bits.
    static constexpr std::uint64_t too_much = std::uint64_t{1} << 62;

    static std::uint64_t bytes_needed(const model_config & c, kv_type type, std::uint32_t context) {
        const std::uint64_t vector_bytes =
            type == kv_type::f32 ? c.head_dim * sizeof(float) : c.head_dim + sizeof(float);
        const auto vectors = checked_multiply(std::uint64_t{2} * c.n_layers * c.n_kv_heads, context);
        const auto bytes = vectors ? checked_multiply(*vectors, vector_bytes) : vectors;
        return bytes ? std::min(*bytes, too_much) : too_much;
    }

    static result<kv_cache> create(const model_config & c, kv_type type, std::uint32_t context) {
        const std::uint64_t bytes = bytes_needed(c, type, context);
        if (bytes == too_much || !to_size(bytes)) {
            return error(error_code::out_of_memory, "a KV cache for %lu tokens does not fit into this machine's memory",
                         static_cast<unsigned long>(context));
        }
        kv_cache made;
        made.n_kv_heads_ = c.n_kv_heads;
        made.head_dim_ = c.head_dim;
        made.context_ = context;
        const std::size_t vectors = std::size_t{c.n_layers} * c.n_kv_heads * context;
        if (type == kv_type::f32) {
            LLMZERO_ASSIGN(made.keys_.f32, heap_array<float>::create(vectors * c.head_dim));
            LLMZERO_ASSIGN(made.values_.f32, heap_array<float>::create(vectors * c.head_dim));
        } else {
            LLMZERO_ASSIGN(made.keys_.codes, heap_array<std::int8_t>::create(vectors * c.head_dim));
            LLMZERO_ASSIGN(made.keys_.scales, heap_array<float>::create(vectors));
            LLMZERO_ASSIGN(made.values_.codes, heap_array<std::int8_t>::create(vectors * c.head_dim));
            LLMZERO_ASSIGN(made.values_.scales, heap_array<float>::create(vectors));
        }
        return made;
    }

    [[nodiscard]] std::uint32_t context() const { return context_; }

    // Keeps the key and value of one token: key, value [n_kv_heads, head_dim].
    void store(std::size_t layer, std::size_t position, const float * key, const float * value) {
        for (std::size_t head = 0; head < n_kv_heads_; ++head) {
            const std::size_t vector = vector_at(layer, head) + position;
            store(keys_, vector, key + head * head_dim_);
            store(values_, vector, value + head * head_dim_);
        }
    }

    // All positions of one head.
    [[nodiscard]] kv_rows keys(std::size_t layer, std::size_t head) const { return rows(keys_, layer, head); }
    [[nodiscard]] kv_rows values(std::size_t layer, std::size_t head) const { return rows(values_, layer, head); }

private:
    struct half {
        heap_array<float> f32;
        heap_array<std::int8_t> codes;
        heap_array<float> scales;
    };

    [[nodiscard]] std::size_t vector_at(std::size_t layer, std::size_t head) const {
        return (layer * n_kv_heads_ + head) * context_;
    }

    [[nodiscard]] kv_rows rows(const half & from, std::size_t layer, std::size_t head) const {
        const std::size_t vector = vector_at(layer, head);
        if (!from.f32.empty()) {
            return {from.f32.data() + vector * head_dim_, nullptr, nullptr};
        }
        return {nullptr, from.codes.data() + vector * head_dim_, from.scales.data() + vector};
    }

    void store(half & into, std::size_t vector, const float * x) const { // x [head_dim]
        if (!into.f32.empty()) {
            std::memcpy(into.f32.data() + vector * head_dim_, x, head_dim_ * sizeof(float));
            return;
        }
        float largest = 0.0f;
        for (std::size_t i = 0; i < head_dim_; ++i) {
            const float magnitude = x[i] < 0 ? -x[i] : x[i];
            largest = magnitude > largest ? magnitude : largest;
        }
        const float inverse = largest > 0 ? 127.0f / largest : 0.0f;
        constexpr float to_integer = 12582912.0f; // 1.5 * 2^23: adding it rounds to the nearest integer
        std::int8_t * codes = into.codes.data() + vector * head_dim_;
        for (std::size_t i = 0; i < head_dim_; ++i) {
            const float shifted = x[i] * inverse + to_integer;
            codes[i] = static_cast<std::int8_t>(std::bit_cast<std::int32_t>(shifted) -
                                                std::bit_cast<std::int32_t>(to_integer));
        }
        into.scales[vector] = largest / 127.0f;
    }

    half keys_;
    half values_;
    std::size_t n_kv_heads_ = 0;
    std::size_t head_dim_ = 0;
    std::uint32_t context_ = 0;
};

} // namespace llmzero::inline LLMZERO_ABI
