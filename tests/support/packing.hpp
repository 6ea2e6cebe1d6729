// Packed files in memory, and others like them with something changed.
#pragma once

#include <llmzero/model/model_packer.hpp>
#include <llmzero/storage/gguf.hpp>
#include <llmzero/storage/gguf_writer.hpp>

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace support {

// The file packed in that layout.
inline llmzero::result<std::vector<std::byte>> packed_file(std::span<const std::byte> file,
                                                           const llmzero::packed_layout & layout,
                                                           const llmzero::packer_options & options = {},
                                                           llmzero::head_mode head = llmzero::head_mode::automatic) {
    const llmzero::memory_source source(file);
    LLMZERO_ASSIGN(const auto gguf, llmzero::gguf_file::open(source));
    LLMZERO_ASSIGN(const auto packer, llmzero::model_packer::create(gguf, layout, head));
    std::vector<std::byte> made;
    LLMZERO_CHECK(packer.write(
        [&made](std::span<const std::byte> bytes) {
            made.insert(made.end(), bytes.begin(), bytes.end());
            return llmzero::success();
        },
        options));
    return made;
}

// The file with `key` left out, and what `add` adds in its place.
inline std::vector<std::byte> with_other_key(std::span<const std::byte> file, std::string_view key,
                                             const std::function<llmzero::status(llmzero::gguf_writer &)> & add) {
    const llmzero::memory_source source(file);
    const auto gguf = llmzero::gguf_file::open(source);
    if (!gguf) {
        std::abort();
    }
    llmzero::gguf_writer writer;
    bool is_well = true;
    for (const llmzero::gguf_entry & entry : gguf->metadata()) {
        is_well = is_well && (entry.key == key ? add(writer) : writer.add(entry));
    }
    for (const llmzero::gguf_tensor & tensor : gguf->tensors()) {
        const auto shape = std::span(tensor.shape).first(tensor.n_dims);
        is_well = is_well && writer.add_tensor(tensor.name, shape, tensor.type);
    }
    std::vector<std::byte> made;
    const auto written = writer.write(
        [&made](std::span<const std::byte> bytes) {
            made.insert(made.end(), bytes.begin(), bytes.end());
            return llmzero::success();
        },
        [&](std::size_t i, llmzero::gguf_sink data) {
            const llmzero::gguf_tensor & tensor = gguf->tensors()[i];
            return data(file.subspan(static_cast<std::size_t>(tensor.offset), static_cast<std::size_t>(tensor.bytes)));
        });
    if (!is_well || !written) {
        std::abort();
    }
    return made;
}

} // namespace support
