#include "board/usb_drive.hpp"

#include "fake_gadget.hpp"

#include <doctest/doctest.h>
#include <fstream>

namespace {

struct drive_scene {
    drive_scene() { fake.folder.save("medium", "content"); }

    board::usb_drive open(const board::drive_times & times = {}) {
        auto usb = board::gadget::create(fake.places(), "1");
        REQUIRE(usb);
        auto drive = board::usb_drive::open(std::move(*usb), medium(),
                                            {[this] { return now_ms; },
                                             [this](std::int64_t ms) {
                                                 now_ms += ms;
                                             }},
                                            times);
        REQUIRE(drive);
        return std::move(*drive);
    }
    [[nodiscard]] std::string medium() const { return fake.folder.path + "/medium"; }
    void host_writes() const { std::ofstream(medium(), std::ios::app) << "more"; }

    support::fake_gadget fake;
    std::int64_t now_ms = 100000;
};

} // namespace

TEST_CASE("usb drive: plugged with its medium at once, pulled, and gone for a while") {
    drive_scene scene;
    board::usb_drive drive = scene.open();
    CHECK_FALSE(drive.is_plugged());
    REQUIRE(drive.plug());
    CHECK(drive.is_plugged());
    CHECK(scene.now_ms == 100000); // nobody has cached anything yet
    CHECK(scene.fake.value(scene.fake.medium) == scene.medium());
    CHECK(scene.fake.value("UDC") == "20980000.usb");
    REQUIRE(drive.pull());
    CHECK_FALSE(drive.is_plugged());
    CHECK(scene.fake.value("UDC").empty());
    scene.now_ms += 400;
    scene.host_writes(); // as the board itself does while the drive is pulled
    REQUIRE(drive.plug());
    CHECK(scene.now_ms == 102500);
    CHECK_FALSE(drive.look().was_written);
    CHECK(scene.fake.value("UDC") == "20980000.usb");
}

TEST_CASE("usb drive: not pulled while the computer writes") {
    drive_scene scene;
    board::usb_drive drive = scene.open();
    REQUIRE(drive.plug());
    CHECK_FALSE(drive.look().was_written);
    scene.host_writes();
    CHECK(drive.look().was_written);
    scene.now_ms += 1900;
    CHECK(drive.pull().error().code() == llmzero::error_code::cancelled);
    scene.host_writes(); // seen by pull() itself
    scene.now_ms += 200;
    CHECK(drive.pull().error().code() == llmzero::error_code::cancelled);
    CHECK(scene.fake.value("UDC") == "20980000.usb");
    scene.now_ms += 2000;
    CHECK(drive.pull());
}

TEST_CASE("usb drive: an ejected medium is news once, may be pulled at once, and comes back") {
    drive_scene scene;
    board::usb_drive drive = scene.open();
    REQUIRE(drive.plug());
    scene.host_writes();
    CHECK_FALSE(drive.look().was_ejected);
    scene.fake.set(scene.fake.medium, "");
    CHECK(drive.look().was_ejected);
    CHECK_FALSE(drive.look().was_ejected);
    REQUIRE(drive.pull());
    REQUIRE(drive.plug());
    CHECK(scene.fake.value(scene.fake.medium) == scene.medium());
    CHECK_FALSE(drive.look().was_ejected);
}

TEST_CASE("usb drive: a medium that is not there is named") {
    drive_scene scene;
    auto usb = board::gadget::create(scene.fake.places(), "1");
    REQUIRE(usb);
    const auto drive = board::usb_drive::open(std::move(*usb), "/none/medium", {});
    REQUIRE_FALSE(drive);
    CHECK(std::string(drive.error().message()).find("'/none/medium'") != std::string::npos);
}

TEST_CASE("usb drive: what the computer writes is taken to the card within a second, or when it is ejected") {
    drive_scene scene;
    board::usb_drive drive = scene.open();
    REQUIRE(drive.plug());
    CHECK(drive.is_synced());
    scene.host_writes();
    drive.look();
    CHECK_FALSE(drive.is_synced());
    scene.now_ms += 900;
    scene.host_writes(); // goes on writing
    drive.look();
    CHECK_FALSE(drive.is_synced());
    scene.now_ms += 100;
    drive.look();
    CHECK(drive.is_synced());
    scene.host_writes();
    drive.look();
    scene.fake.set(scene.fake.medium, "");
    drive.look();
    CHECK(drive.is_synced());
}

TEST_CASE("usb drive: what is pulled is on the card") {
    drive_scene scene;
    board::usb_drive drive = scene.open({.quiet_ms = 0, .gone_ms = 0, .sync_ms = 1000});
    REQUIRE(drive.plug());
    scene.host_writes();
    REQUIRE(drive.pull());
    CHECK(drive.is_synced());
}
