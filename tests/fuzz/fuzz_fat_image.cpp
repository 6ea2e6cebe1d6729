// Fuzzes the FAT code over whole images. The input is a sparse one: the number of sectors (4 bytes), then sectors, each
// with its number (4 bytes) before its 512 bytes; what is not there is zero.
#include "fat/exercise.hpp"
#include "fat/sparse_device.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t * data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t * data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    if (size < 4) {
        return 0;
    }
    constexpr std::uint32_t most_sectors = 1 << 21;
    fat_test::sparse_device device(fat::load<std::uint32_t>(bytes, 0) % most_sectors);
    constexpr std::size_t step = 4 + fat::sector_bytes;
    for (std::size_t at = 4; at + 4 < size; at += step) {
        fat::sector content = {};
        std::memcpy(content.data(), data + at + 4, std::min(fat::sector_bytes, size - at - 4));
        const std::uint32_t sector = fat::load<std::uint32_t>(bytes, at);
        if (sector < device.n_sectors() && !device.write(sector, content)) {
            std::abort();
        }
    }
    const std::string broken = fat_test::exercise(device, [&] { return device.n_writes; });
    if (!broken.empty()) {
        std::fprintf(stderr, "fuzz_fat_image: broken: %s\n", broken.c_str());
        std::abort();
    }
    return 0;
}
