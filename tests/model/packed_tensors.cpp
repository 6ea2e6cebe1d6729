#include <llmzero/model/model.hpp>
#include <llmzero/model/packed_tensors.hpp>

#include "support/packing.hpp"
#include "support/tiny_llama.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <functional>
#include <string>
#include <vector>

using namespace llmzero;

namespace {

using support::with_other_key;

std::vector<std::byte> packed_llama(const packed_layout & layout = best_kernels()) {
    support::tiny_llama source({.seed = 70});
    source.quantise();
    auto made = support::packed_file(source.file(), layout);
    REQUIRE(made);
    return *made;
}

// The numbers of an array of the file.
std::vector<std::uint32_t> numbers_of(std::span<const std::byte> bytes, const char * key) {
    const memory_source source(bytes);
    const auto file = gguf_file::open(source);
    REQUIRE(file);
    const auto array = file->get_array(key, gguf_array_kind::integers);
    REQUIRE(array);
    std::vector<std::uint32_t> numbers;
    for (std::size_t i = 0; i < array->size(); ++i) {
        numbers.push_back(*array->integer<std::uint32_t>(i));
    }
    return numbers;
}

// What loading says of a file with this key changed.
error refusal(std::span<const std::byte> bytes, const char * key, const std::function<status(gguf_writer &)> & add) {
    const auto loaded = load(with_other_key(bytes, key, add));
    REQUIRE_FALSE(loaded);
    return loaded.error();
}

bool tells(const error & e, error_code code, const char * part) {
    INFO(e.message());
    const bool does = e.code() == code && std::strstr(e.message(), part) != nullptr;
    CHECK(does);
    return does;
}

TEST_CASE("packed_tensors: a file that is not packed") {
    const support::tiny_llama source({.seed = 70});
    const auto bytes = source.file();
    const memory_source memory(bytes);
    const auto file = gguf_file::open(memory);
    REQUIRE(file);
    CHECK_FALSE(is_packed(*file));
    const auto packed = packed_tensors::read(*file);
    REQUIRE(packed);
    CHECK(packed->layout() == nullptr);
    CHECK(packed->original_of(file->tensors()[0]).type == nullptr);
    CHECK(packed->check_fits(best_kernels()));
}

TEST_CASE("packed_tensors: tells what matrices were") {
    const auto bytes = packed_llama();
    const memory_source memory(bytes);
    const auto file = gguf_file::open(memory);
    REQUIRE(file);
    CHECK(is_packed(*file));
    const auto packed = packed_tensors::read(*file);
    REQUIRE(packed);
    REQUIRE(packed->layout() != nullptr);
    CHECK(std::string(packed->layout()->layout_name) == best_kernels().layout_name);
    const auto embedding = packed->original_of(*file->find_tensor("token_embd.weight"));
    REQUIRE(embedding.type != nullptr);
    CHECK(embedding.type->type == tensor_type::q8_0);
    CHECK((embedding.rows == 40 && embedding.cols == 32));
    const gguf_tensor was = packed->as_it_was(*file->find_tensor("token_embd.weight"));
    CHECK((was.type == tensor_type::q8_0 && was.rows() == 40 && was.cols() == 32));
    CHECK(was.bytes == file->find_tensor("token_embd.weight")->bytes);
    CHECK(packed->original_of(*file->find_tensor("output_norm.weight")).type == nullptr);
}

TEST_CASE("packed_tensors: files for other kernels, and of other layouts, are refused with advice") {
    for (const packed_layout * layout : packed_layouts()) {
        if (layout->layout_name == std::string(best_kernels().layout_name)) {
            continue;
        }
        const auto loaded = load(packed_llama(*layout));
        REQUIRE_FALSE(loaded);
        tells(loaded.error(), error_code::unsupported, layout->layout_name);
        tells(loaded.error(), error_code::unsupported,
              (std::string("llmzero-quantize --pack ") + best_kernels().layout_name).c_str());
    }
    const auto bytes = packed_llama();
    tells(refusal(bytes, packed_kernels_key, [](gguf_writer & to) { return to.add(packed_kernels_key, "zx81"); }),
          error_code::unsupported, "'zx81', kernels that are not known here; known: arm1176, neon, x86, portable");
    tells(refusal(bytes, packed_kernels_key,
                  [](gguf_writer & to) { return to.add(packed_kernels_key, std::uint32_t{1}); }),
          error_code::malformed, "expected a string");
    const error other = refusal(bytes, packed_layout_key,
                                [](gguf_writer & to) { return to.add(packed_layout_key, std::uint64_t{0x123}); });
    tells(other, error_code::unsupported, "llmzero.packed.layout is 0000000000000123, expected ");
    tells(other, error_code::unsupported, "packed by another version of llmzero");
}

TEST_CASE("packed_tensors: what does not fit together is malformed") {
    const auto bytes = packed_llama();
    for (const char * key : {packed_layout_key, packed_types_key, packed_rows_key, packed_cols_key}) {
        tells(refusal(bytes, key, [](gguf_writer &) { return success(); }), error_code::malformed, "is missing");
        tells(refusal(bytes, key, [key](gguf_writer & to) { return to.add(key, "text"); }), error_code::malformed,
              "is of type string");
    }
    const auto changed = [&](const char * key, const std::function<void(std::vector<std::uint32_t> &)> & change) {
        auto numbers = numbers_of(bytes, key);
        change(numbers);
        return refusal(bytes, key, [&](gguf_writer & to) { return to.add_array(key, numbers); });
    };
    tells(changed(packed_rows_key, [](auto & n) { n.push_back(0); }), error_code::malformed,
          "expected one for each of the");
    tells(changed(packed_cols_key, [](auto & n) { n.pop_back(); }), error_code::malformed,
          "expected one for each of the");
    tells(changed(packed_types_key, [](auto & n) { n[0] = 0; }), error_code::malformed, "which cannot be packed");
    tells(changed(packed_types_key, [](auto & n) { n[0] = 4711; }), error_code::malformed,
          "'token_embd.weight' was packed from the type 4711");
    tells(changed(packed_types_key, [](auto & n) { n[0] = 12; }), error_code::malformed, "a multiple of 256");
    tells(changed(packed_types_key, [](auto & n) { n[0] = 2; }), error_code::malformed, "of type I8 in one, for 40");
    tells(changed(packed_rows_key, [](auto & n) { n[0] = 4000; }), error_code::malformed, "for 4000 packed rows of 32");
    tells(changed(packed_rows_key, [](auto & n) { n[0] = 0xffffffff; }), error_code::malformed, "packed rows of 32");
    for (const std::uint32_t cols : {0u, 33u, 0xffffffe0u}) {
        tells(changed(packed_cols_key, [cols](auto & n) { n[0] = cols; }), error_code::malformed,
              "expected a multiple of 32, at most 1048576");
    }
    tells(changed(packed_rows_key, [](auto & n) { n[1] = 1; }), error_code::malformed,
          "'blk.0.attn_norm.weight' was packed from the type 0, which cannot be packed");
    // Rows 0: the tensor is as it was, and no matrix.
    tells(changed(packed_rows_key, [](auto & n) { n[0] = 0; }), error_code::malformed, "has the shape (");
}

// What a matrix was must be what the model wants, whatever its bytes are enough for.
TEST_CASE("packed_tensors: a matrix of another shape is refused as in other files") {
    const auto bytes = packed_llama();
    auto rows = numbers_of(bytes, packed_rows_key);
    const auto cols = numbers_of(bytes, packed_cols_key);
    REQUIRE((rows[0] == 40 && cols[0] == 32));
    const std::uint32_t as_many =
        best_kernels().packed_bytes(packed_format::q8, 41, 32) == best_kernels().packed_bytes(packed_format::q8, 40, 32)
            ? 41 // in tiles some numbers of rows take the same bytes
            : 0;
    if (as_many == 0) {
        return;
    }
    rows[0] = as_many;
    tells(refusal(bytes, packed_rows_key, [&](gguf_writer & to) { return to.add_array(packed_rows_key, rows); }),
          error_code::malformed, "has the shape (32, 41, 1, 1), expected (32, 40)");
}

} // namespace
