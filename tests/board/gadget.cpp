#include "board/gadget.hpp"

#include "fake_gadget.hpp"

#include <doctest/doctest.h>
#include <filesystem>

namespace fs = std::filesystem;

TEST_CASE("gadget: described once, attached to the first controller, detached") {
    const support::fake_gadget fake;
    auto usb = board::gadget::create(fake.places(), "0123abcd");
    REQUIRE(usb);
    CHECK(fake.value("strings/0x409/serialnumber") == "0123abcd");
    CHECK(fake.value("functions/mass_storage.0/lun.0/removable") == "1");
    CHECK(fake.value("configs/c.1/MaxPower") == "500"); // mA; a port gives no more, and the board takes less
    CHECK(fs::is_symlink(fake.folder.path + "/usb_gadget/llmzero/configs/c.1/mass_storage.0"));
    CHECK_FALSE(usb->is_attached());
    CHECK(usb->backing_file().empty());

    REQUIRE(usb->insert("/dev/thing", true));
    CHECK(usb->backing_file() == "/dev/thing");
    CHECK(fake.value("functions/mass_storage.0/lun.0/ro") == "1");
    fake.folder.save("udc/b.usb/state", "");
    REQUIRE(usb->attach());
    CHECK(usb->is_attached());
    CHECK(fake.value("UDC") == "20980000.usb");
    CHECK(usb->bus_state() == "configured");
    REQUIRE(usb->detach());
    CHECK_FALSE(usb->is_attached());
    REQUIRE(usb->detach());
}

TEST_CASE("gadget: one that a former service has attached is taken off, and described anew") {
    const support::fake_gadget fake;
    CHECK_FALSE(board::gadget::take_off(fake.places()).value_or(true));
    REQUIRE(board::gadget::create(fake.places(), "1"));
    fake.set("UDC", "20980000.usb\n");
    const auto taken_off = board::gadget::take_off(fake.places());
    REQUIRE(taken_off);
    CHECK(*taken_off);
    CHECK(fake.value("UDC").empty());
    CHECK_FALSE(board::gadget::take_off(fake.places()).value_or(true));

    fake.set("UDC", "20980000.usb\n");
    const auto again = board::gadget::create(fake.places(), "2");
    REQUIRE(again);
    CHECK_FALSE(again->is_attached());
    CHECK(fake.value("strings/0x409/serialnumber") == "2");
    CHECK(fs::is_symlink(fake.folder.path + "/usb_gadget/llmzero/configs/c.1/mass_storage.0"));
}

TEST_CASE("gadget: what is missing is named") {
    const support::fake_gadget fake;
    auto usb = board::gadget::create(fake.places(), "1");
    REQUIRE(usb);
    fs::remove_all(fake.folder.path + "/udc");
    CHECK(std::string(usb->attach().error().message()).find("no USB device controller in '" + fake.folder.path) !=
          std::string::npos);
    fs::remove_all(fake.folder.path + "/usb_gadget/llmzero/functions/mass_storage.0/lun.0");
    const auto none = board::gadget::create(fake.places(), "1");
    REQUIRE_FALSE(none);
    CHECK(none.error().code() == llmzero::error_code::io);
}

TEST_CASE("gadget: a second medium, and a controller by its name") {
    const support::fake_gadget fake;
    fake.set("functions/mass_storage.0/lun.1/removable", "");
    fake.set("functions/mass_storage.0/lun.1/file", "");
    board::gadget_places places = fake.places();
    places.controller = "z.usb";
    auto usb = board::gadget::create(places, "1", "/dev/old");
    REQUIRE(usb);
    CHECK(fake.value("functions/mass_storage.0/lun.1/file") == "/dev/old");
    CHECK(usb->backing_file().empty());
    REQUIRE(usb->attach());
    CHECK(fake.value("UDC") == "z.usb");

    // The kernel's folder has no files that would keep it.
    fs::remove_all(fake.folder.path + "/usb_gadget/llmzero/functions/mass_storage.0/lun.1");
    fs::create_directory(fake.folder.path + "/usb_gadget/llmzero/functions/mass_storage.0/lun.1");
    REQUIRE(board::gadget::create(places, "1"));
    CHECK_FALSE(fs::exists(fake.folder.path + "/usb_gadget/llmzero/functions/mass_storage.0/lun.1"));
}
