// The 32 bytes of a file or folder, field by field.
#pragma once

#include "fat/little_endian.hpp"
#include "fat/long_name.hpp"
#include "fat/timestamp.hpp"

#include <cstdint>

namespace fat {

inline constexpr std::uint8_t attribute_read_only = 0x01;
inline constexpr std::uint8_t attribute_hidden = 0x02;
inline constexpr std::uint8_t attribute_system = 0x04;
inline constexpr std::uint8_t attribute_label = 0x08;
inline constexpr std::uint8_t attribute_folder = 0x10;
inline constexpr std::uint8_t attribute_archive = 0x20;

inline constexpr std::byte end_mark{0x00}; // in place of a name: this entry and all that follow are free
inline constexpr std::byte free_mark{0xe5};

class directory_entry {
public:
    directory_entry() : raw_{} {}
    explicit directory_entry(const raw_entry & raw) : raw_(raw) {}

    [[nodiscard]] const raw_entry & raw() const { return raw_; }

    [[nodiscard]] bool is_end() const { return raw_[0] == end_mark; }
    [[nodiscard]] bool is_free() const { return raw_[0] == end_mark || raw_[0] == free_mark; }
    [[nodiscard]] bool is_long_name() const { return (attributes() & 0x3f) == long_name_mark; }
    [[nodiscard]] bool is_label() const { return !is_long_name() && (attributes() & attribute_label) != 0; }
    [[nodiscard]] bool is_folder() const { return !is_label() && (attributes() & attribute_folder) != 0; }
    [[nodiscard]] bool is_dots() const { return name() == dot_name || name() == dot_dot_name; }

    [[nodiscard]] short_name name() const {
        short_name name;
        std::memcpy(name.data(), raw_.data(), name.size());
        return name;
    }
    [[nodiscard]] std::uint8_t attributes() const { return std::to_integer<std::uint8_t>(raw_[11]); }
    [[nodiscard]] std::uint8_t case_bits() const { return std::to_integer<std::uint8_t>(raw_[12]); }
    [[nodiscard]] timestamp created() const { return at(16, 14); }
    [[nodiscard]] timestamp modified() const { return at(24, 22); }
    [[nodiscard]] std::uint32_t size() const { return load<std::uint32_t>(raw_, 28); }

    // The upper half has a meaning on FAT32 alone.
    [[nodiscard]] std::uint32_t cluster(bool is_fat32) const {
        const std::uint32_t low = load<std::uint16_t>(raw_, 26);
        return is_fat32 ? low | std::uint32_t{load<std::uint16_t>(raw_, 20)} << 16 : low;
    }

    void set_name(const short_name & name) { std::memcpy(raw_.data(), name.data(), name.size()); }
    void set_attributes(std::uint8_t bits) { raw_[11] = std::byte{bits}; }
    void set_case_bits(std::uint8_t bits) { raw_[12] = std::byte{bits}; }
    void set_created(timestamp when) {
        raw_[13] = std::byte{0};
        set_at(16, 14, when);
    }
    void set_modified(timestamp when) {
        set_at(24, 22, when);
        store(std::span(raw_), 18, when.date); // last used
    }
    void set_size(std::uint32_t bytes) { store(std::span(raw_), 28, bytes); }
    void set_cluster(std::uint32_t cluster, bool is_fat32) {
        store(std::span(raw_), 26, static_cast<std::uint16_t>(cluster & 0xffff));
        if (is_fat32) {
            store(std::span(raw_), 20, static_cast<std::uint16_t>(cluster >> 16));
        }
    }
    void set_free() { raw_[0] = free_mark; }

private:
    [[nodiscard]] timestamp at(std::size_t date, std::size_t time) const {
        return {load<std::uint16_t>(raw_, date), load<std::uint16_t>(raw_, time)};
    }
    void set_at(std::size_t date, std::size_t time, timestamp when) {
        store(std::span(raw_), date, when.date);
        store(std::span(raw_), time, when.time);
    }

    raw_entry raw_;
};

} // namespace fat
