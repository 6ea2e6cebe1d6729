#include <llmzero/kernels/select.hpp>
#include <llmzero/model/tensor_packer.hpp>
#include <llmzero/storage/gguf_writer.hpp>

#include "support/threads.hpp"

#include <algorithm>
#include <cstdint>
#include <doctest/doctest.h>
#include <limits>
#include <string>
#include <vector>

using namespace llmzero;

namespace {

// A file in memory that remembers what was forgotten of it.
class forgetful_source final : public byte_source {
public:
    explicit forgetful_source(std::span<const std::byte> bytes) : memory_(bytes), is_forgotten(bytes.size()) {}
    [[nodiscard]] std::uint64_t size() const override { return memory_.size(); }
    [[nodiscard]] status read(std::uint64_t offset, std::span<std::byte> into) const override {
        return memory_.read(offset, into);
    }
    [[nodiscard]] std::span<const std::byte> mapped() const override { return memory_.mapped(); }
    void forget(std::uint64_t offset, std::uint64_t count) const override {
        for (std::uint64_t i = 0; i < count; ++i) {
            is_forgotten[static_cast<std::size_t>(offset + i)] = true;
        }
    }

private:
    memory_source memory_;

public:
    mutable std::vector<bool> is_forgotten;
};

// A file with one Q8_0 matrix of this many rows of 64, with scales of 1 and codes that count up.
std::vector<std::byte> q8_file(std::size_t rows) {
    std::vector<std::uint8_t> data;
    for (std::size_t b = 0; b < rows * 2; ++b) {
        data.push_back(0x00);
        data.push_back(0x3c); // 1 in half precision
        for (std::size_t i = 0; i < 32; ++i) {
            data.push_back(static_cast<std::uint8_t>(b * 32 + i));
        }
    }
    gguf_writer writer;
    const std::uint64_t shape[] = {64, rows};
    REQUIRE(writer.add_tensor("w", shape, tensor_type::q8_0));
    std::vector<std::byte> file;
    REQUIRE(writer.write(
        [&](std::span<const std::byte> part) {
            file.insert(file.end(), part.begin(), part.end());
            return success();
        },
        [&](std::size_t, gguf_sink out) { return out(std::as_bytes(std::span(data))); }));
    return file;
}

constexpr std::size_t many_rows = 5000; // more than one piece

TEST_CASE("tensor_packer: rows arrive in every layout, and are forgotten when they are packed") {
    const std::vector<std::byte> bytes = q8_file(many_rows);
    for (const packed_layout * layout : packed_layouts()) {
        const forgetful_source source(bytes);
        const auto file = gguf_file::open(source);
        REQUIRE(file);
        const gguf_tensor & tensor = file->tensors()[0];
        auto w = packed_matrix::create(*layout, packed_format::q8, many_rows, 64);
        REQUIRE(w);
        tensor_packer packer(*file, *layout);
        std::uint64_t done = 0;
        int pieces = 0;
        REQUIRE(packer.pack(tensor, *find_block_type(tensor_type::q8_0), *w, [&](std::uint64_t more) {
            done += more;
            ++pieces;
            const auto end = static_cast<std::size_t>(tensor.offset + done);
            CHECK(source.is_forgotten[end - 1]);
            CHECK((end == bytes.size() || !source.is_forgotten[end]));
            return success();
        }));
        CHECK(done == tensor.bytes);
        CHECK(pieces == 2);
        CHECK_FALSE(source.is_forgotten[static_cast<std::size_t>(tensor.offset) - 1]);
        for (const std::size_t row : {std::size_t{0}, many_rows / 2, many_rows - 1}) {
            float out[64];
            layout->unpack_row(w->view(), row, out);
            for (std::size_t i = 0; i < 64; ++i) {
                REQUIRE(out[i] == static_cast<float>(static_cast<std::int8_t>(row * 64 + i)));
            }
        }
    }
}

TEST_CASE("tensor_packer: threads write the same bytes, and find the same row that is not finite") {
    constexpr std::size_t rows = 20003;
    std::vector<std::byte> bytes = q8_file(rows);
    for (const packed_layout * layout : packed_layouts()) {
        CAPTURE(layout->layout_name);
        std::vector<std::byte> expected;
        for (const std::uint32_t n_threads : support::thread_counts()) {
            CAPTURE(n_threads);
            const memory_source source(bytes);
            const auto file = gguf_file::open(source);
            const auto team = thread_team::create(n_threads);
            auto w = packed_matrix::create(*layout, packed_format::q8, rows, 64);
            REQUIRE(file);
            REQUIRE(team);
            REQUIRE(w);
            const auto offset = static_cast<std::size_t>(file->tensors()[0].offset);
            std::fill_n(w->view().data, w->size_bytes(), std::byte{0});
            layout->pad(w->view());
            tensor_packer packer(*file, *layout);
            packer.share_with(team->get(), 96);
            const auto pack = [&] {
                return packer.pack(file->tensors()[0], *find_block_type(tensor_type::q8_0), *w,
                                   [](std::uint64_t) { return success(); });
            };
            REQUIRE(pack());
            if (n_threads == 1) {
                expected.assign(w->bytes().begin(), w->bytes().end());
            }
            CHECK(std::equal(expected.begin(), expected.end(), w->bytes().begin(), w->bytes().end()));

            for (const std::size_t row : {12999u, 3001u, 3700u}) { // scales of infinity
                bytes[offset + row * 68 + 1] = std::byte{0x7c};
                const status refused = pack();
                REQUIRE_FALSE(refused);
                const std::string first = "in row " + std::to_string(row == 12999 ? row : 3001);
                CHECK(std::string(refused.error().message()).find(first) != std::string::npos);
            }
            for (const std::size_t row : {12999u, 3001u, 3700u}) {
                bytes[offset + row * 68 + 1] = std::byte{0x3c};
            }
        }
    }
}

TEST_CASE("tensor_packer: an error of the caller stops it") {
    const std::vector<std::byte> bytes = q8_file(many_rows);
    const memory_source source(bytes);
    const auto file = gguf_file::open(source);
    REQUIRE(file);
    auto w = packed_matrix::create(best_kernels(), packed_format::q8, many_rows, 64);
    REQUIRE(w);
    tensor_packer packer(*file, best_kernels());
    int calls = 0;
    const status stopped =
        packer.pack(file->tensors()[0], *find_block_type(tensor_type::q8_0), *w, [&](std::uint64_t) -> status {
            ++calls;
            return error(error_code::cancelled, "enough");
        });
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().code() == error_code::cancelled);
    CHECK(calls == 1);
}

TEST_CASE("tensor_packer: what is finite is told by its bits") {
    CHECK(detail::is_finite(0.0f));
    CHECK(detail::is_finite(-3.4e38f));
    CHECK_FALSE(detail::is_finite(std::numeric_limits<float>::infinity()));
    CHECK_FALSE(detail::is_finite(-std::numeric_limits<float>::infinity()));
    CHECK_FALSE(detail::is_finite(std::numeric_limits<float>::quiet_NaN()));
}

} // namespace
