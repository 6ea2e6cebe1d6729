// Volumes damaged at random are recovered, and judged by the strict check and by fsck.vfat.
#include "fat/damage.hpp"
#include "fat/exercise.hpp"
#include "fat/host_tools.hpp"
#include "fat/recording_device.hpp"
#include "fat/sample_tree.hpp"
#include "fat/strict_check.hpp"
#include "support/scale.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <random>
#include <string>
#include <vector>

namespace {

std::vector<std::uint8_t> random_script(std::mt19937 & random) {
    std::vector<std::uint8_t> script(5 + random() % 60);
    for (std::uint8_t & byte : script) {
        byte = static_cast<std::uint8_t>(random() % 256);
        if (random() % 2 == 0) {
            byte = static_cast<std::uint8_t>(byte % 40);
        }
    }
    return script;
}

} // namespace

TEST_CASE("recover: a volume damaged at random is clean afterwards") {
    const bool may_judge = fat_test::has_host_tools("damaged volumes");
    const fat_test::scratch_folder scratch;
    const std::vector<std::byte> sample = fat_test::sample_volume();
    REQUIRE(fat_test::strict_check(sample).problem() == "");
    const fat_test::damage damage(sample);
    // LLMZERO_FAT_TREES=n: so many, each judged by fsck.vfat too.
    const char * asked = std::getenv("LLMZERO_FAT_TREES");
    const int n = asked != nullptr ? std::atoi(asked) : support::full_scale() ? 1000 : 100;
    const int judge_every = asked != nullptr ? 1 : 25;
    std::mt19937 random(1);
    int recovered = 0;
    std::vector<std::byte> image;
    for (int i = 0; i < n; ++i) {
        const auto script = random_script(random);
        image = sample;
        damage.apply(image, script);
        fat::memory_device device(image);
        std::string hex;
        for (const std::uint8_t byte : script) {
            hex += "0123456789abcdef"[byte / 16];
            hex += "0123456789abcdef"[byte % 16];
        }
        INFO("script ", hex);
        if (!fat::recover(device)) {
            continue; // no volume any more
        }
        ++recovered;
        const fat_test::strict_check check(device.bytes(), fat_test::odd_names::accepted);
        REQUIRE(check.problem() == "");
        if (may_judge && i % judge_every == 0) {
            REQUIRE(fat_test::fsck(device.bytes(), scratch) == "");
        }
    }
    CHECK(recovered > n / 2);
    MESSAGE(recovered, " of ", n, " damaged volumes recovered");
}

TEST_CASE("recover: a damaged volume is listed and read before, and written after") {
    const std::vector<std::byte> sample = fat_test::sample_volume();
    const fat_test::damage damage(sample);
    std::mt19937 random(2);
    for (int i = 0; i < (support::full_scale() ? 300 : 30); ++i) {
        std::vector<std::byte> image = sample;
        damage.apply(image, random_script(random));
        fat_test::recording_device device(std::move(image));
        REQUIRE(fat_test::exercise(device, [&] { return device.log.writes.size(); }) == "");
    }
}
