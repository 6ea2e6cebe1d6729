// Small random models of the llama family, and the same forward pass in double precision.
#pragma once

#include "support/tiny_model.hpp"

#include <limits>

namespace support {

struct tiny_shape {
    std::string architecture = "llama";
    std::uint32_t n_vocab = 40; // at least 4: <unk>, <s>, </s>, then letters
    std::uint32_t d_model = 32;
    std::uint32_t d_ff = 64;
    std::uint32_t n_layers = 2;
    std::uint32_t n_heads = 4;
    std::uint32_t n_kv_heads = 2;
    std::uint32_t head_dim = 8;
    std::uint32_t n_rotated = 8;
    std::uint32_t context = 64;
    float rms_epsilon = 1e-5f;
    float theta = 10000.0f;
    float linear_factor = 1.0f; // of rope.scaling; 1: none
    bool halves = false;        // rope pairs (i, i + n / 2)
    bool biases = false;
    bool separate_head = false;
    bool rope_divisors = false;
    bool qk_norms = false;
    bool gemma = false;              // scaled embedding, GELU, norms behind blocks
    std::uint32_t window = 0;        // of local layers
    std::uint32_t window_period = 6; // every how many layers one is not local
    float local_theta = 10000.0f;
    std::uint64_t seed = 1;
};

class tiny_llama : public tiny_model {
public:
    // A gemma3 with two local layers before each that sees everything.
    static tiny_shape gemma3(std::uint64_t seed) {
        return {.architecture = "gemma3",
                .n_layers = 4,
                .n_kv_heads = 1,
                .head_dim = 12,
                .n_rotated = 12,
                .theta = 1e6f,
                .linear_factor = 2.0f,
                .halves = true,
                .qk_norms = true,
                .gemma = true,
                .window = 5,
                .window_period = 3,
                .seed = seed};
    }

    explicit tiny_llama(tiny_shape shape) : tiny_model(shape.seed), s(std::move(shape)) {
        const float width = 1.0f / std::sqrt(static_cast<float>(s.d_model));
        const std::uint32_t d_query = s.n_heads * s.head_dim;
        const std::uint32_t d_kv = s.n_kv_heads * s.head_dim;
        add("token_embd.weight", s.n_vocab, s.d_model, 0.0f, 1.0f);
        for (std::uint32_t n = 0; n < s.n_layers; ++n) {
            const std::string blk = "blk." + std::to_string(n) + ".";
            add(blk + "attn_norm.weight", 1, s.d_model, 1.0f, 0.2f);
            add(blk + "attn_q.weight", d_query, s.d_model, 0.0f, 1.5f * width);
            add(blk + "attn_k.weight", d_kv, s.d_model, 0.0f, 1.5f * width);
            add(blk + "attn_v.weight", d_kv, s.d_model, 0.0f, width);
            if (s.biases) {
                add(blk + "attn_q.bias", 1, d_query, 0.0f, 0.5f);
                add(blk + "attn_k.bias", 1, d_kv, 0.0f, 0.5f);
                add(blk + "attn_v.bias", 1, d_kv, 0.0f, 0.5f);
            }
            if (s.qk_norms) {
                add(blk + "attn_q_norm.weight", 1, s.head_dim, 1.5f, 0.2f);
                add(blk + "attn_k_norm.weight", 1, s.head_dim, 1.5f, 0.2f);
            }
            add(blk + "attn_output.weight", s.d_model, d_query, 0.0f, width);
            add(blk + "ffn_norm.weight", 1, s.d_model, 1.0f, 0.2f);
            add(blk + "ffn_gate.weight", s.d_ff, s.d_model, 0.0f, width);
            add(blk + "ffn_up.weight", s.d_ff, s.d_model, 0.0f, width);
            add(blk + "ffn_down.weight", s.d_model, s.d_ff, 0.0f, 1.0f / std::sqrt(static_cast<float>(s.d_ff)));
            if (s.gemma) {
                add(blk + "post_attention_norm.weight", 1, s.d_model, 1.0f, 0.2f);
                add(blk + "post_ffw_norm.weight", 1, s.d_model, 1.0f, 0.2f);
            }
        }
        add("output_norm.weight", 1, s.d_model, 1.0f, 0.2f);
        if (s.separate_head) {
            add("output.weight", s.n_vocab, s.d_model, 0.0f, width);
        }
        if (s.rope_divisors) {
            tensor & divisors = add("rope_freqs.weight", 1, s.n_rotated / 2, 0.0f, 0.0f);
            for (std::size_t i = 0; i < divisors.values.size(); ++i) {
                divisors.values[i] = 1.0f + static_cast<float>(i);
            }
        }
    }

    // The file; a key in `without` is left out.
    [[nodiscard]] std::vector<std::byte> file(std::string_view without = "") const {
        metadata keys(without);
        const std::string a = s.architecture + ".";
        keys.add("general.architecture", s.architecture);
        keys.add("general.name", std::string("tiny"));
        keys.add(a + "context_length", s.context);
        keys.add(a + "embedding_length", s.d_model);
        keys.add(a + "block_count", s.n_layers);
        keys.add(a + "feed_forward_length", s.d_ff);
        keys.add(a + "attention.head_count", s.n_heads);
        keys.add(a + "attention.head_count_kv", s.n_kv_heads);
        keys.add(a + "attention.key_length", s.head_dim);
        keys.add(a + "attention.value_length", s.head_dim);
        keys.add(a + "attention.layer_norm_rms_epsilon", s.rms_epsilon);
        keys.add(a + "rope.dimension_count", s.n_rotated);
        keys.add(a + "rope.freq_base", s.theta);
        if (s.linear_factor != 1.0f) {
            keys.add(a + "rope.scaling.type", std::string("linear"));
            keys.add(a + "rope.scaling.factor", s.linear_factor);
        }
        if (s.window != 0) {
            keys.add(a + "attention.sliding_window", s.window);
            keys.add(a + "attention.sliding_window_pattern", s.window_period);
            keys.add(a + "rope.freq_base_swa", s.local_theta);
        }
        keys.add_vocabulary(s.n_vocab, control_tokens);
        return write(keys);
    }

    // The logits of every position: [tokens.size(), n_vocab].
    [[nodiscard]] std::vector<std::vector<double>> logits(const std::vector<std::int32_t> & tokens) const {
        const double scale = 1.0 / std::sqrt(static_cast<double>(s.head_dim));
        std::vector<std::vector<double>> out;
        std::vector<std::vector<std::vector<double>>> keys(s.n_layers);   // [layer][position](d_kv)
        std::vector<std::vector<std::vector<double>>> values(s.n_layers); // [layer][position](d_kv)
        for (std::size_t position = 0; position < tokens.size(); ++position) {
            std::vector<double> x = row("token_embd.weight", tokens[position]);
            for (double & value : x) {
                value *= s.gemma ? std::sqrt(static_cast<double>(s.d_model)) : 1.0;
            }
            for (std::size_t n = 0; n < s.n_layers; ++n) {
                const std::string blk = "blk." + std::to_string(n) + ".";
                const std::vector<double> h = norm(x, blk + "attn_norm.weight", s.rms_epsilon);
                std::vector<double> q = times(blk + "attn_q", h);
                std::vector<double> k = times(blk + "attn_k", h);
                if (s.qk_norms) {
                    norm_heads(q, blk + "attn_q_norm.weight");
                    norm_heads(k, blk + "attn_k_norm.weight");
                }
                const bool is_local = s.window != 0 && n % s.window_period != s.window_period - 1;
                turn(q, position, is_local);
                turn(k, position, is_local);
                keys[n].push_back(k);
                values[n].push_back(times(blk + "attn_v", h));
                const auto bias = [&](std::size_t, std::size_t t) {
                    return is_local && t + s.window <= position ? -std::numeric_limits<double>::infinity() : 0.0;
                };
                const auto a = times(blk + "attn_output", attention(q, keys[n], values[n], s.n_heads,
                                                                    s.n_heads / s.n_kv_heads, scale, bias));
                add_to(x, s.gemma ? norm(a, blk + "post_attention_norm.weight", s.rms_epsilon) : a);
                const std::vector<double> f = norm(x, blk + "ffn_norm.weight", s.rms_epsilon);
                std::vector<double> gate = times(blk + "ffn_gate", f);
                const std::vector<double> up = times(blk + "ffn_up", f);
                for (std::size_t i = 0; i < gate.size(); ++i) {
                    gate[i] = (s.gemma ? gelu(gate[i]) : gate[i] / (1.0 + std::exp(-gate[i]))) * up[i];
                }
                const auto down = times(blk + "ffn_down", gate);
                add_to(x, s.gemma ? norm(down, blk + "post_ffw_norm.weight", s.rms_epsilon) : down);
            }
            out.push_back(
                times(s.separate_head ? "output" : "token_embd", norm(x, "output_norm.weight", s.rms_epsilon)));
        }
        return out;
    }

    tiny_shape s;

private:
    static double gelu(double x) {
        constexpr double root = 0.79788456080286535588; // sqrt(2 / pi)
        return 0.5 * x * (1.0 + std::tanh(root * (x + 0.044715 * x * x * x)));
    }

    void norm_heads(std::vector<double> & x, const std::string & name) const {
        const auto head_dim = static_cast<std::ptrdiff_t>(s.head_dim);
        for (auto head = x.begin(); head != x.end(); head += head_dim) {
            const std::vector<double> normalised = norm({head, head + head_dim}, name, s.rms_epsilon);
            std::copy(normalised.begin(), normalised.end(), head);
        }
    }

    void turn(std::vector<double> & x, std::size_t position, bool is_local) const {
        const double theta = static_cast<double>(is_local ? s.local_theta : s.theta);
        const double factor = is_local ? 1.0 : static_cast<double>(s.linear_factor);
        for (std::size_t head = 0; head < x.size() / s.head_dim; ++head) {
            for (std::size_t i = 0; i < s.n_rotated / 2; ++i) {
                double angle = static_cast<double>(position) / factor *
                               std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(s.n_rotated));
                if (s.rope_divisors && !is_local) {
                    angle /= static_cast<double>(get("rope_freqs.weight").values[i]);
                }
                const std::size_t first = head * s.head_dim + (s.halves ? i : 2 * i);
                const std::size_t second = s.halves ? first + s.n_rotated / 2 : first + 1;
                const double a = x[first];
                const double b = x[second];
                x[first] = a * std::cos(angle) - b * std::sin(angle);
                x[second] = a * std::sin(angle) + b * std::cos(angle);
            }
        }
    }
};

} // namespace support
