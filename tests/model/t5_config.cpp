#include <llmzero/model/t5_config.hpp>
#include <llmzero/storage/byte_source.hpp>

#include "support/tiny_t5.hpp"

#include <doctest/doctest.h>
#include <limits>
#include <string>

namespace {

using support::tiny_t5;
using support::tiny_t5_shape;

llmzero::result<llmzero::model_config> read_t5(const std::vector<std::byte> & bytes) {
    const llmzero::memory_source source(bytes);
    const auto file = llmzero::gguf_file::open(source);
    REQUIRE_MESSAGE(file, (file ? "" : file.error().message()));
    return llmzero::read_t5_config(*file, "t5", 40);
}

void check_t5_refused(const tiny_t5 & source, const std::string & key, const std::string & found) {
    CAPTURE(key);
    CAPTURE(found);
    const auto config = read_t5(source.file());
    REQUIRE_FALSE(config);
    CHECK(config.error().code() == llmzero::error_code::malformed);
    const std::string message = config.error().message();
    CAPTURE(message);
    CHECK(message.find("'" + key + "'") != std::string::npos);
    CHECK(message.find(found) != std::string::npos);
    CHECK(message.find("at offset ") != std::string::npos);
}

} // namespace

TEST_CASE("t5 config: what the file says") {
    const tiny_t5 source({.n_encoder_layers = 2, .n_decoder_layers = 3, .n_buckets = 30, .decoder_start = 39});
    const auto c = read_t5(source.file());
    REQUIRE(c);
    CHECK(c->n_vocab == 40);
    CHECK(c->d_model == 32);
    CHECK(c->d_ff == 64);
    CHECK(c->n_encoder_layers == 2);
    CHECK(c->n_layers == 3);
    CHECK(c->has_encoder());
    CHECK(c->n_heads == 3);
    CHECK(c->n_kv_heads == 3);
    CHECK(c->head_dim == 16);
    CHECK(c->d_query() == 48);
    CHECK(c->n_buckets == 30);
    CHECK(c->decoder_start == 39);
    CHECK(c->rms_epsilon == 1e-6f);
    CHECK(c->context == 2 * 64); // on either side
}

TEST_CASE("t5 config: what it may leave out") {
    const tiny_t5 source({.n_heads = 4, .head_dim = 8, .decoder_start = 5});
    const auto c = read_t5(source.file("t5.decoder_start_token_id"));
    REQUIRE(c);
    CHECK(c->decoder_start == 0);
    CHECK(c->n_layers == 2); // as many as in the encoder
    const auto narrow = read_t5(source.file("t5.attention.value_length"));
    REQUIRE(narrow);
    CHECK(narrow->head_dim == 8);
    tiny_t5 huge({.context = 1u << 27});
    const auto limited = read_t5(huge.file());
    REQUIRE(limited);
    CHECK(limited->context == 1u << 27);
}

TEST_CASE("t5 config: what it must not leave out") {
    for (const char * key :
         {"t5.context_length", "t5.embedding_length", "t5.block_count", "t5.feed_forward_length",
          "t5.attention.head_count", "t5.attention.layer_norm_rms_epsilon", "t5.attention.relative_buckets_count"}) {
        CAPTURE(key);
        const auto c = read_t5(tiny_t5({}).file(key));
        REQUIRE_FALSE(c);
        CHECK(c.error().code() == llmzero::error_code::malformed);
        CHECK(std::string(c.error().message()).find(key) != std::string::npos);
    }
}

TEST_CASE("t5 config: what no model has") {
    check_t5_refused(tiny_t5({.n_buckets = 3}), "t5.attention.relative_buckets_count", "3");
    check_t5_refused(tiny_t5({.n_buckets = 256}), "t5.attention.relative_buckets_count", "256");
    check_t5_refused(tiny_t5({.decoder_start = 40}), "t5.decoder_start_token_id", "40");
    check_t5_refused(tiny_t5({.decoder_start = 0xffffffff}), "t5.decoder_start_token_id", "4294967295");
    check_t5_refused(tiny_t5({.rms_epsilon = -1.0f}), "t5.attention.layer_norm_rms_epsilon", "-1");
    check_t5_refused(tiny_t5({.rms_epsilon = std::numeric_limits<float>::infinity()}),
                     "t5.attention.layer_norm_rms_epsilon", "inf");
    check_t5_refused(tiny_t5({.context = (1u << 27) + 1}), "t5.context_length", "134217729");
    check_t5_refused(tiny_t5({.n_kv_heads = 1}), "t5.attention.head_count_kv", "1");
    tiny_t5 tall({});
    tall.s.n_encoder_layers = 1000000;
    check_t5_refused(tall, "t5.block_count", "1000000");
    tiny_t5 tall_decoder({});
    tall_decoder.s.n_decoder_layers = 1000000;
    check_t5_refused(tall_decoder, "t5.decoder_block_count", "1000000");
}
