// Fuzzes the FAT code over a volume that is damaged in its table, its folders and its boot sector (damage.hpp says how
// the input is read), and what recover() guarantees: after it a strict check finds nothing.
#include "fat/damage.hpp"
#include "fat/exercise.hpp"
#include "fat/recording_device.hpp"
#include "fat/sample_tree.hpp"
#include "fat/strict_check.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

[[noreturn]] void broken(const std::string & what) {
    std::fprintf(stderr, "fuzz_fat_damage: broken: %s\n", what.c_str());
    std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t * data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t * data, std::size_t size) {
    static const std::vector<std::byte> sample = fat_test::sample_volume();
    static const fat_test::damage damage(sample);
    if (sample.empty()) {
        broken("the sample is not made");
    }
    std::vector<std::byte> image = sample;
    damage.apply(image, std::span(data, size));

    fat_test::recording_device device(image);
    if (const auto repaired = fat::recover(device)) {
        const fat_test::strict_check check(device.bytes(), fat_test::odd_names::accepted);
        if (!check.problem().empty()) {
            broken("after recovery: " + check.problem());
        }
    }
    fat_test::recording_device anew(std::move(image));
    const std::string what = fat_test::exercise(anew, [&] { return anew.log.writes.size(); });
    if (!what.empty()) {
        broken(what);
    }
    return 0;
}
