#include <llmzero/model/model.hpp>
#include <llmzero/model/model_quantiser.hpp>

#include "support/failing_allocator.hpp"
#include "support/tiny_llama.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace llmzero;

namespace {

struct collected {
    std::vector<std::byte> bytes;
    status add(std::span<const std::byte> more) {
        bytes.insert(bytes.end(), more.begin(), more.end());
        return success();
    }
};

// `file` in another type; the error where there is one.
result<collected> requantised(std::span<const std::byte> file, type_mix mix, bool pure = false,
                              const quantiser_options & options = {}) {
    const memory_source source(file);
    LLMZERO_ASSIGN(const gguf_file gguf, gguf_file::open(source));
    LLMZERO_ASSIGN(const model_quantiser quantiser, model_quantiser::create(gguf, mix, pure));
    collected made;
    LLMZERO_CHECK(quantiser.write([&made](std::span<const std::byte> bytes) { return made.add(bytes); }, options));
    LLMZERO_ASSIGN(const std::uint64_t expected, quantiser.file_bytes());
    CHECK(made.bytes.size() == expected);
    return made;
}

support::tiny_llama model_to_quantise() {
    support::tiny_shape shape;
    shape.d_model = 64;
    shape.head_dim = 16;
    shape.d_ff = 100; // not a multiple of 32
    shape.biases = true;
    return support::tiny_llama(shape);
}

// A file with one matrix, [2, 32], of these weights.
std::vector<std::byte> file_of_one_matrix(const std::vector<float> & weights, tensor_type type = tensor_type::f32,
                                          std::uint32_t n_parts = 0) {
    gguf_writer writer;
    CHECK(writer.add("general.architecture", "x"));
    CHECK(writer.add("general.quantization_version", std::uint32_t{1}));
    CHECK(writer.add("x.block_count", std::uint32_t{1}));
    if (n_parts != 0) {
        CHECK(writer.add("split.count", static_cast<std::uint16_t>(n_parts)));
    }
    const std::uint64_t shape[] = {type == tensor_type::f32 ? 32u : 256u, 2};
    CHECK(writer.add_tensor("a.weight", shape, type));
    collected made;
    CHECK(writer.write([&made](std::span<const std::byte> bytes) { return made.add(bytes); },
                       [&](std::size_t, gguf_sink data) {
                           const std::vector<std::byte> zeros(type == tensor_type::f32 ? 0 : 2 * 66);
                           return data(zeros.empty() ? std::as_bytes(std::span(weights)) : std::span(zeros));
                       }));
    return made.bytes;
}

} // namespace

TEST_CASE("quantiser: metadata is the input's, but for what says the type") {
    const auto file = model_to_quantise().file();
    const auto made = requantised(file, type_mix::q4_k_m);
    REQUIRE_MESSAGE(made.has_value(), made.error().message());
    const memory_source source_before(file);
    const memory_source source_after(made->bytes);
    const auto before = gguf_file::open(source_before);
    const auto after = gguf_file::open(source_after);
    REQUIRE(before.has_value());
    REQUIRE(after.has_value());
    for (std::size_t i = 0; i < before->metadata().size(); ++i) {
        const gguf_entry & a = before->metadata()[i];
        const gguf_entry & b = after->metadata()[i];
        CAPTURE(std::string(a.key));
        CHECK(a.key == b.key);
        CHECK(a.type == b.type);
        CHECK(a.element_type == b.element_type);
        CHECK(std::equal(a.payload.begin(), a.payload.end(), b.payload.begin(), b.payload.end()));
    }
    CHECK(after->metadata().size() == before->metadata().size() + 2);
    CHECK(after->get<std::uint32_t>("general.file_type").value() == 15);
    CHECK(after->get<std::uint32_t>("general.quantization_version").value() == 2);
    // Once more, to see the two keys replaced where they stand.
    const auto again = requantised(made->bytes, type_mix::q8_0);
    REQUIRE(again.has_value());
    const memory_source source_again(again->bytes);
    const auto third = gguf_file::open(source_again);
    REQUIRE(third.has_value());
    CHECK(third->metadata().size() == after->metadata().size());
    CHECK(third->get<std::uint32_t>("general.file_type").value() == 7);
}

TEST_CASE("quantiser: the version of another quantiser does not stay") {
    const auto made = requantised(file_of_one_matrix(std::vector<float>(64, 1.0f)), type_mix::q4_0);
    REQUIRE(made.has_value());
    const memory_source source(made->bytes);
    const auto file = gguf_file::open(source);
    REQUIRE(file.has_value());
    CHECK(file->get<std::uint32_t>("general.quantization_version").value() == 2);
    CHECK(file->metadata()[1].key == "general.quantization_version"); // in its place
}

TEST_CASE("quantiser: tensors keep names, shapes and order, and what is not quantised its bytes") {
    const auto file = model_to_quantise().file();
    const auto made = requantised(file, type_mix::q4_0);
    REQUIRE_MESSAGE(made.has_value(), made.error().message());
    const memory_source source_before(file);
    const memory_source source_after(made->bytes);
    const auto before = gguf_file::open(source_before);
    const auto after = gguf_file::open(source_after);
    REQUIRE(before.has_value());
    REQUIRE(after.has_value());
    REQUIRE(after->tensors().size() == before->tensors().size());
    for (std::size_t i = 0; i < before->tensors().size(); ++i) {
        const gguf_tensor & a = before->tensors()[i];
        const gguf_tensor & b = after->tensors()[i];
        CAPTURE(std::string(a.name));
        CHECK(a.name == b.name);
        CHECK(a.shape == b.shape);
        if (a.rows() == 1) {
            CHECK(b.type == tensor_type::f32);
            heap_array<std::byte> scratch;
            const auto bytes_a = before->rows(a, 0, 1, scratch).value();
            const auto bytes_b = after->rows(b, 0, 1, scratch).value();
            CHECK(std::equal(bytes_a.begin(), bytes_a.end(), bytes_b.begin(), bytes_b.end()));
        } else {
            CHECK(b.type == (a.name == "token_embd.weight" ? tensor_type::q8_0
                             : a.cols() == 100             ? tensor_type::f16
                                                           : tensor_type::q4_0));
        }
    }
    CHECK(load(made->bytes).has_value());
}

TEST_CASE("quantiser: the report adds up, and the errors are those of the weights") {
    const auto file = model_to_quantise().file();
    std::vector<quantised_tensor> rows;
    std::uint64_t last_done = 0;
    std::uint64_t last_total = 0;
    const auto on_tensor = [&rows](const quantised_tensor & made) {
        rows.push_back(made);
    };
    const auto progress = [&](std::uint64_t done, std::uint64_t total) {
        CHECK(done > last_done);
        last_done = done;
        last_total = total;
        return true;
    };
    quantiser_options options;
    options.on_tensor = on_tensor;
    options.progress = progress;
    options.measure = true;
    const auto made = requantised(file, type_mix::q8_0, true, options);
    REQUIRE(made.has_value());
    std::uint64_t n_weights = 0;
    for (const quantised_tensor & row : rows) {
        n_weights += row.n_weights;
        CHECK(row.energy > 0);
        const double nmse = row.squared_error / row.energy;
        switch (row.type) {
        case tensor_type::f32: CHECK(nmse == 0); break;
        case tensor_type::f16: CHECK(nmse < 1e-6); break;
        default:
            CHECK(row.type == tensor_type::q8_0);
            CHECK(nmse < 1e-4);
            CHECK(nmse > 1e-6);
            CHECK(row.bytes == row.n_weights / 32 * 34);
        }
    }
    CHECK(last_done == n_weights);
    CHECK(last_total == n_weights);
}

TEST_CASE("quantiser: a file in its own type stays as it is, and from a quantised type it is read exactly") {
    auto tiny = support::tiny_llama({});
    tiny.quantise();
    const auto file = tiny.file();
    const auto same = requantised(file, type_mix::q8_0);
    REQUIRE(same.has_value());
    const memory_source source_before(file);
    const memory_source source_after(same->bytes);
    const auto before = gguf_file::open(source_before);
    const auto after = gguf_file::open(source_after);
    const gguf_tensor & last = after->tensors().back();
    CHECK(std::equal(file.begin() + static_cast<std::ptrdiff_t>(before->tensors()[0].offset),
                     file.begin() + static_cast<std::ptrdiff_t>(before->tensors().back().offset + last.bytes),
                     same->bytes.begin() + static_cast<std::ptrdiff_t>(after->tensors()[0].offset)));
    const auto wide = requantised(file, type_mix::f32);
    REQUIRE(wide.has_value());
    const memory_source source_wide(wide->bytes);
    const auto floats = gguf_file::open(source_wide);
    for (const gguf_tensor & tensor : floats->tensors()) {
        CAPTURE(std::string(tensor.name));
        heap_array<std::byte> scratch;
        const auto bytes = floats->rows(tensor, 0, tensor.rows(), scratch).value();
        const auto & values = tiny[tensor.name].values;
        REQUIRE(bytes.size() == values.size() * sizeof(float));
        std::vector<float> stored(values.size());
        std::memcpy(stored.data(), bytes.data(), bytes.size());
        CHECK(stored == values);
    }
}

TEST_CASE("quantiser: weights that cannot be stored are refused by name and row") {
    std::vector<float> weights(64, 1.0f);
    weights[40] = std::nanf("");
    const auto of_nan = requantised(file_of_one_matrix(weights), type_mix::q4_0);
    REQUIRE_FALSE(of_nan.has_value());
    CHECK(of_nan.error().code() == error_code::malformed);
    CHECK(std::string(of_nan.error().message()) == "tensor 'a.weight' holds a number that is not finite (row 1)");
    weights[40] = 70000.0f;
    const auto large = requantised(file_of_one_matrix(weights), type_mix::f16);
    REQUIRE_FALSE(large.has_value());
    CHECK(std::string(large.error().message()) ==
          "tensor 'a.weight' holds 70000, expected at most 65504 for F16 (row 1)");
    CHECK(requantised(file_of_one_matrix(weights), type_mix::bf16).has_value());
    weights[40] = -65504.0f;
    CHECK(requantised(file_of_one_matrix(weights), type_mix::f16).has_value());
}

TEST_CASE("quantiser: files that cannot be served say why") {
    const std::vector<float> weights(64, 1.0f);
    const auto message = [](const result<collected> & made) {
        return made ? std::string("made") : std::string(made.error().message());
    };
    CHECK(message(requantised(file_of_one_matrix(weights, tensor_type::f32, 2), type_mix::q4_0)) ==
          "the file is one of 2 parts, expected a whole model");
    CHECK(message(requantised(file_of_one_matrix(weights, tensor_type::iq2_xxs), type_mix::q4_0))
              .starts_with("tensor 'a.weight' is of type IQ2_XXS, which cannot be read; supported: F32, "));
    CHECK(message(requantised(model_to_quantise().file("llama.block_count"), type_mix::q4_0)) ==
          "key 'llama.block_count' is missing from the file's metadata");
    CHECK(message(requantised(model_to_quantise().file("general.architecture"), type_mix::q4_0)) ==
          "key 'general.architecture' is missing from the file's metadata");
    CHECK(message(requantised(model_to_quantise().file("llama.attention.head_count_kv"), type_mix::q4_0)) == "made");
}

TEST_CASE("quantiser: it can be cancelled, and a sink that fails ends it") {
    const auto file = model_to_quantise().file();
    quantiser_options options;
    const auto stop = [](std::uint64_t, std::uint64_t) {
        return false;
    };
    options.progress = stop;
    const auto cancelled = requantised(file, type_mix::q4_0, false, options);
    REQUIRE_FALSE(cancelled.has_value());
    CHECK(cancelled.error().code() == error_code::cancelled);
    const memory_source source(file);
    const auto gguf = gguf_file::open(source);
    const auto quantiser = model_quantiser::create(*gguf, type_mix::q4_0, false);
    REQUIRE(quantiser.has_value());
    const auto written = quantiser->write(
        [](std::span<const std::byte>) -> status { return error(error_code::io, "the disk is full"); }, {});
    REQUIRE_FALSE(written.has_value());
    CHECK(std::string(written.error().message()) == "the disk is full");
}

TEST_CASE("quantiser: running out of memory at any point is reported") {
    const auto file = model_to_quantise().file();
    const memory_source source(file);
    CHECK(support::survive_allocation_failures([&]() -> status {
              LLMZERO_ASSIGN(const gguf_file gguf, gguf_file::open(source));
              LLMZERO_ASSIGN(const model_quantiser quantiser, model_quantiser::create(gguf, type_mix::q4_0, false));
              quantiser_options options;
              options.measure = true;
              return quantiser.write([](std::span<const std::byte>) { return success(); }, options);
          }) > 10);
}
