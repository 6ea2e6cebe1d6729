#include "board/init.hpp"

#include "../stick/temporary_folder.hpp"

#include <doctest/doctest.h>
#include <thread>

// What else is in init.hpp needs a board: tests/emulated.
TEST_CASE("init: what comes late is waited for, what does not come is not") {
    const support::temporary_folder folder;
    CHECK_FALSE(board::detail::wait_for(folder.path + "/late", 0));
    std::thread other([&folder] {
        std::this_thread::sleep_for(std::chrono::milliseconds(60));
        folder.save("late", "");
    });
    CHECK(board::detail::wait_for(folder.path + "/late", 30));
    other.join();
}
