// Where the bytes of a model come from: a file, or memory. One interface, so that the parser and the loader
// do not know which, and so that tests can put failing sources in their place.
//
// Offsets and sizes are 64-bit on every machine: a 32-bit machine may read a file it could never map.
#pragma once

#include <llmzero/base/checked.hpp>
#include <llmzero/base/result.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace llmzero::inline LLMZERO_ABI {

class byte_source {
public:
    virtual ~byte_source() = default;

    // Bytes in all; constant as long as the source lives.
    [[nodiscard]] virtual std::uint64_t size() const = 0;

    // Fills `into` with the bytes from `offset` on: all of them, or an error (io), after which the content
    // of `into` is unspecified.
    [[nodiscard]] virtual status read(std::uint64_t offset, std::span<std::byte> into) const = 0;

    // The whole content where it lies in memory, else empty. Valid as long as the source lives.
    [[nodiscard]] virtual std::span<const std::byte> mapped() const { return {}; }

    // These bytes will hardly be asked for again: a mapping may give back the memory that it has for them.
    virtual void forget(std::uint64_t offset, std::uint64_t count) const {
        static_cast<void>(offset);
        static_cast<void>(count);
    }

protected:
    byte_source() = default;
    byte_source(const byte_source &) = default;
    byte_source & operator=(const byte_source &) = default;

    // The error of a read that would pass the end, or success.
    [[nodiscard]] status check_inside(std::uint64_t offset, std::size_t count) const {
        const auto end = checked_add<std::uint64_t>(offset, count);
        if (!end || *end > size()) {
            return llmzero::error(error_code::io, "cannot read %llu bytes at offset %llu: there are only %llu bytes",
                                  static_cast<unsigned long long>(count), static_cast<unsigned long long>(offset),
                                  static_cast<unsigned long long>(size()));
        }
        return success();
    }
};

// Bytes that the caller holds in memory, which must outlive the source.
class memory_source final : public byte_source {
public:
    explicit memory_source(std::span<const std::byte> bytes) : bytes_(bytes) {}

    [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
    [[nodiscard]] status read(std::uint64_t offset, std::span<std::byte> into) const override {
        LLMZERO_CHECK(check_inside(offset, into.size()));
        if (!into.empty()) {
            std::memcpy(into.data(), bytes_.data() + offset, into.size());
        }
        return success();
    }
    [[nodiscard]] std::span<const std::byte> mapped() const override { return bytes_; }

private:
    std::span<const std::byte> bytes_;
};

} // namespace llmzero::inline LLMZERO_ABI
