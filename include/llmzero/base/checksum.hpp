// A checksum of 64 bits over a stream of bytes: finds files that were cut or damaged, tells models apart. It is no
// protection against forgery. The same on every machine, in whatever pieces the bytes come.
//
// Bytes are taken eight at a time: h = mix(h ^ word), mix(h) = g ^ (g >> 32), g = h * an odd number. Each step is a
// bijection of h and of the word, so one damaged word is always found, others but for 1 in 2^64. Eight bytes cost one
// product of 64 bits, on the ARM1176 about 10 cycles. The multiplier is 2^64 / golden ratio (Knuth, TAOCP 3, 6.4).
#pragma once

#include <llmzero/base/byte_reader.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace llmzero::inline LLMZERO_ABI {

class checksum {
public:
    void add(std::span<const std::byte> bytes) {
        n_bytes_ += bytes.size();
        if (n_held_ > 0) {
            const std::size_t n = std::min(bytes.size(), sizeof held_ - n_held_);
            hold(bytes.first(n));
            bytes = bytes.subspan(n);
            if (n_held_ < sizeof held_) {
                return;
            }
            mix(load_little_endian<std::uint64_t>(held_));
            n_held_ = 0;
        }
        for (; bytes.size() >= sizeof held_; bytes = bytes.subspan(sizeof held_)) {
            mix(load_little_endian<std::uint64_t>(bytes.data()));
        }
        hold(bytes);
    }

    // Of all bytes so far; more may be added.
    [[nodiscard]] std::uint64_t value() const {
        checksum ended = *this;
        std::memset(ended.held_ + n_held_, 0, sizeof held_ - n_held_);
        ended.mix(load_little_endian<std::uint64_t>(ended.held_));
        ended.mix(n_bytes_); // zeros at the end count
        ended.mix(0);
        return ended.hash_;
    }

private:
    void mix(std::uint64_t word) {
        hash_ = (hash_ ^ word) * 0x9e3779b97f4a7c15u;
        hash_ ^= hash_ >> 32;
    }

    void hold(std::span<const std::byte> bytes) {
        if (!bytes.empty()) {
            std::memcpy(held_ + n_held_, bytes.data(), bytes.size());
            n_held_ += bytes.size();
        }
    }

    std::uint64_t hash_ = 0x9e3779b97f4a7c15u;
    std::uint64_t n_bytes_ = 0;
    std::byte held_[8] = {}; // the start of a word
    std::size_t n_held_ = 0;
};

} // namespace llmzero::inline LLMZERO_ABI
