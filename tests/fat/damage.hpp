// Damages a volume where it hurts: entries of the table, slots of folders, the boot sector. The bytes of `script` say
// what: any bytes are a script.
#pragma once

#include "fat/memory_device.hpp"
#include "fat/volume.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fat_test {

class damage {
public:
    // Notes where the volume's folders are. `image` is a consistent volume.
    explicit damage(std::span<const std::byte> image) {
        fat::memory_device device(std::vector<std::byte>(image.begin(), image.end()));
        auto opened = fat::volume::open(device);
        if (!opened) {
            return;
        }
        layout_ = opened->layout();
        add_folder(opened->parts(), 0);
        static_cast<void>(opened->visit([&](const fat::file_info & file) {
            if (file.is_folder()) {
                add_folder(opened->parts(), file.first_cluster);
            } else {
                clusters_.push_back(file.first_cluster);
            }
            return true;
        }));
    }

    void apply(std::span<std::byte> image, std::span<const std::uint8_t> script) const {
        std::size_t at = 0;
        const auto next = [&]() -> std::uint32_t {
            return at < script.size() ? script[at++] : 0u;
        };
        for (int n = 0; at < script.size() && n < 64; ++n) {
            const std::uint32_t what = next();
            const std::uint32_t where = next() | next() << 8;
            const std::uint32_t value = next();
            switch (what % 8) {
            case 0: // an entry of a table: something near, special, or any value
            case 1: set_entry(image, where, value % 4 == 0 ? next() | next() << 8 : pick_value(value)); break;
            case 2: set_entry(image, pick_cluster(where), pick_value(value)); break;
            case 3: slot(image, where)[value % 32] = static_cast<std::byte>(next()); break;
            case 4: slot(image, where)[value % 32] ^= static_cast<std::byte>(1u << next() % 8); break;
            case 5: { // one slot in place of another
                const auto from = slot(image, value | next() << 8);
                std::copy(from.begin(), from.end(), slot(image, where).begin());
                break;
            }
            case 6: { // first cluster and size
                const auto entry = slot(image, where);
                const std::uint32_t cluster = pick_cluster(value);
                fat::store(entry, 26, static_cast<std::uint16_t>(cluster & 0xffff));
                fat::store(entry, 28, value % 3 == 0 ? next() << (next() % 32) : fat::load<std::uint32_t>(entry, 28));
                break;
            }
            default: image[where % 512] = static_cast<std::byte>(value); break;
            }
        }
    }

private:
    void add_folder(const fat::volume_parts & parts, std::uint32_t cluster) {
        clusters_.push_back(cluster);
        fat::slot_reader reader(parts, cluster);
        fat::slot found;
        for (std::size_t spare = 0; spare < 20;) {
            const auto more = reader.next(found);
            if (!more || !*more) {
                return;
            }
            spare += fat::directory_entry(found.raw).is_end() ? 1u : 0u;
            if (fat::directory_entry(found.raw).is_label()) {
                continue; // fsck.vfat is strict about letters there that hosts accept
            }
            slots_.push_back(static_cast<std::size_t>(found.place.sector) * 512 + found.place.offset);
        }
    }

    [[nodiscard]] std::span<std::byte> slot(std::span<std::byte> image, std::size_t number) const {
        return image.subspan(slots_[number % slots_.size()], 32);
    }
    [[nodiscard]] std::uint32_t pick_cluster(std::uint32_t number) const {
        return number % 4 == 0 ? number : clusters_[number % clusters_.size()] + number % 3;
    }
    [[nodiscard]] std::uint32_t pick_value(std::uint32_t value) const {
        constexpr std::uint32_t special[] = {0, 1, 2, 0xffff, 0xfff7, 0xfff0, 0xfff8, 0x0ffffff7};
        return value % 2 == 0 ? special[value / 2 % 8] : pick_cluster(value / 2);
    }
    void set_entry(std::span<std::byte> image, std::uint32_t cluster, std::uint32_t value) const {
        const std::size_t copy = cluster % 7 == 0 ? 1 : 0;
        const std::size_t table = (layout_.table_start + copy * layout_.table_sectors) * std::size_t{512};
        const std::size_t number = cluster % (layout_.n_clusters + 2);
        if (layout_.kind == fat::fat_kind::fat32) {
            fat::store(image, table + number * 4, value);
        } else {
            fat::store(image, table + number * 2, static_cast<std::uint16_t>(value & 0xffff));
        }
    }

    fat::geometry layout_;
    std::vector<std::size_t> slots_;      // offsets in the image
    std::vector<std::uint32_t> clusters_; // where files and folders begin
};

} // namespace fat_test
