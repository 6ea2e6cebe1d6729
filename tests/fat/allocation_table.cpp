#include "fat/allocation_table.hpp"

#include "fat/format.hpp"
#include "fat/recording_device.hpp"

#include <doctest/doctest.h>
#include <vector>

namespace {

struct table_sample {
    fat::memory_device device;
    fat::geometry layout;
};

table_sample made(fat::fat_kind kind) {
    table_sample sample{fat::memory_device(kind == fat::fat_kind::fat16 ? 4400 : 67200), {}};
    REQUIRE(fat::format(sample.device, {.kind = kind, .sectors_per_cluster = 1}));
    const auto layout = fat::read_geometry(sample.device);
    REQUIRE(layout);
    sample.layout = *layout;
    return sample;
}

fat::allocation_table loaded(table_sample & sample) {
    auto table = fat::allocation_table::load(sample.device, sample.layout);
    REQUIRE(table);
    return std::move(*table);
}

} // namespace

TEST_CASE("allocation table: chains reach every copy on the device") {
    for (const fat::fat_kind kind : {fat::fat_kind::fat16, fat::fat_kind::fat32}) {
        table_sample sample = made(kind);
        auto table = loaded(sample);
        const std::uint32_t n_free = table.n_free();
        CHECK(n_free == sample.layout.n_clusters - (kind == fat::fat_kind::fat32 ? 1 : 0));
        const std::vector<std::uint32_t> clusters = {10, 300, 11, 2000};
        table.chain(clusters);
        CHECK(table.is_changed());
        CHECK(table.n_free() == n_free - 4);
        REQUIRE(table.commit(sample.device, sample.layout));
        CHECK(!table.is_changed());
        fat::geometry second = sample.layout; // as if the second copy were the only one
        second.table_start += second.table_sectors;
        second.n_tables = 1;
        for (const fat::geometry & g : {sample.layout, second}) {
            const auto again = fat::allocation_table::load(sample.device, g);
            REQUIRE(again);
            CHECK(again->next(10) == 300);
            CHECK(again->next(300) == 11);
            CHECK(again->next(11) == 2000);
            CHECK(again->is_last(again->next(2000)));
            CHECK(again->is_free(12));
        }
        if (kind == fat::fat_kind::fat32) {
            fat::sector info = {};
            REQUIRE(sample.device.read(1, info));
            CHECK(fat::load<std::uint32_t>(info, 488) == n_free - 4);
            CHECK(fat::load<std::uint32_t>(info, 492) == 3);
        }
    }
}

TEST_CASE("allocation table: only what was changed is written") {
    table_sample sample = made(fat::fat_kind::fat16);
    auto table = loaded(sample);
    fat_test::recording_device device({sample.device.bytes().begin(), sample.device.bytes().end()});
    REQUIRE(table.commit(device, sample.layout));
    CHECK(device.log.writes.empty());
    table.set(300, 0); // as it is
    CHECK(!table.is_changed());
    table.set(300, 5);
    REQUIRE(table.commit(device, sample.layout));
    REQUIRE(device.log.writes.size() == 2);
    CHECK(device.log.writes[0].sector == sample.layout.table_start + 1);
    CHECK(device.log.writes[1].sector == sample.layout.table_start + sample.layout.table_sectors + 1);
}

TEST_CASE("allocation table: the upper bits of FAT32 stay") {
    table_sample sample = made(fat::fat_kind::fat32);
    const std::size_t at = sample.layout.table_start * fat::sector_bytes + 10 * 4;
    fat::store<std::uint32_t>(sample.device.bytes(), at, 0xa0000000);
    auto table = loaded(sample);
    CHECK(table.is_free(10));
    table.set(10, 11);
    REQUIRE(table.commit(sample.device, sample.layout));
    CHECK(fat::load<std::uint32_t>(sample.device.bytes(), at) == 0xa000000b);
}

TEST_CASE("allocation table: what entries say") {
    table_sample sample = made(fat::fat_kind::fat16);
    const auto table = loaded(sample);
    CHECK(table.is_bad(0xfff7));
    CHECK(table.is_last(0xfff8));
    CHECK(table.is_last(0xffff));
    CHECK(!table.is_last(0xfff7));
    CHECK(!table.is_last(0xfff6));
    CHECK(table.find_free(3) == std::vector<std::uint32_t>{2, 3, 4});
    CHECK(table.find_free(100000).size() == sample.layout.n_clusters);
}

TEST_CASE("allocation table: the second copy serves where the first is none") {
    table_sample sample = made(fat::fat_kind::fat16);
    auto table = loaded(sample);
    table.set(100, 101);
    REQUIRE(table.commit(sample.device, sample.layout));
    REQUIRE(sample.device.write(sample.layout.table_start, fat::sector{}));
    const auto again = loaded(sample);
    CHECK(again.next(100) == 101);
    const auto n = again.mirror(sample.device, sample.layout);
    REQUIRE(n);
    CHECK(*n == 1);
    CHECK(*again.mirror(sample.device, sample.layout) == 0);
}

TEST_CASE("allocation table: FAT12 is read") {
    // 12 bits an entry: 0xff8, 0xfff, 3, 4, last.
    fat::memory_device device(2880);
    const unsigned char bytes[] = {0xf8, 0xff, 0xff, 0x03, 0x40, 0x00, 0xff, 0x0f};
    std::memcpy(device.bytes().data() + fat::sector_bytes, bytes, sizeof bytes);
    fat::geometry g;
    g.kind = fat::fat_kind::fat12;
    g.n_clusters = 2800;
    g.n_tables = 1;
    g.table_start = 1;
    g.table_sectors = 9;
    auto table = fat::allocation_table::load(device, g);
    REQUIRE(table);
    CHECK(table->next(2) == 3);
    CHECK(table->next(3) == 4);
    CHECK(table->is_last(table->next(4)));
    CHECK(table->is_free(5));
    table->set(5, 6);
    const auto written = table->commit(device, g);
    REQUIRE(!written);
    CHECK(written.error().code() == llmzero::error_code::unsupported);
}
