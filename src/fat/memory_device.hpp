// A disk in memory.
#pragma once

#include "fat/block_device.hpp"

#include <cstring>
#include <utility>
#include <vector>

namespace fat {

class memory_device final : public block_device {
public:
    explicit memory_device(std::uint64_t n_sectors) : bytes_(static_cast<std::size_t>(n_sectors) * sector_bytes) {}
    // What does not fill a sector at the end is cut off.
    explicit memory_device(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {
        bytes_.resize(bytes_.size() / sector_bytes * sector_bytes);
    }

    [[nodiscard]] std::span<std::byte> bytes() { return bytes_; }
    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

    [[nodiscard]] std::uint64_t n_sectors() const override { return bytes_.size() / sector_bytes; }

    [[nodiscard]] llmzero::status read(std::uint64_t first, std::span<std::byte> into) override {
        LLMZERO_CHECK(check_range(first, into.size()));
        if (!into.empty()) {
            std::memcpy(into.data(), bytes_.data() + static_cast<std::size_t>(first) * sector_bytes, into.size());
        }
        return llmzero::success();
    }

    [[nodiscard]] llmzero::status write(std::uint64_t first, std::span<const std::byte> bytes) override {
        LLMZERO_CHECK(check_range(first, bytes.size()));
        if (!bytes.empty()) {
            std::memcpy(bytes_.data() + static_cast<std::size_t>(first) * sector_bytes, bytes.data(), bytes.size());
        }
        return llmzero::success();
    }

    [[nodiscard]] llmzero::status flush() override { return llmzero::success(); }

private:
    std::vector<std::byte> bytes_;
};

} // namespace fat
