// Signs of life: the board's ACT LED, by the kernel's timer trigger.
//
//     ready     a short flash every two seconds
//     thinking  five times a second
//     error     on for a second and a half, off for a moment
//
// A board without the node, or a kernel without the trigger, shows nothing; that is no error.
#pragma once

#include "board/small_file.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace board {

enum class sign : std::uint8_t { ready, thinking, error };

class led {
public:
    // `leds` is /sys/class/leds. The names that kernels have given to the LED, one after the other.
    explicit led(const std::string & leds) {
        for (const char * name : {"ACT", "led0", "act", "PWR"}) {
            if (const std::string path = leds + "/" + name; ::access((path + "/trigger").c_str(), W_OK) == 0) {
                path_ = path;
                return;
            }
        }
    }

    [[nodiscard]] bool is_there() const { return !path_.empty(); }

    // Does nothing where it is shown already: a write would begin the rhythm anew.
    void show(sign wanted) {
        if (path_.empty() || (is_shown_ && wanted == shown_)) {
            return;
        }
        is_shown_ = true;
        shown_ = wanted;
        constexpr std::array<std::array<const char *, 2>, 3> on_off_ms = {
            {{"60", "1940"}, {"100", "100"}, {"1500", "200"}}};
        const auto & [on, off] = on_off_ms[static_cast<std::size_t>(wanted)];
        // The delays appear with the trigger.
        static_cast<void>(write_small(path_ + "/trigger", "timer") && write_small(path_ + "/delay_on", on) &&
                          write_small(path_ + "/delay_off", off));
    }

private:
    std::string path_;
    sign shown_ = sign::ready;
    bool is_shown_ = false;
};

} // namespace board
