// The user's files on a drive that a computer owns: read from under it, written only while the drive is pulled.
#pragma once

#include "board/usb_drive.hpp"
#include "stick/file_store.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace board {

class drive_store final : public stick::file_store {
public:
    // Both outlive this. `volume` reads and writes the medium of `drive`. `tell` hears when it goes and comes.
    drive_store(
        stick::file_store & volume, usb_drive & drive, std::function<void(const char *)> tell = [](const char *) {})
        : volume_(volume), drive_(drive), tell_(std::move(tell)) {}

    [[nodiscard]] llmzero::result<std::vector<stick::file_entry>> list() override { return volume_.list(); }
    [[nodiscard]] llmzero::result<std::string> read(const std::string & path, std::uint64_t most) override {
        return volume_.read(path, most);
    }

    // Whether the medium has refused to be written at any time. A volume that is none (any more) does not count: the
    // computer may be formatting it.
    [[nodiscard]] bool has_failed() const { return has_failed_; }

    [[nodiscard]] llmzero::status begin_writing() override {
        LLMZERO_CHECK(drive_.pull());
        tell_("the drive is pulled");
        llmzero::status begun = volume_.begin_writing();
        if (!begun) {
            has_failed_ = has_failed_ || begun.error().code() != llmzero::error_code::malformed;
            static_cast<void>(drive_.plug().has_value());
        }
        return begun;
    }
    // The computer gets its drive back whatever has happened.
    llmzero::status end_writing() override {
        llmzero::status ended = volume_.end_writing();
        has_failed_ = has_failed_ || !ended;
        drive_.sync();
        llmzero::status plugged = drive_.plug();
        tell_(plugged ? "the drive is back" : plugged.error().message());
        return ended ? std::move(plugged) : std::move(ended);
    }

    [[nodiscard]] llmzero::status append(const std::string & path, std::string_view expected,
                                         std::string_view more) override {
        return volume_.append(path, expected, more);
    }
    [[nodiscard]] llmzero::status replace(const std::string & path, std::optional<std::string_view> expected,
                                          std::string_view content) override {
        return volume_.replace(path, expected, content);
    }

private:
    stick::file_store & volume_;
    usb_drive & drive_;
    std::function<void(const char *)> tell_;
    bool has_failed_ = false;
};

} // namespace board
