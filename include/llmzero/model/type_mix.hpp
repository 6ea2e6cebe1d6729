// Which type each tensor of a model gets when its file is called Q4_K_M, Q4_0, ...: the rule of llama.cpp's quantiser
// (src/llama-quant.cpp, February 2025), without an importance matrix.
//
// A "Q4_K_M" file is a mix. Norms, biases and everything of one dimension stay as they are. The output head, or the
// embedding where it is also the head, is raised to Q6_K; in the M mixes attn_v and ffn_down of about half of the
// layers are raised as well. A type of blocks of 256 cannot hold rows that are no multiple of 256: such a tensor falls
// back to a larger type of blocks of 32, and to F16 where 32 does not divide the row either.
//
// "Pure" is one type throughout, head and embedding included, with the same fallback for rows that it cannot hold.
//
// Not covered: experts, Falcon, and the extra bits for attn_v of models with 80 layers.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/storage/gguf_types.hpp>
#include <llmzero/storage/tensor_type.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

enum class type_mix : std::uint8_t {
    f32,
    f16,
    bf16,
    q8_0,
    q4_0,
    q4_1,
    q5_0,
    q5_1,
    q2_k,
    q3_k_s,
    q3_k_m,
    q3_k_l,
    q4_k_s,
    q4_k_m,
    q5_k_s,
    q5_k_m,
    q6_k,
    iq4_nl,
};

struct type_mix_info {
    type_mix mix;
    const char * name;       // as the names of model files spell it: "Q4_K_M"
    tensor_type base;        // of the tensors that nothing is said about
    std::uint32_t file_type; // general.file_type (include/llama.h)
};

// In the order of the enumerators.
inline constexpr type_mix_info type_mixes[] = {
    {type_mix::f32, "F32", tensor_type::f32, 0},         {type_mix::f16, "F16", tensor_type::f16, 1},
    {type_mix::bf16, "BF16", tensor_type::bf16, 32},     {type_mix::q8_0, "Q8_0", tensor_type::q8_0, 7},
    {type_mix::q4_0, "Q4_0", tensor_type::q4_0, 2},      {type_mix::q4_1, "Q4_1", tensor_type::q4_1, 3},
    {type_mix::q5_0, "Q5_0", tensor_type::q5_0, 8},      {type_mix::q5_1, "Q5_1", tensor_type::q5_1, 9},
    {type_mix::q2_k, "Q2_K", tensor_type::q2_k, 10},     {type_mix::q3_k_s, "Q3_K_S", tensor_type::q3_k, 11},
    {type_mix::q3_k_m, "Q3_K_M", tensor_type::q3_k, 12}, {type_mix::q3_k_l, "Q3_K_L", tensor_type::q3_k, 13},
    {type_mix::q4_k_s, "Q4_K_S", tensor_type::q4_k, 14}, {type_mix::q4_k_m, "Q4_K_M", tensor_type::q4_k, 15},
    {type_mix::q5_k_s, "Q5_K_S", tensor_type::q5_k, 16}, {type_mix::q5_k_m, "Q5_K_M", tensor_type::q5_k, 17},
    {type_mix::q6_k, "Q6_K", tensor_type::q6_k, 18},     {type_mix::iq4_nl, "IQ4_NL", tensor_type::iq4_nl, 25},
};

[[nodiscard]] constexpr const type_mix_info & info_of(type_mix mix) {
    return type_mixes[static_cast<std::size_t>(mix)];
}

// By name, in capitals or not; "Q3_K", "Q4_K" and "Q5_K" are the M mixes. nullptr when there is none.
[[nodiscard]] inline const type_mix_info * find_type_mix(std::string_view name) {
    const auto is_spelt = [name](std::string_view known) {
        return std::equal(name.begin(), name.end(), known.begin(), known.end(), [](char given, char c) {
            return (given >= 'a' && given <= 'z' ? given - 'a' + 'A' : given) == c;
        });
    };
    for (const type_mix_info & info : type_mixes) {
        const std::string_view known = info.name;
        if (is_spelt(known) || (known.ends_with("_K_M") && is_spelt(known.substr(0, known.size() - 2)))) {
            return &info;
        }
    }
    return nullptr;
}

// What the rule must know of a model besides its tensors.
struct mix_facts {
    std::uint32_t n_layers = 0; // <architecture>.block_count; of one stack for encoder-decoder models
    std::uint32_t heads_per_kv_head = 1;
};

namespace detail {

[[nodiscard]] inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

// Matrices of weights; not norms, and not the few numbers of T5's position bias.
[[nodiscard]] inline bool is_quantised(const gguf_tensor & tensor) {
    return tensor.name.ends_with("weight") && tensor.rows() > 1 && !contains(tensor.name, "_norm.weight") &&
           !contains(tensor.name, "attn_rel_b.weight");
}

// The layer of "blk.12.attn_v.weight"; -1 for other names, those of encoders and decoders among them.
[[nodiscard]] inline std::int64_t layer_in_name(std::string_view name) {
    constexpr std::string_view prefix = "blk.";
    std::int64_t layer = -1;
    if (name.starts_with(prefix)) {
        for (std::size_t i = prefix.size(); i < name.size() && name[i] >= '0' && name[i] <= '9' && i < 14; ++i) {
            layer = (layer < 0 ? 0 : layer * 10) + (name[i] - '0');
        }
    }
    return layer;
}

// The type that `type` falls back to when it cannot hold a row.
[[nodiscard]] inline tensor_type fallback_of(tensor_type type) {
    switch (type) {
    case tensor_type::q2_k:
    case tensor_type::q3_k: return tensor_type::iq4_nl;
    case tensor_type::q4_k: return tensor_type::q5_0;
    case tensor_type::q5_k: return tensor_type::q5_1;
    case tensor_type::q6_k: return tensor_type::q8_0;
    default: return tensor_type::f16;
    }
}

[[nodiscard]] inline tensor_type fitting(tensor_type type, std::size_t row) {
    while (row % info_of(type).block_size != 0) {
        type = fallback_of(type);
    }
    return type;
}

// Chooses types tensor by tensor, in the order in which the reference visits them: by layer, then by name.
class mix_rule {
public:
    mix_rule(type_mix mix, std::span<const gguf_tensor> tensors, const mix_facts & facts) : mix_(mix), facts_(facts) {
        for (const gguf_tensor & tensor : tensors) {
            n_attn_v_ += contains(tensor.name, "attn_v.weight") || contains(tensor.name, "attn_qkv.weight") ? 1u : 0u;
            has_head_ = has_head_ || tensor.name == "output.weight";
        }
    }

    // Of the next tensor; the row's length is not looked at, but for the head.
    [[nodiscard]] tensor_type next(const gguf_tensor & tensor) {
        const tensor_type base = info_of(mix_).base;
        const std::string_view name = tensor.name;
        if (name == "output.weight" || (name == "token_embd.weight" && !has_head_)) {
            const bool fits = tensor.cols() % info_of(base).block_size == 0;
            return fits && base != tensor_type::q8_0 ? tensor_type::q6_k : tensor_type::q8_0;
        }
        if (contains(name, "attn_v.weight")) { // cross_attn_v too
            return attn_v(base, i_attn_v_++);
        }
        if (contains(name, "ffn_down")) {
            return ffn_down(base, i_ffn_down_++);
        }
        if (contains(name, "attn_output.weight")) {
            switch (mix_) {
            case type_mix::q2_k: return tensor_type::q3_k;
            case type_mix::q3_k_m: return tensor_type::q4_k;
            case type_mix::q3_k_l: return tensor_type::q5_k;
            default: return base;
            }
        }
        if (contains(name, "attn_qkv.weight")) {
            switch (mix_) {
            case type_mix::q3_k_m:
            case type_mix::q3_k_l: return tensor_type::q4_k;
            case type_mix::q4_k_m: return tensor_type::q5_k;
            case type_mix::q5_k_m: return tensor_type::q6_k;
            default: return base;
            }
        }
        return base;
    }

private:
    // The first and the last eighth of the layers, and each third between them.
    [[nodiscard]] static bool needs_more_bits(std::uint32_t i, std::uint32_t n) {
        return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2;
    }

    [[nodiscard]] tensor_type attn_v(tensor_type base, std::uint32_t i) const {
        const bool is_shared = facts_.heads_per_kv_head >= 4;
        switch (mix_) {
        case type_mix::q2_k: return is_shared ? tensor_type::q4_k : tensor_type::q3_k;
        case type_mix::q3_k_m: return i < 2 ? tensor_type::q5_k : tensor_type::q4_k;
        case type_mix::q3_k_l: return tensor_type::q5_k;
        case type_mix::q4_k_s: return i < 4 ? tensor_type::q5_k : base;
        case type_mix::q4_k_m:
        case type_mix::q5_k_m: return needs_more_bits(i, n_attn_v_) ? tensor_type::q6_k : base;
        case type_mix::iq4_nl: return is_shared ? tensor_type::q5_k : base;
        default: return base;
        }
    }

    // `i` counts the layers of both stacks of an encoder-decoder model, n_layers those of one.
    [[nodiscard]] tensor_type ffn_down(tensor_type base, std::uint32_t i) const {
        const std::uint32_t n = facts_.n_layers;
        switch (mix_) {
        case type_mix::q2_k: return tensor_type::q3_k;
        case type_mix::q3_k_m: return i < n / 16 ? tensor_type::q5_k : tensor_type::q4_k;
        case type_mix::q3_k_l: return tensor_type::q5_k;
        case type_mix::q4_k_s: return i < n / 8 ? tensor_type::q5_k : base;
        case type_mix::q4_k_m:
        case type_mix::q5_k_m: return needs_more_bits(i, n) ? tensor_type::q6_k : base;
        case type_mix::iq4_nl: return i < n / 8 ? tensor_type::q5_k : base;
        default: return base;
        }
    }

    type_mix mix_;
    mix_facts facts_;
    bool has_head_ = false;
    std::uint32_t n_attn_v_ = 0;
    std::uint32_t i_attn_v_ = 0;
    std::uint32_t i_ffn_down_ = 0;
};

} // namespace detail

// The type of each of `tensors`, whose own types count only where they are kept.
[[nodiscard]] inline result<heap_array<tensor_type>>
choose_types(type_mix mix, bool pure, std::span<const gguf_tensor> tensors, const mix_facts & facts) {
    LLMZERO_ASSIGN(auto order, heap_array<std::uint32_t>::create(tensors.size()));
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        order[i] = static_cast<std::uint32_t>(i);
    }
    std::sort(order.begin(), order.end(), [tensors](std::uint32_t a, std::uint32_t b) {
        const std::int64_t layer_a = detail::layer_in_name(tensors[a].name);
        const std::int64_t layer_b = detail::layer_in_name(tensors[b].name);
        return layer_a != layer_b ? layer_a < layer_b : tensors[a].name < tensors[b].name;
    });
    const type_mix_info & info = info_of(mix);
    const bool is_mixed = !pure && info_of(info.base).block_size > 1;
    detail::mix_rule rule(mix, tensors, facts);
    LLMZERO_ASSIGN(auto types, heap_array<tensor_type>::create(tensors.size()));
    for (const std::uint32_t i : order) {
        if (detail::is_quantised(tensors[i])) {
            types[i] = detail::fitting(is_mixed ? rule.next(tensors[i]) : info.base, tensors[i].cols());
        } else {
            types[i] = tensors[i].type;
        }
    }
    return types;
}

} // namespace llmzero::inline LLMZERO_ABI
