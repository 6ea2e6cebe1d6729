#include "fat/format.hpp"

#include "fat/editor.hpp"
#include "fat/host_tools.hpp"
#include "fat/recording_device.hpp"
#include "fat/sparse_device.hpp"
#include "fat/strict_check.hpp"

#include <doctest/doctest.h>
#include <string>

TEST_CASE("format: an empty volume of each kind, clean and the same again") {
    struct wanted {
        std::uint64_t mib;
        fat::format_options options;
    };
    const fat_test::scratch_folder scratch;
    const bool may_judge = fat_test::has_host_tools("fresh volumes");
    for (const wanted & each : {wanted{3, {.kind = fat::fat_kind::fat16, .sectors_per_cluster = 1}},
                                wanted{16, {.serial = 0x12345678, .label = "LLMZERO"}}, wanted{32, {}},
                                wanted{40, {.kind = fat::fat_kind::fat32, .label = "A B-C_1"}}}) {
        fat::memory_device device(each.mib * 2048);
        std::fill(device.bytes().begin(), device.bytes().end(), std::byte{0xa5}); // what lay there before
        REQUIRE(fat::format(device, each.options));
        const fat_test::strict_check check(device.bytes());
        CHECK(check.problem() == "");
        CHECK(check.files().empty());
        if (may_judge) {
            CHECK(fat_test::fsck(device.bytes(), scratch) == "");
        }
        CHECK(!fat::recover(device)->any());
        const std::vector<std::byte> first(device.bytes().begin(), device.bytes().end());
        REQUIRE(fat::format(device, each.options));
        CHECK(std::equal(first.begin(), first.end(), device.bytes().begin()));
    }
}

TEST_CASE("format: the kind and the clusters for a size") {
    struct expected {
        std::uint64_t mib;
        fat::fat_kind kind;
        std::uint32_t per_cluster;
    };
    constexpr fat::fat_kind fat16 = fat::fat_kind::fat16;
    constexpr fat::fat_kind fat32 = fat::fat_kind::fat32;
    for (const expected & e : {expected{4, fat16, 1},
                               {16, fat16, 2},
                               {32, fat16, 4},
                               {64, fat16, 4},
                               {128, fat16, 4},
                               {256, fat16, 8},
                               {512, fat16, 16},
                               {513, fat32, 8},
                               {8192, fat32, 8},
                               {32768, fat32, 32},
                               {100000, fat32, 64}}) {
        const auto planned = fat::plan_format(e.mib * 2048, {});
        REQUIRE(planned);
        CHECK(planned->kind == e.kind);
        CHECK(planned->sectors_per_cluster == e.per_cluster);
        CHECK(planned->data_start % planned->sectors_per_cluster == 0);
        // What was planned is what is read, and no sector is wasted by more than alignment asks for.
        fat_test::sparse_device device(e.mib * 2048);
        REQUIRE(fat::format(device, {}));
        const auto read = fat::read_geometry(device);
        REQUIRE(read);
        CHECK(read->kind == planned->kind);
        CHECK(read->n_clusters == planned->n_clusters);
        const std::uint64_t bits = (std::uint64_t{read->n_clusters} + 2) * static_cast<unsigned>(read->kind);
        CHECK(read->table_sectors <= (bits + 4095) / 4096 + 2 * read->sectors_per_cluster);
    }
}

TEST_CASE("format: what cannot be made is refused") {
    fat_test::recording_device small(std::vector<std::byte>(100 * fat::sector_bytes));
    const auto refused = fat::format(small);
    REQUIRE(!refused);
    CHECK(refused.error().code() == llmzero::error_code::bad_argument);
    CHECK(small.log.writes.empty());
    CHECK(!fat::plan_format(0, {}));
    CHECK(!fat::plan_format(65536, {.kind = fat::fat_kind::fat32}));
    CHECK(!fat::plan_format(131072, {.kind = fat::fat_kind::fat16, .sectors_per_cluster = 1}));
    CHECK(!fat::plan_format(131072, {.kind = fat::fat_kind::fat12}));
    CHECK(!fat::plan_format(131072, {.sectors_per_cluster = 3}));
    CHECK(!fat::plan_format(131072, {.sectors_per_cluster = 256}));
    CHECK(!fat::plan_format(std::uint64_t{1} << 40, {}));
    fat::memory_device device(8192);
    for (const char * label : {"lower", "MORE THAN 11 LETTERS", " SPACE", "A.B", "\xc3\x84"}) {
        CHECK(!fat::format(device, {.label = label}));
    }
}

TEST_CASE("format: a cut leaves no volume or the whole one") {
    fat::memory_device old(4400);
    const fat::format_options options = {.kind = fat::fat_kind::fat16, .sectors_per_cluster = 1};
    REQUIRE(fat::format(old, options));
    {
        auto edit = fat::editor::open(old);
        REQUIRE(edit);
        REQUIRE(edit->replace("old", "old", {}));
    }
    const std::vector<std::byte> image(old.bytes().begin(), old.bytes().end());
    fat_test::recording_device device(image);
    REQUIRE(fat::format(device, options));
    int none = 0;
    fat_test::for_each_cut(image, device.log, 10, 1, [&](const std::vector<std::byte> & cut, std::size_t, std::size_t) {
        fat::memory_device left(cut);
        if (!fat::read_geometry(left)) {
            ++none;
            return;
        }
        const fat_test::strict_check check(cut);
        CHECK(check.problem() == "");
        CHECK(check.files().size() == (cut == image ? 1 : 0));
    });
    CHECK(none > 10);
}

TEST_CASE("format: errors of the disk come through") {
    fat_test::recording_device device(std::vector<std::byte>(4400 * fat::sector_bytes));
    device.good_writes = 3;
    const auto failed = fat::format(device, {.kind = fat::fat_kind::fat16, .sectors_per_cluster = 1});
    REQUIRE(!failed);
    CHECK(failed.error().code() == llmzero::error_code::io);
}
