#include <llmzero/model/type_mix.hpp>

#include "support/failing_allocator.hpp"

#include <doctest/doctest.h>
#include <iterator>
#include <string>
#include <vector>

using namespace llmzero;

namespace {

gguf_tensor mix_tensor(std::string_view name, std::uint64_t cols, std::uint64_t rows) {
    gguf_tensor made;
    made.name = name;
    made.n_dims = rows > 1 ? 2 : 1;
    made.shape = {cols, rows, 1, 1};
    return made;
}

// The type of one tensor of a model that has nothing else.
std::string type_of_one(std::string_view name, const char * mix, std::uint64_t cols = 256, std::uint64_t rows = 64,
                        bool pure = false, const mix_facts & facts = {32, 1}) {
    const std::vector<gguf_tensor> tensors = {mix_tensor(name, cols, rows)};
    const auto types = choose_types(find_type_mix(mix)->mix, pure, tensors, facts);
    REQUIRE(types.has_value());
    return name_of((*types)[0]);
}

// The types of `part` in layers 0.. of a model of `n` layers, first letters of the type's digits: "6446...".
std::string types_of_layers(const std::string & part, const char * mix, std::uint32_t n, std::uint32_t gqa = 1) {
    std::vector<std::string> names;
    std::vector<gguf_tensor> tensors;
    for (std::uint32_t i = 0; i < n; ++i) {
        names.push_back("blk." + std::to_string(i) + "." + part);
    }
    for (const std::string & name : names) {
        tensors.push_back(mix_tensor(name, 512, 512));
    }
    const auto types = choose_types(find_type_mix(mix)->mix, false, tensors, {n, gqa});
    REQUIRE(types.has_value());
    std::string digits;
    for (const tensor_type type : *types) {
        const std::string name = name_of(type);
        digits += name[name.find_first_of("0123456789")];
    }
    return digits;
}

} // namespace

TEST_CASE("type mix: every mix is found by its name, and stands where its number says") {
    for (std::size_t i = 0; i < std::size(type_mixes); ++i) {
        CAPTURE(i);
        CHECK(static_cast<std::size_t>(type_mixes[i].mix) == i);
        CHECK(find_type_mix(type_mixes[i].name) == &type_mixes[i]);
        CHECK(&info_of(type_mixes[i].mix) == &type_mixes[i]);
    }
    CHECK(find_type_mix("q4_k_m")->mix == type_mix::q4_k_m);
    CHECK(find_type_mix("Iq4_Nl")->mix == type_mix::iq4_nl);
    CHECK(find_type_mix("Q4_K")->mix == type_mix::q4_k_m);
    CHECK(find_type_mix("q3_k")->mix == type_mix::q3_k_m);
    CHECK(find_type_mix("Q2_K")->mix == type_mix::q2_k);
    for (const char * unknown : {"", "Q4", "Q4_", "Q4_K_", "Q4_K_MM", "IQ2_XS", "Q6_K_M", "Q4_0 ", "4_0"}) {
        CAPTURE(unknown);
        CHECK(find_type_mix(unknown) == nullptr);
    }
}

TEST_CASE("type mix: norms, biases, vectors and T5's position bias keep their type") {
    for (const char * mix : {"Q4_K_M", "F16", "Q8_0", "F32"}) {
        CHECK(type_of_one("blk.0.attn_norm.weight", mix) == "F32");
        CHECK(type_of_one("blk.0.attn_q.bias", mix) == "F32");
        CHECK(type_of_one("output_norm.weight", mix, 256, 1) == "F32");
        CHECK(type_of_one("rope_freqs.weight", mix, 256, 1) == "F32");
        CHECK(type_of_one("blk.0.attn_q.weight", mix, 256, 1) == "F32");
        CHECK(type_of_one("enc.blk.0.attn_rel_b.weight", mix) == "F32");
    }
}

TEST_CASE("type mix: the head is raised, and so is the embedding where it is the head") {
    CHECK(type_of_one("output.weight", "Q4_0") == "Q6_K");
    CHECK(type_of_one("token_embd.weight", "Q4_0") == "Q6_K");
    CHECK(type_of_one("token_embd.weight", "Q2_K") == "Q6_K");
    CHECK(type_of_one("token_embd.weight", "IQ4_NL") == "Q6_K");
    CHECK(type_of_one("token_embd.weight", "Q8_0") == "Q8_0");
    CHECK(type_of_one("token_embd.weight", "F16") == "F16");
    CHECK(type_of_one("token_embd.weight", "Q4_0", 576) == "Q8_0");
    CHECK(type_of_one("token_embd.weight", "Q4_K_M", 576) == "Q8_0");
    CHECK(type_of_one("token_embd.weight", "Q4_0", 576, 64, true) == "Q4_0");
    const std::vector<gguf_tensor> untied = {mix_tensor("token_embd.weight", 256, 64),
                                             mix_tensor("output.weight", 256, 64)};
    const auto types = choose_types(type_mix::q4_k_m, false, untied, {2, 1});
    REQUIRE(types.has_value());
    CHECK((*types)[0] == tensor_type::q4_k);
    CHECK((*types)[1] == tensor_type::q6_k);
}

TEST_CASE("type mix: rows that a type cannot hold") {
    struct expectation {
        const char * mix;
        const char * at_64;
        const char * at_172;
    };
    for (const expectation & e : {expectation{"Q2_K", "IQ4_NL", "F16"},
                                  {"Q3_K_S", "IQ4_NL", "F16"},
                                  {"Q4_K_S", "Q5_0", "F16"},
                                  {"Q5_K_S", "Q5_1", "F16"},
                                  {"Q6_K", "Q8_0", "F16"},
                                  {"Q4_0", "Q4_0", "F16"},
                                  {"Q8_0", "Q8_0", "F16"},
                                  {"IQ4_NL", "IQ4_NL", "F16"},
                                  {"BF16", "BF16", "BF16"}}) {
        CAPTURE(e.mix);
        CHECK(type_of_one("blk.9.attn_q.weight", e.mix, 64) == e.at_64);
        CHECK(type_of_one("blk.9.attn_q.weight", e.mix, 172) == e.at_172);
        CHECK(type_of_one("token_embd.weight", e.mix, 172, 64, true) == e.at_172);
    }
}

TEST_CASE("type mix: layers that get more bits") {
    // Of 16: 0 and 1, 14 and 15, and between them every third from 4 on.
    CHECK(types_of_layers("attn_v.weight", "Q4_K_M", 16) == "6644644644644666");
    CHECK(types_of_layers("ffn_down.weight", "Q4_K_M", 16) == "6644644644644666");
    CHECK(types_of_layers("attn_v.weight", "Q5_K_M", 16) == "6655655655655666");
    CHECK(types_of_layers("ffn_down.weight", "Q5_K_M", 2) == "56");
    CHECK(types_of_layers("attn_k.weight", "Q4_K_M", 16) == std::string(16, '4'));
}

TEST_CASE("type mix: parts that a mix treats apart") {
    CHECK(types_of_layers("attn_v.weight", "Q4_K_S", 6) == "555544");
    CHECK(types_of_layers("ffn_down.weight", "Q4_K_S", 16) == "5544444444444444");
    CHECK(types_of_layers("attn_v.weight", "Q3_K_M", 4) == "5544");
    CHECK(types_of_layers("ffn_down.weight", "Q3_K_M", 32) == "55" + std::string(30, '4'));
    CHECK(types_of_layers("attn_output.weight", "Q3_K_M", 2) == "44");
    CHECK(types_of_layers("attn_output.weight", "Q3_K_L", 2) == "55");
    CHECK(types_of_layers("attn_output.weight", "Q3_K_S", 2) == "33");
    CHECK(types_of_layers("attn_v.weight", "Q3_K_L", 2) == "55");
    CHECK(types_of_layers("ffn_down.weight", "Q3_K_L", 2) == "55");
    CHECK(types_of_layers("attn_v.weight", "Q2_K", 2) == "33");
    CHECK(types_of_layers("attn_v.weight", "Q2_K", 2, 4) == "44");
    CHECK(types_of_layers("ffn_down.weight", "Q2_K", 2) == "33");
    CHECK(types_of_layers("attn_output.weight", "Q2_K", 2) == "33");
    CHECK(types_of_layers("attn_q.weight", "Q2_K", 2) == "22");
    CHECK(types_of_layers("attn_v.weight", "IQ4_NL", 2) == "44");
    CHECK(types_of_layers("attn_v.weight", "IQ4_NL", 2, 4) == "55");
    CHECK(types_of_layers("ffn_down.weight", "IQ4_NL", 8) == "54444444");
    CHECK(types_of_layers("attn_qkv.weight", "Q4_K_M", 1) == "5");
    CHECK(types_of_layers("attn_qkv.weight", "Q5_K_M", 1) == "6");
    CHECK(types_of_layers("attn_qkv.weight", "Q3_K_M", 1) == "4");
    CHECK(types_of_layers("ffn_down.weight", "Q5_K_S", 8) == "55555555");
    CHECK(types_of_layers("ffn_down.weight", "Q4_1", 8) == "44444444");
}

TEST_CASE("type mix: layers are counted by number, wherever they stand in the file") {
    std::vector<gguf_tensor> tensors;
    std::vector<std::string> names;
    for (const int layer : {10, 2, 0, 1, 3, 4, 5, 6, 7, 8, 9, 11}) {
        names.push_back("blk." + std::to_string(layer) + ".attn_v.weight");
    }
    for (const std::string & name : names) {
        tensors.push_back(mix_tensor(name, 256, 256));
    }
    const auto types = choose_types(type_mix::q4_k_s, false, tensors, {12, 1});
    REQUIRE(types.has_value());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const bool is_first_four = i >= 1 && i <= 4; // 2, 0, 1, 3
        CAPTURE(names[i]);
        CHECK((*types)[i] == (is_first_four ? tensor_type::q5_k : tensor_type::q4_k));
    }
    CHECK(detail::layer_in_name("blk.12.attn_v.weight") == 12);
    CHECK(detail::layer_in_name("blk.x.attn_v.weight") == -1);
    CHECK(detail::layer_in_name("dec.blk.3.attn_v.weight") == -1);
    CHECK(detail::layer_in_name("blk.99999999999999999999.a") < 10000000000);
}

TEST_CASE("type mix: running out of memory is reported") {
    const std::vector<gguf_tensor> tensors = {mix_tensor("output.weight", 256, 4)};
    CHECK(support::survive_allocation_failures([&]() -> status {
              LLMZERO_CHECK(choose_types(type_mix::q4_0, false, tensors, {1, 1}));
              return success();
          }) > 0);
}
