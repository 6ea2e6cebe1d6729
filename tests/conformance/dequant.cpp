// The values that a file's blocks stand for, against digests of all of them.
#include <llmzero/numerics/blocks.hpp>
#include <llmzero/storage/file.hpp>
#include <llmzero/storage/gguf.hpp>

#include "golden.hpp"
#include "support/conformance.hpp"
#include "support/sha256.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace {

const llmzero::block_type * find_by_name(const std::string & name) {
    for (const llmzero::block_type & type : llmzero::block_types) {
        if (name == llmzero::name_of(type.type)) {
            return &type;
        }
    }
    return nullptr;
}

// The values of the tensor, -0 as +0; empty, with a failed check, when the file is not what it should be.
std::vector<float> dequantise(const golden::dequantised & expected, const llmzero::block_type & type) {
    const auto file = llmzero::file_source::open(expected.path.c_str());
    REQUIRE_MESSAGE(file.has_value(), file.error().message());
    const auto gguf = llmzero::gguf_file::open(*file);
    REQUIRE_MESSAGE(gguf.has_value(), gguf.error().message());
    const llmzero::gguf_tensor * tensor = gguf->find_tensor(expected.tensor);
    REQUIRE(tensor != nullptr);
    CHECK(tensor->type == type.type);
    CHECK(tensor->bytes == expected.bytes);
    REQUIRE(tensor->n_dims == expected.shape.size());
    CHECK(std::equal(expected.shape.begin(), expected.shape.end(), tensor->shape.begin()));

    llmzero::heap_array<std::byte> scratch;
    const auto blocks = gguf->rows(*tensor, 0, tensor->rows(), scratch);
    REQUIRE_MESSAGE(blocks.has_value(), blocks.error().message());
    std::vector<float> values(tensor->rows() * tensor->cols());
    llmzero::unpack(type, blocks->data(), values.size(), values.data());
    for (float & value : values) {
        value += 0.0f;
    }
    return values;
}

} // namespace

TEST_CASE("conformance: dequantised values") {
    const std::string folder = support::conformance_dir("dequantised values");
    if (folder.empty()) {
        return;
    }
    std::vector<std::string> checked;
    for (const golden::dequantised & expected : golden::load_dequantised(folder)) {
        CAPTURE(expected.path);
        CAPTURE(expected.tensor);
        const llmzero::block_type * type = find_by_name(expected.type);
        REQUIRE_MESSAGE(type != nullptr, expected.type);
        const std::vector<float> values = dequantise(expected, *type);
        REQUIRE(values.size() >= expected.first.size());
        double sum = 0;
        for (const float value : values) {
            sum += static_cast<double>(value);
        }
        for (std::size_t i = 0; i < expected.first.size(); ++i) {
            CHECK(values[i] == expected.first[i]); // nine digits are on record, which is enough for a float
        }
        CHECK(sum == doctest::Approx(expected.sum).epsilon(1e-9));
        CHECK(support::sha256_hex(values.data(), values.size() * sizeof(float)) == expected.sha256);
        checked.push_back(expected.type);
    }
    // Nothing was skipped for want of a file: each type that can be unpacked is on record, floats apart.
    for (const llmzero::block_type & type : llmzero::block_types) {
        const std::string name = llmzero::name_of(type.type);
        CHECK_MESSAGE((name == "F32" || std::count(checked.begin(), checked.end(), name) != 0), name);
    }
    CHECK(checked.size() >= 53);
}
