#include "board/drive_store.hpp"

#include "../stick/memory_store.hpp"
#include "fake_gadget.hpp"
#include "stick/folder_store.hpp"

#include <doctest/doctest.h>

TEST_CASE("drive store: written only while the drive is pulled") {
    const support::fake_gadget fake;
    fake.folder.save("medium", "");
    fake.folder.save("files/a.txt", "question");
    auto usb = board::gadget::create(fake.places(), "1");
    REQUIRE(usb);
    std::int64_t now = 0;
    auto drive = board::usb_drive::open(std::move(*usb), fake.folder.path + "/medium",
                                        {[&] { return now; },
                                         [&](std::int64_t ms) {
                                             now += ms;
                                         }});
    REQUIRE(drive);
    auto files = stick::folder_store::open(fake.folder.path + "/files");
    REQUIRE(files);
    board::drive_store store(*files, *drive);
    REQUIRE(drive->plug());

    CHECK(store.list()->size() == 1);
    CHECK(store.read("a.txt", 100).value_or("") == "question");
    REQUIRE(store.begin_writing());
    CHECK_FALSE(drive->is_plugged());
    REQUIRE(store.append("a.txt", "question", " answer"));
    REQUIRE(store.replace("b.txt", std::nullopt, "status"));
    REQUIRE(store.end_writing());
    CHECK(drive->is_plugged());
    CHECK(fake.folder.read("files/a.txt") == "question answer");
    CHECK(fake.folder.read("files/b.txt") == "status");

    CHECK_FALSE(store.has_failed());

    fake.folder.save("medium", "the computer's");
    CHECK(store.begin_writing().error().code() == llmzero::error_code::cancelled);
    CHECK(drive->is_plugged());
}

TEST_CASE("drive store: a medium that refuses to be written is noted, and the computer gets its drive back") {
    const support::fake_gadget fake;
    fake.folder.save("medium", "");
    support::memory_store files;
    auto usb = board::gadget::create(fake.places(), "1");
    REQUIRE(usb);
    auto drive = board::usb_drive::open(std::move(*usb), fake.folder.path + "/medium",
                                        {[] { return std::int64_t{0}; },
                                         [](std::int64_t) {
                                         }});
    REQUIRE(drive);
    REQUIRE(drive->plug());
    for (const auto & [code, counts] :
         {std::pair(llmzero::error_code::malformed, false), // it may be being formatted
          std::pair(llmzero::error_code::unsupported, true), std::pair(llmzero::error_code::io, true)}) {
        files.refuses_to_begin = code;
        board::drive_store store(files, *drive);
        CHECK(store.begin_writing().error().code() == code);
        CHECK(store.has_failed() == counts);
        CHECK(drive->is_plugged());
    }
    files.refuses_to_begin.reset();
    files.fails_to_end = true;
    board::drive_store store(files, *drive);
    REQUIRE(store.begin_writing());
    CHECK_FALSE(store.end_writing());
    CHECK(store.has_failed());
    CHECK(drive->is_plugged());
}
