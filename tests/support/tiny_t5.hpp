// Small random T5 models, and the same forward pass in double precision.
#pragma once

#include "support/tiny_model.hpp"

namespace support {

struct tiny_t5_shape {
    std::uint32_t n_vocab = 40; // at least 4: <unk>, <s>, </s>, then letters
    std::uint32_t d_model = 32;
    std::uint32_t d_ff = 64;
    std::uint32_t n_encoder_layers = 2;
    std::uint32_t n_decoder_layers = 2;
    std::uint32_t n_heads = 3;
    std::uint32_t n_kv_heads = 0; // of the key; 0: without one
    std::uint32_t head_dim = 16;
    std::uint32_t n_buckets = 32;
    std::uint32_t context = 64;
    float rms_epsilon = 1e-6f;
    bool gated = true;
    bool separate_head = true;
    std::uint32_t decoder_start = 3;
    std::uint64_t seed = 1;
};

class tiny_t5 : public tiny_model {
public:
    explicit tiny_t5(tiny_t5_shape shape) : tiny_model(shape.seed), s(shape) {
        add("token_embd.weight", s.n_vocab, s.d_model, 0.0f, 1.0f);
        for (std::uint32_t n = 0; n < s.n_encoder_layers; ++n) {
            const std::string blk = "enc.blk." + std::to_string(n) + ".";
            add_attention(blk + "attn");
            add_feed_forward(blk + "ffn");
        }
        for (std::uint32_t n = 0; n < s.n_decoder_layers; ++n) {
            const std::string blk = "dec.blk." + std::to_string(n) + ".";
            add_attention(blk + "attn");
            add_attention(blk + "cross_attn");
            add_feed_forward(blk + "ffn");
        }
        for (const char * stack : {"enc", "dec"}) {
            add(stack + std::string(".blk.0.attn_rel_b.weight"), s.n_buckets, s.n_heads, 0.0f, 1.0f);
            add(stack + std::string(".output_norm.weight"), 1, s.d_model, 1.0f, 0.2f);
        }
        if (s.separate_head) {
            add("output.weight", s.n_vocab, s.d_model, 0.0f, width(s.d_model));
        }
    }

    // The file; a key in `without` is left out.
    [[nodiscard]] std::vector<std::byte> file(std::string_view without = "") const {
        metadata keys(without);
        keys.add("general.architecture", std::string("t5"));
        keys.add("general.name", std::string("tiny t5"));
        keys.add("t5.context_length", s.context);
        keys.add("t5.embedding_length", s.d_model);
        keys.add("t5.block_count", s.n_encoder_layers);
        if (s.n_decoder_layers != s.n_encoder_layers) {
            keys.add("t5.decoder_block_count", s.n_decoder_layers);
        }
        keys.add("t5.feed_forward_length", s.d_ff);
        keys.add("t5.attention.head_count", s.n_heads);
        if (s.n_kv_heads != 0) {
            keys.add("t5.attention.head_count_kv", s.n_kv_heads);
        }
        keys.add("t5.attention.key_length", s.head_dim);
        keys.add("t5.attention.value_length", s.head_dim);
        keys.add("t5.attention.layer_norm_rms_epsilon", s.rms_epsilon);
        keys.add("t5.attention.relative_buckets_count", s.n_buckets);
        keys.add("t5.decoder_start_token_id", s.decoder_start);
        keys.add_vocabulary(s.n_vocab);
        keys.add("tokenizer.ggml.add_bos_token", false);
        keys.add("tokenizer.ggml.add_eos_token", true);
        return write(keys);
    }

    // The logits after the start token and after each token of the answer: [1 + answer.size(), n_vocab].
    [[nodiscard]] std::vector<std::vector<double>> logits(const std::vector<std::int32_t> & source,
                                                          const std::vector<std::int32_t> & answer) const {
        const matrix encoded = encode(source);
        matrix x = {row("token_embd.weight", static_cast<std::int32_t>(s.decoder_start))};
        for (const std::int32_t token : answer) {
            x.push_back(row("token_embd.weight", token));
        }
        for (std::uint32_t n = 0; n < s.n_decoder_layers; ++n) {
            const std::string blk = "dec.blk." + std::to_string(n) + ".";
            attend(x, norms(x, blk + "attn_norm"), blk + "attn", "dec");
            attend(x, encoded, blk + "cross_attn", "");
            feed_forward(x, blk + "ffn");
        }
        for (std::vector<double> & stream : x) {
            stream =
                times(s.separate_head ? "output" : "token_embd", norm(stream, "dec.output_norm.weight", s.rms_epsilon));
            for (double & logit : stream) {
                logit *= s.separate_head ? 1.0 : 1.0 / std::sqrt(static_cast<double>(s.d_model));
            }
        }
        return x;
    }

    // The table of T5's paper, whose distances below 128 have logarithms with one base; written as a search for the
    // bucket's end instead of a formula for the bucket.
    static std::uint32_t bucket(std::int64_t distance, std::uint32_t n_buckets, bool both_directions) {
        if (both_directions) {
            const std::uint32_t half = n_buckets / 2;
            return (distance > 0 ? half : 0) + bucket_of(distance < 0 ? -distance : distance, half);
        }
        return bucket_of(distance < 0 ? -distance : 0, n_buckets);
    }

    tiny_t5_shape s;

private:
    using matrix = std::vector<std::vector<double>>; // [tokens, width]

    static float width(std::uint32_t n) { return 1.0f / std::sqrt(static_cast<float>(n)); }

    void add_attention(const std::string & name) {
        const std::uint32_t d_query = s.n_heads * s.head_dim;
        add(name + "_norm.weight", 1, s.d_model, 1.0f, 0.2f);
        add(name + "_q.weight", d_query, s.d_model, 0.0f, 0.6f * width(s.d_model)); // scores are not scaled
        add(name + "_k.weight", d_query, s.d_model, 0.0f, 0.6f * width(s.d_model));
        add(name + "_v.weight", d_query, s.d_model, 0.0f, width(s.d_model));
        add(name + "_o.weight", s.d_model, d_query, 0.0f, width(d_query));
    }

    void add_feed_forward(const std::string & name) {
        add(name + "_norm.weight", 1, s.d_model, 1.0f, 0.2f);
        if (s.gated) {
            add(name + "_gate.weight", s.d_ff, s.d_model, 0.0f, 1.5f * width(s.d_model));
        }
        add(name + "_up.weight", s.d_ff, s.d_model, 0.0f, width(s.d_model));
        add(name + "_down.weight", s.d_model, s.d_ff, 0.0f, width(s.d_ff));
    }

    [[nodiscard]] matrix encode(const std::vector<std::int32_t> & source) const {
        matrix e;
        for (const std::int32_t token : source) {
            e.push_back(row("token_embd.weight", token));
        }
        for (std::uint32_t n = 0; n < s.n_encoder_layers; ++n) {
            const std::string blk = "enc.blk." + std::to_string(n) + ".";
            attend(e, norms(e, blk + "attn_norm"), blk + "attn", "enc");
            feed_forward(e, blk + "ffn");
        }
        return norms(e, "enc.output_norm");
    }

    [[nodiscard]] matrix norms(const matrix & x, const std::string & name) const {
        matrix out;
        for (const std::vector<double> & stream : x) {
            out.push_back(norm(stream, name + ".weight", s.rms_epsilon));
        }
        return out;
    }

    // x += Wo attention(norm(x)) to keys and values of `seen`. `stack` has the positions' bias and says what is seen:
    // "enc" all, "dec" what is not after the query, "" all, without a bias.
    void attend(matrix & x, const matrix & seen, const std::string & name, const std::string & stack) const {
        matrix keys;
        matrix values;
        for (const std::vector<double> & stream : seen) {
            keys.push_back(times(name + "_k", stream));
            values.push_back(times(name + "_v", stream));
        }
        for (std::size_t query = 0; query < x.size(); ++query) {
            const std::size_t n_seen = stack == "dec" ? query + 1 : seen.size();
            const auto first = static_cast<std::ptrdiff_t>(n_seen);
            const auto bias = [&](std::size_t head, std::size_t key) {
                if (stack.empty()) {
                    return 0.0;
                }
                const auto distance = static_cast<std::int64_t>(key) - static_cast<std::int64_t>(query);
                const tensor & table = get(stack + ".blk.0.attn_rel_b.weight");
                return static_cast<double>(
                    table.values[bucket(distance, s.n_buckets, stack == "enc") * s.n_heads + head]);
            };
            const std::vector<double> q = times(name + "_q", norm(x[query], name + "_norm.weight", s.rms_epsilon));
            add_to(x[query],
                   times(name + "_o", attention(q, {keys.begin(), keys.begin() + first},
                                                {values.begin(), values.begin() + first}, s.n_heads, 1, 1.0, bias)));
        }
    }

    void feed_forward(matrix & x, const std::string & name) const {
        for (std::vector<double> & stream : x) {
            const std::vector<double> h = norm(stream, name + "_norm.weight", s.rms_epsilon);
            std::vector<double> hidden = times(name + "_up", h);
            const std::vector<double> gate = s.gated ? times(name + "_gate", h) : std::vector<double>();
            for (std::size_t i = 0; i < hidden.size(); ++i) {
                if (s.gated) {
                    const double g = gate[i];
                    const double y = std::sqrt(2.0 / std::acos(-1.0)) * (g + 0.044715 * g * g * g);
                    hidden[i] *= 0.5 * g * (1.0 + std::tanh(y));
                } else {
                    hidden[i] = std::max(hidden[i], 0.0);
                }
            }
            add_to(stream, times(name + "_down", hidden));
        }
    }

    static std::uint32_t bucket_of(std::int64_t away, std::uint32_t n_buckets) {
        const std::uint32_t exact = n_buckets / 2;
        if (away < exact) {
            return static_cast<std::uint32_t>(away);
        }
        // Bucket exact + k begins at exact * (128 / exact)^(k / (n - exact)).
        std::uint32_t found = exact;
        for (std::uint32_t k = 1; k < n_buckets - exact; ++k) {
            const double begin = exact * std::pow(128.0 / exact, static_cast<double>(k) / (n_buckets - exact));
            found += static_cast<double>(away) >= begin - 1e-9 ? 1 : 0;
        }
        return found;
    }
};

} // namespace support
