// Keys and values of all tokens so far, as floats or as 8-bit integers with one scale for each head's vector.
//
// f32:  keys, values [n_layers, n_kv_heads, context, head_dim]                     8 bytes for a pair
// q8:   the same in i8, and key_scales, value_scales [n_layers, n_kv_heads, context]   about 2 bytes for a pair
// A head's vectors lie one after the other, because attention reads them so.
//
// The first n positions can be saved and taken up again, by a cache of the same shape and type but of any context.
// Saved, for each layer, the keys and then the values, for each head:
// f32:  f32 [n, head_dim]             q8:  i8 [n, head_dim], f32 [n] scales
#pragma once

#include <llmzero/base/function_ref.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/model/config.hpp>
#include <llmzero/storage/byte_source.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace llmzero::inline LLMZERO_ABI {

enum class kv_type : std::uint8_t {
    f32,
    q8,
    automatic, // f32 or q8, see preferred_kv()
};

constexpr const char * name_of(kv_type type) {
    return type == kv_type::f32 ? "f32" : type == kv_type::q8 ? "q8" : "auto";
}

// What a session keeps. Of itself it takes 8 bits only where attention gains by it, and only for heads long enough that
// an element that stands out does not take the scale for itself: with heads of 32 elements and more 8 bits add an nmse
// of 1e-4 to the logits, a fifth of what rounded activations add; with heads of 8, up to 2e-3.
// A model of floats, whose activations are not rounded, keeps all of its precision.
constexpr kv_type preferred_kv(bool gains_by_eight_bits, bool rounds_activations, const model_config & c) {
    constexpr std::uint32_t long_enough = 32;
    return gains_by_eight_bits && rounds_activations && c.head_dim % long_enough == 0 ? kv_type::q8 : kv_type::f32;
}

// Takes the next bytes of a saved state, in this machine's byte order; an error ends the saving.
using state_sink = function_ref<status(std::span<const std::byte>)>;

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
        made.n_layers_ = c.n_layers;
        made.n_kv_heads_ = c.n_kv_heads;
        made.head_dim_ = c.head_dim;
        made.context_ = context;
        const std::size_t vectors = std::size_t{c.n_layers} * c.n_kv_heads * context;
        if (type == kv_type::f32) {
            LLMZERO_ASSIGN(made.keys_.f32, heap_array<float>::create_for_overwrite(vectors * c.head_dim));
            LLMZERO_ASSIGN(made.values_.f32, heap_array<float>::create_for_overwrite(vectors * c.head_dim));
        } else {
            LLMZERO_ASSIGN(made.keys_.codes, heap_array<std::int8_t>::create_for_overwrite(vectors * c.head_dim));
            LLMZERO_ASSIGN(made.keys_.scales, heap_array<float>::create_for_overwrite(vectors));
            LLMZERO_ASSIGN(made.values_.codes, heap_array<std::int8_t>::create_for_overwrite(vectors * c.head_dim));
            LLMZERO_ASSIGN(made.values_.scales, heap_array<float>::create_for_overwrite(vectors));
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

    // All positions of one head, from `first` on.
    [[nodiscard]] kv_rows keys(std::size_t layer, std::size_t head, std::size_t first = 0) const {
        return rows(keys_, layer, head, first);
    }
    [[nodiscard]] kv_rows values(std::size_t layer, std::size_t head, std::size_t first = 0) const {
        return rows(values_, layer, head, first);
    }

    // What save() writes for this number of positions, which must have been stored, in bytes.
    [[nodiscard]] std::uint64_t saved_bytes(std::uint32_t positions) const {
        return std::uint64_t{2} * n_layers_ * n_kv_heads_ * head_bytes(positions);
    }

    [[nodiscard]] status save(std::uint32_t positions, state_sink out) const {
        for (std::size_t layer = 0; layer < n_layers_; ++layer) {
            for (const half * part : {&keys_, &values_}) {
                for (std::size_t head = 0; head < n_kv_heads_; ++head) {
                    LLMZERO_CHECK(save_head(*part, vector_at(layer, head), positions, out));
                }
            }
        }
        return success();
    }

    // Takes up the first `positions` of the `saved_positions` that were saved at `offset` of `from`. Numbers that
    // cannot come from save() are malformed; the positions then hold nothing.
    [[nodiscard]] status restore(std::uint32_t positions, std::uint32_t saved_positions, const byte_source & from,
                                 std::uint64_t offset) {
        for (std::size_t layer = 0; layer < n_layers_; ++layer) {
            for (half * part : {&keys_, &values_}) {
                for (std::size_t head = 0; head < n_kv_heads_; ++head) {
                    LLMZERO_CHECK(
                        restore_head(*part, vector_at(layer, head), positions, saved_positions, from, offset));
                    offset += head_bytes(saved_positions);
                }
            }
        }
        return success();
    }

private:
    struct half {
        heap_array<float> f32;
        heap_array<std::int8_t> codes;
        heap_array<float> scales;
    };

    [[nodiscard]] std::uint64_t head_bytes(std::uint32_t positions) const {
        const std::uint64_t vector_bytes = keys_.f32.empty() ? head_dim_ + sizeof(float) : head_dim_ * sizeof(float);
        return positions * vector_bytes;
    }

    // The first `positions` vectors of a head: where its first one is.
    [[nodiscard]] status save_head(const half & part, std::size_t vector, std::size_t positions, state_sink out) const {
        if (!part.f32.empty()) {
            return out(std::as_bytes(part.f32.span().subspan(vector * head_dim_, positions * head_dim_)));
        }
        LLMZERO_CHECK(out(std::as_bytes(part.codes.span().subspan(vector * head_dim_, positions * head_dim_))));
        return out(std::as_bytes(part.scales.span().subspan(vector, positions)));
    }

    [[nodiscard]] status restore_head(half & part, std::size_t vector, std::size_t positions,
                                      std::size_t saved_positions, const byte_source & from, std::uint64_t offset) {
        if (!part.f32.empty()) {
            return restore_floats(part.f32.span().subspan(vector * head_dim_, positions * head_dim_), from, offset);
        }
        const std::span<std::int8_t> codes = part.codes.span().subspan(vector * head_dim_, positions * head_dim_);
        LLMZERO_CHECK(from.read(offset, std::as_writable_bytes(codes)));
        if (std::find(codes.begin(), codes.end(), std::int8_t{-128}) != codes.end()) { // kernels rely on 127 at most
            return error(error_code::malformed, "a saved state holds the code -128, expected -127 to 127");
        }
        return restore_floats(part.scales.span().subspan(vector, positions), from,
                              offset + std::uint64_t{saved_positions} * head_dim_);
    }

    [[nodiscard]] static status restore_floats(std::span<float> into, const byte_source & from, std::uint64_t offset) {
        LLMZERO_CHECK(from.read(offset, std::as_writable_bytes(into)));
        for (const float value : into) {
            if (!std::isfinite(value)) {
                return error(error_code::malformed, "a saved state holds an infinity or NaN, expected finite numbers");
            }
        }
        return success();
    }

    [[nodiscard]] std::size_t vector_at(std::size_t layer, std::size_t head) const {
        return (layer * n_kv_heads_ + head) * context_;
    }

    [[nodiscard]] kv_rows rows(const half & from, std::size_t layer, std::size_t head, std::size_t first) const {
        const std::size_t vector = vector_at(layer, head) + first;
        if (!from.f32.empty()) {
            return {from.f32.data() + vector * head_dim_, nullptr, nullptr};
        }
        return {nullptr, from.codes.data() + vector * head_dim_, from.scales.data() + vector};
    }

    static std::int8_t rounded(float x) {
        constexpr float to_integer = 12582912.0f; // 1.5 * 2^23: adding it rounds to the nearest integer
        const float shifted = x + to_integer;
        return static_cast<std::int8_t>(std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(to_integer));
    }

    LLMZERO_NOINLINE void store(half & into, std::size_t vector, const float * x) const { // x [head_dim]
        if (!into.f32.empty()) {
            std::memcpy(into.f32.data() + vector * head_dim_, x, head_dim_ * sizeof(float));
            return;
        }
        constexpr std::size_t lanes = 8;
        std::int32_t bits = 0; // without their signs floats are in the order of their bits
        for (std::size_t i = 0; i < head_dim_; ++i) {
            LLMZERO_PREFETCH(x, i + 2 * lanes);
            const std::int32_t magnitude = std::bit_cast<std::int32_t>(x[i]) & 0x7fffffff;
            bits = magnitude > bits ? magnitude : bits;
        }
        const auto largest = std::bit_cast<float>(bits);
        const float inverse = largest > 0 ? 127.0f / largest : 0.0f;
        std::int8_t * codes = into.codes.data() + vector * head_dim_;
        std::size_t i = 0;
        for (; i + lanes <= head_dim_; i += lanes) {
            std::int8_t code[lanes];
            LLMZERO_LANES
            for (std::size_t lane = 0; lane < lanes; ++lane) {
                code[lane] = rounded(x[i + lane] * inverse);
            }
            std::memcpy(codes + i, code, lanes);
        }
        for (; i < head_dim_; ++i) {
            codes[i] = rounded(x[i] * inverse);
        }
        into.scales[vector] = largest / 127.0f;
    }

    half keys_;
    half values_;
    std::size_t n_layers_ = 0;
    std::size_t n_kv_heads_ = 0;
    std::size_t head_dim_ = 0;
    std::uint32_t context_ = 0;
};

} // namespace llmzero::inline LLMZERO_ABI
