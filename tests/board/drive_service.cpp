#include "board/drive_service.hpp"

#include "fake_gadget.hpp"
#include "support/tiny_llama.hpp"

#include <chrono>
#include <csignal>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

// The service in a process of its own, as on the board, over plain files.
struct service_scene {
    service_scene() {
        fake.set("functions/mass_storage.0/lun.1/removable", "");
        fake.set("functions/mass_storage.0/lun.1/file", "");
        fake.folder.save("serial", "0000abcd");
        fake.folder.save("memory/x", "");
        fake.folder.save("medium", std::string(32 << 20, '\0'));
        for (const char * file : {"trigger", "delay_on", "delay_off"}) {
            fake.folder.save(std::string("leds/ACT/") + file, "");
        }
    }
    ~service_scene() {
        if (process > 0) {
            ::kill(process, SIGKILL);
            ::waitpid(process, nullptr, 0);
        }
    }
    [[nodiscard]] std::string medium() const {
        return card.is_open() ? "/proc/self/fd/" + std::to_string(card.get()) : fake.folder.path + "/medium";
    }

    // A medium that can be made read-only at any moment, as cards become when they are worn.
    void take_card() {
        card = stick::descriptor(::memfd_create("card", MFD_ALLOW_SEALING));
        REQUIRE(card.is_open());
        REQUIRE(::ftruncate(card.get(), 32 << 20) == 0);
    }
    void wear_card_out() const { REQUIRE(::fcntl(card.get(), F_ADD_SEALS, F_SEAL_WRITE) == 0); }

    void format_medium() const {
        auto device = fat::file_device::open(medium());
        REQUIRE(device);
        REQUIRE(fat::format(*device));
    }

    void save_question(const std::string & path, const std::string & text) const {
        auto device = fat::file_device::open(medium());
        REQUIRE(device);
        stick::fat_store store(*device);
        REQUIRE(store.begin_writing());
        REQUIRE(store.replace(path, std::nullopt, text));
        REQUIRE(store.replace("SETTINGS.TXT", std::nullopt, "max tokens = 2\ntemperature = 0\n"));
        REQUIRE(store.end_writing());
    }

    void start(std::span<const std::byte> model = {}) {
        process = ::fork();
        REQUIRE(process >= 0);
        if (process == 0) {
            board::boot_options options;
            options.data = medium();
            board::drive_service::places where;
            where.usb = fake.places();
            where.leds = fake.folder.path + "/leds";
            where.memory = fake.folder.path + "/memory";
            where.boot = fake.folder.path + "/boot";
            where.serial = fake.folder.path + "/serial";
            const std::string console = fake.folder.path + "/console";
            ::dup2(::open(console.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
            const board::heartbeat heart{stick::descriptor(::open("/dev/null", O_WRONLY))};
            ::_exit(board::drive_service(options, where, model).run(heart));
        }
    }
    [[nodiscard]] bool comes_true(const std::function<bool()> & what) const {
        for (int i = 0; i < 600; ++i) {
            if (what()) {
                return true;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        return false;
    }
    [[nodiscard]] std::string console() const { return fake.folder.read("console"); }
    [[nodiscard]] bool is_attached() const { return fake.value("UDC") == "20980000.usb"; }
    [[nodiscard]] static std::string content(const std::string & volume, const std::string & name) {
        auto device = fat::file_device::open(volume);
        REQUIRE(device);
        stick::fat_store store(*device);
        return store.read(name).value_or("?");
    }

    support::fake_gadget fake;
    stick::descriptor card;
    pid_t process = -1;
};

} // namespace

TEST_CASE("drive service: the drive is there with its own files, under the board's serial number") {
    service_scene scene;
    scene.format_medium();
    scene.start();
    REQUIRE(scene.comes_true([&] { return scene.is_attached(); }));
    CHECK(scene.fake.value(support::fake_gadget::medium) == scene.medium());
    CHECK(scene.fake.value("strings/0x409/serialnumber") == "0000abcd");
    CHECK(scene.content(scene.medium(), "README.TXT") == stick::readme_text());
    CHECK(scene.content(scene.medium(), "SETTINGS.TXT") == stick::default_settings_text());
    CHECK(scene.content(scene.medium(), "STATUS.TXT").starts_with("llmzero is "));
    // There is no model.
    CHECK(scene.comes_true([&] { return scene.fake.folder.read("leds/ACT/delay_on") == "1500"; }));
}

TEST_CASE("drive service: a question is answered in one disconnect, and the console tells of it") {
    service_scene scene;
    const std::vector<std::byte> model = support::tiny_llama({.context = 128, .seed = 7}).file();
    scene.format_medium();
    scene.save_question("a.txt", "abc\n");
    scene.start(model);
    REQUIRE(scene.comes_true([&] { return scene.console().find("the drive is back") != std::string::npos; }));
    CHECK(scene.content(scene.medium(), "a.txt").starts_with("abc\n\n--- llmzero: tiny, 2 tokens"));
    CHECK(scene.content(scene.medium(), "STATUS.TXT").starts_with("llmzero is ready\r\n\r\nModel: tiny\r\n"));
    CHECK(scene.is_attached());
    CHECK(scene.comes_true([&] { return scene.fake.folder.read("leds/ACT/delay_on") == "60"; })); // ready
    const std::string said = scene.console();
    const std::string stick = "llmzero-stick: ";
    CAPTURE(said);
    CHECK(said.starts_with(stick + "the drive is there\n" + stick + "reading a.txt, 0/5 tokens\n" + stick + "ready\n" +
                           stick + "the drive is pulled\n" + stick + "the drive is back\n"));
}

TEST_CASE("drive service: while a former service's drive is attached the volume is not touched") {
    service_scene scene;
    scene.format_medium();
    const std::string udc = scene.fake.folder.path + "/usb_gadget/llmzero/UDC";
    REQUIRE(::unlink(udc.c_str()) == 0);
    REQUIRE(::symlink("/proc/version", udc.c_str()) == 0); // not empty, and cannot be written
    scene.start();
    int status = 0;
    CHECK(::waitpid(scene.process, &status, 0) == scene.process);
    scene.process = -1;
    CHECK(WEXITSTATUS(status) == 1);
    CHECK(scene.console().find("UDC") != std::string::npos);
    CHECK(scene.content(scene.medium(), "README.TXT") == "?");
}

TEST_CASE("drive service: a fresh volume beside one that cannot be used, which stays as it is") {
    service_scene scene;
    scene.start();
    REQUIRE(scene.comes_true([&] { return scene.is_attached(); }));
    const std::string fresh = scene.fake.folder.path + "/memory/fresh.img";
    CHECK(scene.fake.value(support::fake_gadget::medium) == fresh);
    CHECK(scene.fake.value("functions/mass_storage.0/lun.1/file") == scene.medium());
    CHECK(scene.content(fresh, "STATUS.TXT")
              .find("partition cannot be used: no FAT volume: the boot sector ends with 0000, expected aa55. It is "
                    "untouched") != std::string::npos);
    CHECK(scene.fake.folder.read("medium") == std::string(32 << 20, '\0'));
}

TEST_CASE("drive service: a card that is read-only from the start") {
    service_scene scene;
    scene.take_card();
    scene.format_medium();
    scene.wear_card_out();
    scene.start();
    REQUIRE(scene.comes_true([&] { return scene.is_attached(); }));
    const std::string fresh = scene.fake.folder.path + "/memory/fresh.img";
    CHECK(scene.fake.value(support::fake_gadget::medium) == fresh);
    CHECK(scene.content(fresh, "STATUS.TXT").find("the disk cannot be written. It is untouched") != std::string::npos);
}

TEST_CASE("drive service: a card that becomes read-only ends the service, and the next one says so") {
    service_scene scene;
    const std::vector<std::byte> model = support::tiny_llama({.context = 128, .seed = 7}).file();
    scene.take_card();
    scene.format_medium();
    scene.save_question("a b c.txt", ""); // is left alone for 45 s, or until the computer ejects the drive
    scene.start(model);
    REQUIRE(scene.comes_true([&] { return scene.console().find("the drive is there") != std::string::npos; }));
    scene.wear_card_out();
    scene.fake.set(support::fake_gadget::medium, "");
    int status = 0;
    REQUIRE(scene.comes_true([&] { return ::waitpid(scene.process, &status, WNOHANG) == scene.process; }));
    scene.process = -1;
    CHECK(WEXITSTATUS(status) == 1);
    CHECK(scene.console().find("cannot be written any more") != std::string::npos);
    CHECK_FALSE(scene.is_attached());
    CHECK(scene.content(scene.medium(), "a b c.txt").empty());
    scene.start(model);
    REQUIRE(scene.comes_true([&] { return scene.is_attached(); }));
    CHECK(scene.fake.value(support::fake_gadget::medium) == scene.fake.folder.path + "/memory/fresh.img");
}
