#include "stick/program.hpp"

#include "fat/format.hpp"
#include "fat/memory_device.hpp"
#include "support/tiny_llama.hpp"
#include "temporary_folder.hpp"

#include <doctest/doctest.h>
#include <string>
#include <sys/file.h>
#include <vector>

namespace {

cli::exit_code serve_once(const std::string & folder, std::span<const std::byte> built_in,
                          const std::string & model = "") {
    stick::stick_settings s;
    s.dir = folder;
    s.once = true;
    s.model = model;
    s.memory = 0;
    return stick::program(s, built_in).run();
}

} // namespace

TEST_CASE("program: answers what is there, once") {
    const support::temporary_folder folder;
    const std::vector<std::byte> model = support::tiny_llama({.context = 128, .seed = 7}).file();
    folder.save("SETTINGS.TXT", "max tokens = 4\ntemperature = 0\n");
    folder.save("a.txt", "abc\n");
    folder.save("sub/An empty one.txt", "");
    CHECK(serve_once(folder.path, model) == cli::exit_code::ok);
    const std::string first = folder.read("a.txt");
    const std::string second = folder.read("sub/An empty one.txt");
    CHECK(first.starts_with("abc\n\n--- llmzero: tiny, 4 tokens and cut there, 1 line, "));
    CHECK(second.starts_with("--- llmzero: tiny, "));
    CHECK(folder.read("STATUS.TXT").starts_with("llmzero is not running\r\n"));
    CHECK(serve_once(folder.path, model) == cli::exit_code::ok);
    CHECK(folder.read("a.txt") == first);
    CHECK(folder.read("sub/An empty one.txt") == second);
}

TEST_CASE("program: no folder, no model, and a folder that is served already") {
    const support::temporary_folder folder;
    const std::vector<std::byte> model = support::tiny_llama({.context = 128, .seed = 7}).file();
    CHECK(serve_once(folder.path + "/none", model) == cli::exit_code::run_error);
    folder.save("a.txt", "abc");
    CHECK(serve_once(folder.path, {}, folder.path + "/none.gguf") == cli::exit_code::model_refused);
    CHECK(folder.read("a.txt") == "abc");
    CHECK(folder.read("STATUS.TXT").find("none.gguf cannot be used") != std::string::npos);
    const stick::descriptor other(::open(folder.path.c_str(), O_RDONLY | O_DIRECTORY));
    REQUIRE(::flock(other.get(), LOCK_EX) == 0);
    CHECK(serve_once(folder.path, model) == cli::exit_code::run_error);
    CHECK(folder.read("a.txt") == "abc");
}

TEST_CASE("program: what is told on the way") {
    const support::temporary_folder folder;
    stick::folder_watch watch(folder.path, false);
    stick::watched_folder outside(watch, false);
    const std::int64_t before = outside.now_ms();
    CHECK(outside.now_ms() >= before);
    CHECK(outside.has_news());
    CHECK_FALSE(outside.has_news()); // not at each layer
    CHECK_FALSE(outside.should_end());
    stick::status_facts facts;
    facts.work.path = "a.txt";
    outside.show(facts);
}

TEST_CASE("program: an image is recovered first, and served where it can be written") {
    const support::temporary_folder folder;
    const std::vector<std::byte> model = support::tiny_llama({.context = 128, .seed = 7}).file();
    const auto serve_image = [&] {
        stick::stick_settings s;
        s.image = folder.path + "/stick.img";
        s.once = true;
        s.memory = 0;
        return stick::program(s, model).run();
    };
    const auto save_image = [&folder](const fat::memory_device & disk) {
        folder.save("stick.img", {reinterpret_cast<const char *>(disk.bytes().data()),
                                  static_cast<std::size_t>(disk.bytes().size())});
    };
    fat::memory_device disk(4400);
    REQUIRE(fat::format(disk, {.kind = fat::fat_kind::fat16, .sectors_per_cluster = 1}));
    {
        stick::fat_store files(disk);
        REQUIRE(files.begin_writing());
        REQUIRE(files.replace("SETTINGS.TXT", std::nullopt, "max tokens = 4\ntemperature = 0\n"));
        REQUIRE(files.replace("a.txt", std::nullopt, "abc\n"));
        const auto volume = fat::volume::open(disk);
        REQUIRE(volume);
        const auto sector = volume->sector_at(volume->find("a.txt").value().value(), 0).value();
        disk.bytes()[static_cast<std::size_t>(sector) * 512 + 100] = std::byte{1}; // a host has left that
    }
    save_image(disk);
    CHECK(serve_image() == cli::exit_code::ok);
    {
        auto image = fat::file_device::open(folder.path + "/stick.img");
        REQUIRE(image);
        CHECK(stick::fat_store(*image).read("a.txt").value().starts_with("abc\n\n--- llmzero: tiny, "));
    }
    disk.bytes()[13] = std::byte{2}; // half as many clusters: FAT12, which is only read
    save_image(disk);
    CHECK(serve_image() == cli::exit_code::run_error);
}
