// A disk of 512-byte sectors: what a volume lies on.
//
// Writes may reach the medium in any order until flush() returns; after it all earlier ones are there. A single sector
// is written as a whole or not at all. A device that can only be read refuses writes.
#pragma once

#include <llmzero/base/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace fat {

inline constexpr std::size_t sector_bytes = 512;
using sector = std::array<std::byte, sector_bytes>;

class block_device {
public:
    virtual ~block_device() = default;

    [[nodiscard]] virtual std::uint64_t n_sectors() const = 0;

    // Whole sectors from `first` on. Errors: io; bad_argument (not inside the device, or no whole sectors).
    [[nodiscard]] virtual llmzero::status read(std::uint64_t first, std::span<std::byte> into) = 0;
    [[nodiscard]] virtual llmzero::status write(std::uint64_t first, std::span<const std::byte> bytes) = 0;

    // Errors: io.
    [[nodiscard]] virtual llmzero::status flush() = 0;

protected:
    block_device() = default;
    block_device(const block_device &) = default;
    block_device(block_device &&) = default;
    block_device & operator=(const block_device &) = default;
    block_device & operator=(block_device &&) = default;

    [[nodiscard]] llmzero::status check_range(std::uint64_t first, std::size_t n_bytes) const {
        if (n_bytes % sector_bytes != 0 || first > n_sectors() || n_bytes / sector_bytes > n_sectors() - first) {
            return llmzero::error(llmzero::error_code::bad_argument,
                                  "%llu bytes at sector %llu: expected whole sectors among the %llu of the device",
                                  static_cast<unsigned long long>(n_bytes), static_cast<unsigned long long>(first),
                                  static_cast<unsigned long long>(n_sectors()));
        }
        return llmzero::success();
    }
};

} // namespace fat
