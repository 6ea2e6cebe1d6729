// The service of the stick: the data partition as a drive, its questions answered. Runs in a process of its own, below
// the supervisor.
//
// The drive comes first, then the model. Where the partition cannot be used (the computer has formatted it otherwise,
// the card is broken or read-only, from the start or later), a fresh volume in memory stands beside it, with the reason
// in STATUS.TXT, and the partition stays untouched for its owner to save what is on it.
#pragma once

#include "board/boot_options.hpp"
#include "board/drive_store.hpp"
#include "board/led.hpp"
#include "board/supervisor.hpp"
#include "fat/file_device.hpp"
#include "fat/format.hpp"
#include "stick/fat_store.hpp"
#include "stick/service.hpp"
#include "stick/thinker.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace board {

inline void sleep(std::int64_t ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

inline std::int64_t steady_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// What goes on is told on the console, which on the board is the serial port.
inline void tell(const std::string & what) {
    std::fprintf(stderr, "llmzero-stick: %s\n", what.c_str());
}

// Shows what the service does, keeps its supervisor content, and looks after the drive while an answer is made.
class drive_surroundings final : public stick::surroundings {
public:
    drive_surroundings(usb_drive & drive, led & lamp, const heartbeat & heart)
        : drive_(drive), lamp_(lamp), heart_(heart) {}

    [[nodiscard]] std::int64_t now_ms() override { return steady_ms(); }
    [[nodiscard]] bool should_end() override { return false; }
    [[nodiscard]] bool has_news() override {
        look();
        return std::exchange(has_news_, false);
    }
    void show(const stick::status_facts & facts) override {
        heart_.beat();
        tell_progress(facts);
        lamp_.show(!facts.work.path.empty()                           ? sign::thinking
                   : !facts.last_error.empty() || facts.model.empty() ? sign::error
                                                                      : sign::ready);
    }

    // At most four times a second, however often it is called.
    void look() {
        heart_.beat();
        const std::int64_t now = now_ms();
        if (now - looked_ms_ < 250) {
            return;
        }
        looked_ms_ = now;
        const usb_drive::news seen = drive_.look();
        has_news_ = has_news_ || seen.was_written || seen.was_ejected;
        was_ejected_ = was_ejected_ || seen.was_ejected;
    }
    // Once for each time.
    [[nodiscard]] bool was_ejected() { return std::exchange(was_ejected_, false); }

private:
    // On the console: what is begun and ended, and every few seconds how far it is; an error once.
    void tell_progress(const stick::status_facts & facts) {
        const bool is_new = facts.work.path != told_path_;
        const std::int64_t now = now_ms();
        if (is_new || (!facts.work.path.empty() && now - told_ms_ >= 5000)) {
            tell(stick::doing_text(facts));
            told_path_ = facts.work.path;
            told_ms_ = now;
        }
        if (!facts.last_error.empty() && facts.last_error != told_error_) {
            tell(cli::harmless_line(facts.last_error));
        }
        told_error_ = facts.last_error;
    }

    usb_drive & drive_;
    led & lamp_;
    const heartbeat & heart_;
    std::string told_path_;
    std::string told_error_;
    std::int64_t told_ms_ = 0;
    std::int64_t looked_ms_ = 0;
    bool has_news_ = false;
    bool was_ejected_ = false;
};

class drive_service {
public:
    // A volume in memory, for when the partition cannot be used; `places` say where that is mounted.
    struct places {
        gadget_places usb = {};
        std::string leds = "/sys/class/leds";
        std::string memory = "/run";
        std::string boot = "/boot";
        std::string serial = "/proc/device-tree/serial-number";
    };

    drive_service(boot_options options, places where, std::span<const std::byte> built_in_model)
        : options_(std::move(options)), where_(std::move(where)), built_in_(built_in_model) {}

    // Until the volume has to be looked at anew, from the beginning; the result is the exit status.
    int run(const heartbeat & heart) {
        led lamp(where_.leds);
        std::string medium = options_.data;
        std::string beside;
        std::string notice;
        // Before the volume is touched: it is the computer's while it is attached.
        const auto was_attached = gadget::take_off(where_.usb);
        if (!was_attached) {
            return fail(lamp, was_attached.error().message());
        }
        if (*was_attached) {
            sleep(drive_times{}.gone_ms);
        }
        auto volume = open_volume(medium, notice);
        if (!volume) {
            notice = "The drive's own partition cannot be used: " + std::string(volume.error().message()) +
                     ". It is untouched, beside this drive, which is in memory only: what is saved here goes when the "
                     "stick is unplugged.";
            tell(notice);
            beside = std::exchange(medium, where_.memory + "/fresh.img");
            if (auto made = make_fresh_volume(medium); !made) {
                return fail(lamp, made.error().message());
            }
            volume = open_volume(medium, notice);
            if (!volume) {
                return fail(lamp, volume.error().message());
            }
        }
        heart.beat();
        auto drive = make_drive(medium, beside);
        if (!drive) {
            return fail(lamp, drive.error().message());
        }
        while (!plug(*drive)) {
            heart.beat();
            sleep(100);
        }
        tell("the drive is there");
        return serve((*volume)->files, *drive, lamp, heart, notice);
    }

private:
    // The computer's writes go through the kernel's cache of the device, so that reading there sees them at once.
    struct open_device {
        explicit open_device(fat::file_device && opened) : device(std::move(opened)), files(device) {}
        fat::file_device device;
        stick::fat_store files;
    };

    // Recovers the volume too, and writes to it what any computer is to find there: so it turns out whether it can be
    // written at all.
    [[nodiscard]] llmzero::result<std::unique_ptr<open_device>> open_volume(const std::string & medium,
                                                                            const std::string & notice) const {
        LLMZERO_ASSIGN(fat::file_device device, fat::file_device::open(medium));
        auto opened = std::make_unique<open_device>(std::move(device));
        LLMZERO_CHECK(opened->files.begin_writing());
        write_own_files(opened->files, notice);
        LLMZERO_CHECK(opened->files.end_writing());
        return opened;
    }

    [[nodiscard]] static llmzero::status make_fresh_volume(const std::string & path) {
        const stick::descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (!file.is_open() || ::ftruncate(file.get(), 32 << 20) != 0) {
            return llmzero::error(llmzero::error_code::io, "there is no memory for a fresh volume");
        }
        LLMZERO_ASSIGN(fat::file_device device, fat::file_device::open(path));
        return fat::format(device, {.label = "LLMSTICK"});
    }

    [[nodiscard]] llmzero::result<usb_drive> make_drive(const std::string & medium, const std::string & beside) const {
        const std::string serial = read_small(where_.serial).value_or("0");
        LLMZERO_ASSIGN(gadget usb, gadget::create(where_.usb, serial, beside));
        return usb_drive::open(std::move(usb), medium, {steady_ms, sleep});
    }

    void write_own_files(stick::fat_store & files, const std::string & notice) const {
        const std::vector<stick::file_entry> listed = files.list().value_or({});
        const auto path_of = [&listed](const char * name) -> std::optional<std::string> {
            for (const stick::file_entry & entry : listed) {
                if (cli::same_name(entry.path, name)) {
                    return entry.path;
                }
            }
            return std::nullopt;
        };
        // On a full volume they may be missing.
        const auto write = [&files](const std::string & path, const std::string & text) {
            static_cast<void>(files.replace(path, std::nullopt, text).has_value());
        };
        if (!path_of(stick::readme_name)) {
            write(stick::readme_name, stick::readme_text());
        }
        if (!path_of(stick::settings_name)) {
            write(stick::settings_name, stick::default_settings_text());
        }
        stick::status_facts facts;
        facts.is_starting = true;
        facts.notice = notice;
        const std::string model = default_model();
        facts.model = model.empty() ? (built_in_.empty() ? "" : stick::built_in_model) : model;
        write(path_of(stick::status_name).value_or(stick::status_name), stick::status_text(facts));
    }

    // A file's name in the folder of models; empty: the built-in one.
    [[nodiscard]] std::string default_model() const {
        return read_small(where_.boot + "/models/default").value_or(std::string());
    }

    // The controller may not be there yet.
    static bool plug(usb_drive & drive) { return drive.plug().has_value(); }

    int serve(stick::fat_store & files, usb_drive & drive, led & lamp, const heartbeat & heart,
              const std::string & notice) {
        drive_surroundings outside(drive, lamp, heart);
        stick::thinker_options options;
        options.built_in = built_in_;
        options.models_folder = where_.boot + "/models";
        const std::string model = default_model();
        options.model = model.empty() ? std::string() : options.models_folder + "/" + model;
        options.go_on = [&outside] {
            outside.look();
            return true;
        };
        stick::thinker thinker(std::move(options));
        drive_store store(files, drive, [](const char * what) { tell(what); });
        stick::service_options how;
        how.times.empty_ms = 45000;
        how.patience_ms = 20000;
        how.writes_any_time = false;
        how.notice = notice;
        stick::service service(store, thinker, outside, how);
        std::int64_t next_ms = 0;
        std::int64_t failing_since_ms = 0;
        for (;;) {
            const bool has_news = outside.has_news();
            const bool was_ejected = outside.was_ejected();
            if (was_ejected) {
                service.settle_now();
            }
            if (has_news || was_ejected || steady_ms() >= next_ms) {
                const auto idle = service.step();
                outside.show(service.facts());
                next_ms = steady_ms() + std::clamp<std::int64_t>(idle.value_or(5000), 0, 5000);
                const bool is_failing = !store.list();
                failing_since_ms = !is_failing ? 0 : failing_since_ms == 0 ? steady_ms() : failing_since_ms;
            }
            if (failing_since_ms != 0 && steady_ms() - failing_since_ms > 20000 && drive.pull()) {
                tell("the volume cannot be read any more");
                return 1;
            }
            if (store.has_failed() && drive.pull()) {
                tell("the volume cannot be written any more");
                return 1;
            }
            if (!drive.is_plugged()) {
                static_cast<void>(plug(drive));
            }
            sleep(250);
        }
    }

    static int fail(led & lamp, const char * why) {
        tell(why);
        lamp.show(sign::error);
        return 1;
    }

    boot_options options_;
    places where_;
    std::span<const std::byte> built_in_;
};

} // namespace board
