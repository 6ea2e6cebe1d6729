// What the stick is told by the kernel's command line (cmdline.txt on the card), in words of the form
// llmzero.NAME=VALUE.
//
//     llmzero.data=/dev/mmcblk0p2    the partition that is the drive
//     llmzero.boot=/dev/mmcblk0p1    the one with models/*.gguf
//     llmzero.udc=NAME               the USB device controller; the first one where nothing is said
//     llmzero.watchdog=/dev/watchdog what is fed; a name that is not there: nothing
//
// Words that are not known are the kernel's or somebody else's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace board {

struct boot_options {
    std::string data = "/dev/mmcblk0p2";
    std::string boot = "/dev/mmcblk0p1";
    std::string controller;
    std::string watchdog = "/dev/watchdog";
};

inline boot_options read_boot_options(std::string_view command_line) {
    boot_options read;
    constexpr std::string_view blanks = " \t\n";
    for (std::size_t at = 0; at < command_line.size();) {
        const std::size_t end = std::min(command_line.find_first_of(blanks, at), command_line.size());
        const std::string_view word = command_line.substr(at, end - at);
        at = end + 1;
        const auto take = [&word](std::string_view name, std::string & into) {
            if (word.starts_with(name) && word.size() > name.size()) {
                into = word.substr(name.size());
            }
        };
        take("llmzero.data=", read.data);
        take("llmzero.boot=", read.boot);
        take("llmzero.udc=", read.controller);
        take("llmzero.watchdog=", read.watchdog);
    }
    return read;
}

} // namespace board
