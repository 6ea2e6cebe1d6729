// A disk whose writes stay in memory until they are asked for: what reads through it sees them already.
#pragma once

#include "fat/block_device.hpp"

#include <cstring>
#include <map>

namespace fat {

class pending_writes final : public block_device {
public:
    explicit pending_writes(block_device & below) : below_(below) {}

    [[nodiscard]] std::uint64_t n_sectors() const override { return below_.n_sectors(); }

    [[nodiscard]] llmzero::status read(std::uint64_t first, std::span<std::byte> into) override {
        LLMZERO_CHECK(below_.read(first, into));
        const std::uint64_t end = first + into.size() / sector_bytes;
        for (auto at = sectors_.lower_bound(first); at != sectors_.end() && at->first < end; ++at) {
            std::memcpy(into.data() + static_cast<std::size_t>(at->first - first) * sector_bytes, at->second.data(),
                        sector_bytes);
        }
        return llmzero::success();
    }

    [[nodiscard]] llmzero::status write(std::uint64_t first, std::span<const std::byte> bytes) override {
        LLMZERO_CHECK(check_range(first, bytes.size()));
        for (std::size_t i = 0; i < bytes.size() / sector_bytes; ++i) {
            std::memcpy(sectors_[first + i].data(), bytes.data() + i * sector_bytes, sector_bytes);
        }
        return llmzero::success();
    }

    // Nothing is lost in memory, nor is anything written.
    [[nodiscard]] llmzero::status flush() override { return llmzero::success(); }

    [[nodiscard]] std::size_t n_pending() const { return sectors_.size(); }

    // Writes all of it to the disk below, and flushes. Errors: io.
    [[nodiscard]] llmzero::status commit() {
        if (sectors_.empty()) {
            return llmzero::success();
        }
        for (const auto & [at, content] : sectors_) {
            LLMZERO_CHECK(below_.write(at, content));
        }
        sectors_.clear();
        return below_.flush();
    }

private:
    block_device & below_;
    std::map<std::uint64_t, sector> sectors_;
};

} // namespace fat
