// The board as a USB mass storage device, by the kernel's configfs (Documentation/usb/gadget_configfs.rst and
// mass-storage.rst).
//
// create() writes the description once; attach() and detach() bind it to the USB controller and take it off again: what
// a host sees as plugging in and pulling out. Detaching is the one way to make a host forget what it has cached.
//
// The host may eject the medium: then backing_file() is empty though the gadget is attached, and insert() puts it back,
// which needs the gadget detached.
#pragma once

#include "board/small_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace board {

struct gadget_places {
    std::string config = "/sys/kernel/config"; // configfs
    std::string controllers = "/sys/class/udc";
    std::string controller = {}; // the name of one; empty: the first there is
};

class gadget {
public:
    // Takes off what a service that ended before this one has left attached: until then the volume is the computer's.
    // Whether there was such a gadget. Errors: io.
    [[nodiscard]] static llmzero::result<bool> take_off(const gadget_places & places) {
        const gadget left(places);
        if (!left.is_attached()) {
            return false;
        }
        LLMZERO_CHECK(write_small(left.path_ + "/UDC", ""));
        return true;
    }

    // `serial` tells two sticks apart; hosts remember a drive by it. `beside` is shown as a second medium, unless it is
    // empty. A description that is there already, of a service that ended before this one, is written anew. Errors: io.
    [[nodiscard]] static llmzero::result<gadget> create(const gadget_places & places, std::string_view serial,
                                                        const std::string & beside = {}) {
        gadget made(places);
        const std::string & g = made.path_;
        const std::string function = g + "/functions/mass_storage.0";
        const std::string configuration = g + "/configs/c.1";
        for (const std::string & folder : {places.config + "/usb_gadget", g, g + "/strings/0x409", configuration,
                                           configuration + "/strings/0x409", function}) {
            LLMZERO_CHECK(make_folder(folder));
        }
        // A medium can be added or removed while no configuration has the function.
        const std::string link = configuration + "/mass_storage.0";
        LLMZERO_CHECK(made.detach());
        if (::unlink(link.c_str()) != 0 && errno != ENOENT) {
            return failed("remove", link);
        }
        // 1d6b:0104 is the Linux Foundation's number for composite gadgets.
        std::vector<std::pair<std::string, std::string_view>> values = {
            {g + "/idVendor", "0x1d6b"},
            {g + "/idProduct", "0x0104"},
            {g + "/bcdUSB", "0x0200"},
            {g + "/strings/0x409/manufacturer", "llmzero"},
            {g + "/strings/0x409/product", "LLM stick"},
            {g + "/strings/0x409/serialnumber", serial},
            {configuration + "/MaxPower", "500"},
            {configuration + "/strings/0x409/configuration", "drive"},
            {function + "/lun.0/removable", "1"},
            {function + "/lun.0/inquiry_string", "llmzero LLM stick"},
        };
        if (!beside.empty()) {
            LLMZERO_CHECK(make_folder(function + "/lun.1"));
            values.emplace_back(function + "/lun.1/removable", "1");
            values.emplace_back(function + "/lun.1/file", beside);
        } else {
            ::rmdir((function + "/lun.1").c_str()); // mostly there is none
        }
        for (const auto & [file, value] : values) {
            LLMZERO_CHECK(write_small(file, value));
        }
        if (::symlink(function.c_str(), link.c_str()) != 0) {
            return failed("link", link);
        }
        return made;
    }

    // What the host sees as the medium: a block device or an image; empty once the host has ejected it.
    [[nodiscard]] std::string backing_file() const { return read_small(lun() + "/file").value_or(std::string()); }

    // Errors: io, also where the gadget is attached and the host keeps the medium.
    [[nodiscard]] llmzero::status insert(std::string_view file, bool is_read_only) {
        LLMZERO_CHECK(write_small(lun() + "/file", ""));
        LLMZERO_CHECK(write_small(lun() + "/ro", is_read_only ? "1" : "0"));
        return write_small(lun() + "/file", file);
    }

    [[nodiscard]] bool is_attached() const { return !read_small(path_ + "/UDC").value_or(std::string()).empty(); }

    // Errors: io, also where there is no controller (yet).
    [[nodiscard]] llmzero::status attach() {
        LLMZERO_ASSIGN(const std::string controller, find_controller());
        return write_small(path_ + "/UDC", controller);
    }

    // One that is not attached stays so. Errors: io.
    [[nodiscard]] llmzero::status detach() {
        return is_attached() ? write_small(path_ + "/UDC", "") : llmzero::success();
    }

    // What the controller says of the bus: "configured" where a host uses the drive, "not attached" ...
    [[nodiscard]] std::string bus_state() const {
        const auto controller = find_controller();
        return controller ? read_small(controllers_ + "/" + *controller + "/state").value_or(std::string())
                          : std::string();
    }

private:
    explicit gadget(const gadget_places & places)
        : path_(places.config + "/usb_gadget/llmzero"), controllers_(places.controllers),
          controller_(places.controller) {}

    [[nodiscard]] std::string lun() const { return path_ + "/functions/mass_storage.0/lun.0"; }

    [[nodiscard]] llmzero::result<std::string> find_controller() const {
        if (!controller_.empty()) {
            return controller_;
        }
        std::vector<std::string> names;
        if (DIR * const folder = ::opendir(controllers_.c_str())) {
            while (const dirent * const entry = ::readdir(folder)) {
                if (entry->d_name[0] != '.') {
                    names.emplace_back(entry->d_name);
                }
            }
            ::closedir(folder);
        }
        if (names.empty()) {
            return llmzero::error(llmzero::error_code::io, "there is no USB device controller in %s",
                                  llmzero::quoted(controllers_).c_str());
        }
        return *std::min_element(names.begin(), names.end());
    }

    static llmzero::status make_folder(const std::string & path) {
        return ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST ? llmzero::success()
                                                                   : llmzero::status(failed("make", path));
    }

    static llmzero::error failed(const char * what, const std::string & path) {
        const int reason = errno;
        return llmzero::error(llmzero::error_code::io, "cannot %s %s: %s", what, llmzero::quoted(path).c_str(),
                              std::strerror(reason));
    }

    std::string path_;
    std::string controllers_;
    std::string controller_;
};

} // namespace board
