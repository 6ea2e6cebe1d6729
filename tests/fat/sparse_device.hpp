// A disk of any size that keeps only the sectors that are not zero.
#pragma once

#include "fat/block_device.hpp"

#include <cstring>
#include <map>

namespace fat_test {

class sparse_device final : public fat::block_device {
public:
    explicit sparse_device(std::uint64_t n_sectors) : n_sectors_(n_sectors) {}

    std::size_t n_writes = 0; // sectors

    [[nodiscard]] std::uint64_t n_sectors() const override { return n_sectors_; }

    [[nodiscard]] llmzero::status read(std::uint64_t first, std::span<std::byte> into) override {
        LLMZERO_CHECK(check_range(first, into.size()));
        std::fill(into.begin(), into.end(), std::byte{0});
        const std::uint64_t end = first + into.size() / fat::sector_bytes;
        for (auto at = sectors_.lower_bound(first); at != sectors_.end() && at->first < end; ++at) {
            std::memcpy(into.data() + static_cast<std::size_t>(at->first - first) * fat::sector_bytes,
                        at->second.data(), fat::sector_bytes);
        }
        return llmzero::success();
    }

    [[nodiscard]] llmzero::status write(std::uint64_t first, std::span<const std::byte> bytes) override {
        LLMZERO_CHECK(check_range(first, bytes.size()));
        for (std::size_t i = 0; i < bytes.size() / fat::sector_bytes; ++i) {
            ++n_writes;
            fat::sector content;
            std::memcpy(content.data(), bytes.data() + i * fat::sector_bytes, fat::sector_bytes);
            if (content == fat::sector{}) {
                sectors_.erase(first + i);
            } else {
                sectors_[first + i] = content;
            }
        }
        return llmzero::success();
    }

    [[nodiscard]] llmzero::status flush() override { return llmzero::success(); }

private:
    std::uint64_t n_sectors_;
    std::map<std::uint64_t, fat::sector> sectors_;
};

} // namespace fat_test
