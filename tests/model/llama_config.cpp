#include <llmzero/model/llama_config.hpp>
#include <llmzero/storage/byte_source.hpp>

#include "support/tiny_llama.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <string>

using namespace llmzero;

namespace {

// A file with only these keys, all of them numbers as they would be stored.
struct keys {
    std::uint32_t context = 64;
    std::uint32_t d_model = 32;
    std::uint32_t n_layers = 2;
    std::uint32_t d_ff = 64;
    std::uint32_t n_heads = 4;
    float epsilon = 1e-5f;
    const char * architecture = "llama";
    result<model_config> (*reader)(const gguf_file &, std::string_view, std::uint32_t) = read_llama_config;
    std::uint32_t n_tensors = 3;

    template <class More> result<model_config> read(const More & more, std::string_view without = "") const {
        gguf_writer writer;
        const auto add = [&](const char * what, const auto & value) {
            const std::string key = std::string(architecture) + "." + what;
            if (key != without) {
                REQUIRE(writer.add(key, value));
            }
        };
        add("context_length", context);
        add("embedding_length", d_model);
        add("block_count", n_layers);
        add("feed_forward_length", d_ff);
        add("attention.head_count", n_heads);
        add("attention.layer_norm_rms_epsilon", epsilon);
        more(writer);
        const std::uint64_t one[] = {1};
        for (std::uint32_t i = 0; i < n_tensors; ++i) {
            REQUIRE(writer.add_tensor("t" + std::to_string(i), one, tensor_type::f32));
        }
        std::vector<std::byte> bytes;
        const auto take = [&](std::span<const std::byte> part) {
            bytes.insert(bytes.end(), part.begin(), part.end());
            return success();
        };
        const std::byte zeros[4] = {};
        REQUIRE(writer.write(take, [&](std::size_t, gguf_sink data) { return data(zeros); }));
        const memory_source source(bytes);
        auto file = gguf_file::open(source);
        REQUIRE(file);
        return reader(*file, architecture, 100);
    }
    result<model_config> read() const {
        return read([](gguf_writer &) {});
    }
};

const auto nothing_more = [](gguf_writer &) {
};

// A key of any type beside the ordinary ones.
template <class T> auto with(std::string_view key, T value) {
    return [=](gguf_writer & writer) {
        REQUIRE(writer.add(key, value));
    };
}

// Expects an error whose sentence names `what`.
void check_refused(const result<model_config> & config, const std::string & what,
                   error_code code = error_code::malformed) {
    CAPTURE(what);
    REQUIRE_FALSE(config);
    CHECK(config.error().code() == code);
    CHECK(std::string(config.error().message()).find(what) != std::string::npos);
}

TEST_CASE("llama config: defaults follow the counts that must be there") {
    const auto c = keys{}.read();
    REQUIRE(c);
    CHECK(c->n_vocab == 100);
    CHECK(c->context == 64);
    CHECK(c->d_model == 32);
    CHECK(c->n_layers == 2);
    CHECK(c->d_ff == 64);
    CHECK(c->n_heads == 4);
    CHECK(c->n_kv_heads == 4);
    CHECK(c->head_dim == 8);
    CHECK(c->n_rotated == 8);
    CHECK(c->d_query() == 32);
    CHECK(c->d_kv() == 32);
    CHECK(c->rms_epsilon == 1e-5f);
    CHECK(c->rope_theta == 10000.0);
    CHECK(c->rope_scale == 1.0);
    CHECK(c->attention_scale == 1.0f / std::sqrt(8.0f));
    CHECK(c->embedding_scale == 1.0f);
    CHECK(c->activation == gate_activation::silu);
    CHECK(c->pairs == rope_pairs::neighbours);
    CHECK(c->window == 0);
    CHECK_FALSE(c->has_qk_norms);
    CHECK_FALSE(c->has_post_norms);
}

TEST_CASE("llama config: optional keys are taken") {
    const auto c = keys{}.read([](gguf_writer & w) {
        REQUIRE(w.add("llama.attention.head_count_kv", std::uint64_t{2})); // any width
        REQUIRE(w.add("llama.attention.key_length", std::int32_t{6}));
        REQUIRE(w.add("llama.attention.value_length", std::uint16_t{6}));
        REQUIRE(w.add("llama.rope.dimension_count", std::uint32_t{4}));
        REQUIRE(w.add("llama.rope.freq_base", 5e5f));
        REQUIRE(w.add("llama.rope.scaling.type", "linear"));
        REQUIRE(w.add("llama.rope.scaling.factor", 8.0f));
    });
    REQUIRE(c);
    CHECK(c->n_kv_heads == 2);
    CHECK(c->head_dim == 6);
    CHECK(c->d_query() == 24);
    CHECK(c->d_kv() == 12);
    CHECK(c->n_rotated == 4);
    CHECK(c->rope_theta == 5e5);
    CHECK(c->rope_scale == 0.125);
}

TEST_CASE("llama config: what must be there is asked for by name") {
    for (const char * key :
         {"llama.context_length", "llama.embedding_length", "llama.block_count", "llama.feed_forward_length",
          "llama.attention.head_count", "llama.attention.layer_norm_rms_epsilon"}) {
        check_refused(keys{}.read(nothing_more, key), key);
    }
}

TEST_CASE("llama config: counts of zero and beyond all sense are refused") {
    check_refused(keys{.context = 0}.read(), "llama.context_length' is 0, expected 1 to");
    check_refused(keys{.d_model = 0}.read(), "llama.embedding_length' is 0");
    check_refused(keys{.n_layers = 0}.read(), "llama.block_count' is 0");
    check_refused(keys{.d_ff = 0}.read(), "llama.feed_forward_length' is 0");
    check_refused(keys{.n_heads = 0}.read(), "llama.attention.head_count' is 0");
    check_refused(keys{.d_model = 0xffffffffu}.read(), "llama.embedding_length' is 4294967295");
    check_refused(keys{.d_model = (1u << 20) + 4}.read(), "llama.embedding_length");
    check_refused(keys{.context = (1u << 27) + 1}.read(), "llama.context_length");
    check_refused(keys{.n_layers = 4}.read(), "'llama.block_count' is 4, but the file has only 3 tensors");
    CHECK(keys{.n_layers = 3}.read());
}

TEST_CASE("llama config: heads must divide what they share") {
    check_refused(keys{}.read(with("llama.attention.head_count_kv", 3u)),
                  "'llama.attention.head_count_kv' is 3, expected a divisor of head_count, which is 4");
    check_refused(keys{}.read(with("llama.attention.head_count_kv", 8u)), "head_count_kv");
    check_refused(keys{}.read(with("llama.attention.head_count_kv", 0u)), "head_count_kv");
    check_refused(keys{.d_model = 33}.read(), "'llama.embedding_length' is 33, expected a multiple of head_count");
    CHECK(keys{.d_model = 33}.read(with("llama.attention.key_length", 8u)));
}

TEST_CASE("llama config: heads must be even where they turn, and keys as long as values") {
    check_refused(keys{}.read([](gguf_writer & w) {
        REQUIRE(w.add("llama.attention.key_length", 7u));
        REQUIRE(w.add("llama.attention.value_length", 7u));
    }),
                  "key_length' is 7, expected an even number");
    check_refused(keys{}.read(with("llama.attention.value_length", 4u)), "value_length' is 4, expected key_length");
    check_refused(keys{}.read(with("llama.rope.dimension_count", 10u)), "rope.dimension_count' is 10");
    check_refused(keys{}.read(with("llama.rope.dimension_count", 3u)), "rope.dimension_count' is 3");
    check_refused(keys{.n_heads = 1u << 15}.read(with("llama.attention.key_length", 1u << 20)), "key_length");
}

TEST_CASE("llama config: numbers must be finite and above zero") {
    const float bad[] = {0.0f, -1e-5f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()};
    for (const float value : bad) {
        CAPTURE(value);
        check_refused(keys{.epsilon = value}.read(), "layer_norm_rms_epsilon");
        check_refused(keys{}.read(with("llama.rope.freq_base", value)), "llama.rope.freq_base");
        check_refused(keys{}.read([&](gguf_writer & w) {
            REQUIRE(w.add("llama.rope.scaling.type", "linear"));
            REQUIRE(w.add("llama.rope.scaling.factor", value));
        }),
                      "llama.rope.scaling.factor");
    }
}

TEST_CASE("llama config: a factor without a type, or under its old name, is linear scaling") {
    const auto c = keys{}.read(with("llama.rope.scaling.factor", 4.0f));
    REQUIRE(c);
    CHECK(c->rope_scale == 0.25);
    const auto old = keys{}.read(with("llama.rope.scale_linear", 2.0f));
    REQUIRE(old);
    CHECK(old->rope_scale == 0.5);
    const auto none = keys{}.read([](gguf_writer & w) {
        REQUIRE(w.add("llama.rope.scaling.type", "none"));
        REQUIRE(w.add("llama.rope.scaling.factor", 4.0f));
    });
    REQUIRE(none);
    CHECK(none->rope_scale == 1.0);
}

TEST_CASE("llama config: an unknown scaling of positions is refused by name") {
    check_refused(keys{}.read(with("llama.rope.scaling.type", "yarn")), "'yarn', expected 'none' or 'linear'",
                  error_code::unsupported);
    CHECK(keys{}.read(with("llama.rope.scaling.type", "none")));
    check_refused(keys{}.read(with("llama.rope.scaling.type", "linear")), "llama.rope.scaling.factor");
}

// What the architectures do not say in their files.
TEST_CASE("llama config: qwen2 and qwen3 turn halves, and qwen3 normalises queries and keys") {
    const auto qwen2 = keys{.architecture = "qwen2", .reader = read_qwen2_config}.read();
    REQUIRE(qwen2);
    CHECK(qwen2->pairs == rope_pairs::halves);
    CHECK_FALSE(qwen2->has_qk_norms);
    const auto qwen3 = keys{.architecture = "qwen3", .reader = read_qwen3_config}.read();
    REQUIRE(qwen3);
    CHECK(qwen3->pairs == rope_pairs::halves);
    CHECK(qwen3->has_qk_norms);
    CHECK_FALSE(qwen3->has_post_norms);
    CHECK(qwen3->activation == gate_activation::silu);
    CHECK(qwen3->embedding_scale == 1.0f);
}

TEST_CASE("llama config: gemma3's layers, five local ones before each that sees everything") {
    const keys gemma{.n_layers = 3, .architecture = "gemma3", .reader = read_gemma3_config};
    const auto plain = gemma.read();
    REQUIRE(plain);
    CHECK(plain->pairs == rope_pairs::halves);
    CHECK(plain->has_qk_norms);
    CHECK(plain->has_post_norms);
    CHECK(plain->activation == gate_activation::gelu);
    CHECK(plain->embedding_scale == std::sqrt(32.0f));
    CHECK(plain->attention_scale == 1.0f / std::sqrt(8.0f));
    CHECK(plain->rope_theta == 1e6);
    CHECK(plain->window == 0);
    CHECK_FALSE(plain->is_local(0));
    const auto c = gemma.read([](gguf_writer & w) {
        REQUIRE(w.add("gemma3.attention.sliding_window", 512u));
        REQUIRE(w.add("gemma3.attention.key_length", 12u));
        REQUIRE(w.add("gemma3.attention.value_length", 12u));
        REQUIRE(w.add("gemma3.rope.freq_base", 5e5f));
        REQUIRE(w.add("gemma3.rope.scaling.type", "linear"));
        REQUIRE(w.add("gemma3.rope.scaling.factor", 8.0f));
        REQUIRE(w.add("gemma3.final_logit_softcapping", 0.0f));
    });
    REQUIRE(c);
    CHECK(c->window == 512);
    CHECK(c->window_period == 6);
    CHECK(c->local_rope_theta == 1e4);
    CHECK(c->rope_theta == 5e5);
    CHECK(c->rope_scale == 0.125);
    CHECK(c->head_dim == 12);
    CHECK(c->attention_scale == 1.0f / std::sqrt(12.0f));
    for (std::size_t layer = 0; layer < 18; ++layer) {
        CHECK(c->is_local(layer) == (layer != 5 && layer != 11 && layer != 17));
    }
    const auto other = gemma.read([](gguf_writer & w) {
        REQUIRE(w.add("gemma3.attention.sliding_window", 4u));
        REQUIRE(w.add("gemma3.attention.sliding_window_pattern", 2u));
        REQUIRE(w.add("gemma3.rope.freq_base_swa", 77.0f));
    });
    REQUIRE(other);
    CHECK(other->is_local(0));
    CHECK_FALSE(other->is_local(1));
    CHECK(other->local_rope_theta == 77.0);
    check_refused(gemma.read(with("gemma3.attention.sliding_window_pattern", 0u)), "sliding_window_pattern' is 0");
    check_refused(gemma.read(with("gemma3.rope.freq_base_swa", 0.0f)), "freq_base_swa' is 0");
}

TEST_CASE("llama config: the largest gemma3 scales its attention by d_model / n_heads") {
    const keys gemma{.n_layers = 62, .architecture = "gemma3", .reader = read_gemma3_config, .n_tensors = 62};
    const auto largest = gemma.read([](gguf_writer & w) {
        REQUIRE(w.add("gemma3.attention.key_length", 12u));
        REQUIRE(w.add("gemma3.attention.value_length", 12u));
    });
    REQUIRE(largest);
    CHECK(largest->attention_scale == std::sqrt(4.0f / 32.0f)); // 4 heads, 32 wide together
}

TEST_CASE("llama config: what is not computed is refused by name") {
    const auto refused = error_code::unsupported;
    check_refused(keys{}.read(with("llama.expert_count", 8u)), "'llama.expert_count' is 8, which is not supported",
                  refused);
    check_refused(keys{}.read(with("llama.attn_logit_softcapping", 50.0f)), "attn_logit_softcapping' is 50", refused);
    check_refused(keys{}.read(with("llama.final_logit_softcapping", 30.0f)), "final_logit_softcapping' is 30", refused);
    check_refused(keys{}.read(with("llama.rope.scaling.attn_factor", 1.19f)), "attn_factor' is 1.19", refused);
    check_refused(keys{}.read(with("llama.rope.scaling.type", "longrope")), "'longrope', expected 'none' or 'linear'",
                  refused);
    CHECK(keys{}.read([](gguf_writer & w) {
        REQUIRE(w.add("llama.expert_count", 0u));
        REQUIRE(w.add("llama.rope.scaling.attn_factor", 1.0f));
    }));
    const std::uint32_t counts[] = {4, 2};
    check_refused(
        keys{}.read([&](gguf_writer & w) { REQUIRE(w.add_array("llama.attention.head_count_kv", std::span(counts))); }),
        "'llama.attention.head_count_kv' is an array of 2", refused);
}

} // namespace
