#include "board/boot_options.hpp"

#include <doctest/doctest.h>

TEST_CASE("boot options: those of the card, and those of the command line") {
    const board::boot_options plain = board::read_boot_options("console=tty1 quiet\n");
    CHECK(plain.data == "/dev/mmcblk0p2");
    CHECK(plain.boot == "/dev/mmcblk0p1");
    CHECK(plain.controller.empty());
    CHECK(plain.watchdog == "/dev/watchdog");
    const board::boot_options told = board::read_boot_options(
        "quiet llmzero.data=/dev/sda  llmzero.udc=dummy_udc.0 llmzero.boot= llmzero.watchdog=none xllmzero.data=/no\n");
    CHECK(told.data == "/dev/sda");
    CHECK(told.boot == "/dev/mmcblk0p1");
    CHECK(told.controller == "dummy_udc.0");
    CHECK(told.watchdog == "none");
}
