// A disk in memory that notes what was written to it, sector by sector, and where flushes stood; and what a power cut
// at some moment leaves of that. It can fail, and refuse to be written.
#pragma once

#include "fat/memory_device.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>
#include <vector>

namespace fat_test {

struct logged_write {
    std::uint64_t sector;
    fat::sector content;
};

// All writes, and for each flush how many stood before it.
struct write_log {
    std::vector<logged_write> writes;
    std::vector<std::size_t> flushes;
};

class recording_device final : public fat::block_device {
public:
    explicit recording_device(std::vector<std::byte> content) : memory_(std::move(content)) {}

    write_log log;
    // Calls that succeed before all fail.
    std::size_t good_writes = std::numeric_limits<std::size_t>::max();
    std::size_t good_reads = std::numeric_limits<std::size_t>::max();
    std::size_t good_flushes = std::numeric_limits<std::size_t>::max();

    [[nodiscard]] std::span<const std::byte> bytes() const { return memory_.bytes(); }
    [[nodiscard]] std::uint64_t n_sectors() const override { return memory_.n_sectors(); }

    [[nodiscard]] llmzero::status read(std::uint64_t first, std::span<std::byte> into) override {
        return spend(good_reads) ? memory_.read(first, into) : llmzero::status(failure("read"));
    }
    [[nodiscard]] llmzero::status write(std::uint64_t first, std::span<const std::byte> bytes) override {
        if (!spend(good_writes)) {
            return failure("write");
        }
        LLMZERO_CHECK(memory_.write(first, bytes));
        for (std::size_t i = 0; i < bytes.size() / fat::sector_bytes; ++i) {
            log.writes.push_back({first + i, {}});
            std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(i * fat::sector_bytes), fat::sector_bytes,
                        log.writes.back().content.begin());
        }
        return llmzero::success();
    }
    [[nodiscard]] llmzero::status flush() override {
        if (!spend(good_flushes)) {
            return failure("flush");
        }
        log.flushes.push_back(log.writes.size());
        return llmzero::success();
    }

private:
    static bool spend(std::size_t & left) { return left == 0 ? false : (--left, true); }
    static llmzero::error failure(const char * what) {
        return llmzero::error(llmzero::error_code::io, "the disk does not %s", what);
    }

    fat::memory_device memory_;
};

inline void put_write(std::span<std::byte> image, const logged_write & write) {
    std::copy(write.content.begin(), write.content.end(),
              image.begin() + static_cast<std::ptrdiff_t>(write.sector * fat::sector_bytes));
}

// Calls check(image, n_certain, n_possible) for what a cut may leave: all writes before a flush (the first n_certain of
// the log), and of those up to the next flush (up to n_possible) each prefix and other selections: all of them where
// there are four writes at most, else `n_subsets` random ones. Returns the number of images shown.
template <class Check>
std::size_t for_each_cut(std::vector<std::byte> image, const write_log & log, std::size_t n_subsets, unsigned seed,
                         Check && check) {
    std::mt19937 random(seed);
    std::vector<std::byte> cut; // the same memory each time
    std::size_t shown = 0;
    std::size_t begin = 0;
    std::vector<std::size_t> ends = log.flushes;
    ends.push_back(log.writes.size());
    for (const std::size_t end : ends) {
        if (end == begin) {
            continue;
        }
        const std::size_t n = end - begin;
        const auto show = [&](auto && arrives) {
            cut = image;
            for (std::size_t i = 0; i < n; ++i) {
                if (arrives(i)) {
                    put_write(cut, log.writes[begin + i]);
                }
            }
            check(cut, begin, end);
            ++shown;
        };
        for (std::size_t prefix = 0; prefix < n; ++prefix) {
            show([prefix](std::size_t i) { return i < prefix; });
        }
        if (n >= 2 && n <= 4) { // all selections but the prefixes
            for (unsigned chosen = 1; chosen + 1 < 1u << n; ++chosen) {
                if ((chosen & (chosen + 1)) != 0) {
                    show([chosen](std::size_t i) { return (chosen >> i & 1) != 0; });
                }
            }
        } else if (n > 4) {
            for (std::size_t k = 0; k < n_subsets; ++k) {
                const auto bits = (std::uint64_t{random()} << 32) | random();
                show([bits](std::size_t i) { return (bits >> (i % 64) & 1) != 0; });
            }
        }
        for (std::size_t i = 0; i < n; ++i) {
            put_write(image, log.writes[begin + i]);
        }
        begin = end;
    }
    check(image, log.writes.size(), log.writes.size());
    return shown + 1;
}

} // namespace fat_test
