#include "board/led.hpp"

#include "../stick/temporary_folder.hpp"

#include <doctest/doctest.h>

TEST_CASE("led: a rhythm for each sign, written once") {
    const support::temporary_folder leds;
    for (const char * file : {"ACT/trigger", "ACT/delay_on", "ACT/delay_off"}) {
        leds.save(file, "");
    }
    board::led lamp(leds.path);
    REQUIRE(lamp.is_there());
    lamp.show(board::sign::thinking);
    CHECK(leds.read("ACT/trigger") == "timer");
    CHECK(leds.read("ACT/delay_on") == "100");
    CHECK(leds.read("ACT/delay_off") == "100");
    lamp.show(board::sign::error);
    CHECK(leds.read("ACT/delay_on") == "1500");
    leds.save("ACT/delay_on", "untouched");
    lamp.show(board::sign::error);
    CHECK(leds.read("ACT/delay_on") == "untouched");
    lamp.show(board::sign::ready);
    CHECK(leds.read("ACT/delay_on") == "60");
    CHECK(leds.read("ACT/delay_off") == "1940");
}

TEST_CASE("led: other names, and none") {
    const support::temporary_folder leds;
    board::led none(leds.path);
    CHECK_FALSE(none.is_there());
    none.show(board::sign::error);
    leds.save("led0/trigger", "");
    CHECK(board::led(leds.path).is_there());
}
