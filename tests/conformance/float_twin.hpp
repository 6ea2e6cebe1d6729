// The same model with every tensor de-quantised to F32: run by this library it is the float reference to 1e-12 (which
// conformance tests verify on the rows that are on record), so it stands in for it at the steps that are not.
#pragma once

#include <llmzero/llmzero.hpp>

#include "golden.hpp"

#include <cstddef>
#include <vector>

namespace conformance {

// The twin's GGUF file.
[[nodiscard]] inline llmzero::result<std::vector<std::byte>> float_twin(const char * path) {
    LLMZERO_ASSIGN(const auto source, llmzero::file_source::open(path));
    LLMZERO_ASSIGN(const auto file, llmzero::gguf_file::open(source));
    llmzero::gguf_writer writer;
    for (const llmzero::gguf_entry & entry : file.metadata()) {
        LLMZERO_CHECK(writer.add(entry));
    }
    for (const llmzero::gguf_tensor & tensor : file.tensors()) {
        LLMZERO_CHECK(
            writer.add_tensor(tensor.name, std::span(tensor.shape).first(tensor.n_dims), llmzero::tensor_type::f32));
    }
    std::vector<std::byte> made;
    llmzero::heap_array<std::byte> scratch;
    LLMZERO_CHECK(writer.write(
        [&](std::span<const std::byte> bytes) {
            made.insert(made.end(), bytes.begin(), bytes.end());
            return llmzero::success();
        },
        [&](std::size_t i, llmzero::gguf_sink data) -> llmzero::status {
            const llmzero::gguf_tensor & tensor = file.tensors()[i];
            const llmzero::block_type * type = llmzero::find_block_type(tensor.type);
            if (type == nullptr) {
                return llmzero::error(llmzero::error_code::unsupported, "%s", llmzero::name_of(tensor.type));
            }
            LLMZERO_ASSIGN(const auto blocks, file.rows(tensor, 0, tensor.rows(), scratch));
            std::vector<float> values(tensor.rows() * tensor.cols());
            llmzero::unpack(*type, blocks.data(), values.size(), values.data());
            return data(std::as_bytes(std::span(values)));
        }));
    return made;
}

} // namespace conformance
