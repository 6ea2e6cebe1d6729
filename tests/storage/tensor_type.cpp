#include <llmzero/storage/tensor_type.hpp>

#include <algorithm>
#include <doctest/doctest.h>
#include <iterator>
#include <string_view>

using namespace llmzero;

namespace {

TEST_CASE("tensor_type: ids, names and sizes are those of ggml") {
    struct expected {
        std::uint32_t id;
        const char * name;
        std::uint32_t weights, bytes;
    };
    // The block structs of ggml-common.h, field by field.
    constexpr expected all[] = {
        {0, "F32", 1, 4},
        {1, "F16", 1, 2},
        {2, "Q4_0", 32, 2 + 16},
        {3, "Q4_1", 32, 2 + 2 + 16},
        {6, "Q5_0", 32, 2 + 4 + 16},
        {7, "Q5_1", 32, 2 + 2 + 4 + 16},
        {8, "Q8_0", 32, 2 + 32},
        {9, "Q8_1", 32, 2 + 2 + 32},
        {10, "Q2_K", 256, 16 + 64 + 2 + 2},
        {11, "Q3_K", 256, 32 + 64 + 12 + 2},
        {12, "Q4_K", 256, 2 + 2 + 12 + 128},
        {13, "Q5_K", 256, 2 + 2 + 12 + 32 + 128},
        {14, "Q6_K", 256, 128 + 64 + 16 + 2},
        {15, "Q8_K", 256, 4 + 256 + 32},
        {16, "IQ2_XXS", 256, 2 + 64},
        {17, "IQ2_XS", 256, 2 + 64 + 8},
        {18, "IQ3_XXS", 256, 2 + 96},
        {19, "IQ1_S", 256, 2 + 32 + 16},
        {20, "IQ4_NL", 32, 2 + 16},
        {21, "IQ3_S", 256, 2 + 64 + 8 + 32 + 4},
        {22, "IQ2_S", 256, 2 + 64 + 8 + 8},
        {23, "IQ4_XS", 256, 2 + 2 + 4 + 128},
        {24, "I8", 1, 1},
        {25, "I16", 1, 2},
        {26, "I32", 1, 4},
        {27, "I64", 1, 8},
        {28, "F64", 1, 8},
        {29, "IQ1_M", 256, 32 + 16 + 8},
        {30, "BF16", 1, 2},
        {34, "TQ1_0", 256, 48 + 4 + 2},
        {35, "TQ2_0", 256, 64 + 2},
        {39, "MXFP4", 32, 1 + 16},
        {40, "NVFP4", 64, 4 + 32},
        {41, "Q1_0", 128, 2 + 16},
        {42, "Q2_0", 64, 2 + 16},
    };
    CHECK(std::size(all) == std::size(tensor_types));
    for (const expected & e : all) {
        CAPTURE(e.name);
        const tensor_type_info * info = find_tensor_type(e.id);
        REQUIRE(info != nullptr);
        CHECK(std::string_view(info->name) == e.name);
        CHECK(info->block_size == e.weights);
        CHECK(info->block_bytes == e.bytes);
        CHECK(&info_of(static_cast<tensor_type>(e.id)) == info);
        CHECK(std::string_view(name_of(static_cast<tensor_type>(e.id))) == e.name);
    }
}

TEST_CASE("tensor_type: removed and unknown ids are not found") {
    for (const std::uint32_t id : {4u, 5u, 31u, 32u, 33u, 36u, 37u, 38u, 43u, 99u, 0xffffffffu}) {
        CAPTURE(id);
        CHECK(find_tensor_type(id) == nullptr);
        CHECK(std::string_view(name_of(static_cast<tensor_type>(id))) == "unknown");
    }
}

} // namespace
