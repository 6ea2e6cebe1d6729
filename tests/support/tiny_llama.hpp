// Small random models of the llama family: the GGUF file in memory, and the same forward pass in double precision,
// written from the formulas without anything of the library, as what the library must agree with.
#pragma once

#include <llmzero/storage/gguf_writer.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

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
    std::uint64_t seed = 1;
};

class tiny_llama {
public:
    explicit tiny_llama(tiny_shape shape) : s(std::move(shape)), random_(s.seed) {
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
            add(blk + "attn_output.weight", s.d_model, d_query, 0.0f, width);
            add(blk + "ffn_norm.weight", 1, s.d_model, 1.0f, 0.2f);
            add(blk + "ffn_gate.weight", s.d_ff, s.d_model, 0.0f, width);
            add(blk + "ffn_up.weight", s.d_ff, s.d_model, 0.0f, width);
            add(blk + "ffn_down.weight", s.d_model, s.d_ff, 0.0f, 1.0f / std::sqrt(static_cast<float>(s.d_ff)));
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

    struct tensor {
        std::string name;
        std::uint64_t rows = 1;
        std::uint64_t cols = 1;
        llmzero::tensor_type type = llmzero::tensor_type::f32; // f32 or q8_0
        std::vector<float> values;                             // [rows, cols]
    };

    tensor & operator[](std::string_view name) {
        return *std::find_if(tensors.begin(), tensors.end(), [&](const tensor & t) { return t.name == name; });
    }
    void remove(std::string_view name) {
        std::erase_if(tensors, [&](const tensor & t) { return t.name == name; });
    }

    // Stores the matrices as Q8_0 from here on; `values` become what the file then holds.
    void quantise() {
        for (tensor & t : tensors) {
            if (t.rows == 1) {
                continue;
            }
            t.type = llmzero::tensor_type::q8_0;
            for (std::size_t b = 0; b < t.values.size(); b += 32) {
                for (std::size_t i = b; i < b + 32; ++i) { // scale 1/64: exact in half precision
                    t.values[i] = std::clamp(std::round(t.values[i] * 64.0f), -127.0f, 127.0f) / 64.0f;
                }
            }
        }
    }

    // The file; a key in `without` is left out.
    [[nodiscard]] std::vector<std::byte> file(std::string_view without = "") const {
        llmzero::gguf_writer writer;
        const auto add_key = [&](const std::string & key, const auto & value) {
            if (key != without && !writer.add(key, value)) {
                std::abort();
            }
        };
        const auto add_array = [&](const std::string & key, const auto & values) {
            if (key != without && !writer.add_array(key, values)) {
                std::abort();
            }
        };
        const std::string a = s.architecture + ".";
        add_key("general.architecture", s.architecture);
        add_key("general.name", std::string("tiny"));
        add_key(a + "context_length", s.context);
        add_key(a + "embedding_length", s.d_model);
        add_key(a + "block_count", s.n_layers);
        add_key(a + "feed_forward_length", s.d_ff);
        add_key(a + "attention.head_count", s.n_heads);
        add_key(a + "attention.head_count_kv", s.n_kv_heads);
        add_key(a + "attention.key_length", s.head_dim);
        add_key(a + "attention.value_length", s.head_dim);
        add_key(a + "attention.layer_norm_rms_epsilon", s.rms_epsilon);
        add_key(a + "rope.dimension_count", s.n_rotated);
        add_key(a + "rope.freq_base", s.theta);
        if (s.linear_factor != 1.0f) {
            add_key(a + "rope.scaling.type", std::string("linear"));
            add_key(a + "rope.scaling.factor", s.linear_factor);
        }
        std::vector<std::string> texts = {"<unk>", "<s>", "</s>"};
        std::vector<std::int32_t> kinds = {2, 3, 3};
        std::vector<float> scores(s.n_vocab);
        for (std::uint32_t i = 3; i < s.n_vocab; ++i) {
            texts.push_back(letter(i));
            kinds.push_back(1);
            scores[i] = -static_cast<float>(i);
        }
        add_key("tokenizer.ggml.model", std::string("llama"));
        add_array("tokenizer.ggml.tokens", texts);
        add_array("tokenizer.ggml.scores", scores);
        add_array("tokenizer.ggml.token_type", kinds);
        add_key("tokenizer.ggml.bos_token_id", std::uint32_t{1});
        add_key("tokenizer.ggml.eos_token_id", std::uint32_t{2});
        add_key("tokenizer.ggml.unknown_token_id", std::uint32_t{0});
        for (const auto & [key, value] : more_keys) {
            add_key(key, value);
        }
        for (const tensor & t : tensors) {
            const std::uint64_t shape[] = {t.cols, t.rows};
            if (!writer.add_tensor(t.name, std::span(shape, t.rows == 1 ? 1 : 2), t.type)) {
                std::abort();
            }
        }
        std::vector<std::byte> bytes;
        const auto written = writer.write(
            [&](std::span<const std::byte> part) {
                bytes.insert(bytes.end(), part.begin(), part.end());
                return llmzero::success();
            },
            [&](std::size_t n, llmzero::gguf_sink data) { return data(data_of(tensors[n])); });
        if (!written) {
            std::abort();
        }
        return bytes;
    }

    // The logits of every position: [tokens.size(), n_vocab].
    [[nodiscard]] std::vector<std::vector<double>> logits(const std::vector<std::int32_t> & tokens) const {
        std::vector<std::vector<double>> out;
        std::vector<std::vector<std::vector<double>>> keys(s.n_layers);   // [layer][position](d_kv)
        std::vector<std::vector<std::vector<double>>> values(s.n_layers); // [layer][position](d_kv)
        const tensor & embedding = get("token_embd.weight");
        for (std::size_t position = 0; position < tokens.size(); ++position) {
            std::vector<double> x(s.d_model);
            for (std::size_t i = 0; i < s.d_model; ++i) {
                x[i] =
                    static_cast<double>(embedding.values[static_cast<std::size_t>(tokens[position]) * s.d_model + i]);
            }
            for (std::size_t n = 0; n < s.n_layers; ++n) {
                const std::string blk = "blk." + std::to_string(n) + ".";
                const std::vector<double> h = norm(x, blk + "attn_norm.weight");
                std::vector<double> q = times(blk + "attn_q", h);
                std::vector<double> k = times(blk + "attn_k", h);
                turn(q, position);
                turn(k, position);
                keys[n].push_back(k);
                values[n].push_back(times(blk + "attn_v", h));
                add_to(x, times(blk + "attn_output", attention(q, keys[n], values[n])));
                const std::vector<double> f = norm(x, blk + "ffn_norm.weight");
                std::vector<double> gate = times(blk + "ffn_gate", f);
                const std::vector<double> up = times(blk + "ffn_up", f);
                for (std::size_t i = 0; i < gate.size(); ++i) {
                    gate[i] = gate[i] / (1.0 + std::exp(-gate[i])) * up[i];
                }
                add_to(x, times(blk + "ffn_down", gate));
            }
            out.push_back(times(s.separate_head ? "output" : "token_embd", norm(x, "output_norm.weight")));
        }
        return out;
    }

    // The text of token i >= 3, one character each.
    static std::string letter(std::uint32_t i) {
        if (i == 3) {
            return "\xe2\x96\x81"; // the SPM space
        }
        std::string text(1, static_cast<char>('a' + (i - 4) % 26));
        text.append(i / 30, '\'');
        return text;
    }

    tiny_shape s;
    std::vector<tensor> tensors;
    std::map<std::string, float> more_keys;

private:
    tensor & add(const std::string & name, std::uint64_t rows, std::uint64_t cols, float mean, float deviation) {
        tensor t{name, rows, cols, llmzero::tensor_type::f32,
                 std::vector<float>(static_cast<std::size_t>(rows * cols))};
        for (float & value : t.values) {
            // A sum of uniforms: normal enough, and the same with every standard library.
            float sum = 0;
            for (int i = 0; i < 4; ++i) {
                sum += static_cast<float>(random_() % 65536) / 65536.0f - 0.5f;
            }
            value = mean + deviation * sum * 1.7f;
        }
        tensors.push_back(std::move(t));
        return tensors.back();
    }

    [[nodiscard]] const tensor & get(std::string_view name) const {
        return *std::find_if(tensors.begin(), tensors.end(), [&](const tensor & t) { return t.name == name; });
    }
    [[nodiscard]] bool has(std::string_view name) const {
        return std::any_of(tensors.begin(), tensors.end(), [&](const tensor & t) { return t.name == name; });
    }

    static std::vector<std::byte> data_of(const tensor & t) {
        std::vector<std::byte> bytes;
        const auto put = [&](const void * from, std::size_t n) {
            const auto * b = static_cast<const std::byte *>(from);
            bytes.insert(bytes.end(), b, b + n);
        };
        if (t.type == llmzero::tensor_type::f32) {
            put(t.values.data(), t.values.size() * sizeof(float));
            return bytes;
        }
        for (std::size_t b = 0; b < t.values.size(); b += 32) {
            const std::uint16_t scale = 0x2400; // 1/64
            put(&scale, sizeof scale);
            for (std::size_t i = b; i < b + 32; ++i) {
                const auto code = static_cast<std::int8_t>(t.values[i] * 64.0f);
                put(&code, 1);
            }
        }
        return bytes;
    }

    [[nodiscard]] std::vector<double> norm(const std::vector<double> & x, const std::string & name) const {
        double sum = 0;
        for (const double v : x) {
            sum += v * v;
        }
        const double scale = 1.0 / std::sqrt(sum / static_cast<double>(x.size()) + static_cast<double>(s.rms_epsilon));
        std::vector<double> out(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
            out[i] = x[i] * scale * static_cast<double>(get(name).values[i]);
        }
        return out;
    }

    // name.weight * x + name.bias
    [[nodiscard]] std::vector<double> times(const std::string & name, const std::vector<double> & x) const {
        const tensor & w = get(name + ".weight");
        std::vector<double> y(static_cast<std::size_t>(w.rows));
        for (std::size_t r = 0; r < w.rows; ++r) {
            y[r] = has(name + ".bias") ? static_cast<double>(get(name + ".bias").values[r]) : 0.0;
            for (std::size_t c = 0; c < w.cols; ++c) {
                y[r] += static_cast<double>(w.values[r * static_cast<std::size_t>(w.cols) + c]) * x[c];
            }
        }
        return y;
    }

    void turn(std::vector<double> & x, std::size_t position) const {
        for (std::size_t head = 0; head < x.size() / s.head_dim; ++head) {
            for (std::size_t i = 0; i < s.n_rotated / 2; ++i) {
                double angle = static_cast<double>(position) / static_cast<double>(s.linear_factor) *
                               std::pow(static_cast<double>(s.theta),
                                        -2.0 * static_cast<double>(i) / static_cast<double>(s.n_rotated));
                if (s.rope_divisors) {
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

    [[nodiscard]] std::vector<double> attention(const std::vector<double> & q,
                                                const std::vector<std::vector<double>> & keys,
                                                const std::vector<std::vector<double>> & values) const {
        std::vector<double> out(q.size());
        for (std::size_t head = 0; head < s.n_heads; ++head) {
            const std::size_t from = head * s.head_dim;
            const std::size_t kv_from = head / (s.n_heads / s.n_kv_heads) * s.head_dim;
            std::vector<double> weight(keys.size());
            double sum = 0;
            for (std::size_t t = 0; t < keys.size(); ++t) {
                double score = 0;
                for (std::size_t i = 0; i < s.head_dim; ++i) {
                    score += q[from + i] * keys[t][kv_from + i];
                }
                weight[t] = std::exp(score / std::sqrt(static_cast<double>(s.head_dim)));
                sum += weight[t];
            }
            for (std::size_t t = 0; t < keys.size(); ++t) {
                for (std::size_t i = 0; i < s.head_dim; ++i) {
                    out[from + i] += weight[t] / sum * values[t][kv_from + i];
                }
            }
        }
        return out;
    }

    static void add_to(std::vector<double> & x, const std::vector<double> & y) {
        for (std::size_t i = 0; i < x.size(); ++i) {
            x[i] += y[i];
        }
    }

    std::mt19937_64 random_;
};

// sum((found - expected)^2) / sum(expected^2)
template <class Found> double nmse(const Found & found, const std::vector<double> & expected) {
    double error = 0;
    double total = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const double difference = static_cast<double>(found[i]) - expected[i];
        error += difference * difference;
        total += expected[i] * expected[i];
    }
    return error / total;
}

} // namespace support
