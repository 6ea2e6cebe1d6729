// Which model a file holds, in 64 bits: so that what was computed with one model is not taken for another's.
//
// It is made of the whole header (shape, vocabulary, names and types of the tensors) and of samples of the weights: 64
// bytes at the beginning, the middle and the end of each tensor. Two trainings of one shape differ there, and a small
// board has it in milliseconds, where reading all weights would take as long as loading. A file of the same weights
// with another header, say with another chat template, counts as another model.
#pragma once

#include <llmzero/base/checksum.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/storage/gguf.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace llmzero::inline LLMZERO_ABI {

// Errors: io, out_of_memory.
[[nodiscard]] inline result<std::uint64_t> fingerprint_of(const gguf_file & file) {
    constexpr std::uint64_t sample_bytes = 64;
    constexpr std::uint64_t chunk_bytes = 16384;
    checksum sum;
    LLMZERO_ASSIGN(auto buffer, heap_array<std::byte>::create(chunk_bytes));
    const auto add = [&](std::uint64_t offset, std::uint64_t count) -> status {
        const auto part = buffer.span().first(static_cast<std::size_t>(count));
        LLMZERO_CHECK(file.source().read(offset, part));
        sum.add(part);
        return success();
    };
    // Tensors lie in file order: before the first of them is the header.
    const std::uint64_t header_bytes = file.tensors().empty() ? file.source().size() : file.tensors()[0].offset;
    for (std::uint64_t done = 0; done < header_bytes; done += chunk_bytes) {
        LLMZERO_CHECK(add(done, std::min(chunk_bytes, header_bytes - done)));
    }
    for (const gguf_tensor & tensor : file.tensors()) {
        const std::uint64_t count = std::min(sample_bytes, tensor.bytes);
        for (const std::uint64_t at : {std::uint64_t{0}, (tensor.bytes - count) / 2, tensor.bytes - count}) {
            LLMZERO_CHECK(add(tensor.offset + at, count));
        }
    }
    return sum.value();
}

} // namespace llmzero::inline LLMZERO_ABI
