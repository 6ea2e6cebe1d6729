// What small random models of any architecture have in common: tensors, the GGUF file in memory, and the steps of a
// forward pass in double precision, written from the formulas without anything of the library, as what the library
// must agree with.
#pragma once

#include <llmzero/storage/gguf_writer.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace support {

class tiny_model {
public:
    explicit tiny_model(std::uint64_t seed) : random_(seed) {}

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

    // Stores the matrices whose rows allow it as Q8_0 from here on; `values` become what the file then holds.
    void quantise() {
        for (tensor & t : tensors) {
            if (t.rows == 1 || t.cols % 32 != 0) {
                continue;
            }
            t.type = llmzero::tensor_type::q8_0;
            for (float & value : t.values) { // scale 1/64: exact in half precision
                value = std::clamp(std::round(value * 64.0f), -127.0f, 127.0f) / 64.0f;
            }
        }
    }

    // The text of token i >= 3, one character each.
    static std::string letter(std::uint32_t i) {
        if (i == 3) {
            return "\xe2\x96\x81"; // the SPM space
        }
        std::string text(1, static_cast<char>('a' + (i - 4) % 26));
        text.append((i - 4) / 26, '\'');
        return text;
    }

    std::vector<tensor> tensors;
    std::map<std::string, float> more_keys;
    std::map<std::string, std::string> more_texts;
    std::map<std::uint32_t, std::string> control_tokens; // texts of ids, in place of letters

protected:
    // The metadata of a file; the key `without` is left out.
    class metadata {
    public:
        explicit metadata(std::string_view without) : without_(without) {}
        void add(const std::string & key, const auto & value) {
            if (key != without_ && !writer.add(key, value)) {
                std::abort();
            }
        }
        void add_array(const std::string & key, const auto & values) {
            if (key != without_ && !writer.add_array(key, values)) {
                std::abort();
            }
        }
        // <unk>, <s>, </s>, then letters and control tokens.
        void add_vocabulary(std::uint32_t n_vocab, const std::map<std::uint32_t, std::string> & control = {}) {
            std::vector<std::string> texts = {"<unk>", "<s>", "</s>"};
            std::vector<std::int32_t> kinds = {2, 3, 3};
            std::vector<float> scores(n_vocab);
            for (std::uint32_t i = 3; i < n_vocab; ++i) {
                texts.push_back(letter(i));
                kinds.push_back(1);
                scores[i] = -static_cast<float>(i);
            }
            for (const auto & [id, text] : control) {
                texts[id] = text;
                kinds[id] = 3;
            }
            add("tokenizer.ggml.model", std::string("llama"));
            add_array("tokenizer.ggml.tokens", texts);
            add_array("tokenizer.ggml.scores", scores);
            add_array("tokenizer.ggml.token_type", kinds);
            add("tokenizer.ggml.bos_token_id", std::uint32_t{1});
            add("tokenizer.ggml.eos_token_id", std::uint32_t{2});
            add("tokenizer.ggml.unknown_token_id", std::uint32_t{0});
        }
        llmzero::gguf_writer writer;

    private:
        std::string_view without_;
    };

    // The file with these keys, more_keys and the tensors.
    [[nodiscard]] std::vector<std::byte> write(metadata & keys) const {
        for (const auto & [key, value] : more_keys) {
            keys.add(key, value);
        }
        for (const auto & [key, value] : more_texts) {
            keys.add(key, value);
        }
        for (const tensor & t : tensors) {
            const std::uint64_t shape[] = {t.cols, t.rows};
            if (!keys.writer.add_tensor(t.name, std::span(shape, t.rows == 1 ? 1 : 2), t.type)) {
                std::abort();
            }
        }
        std::vector<std::byte> bytes;
        const auto written = keys.writer.write(
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

    [[nodiscard]] std::vector<double> norm(const std::vector<double> & x, const std::string & name,
                                           float rms_epsilon) const {
        double sum = 0;
        for (const double v : x) {
            sum += v * v;
        }
        const double scale = 1.0 / std::sqrt(sum / static_cast<double>(x.size()) + static_cast<double>(rms_epsilon));
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

    // The token's row of a table.
    [[nodiscard]] std::vector<double> row(const std::string & name, std::int32_t token) const {
        const tensor & t = get(name);
        const float * from = t.values.data() + static_cast<std::size_t>(token) * static_cast<std::size_t>(t.cols);
        return {from, from + t.cols};
    }

    // Of one query over all keys [n](n_kv_heads * head_dim): softmax(scale * q k + bias(head, t)) v
    template <class Bias>
    static std::vector<double> attention(const std::vector<double> & q, const std::vector<std::vector<double>> & keys,
                                         const std::vector<std::vector<double>> & values, std::size_t n_heads,
                                         std::size_t heads_sharing, double scale, const Bias & bias) {
        const std::size_t head_dim = q.size() / n_heads;
        std::vector<double> out(q.size());
        for (std::size_t head = 0; head < n_heads; ++head) {
            const std::size_t from = head * head_dim;
            const std::size_t kv_from = head / heads_sharing * head_dim;
            std::vector<double> weight(keys.size());
            double sum = 0;
            for (std::size_t t = 0; t < keys.size(); ++t) {
                double score = 0;
                for (std::size_t i = 0; i < head_dim; ++i) {
                    score += q[from + i] * keys[t][kv_from + i];
                }
                weight[t] = std::exp(score * scale + bias(head, t));
                sum += weight[t];
            }
            for (std::size_t t = 0; t < keys.size(); ++t) {
                for (std::size_t i = 0; i < head_dim; ++i) {
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

private:
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
                const auto code = static_cast<std::int8_t>(std::clamp(t.values[i] * 64.0f, -127.0f, 127.0f));
                put(&code, 1);
            }
        }
        return bytes;
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
