// Fuzzes the GGUF reader, mapped and not mapped, and what it guarantees: whatever it accepts can be walked
// through completely, and written again to a file that holds the same.
#include <llmzero/storage/gguf.hpp>
#include <llmzero/storage/gguf_writer.hpp>

#include "storage/gguf_bytes.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

using namespace llmzero;

namespace {

void require(bool holds, const char * what) {
    if (!holds) {
        std::fprintf(stderr, "fuzz_gguf: broken: %s\n", what);
        std::abort();
    }
}

volatile unsigned sink; // keeps the bytes that were looked at from being optimised away

void touch(std::span<const std::byte> bytes) {
    unsigned sum = 0;
    for (const std::byte b : bytes) {
        sum += std::to_integer<unsigned>(b);
    }
    sink = sum;
}

void walk_entry(const gguf_file & file, const gguf_entry & entry) {
    require(file.find(entry.key) == &entry, "every key is found");
    touch(entry.payload);
    sink = static_cast<unsigned>(entry.as<std::uint32_t>().has_value());
    sink = static_cast<unsigned>(entry.as<std::int8_t>().has_value());
    sink = static_cast<unsigned>(entry.as<float>().has_value());
    sink = static_cast<unsigned>(entry.as<bool>().has_value());
    if (const auto text = entry.as<std::string_view>()) {
        touch(support::bytes_of(*text));
    }
    if (const auto numbers = entry.as_array(gguf_array_kind::integers)) {
        for (std::size_t i = 0; i < numbers->size(); ++i) {
            require(numbers->integer<std::uint64_t>(i) || numbers->integer<std::int64_t>(i), "every integer is read");
            sink = static_cast<unsigned>(numbers->integer<std::int16_t>(i).has_value());
        }
    }
    if (const auto numbers = entry.as_array(gguf_array_kind::floats)) {
        for (std::size_t i = 0; i < numbers->size(); ++i) {
            sink = numbers->real(i) > 0;
        }
    }
    if (const auto flags = entry.as_array(gguf_array_kind::bools)) {
        for (std::size_t i = 0; i < flags->size(); ++i) {
            sink = flags->flag(i);
        }
    }
    if (const auto strings = entry.as_array(gguf_array_kind::strings)) {
        std::size_t n = 0;
        for (const std::string_view text : strings->strings()) {
            touch(support::bytes_of(text));
            ++n;
        }
        require(n == strings->size(), "an array has as many strings as it says");
    }
}

void walk(const gguf_file & file) {
    for (const gguf_entry & entry : file.metadata()) {
        walk_entry(file, entry);
    }
    heap_array<std::byte> scratch;
    std::uint64_t end = 0;
    for (const gguf_tensor & tensor : file.tensors()) {
        require(file.find_tensor(tensor.name) == &tensor, "every tensor is found");
        require(tensor.offset >= end, "tensors do not overlap");
        require(tensor.bytes <= file.source().size(), "a tensor is no larger than the file");
        end = tensor.offset + tensor.bytes;
        require(end <= file.source().size(), "tensors end inside the file");
        require(tensor.row_bytes() * tensor.rows() == tensor.bytes, "rows fill a tensor");
        const auto rows = file.rows(tensor, 0, tensor.rows(), scratch);
        require(rows.has_value() && rows->size() == tensor.bytes, "all rows can be read");
        touch(*rows);
        require(!file.rows(tensor, tensor.rows(), 1, scratch), "no row follows the last");
    }
}

std::string write_again(const gguf_file & file) {
    gguf_writer writer;
    for (const gguf_entry & entry : file.metadata()) {
        require(writer.add(entry).has_value(), "an accepted entry can be written");
    }
    for (const gguf_tensor & tensor : file.tensors()) {
        require(writer.add_tensor(tensor.name, std::span(tensor.shape).first(tensor.n_dims), tensor.type).has_value(),
                "an accepted tensor can be written");
    }
    std::string written;
    heap_array<std::byte> scratch;
    const auto keep = [&](std::span<const std::byte> bytes) {
        written += as_text(bytes);
        return success();
    };
    const auto copy = [&](std::size_t i, gguf_sink data) -> status {
        const gguf_tensor & tensor = file.tensors()[i];
        LLMZERO_ASSIGN(const auto rows, file.rows(tensor, 0, tensor.rows(), scratch));
        return data(rows);
    };
    require(writer.write(keep, copy).has_value(), "an accepted file can be written");
    return written;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t * data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t * data, std::size_t size) {
    const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
    const memory_source mapped(bytes);
    const support::reading_source not_mapped(as_text(bytes));
    const auto first = gguf_file::open(mapped);
    gguf_limits small_steps; // so that the copy of the header moves while it is parsed
    small_steps.first_read_bytes = 1;
    const auto second = gguf_file::open(not_mapped, small_steps);
    require(first.has_value() == second.has_value(), "mapped and not mapped files are judged alike");
    if (!first) {
        require(first.error().code() == second.error().code(), "and refused with the same code");
        require(std::string_view(first.error().message()) == second.error().message(), "in the same words");
        return 0;
    }
    walk(*first);
    walk(*second);
    const std::string written = write_again(*first);
    const memory_source again(support::bytes_of(written));
    const auto reread = gguf_file::open(again);
    require(reread.has_value(), "what was written is accepted");
    require(reread->tensors().size() == first->tensors().size(), "with all tensors");
    require(reread->metadata().size() == first->metadata().size(), "and all keys");
    require(write_again(*reread) == written, "and is written the same again");
    return 0;
}
