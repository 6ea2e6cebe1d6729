#include "run/screen.hpp"

#include "standard_streams.hpp"

#include <doctest/doctest.h>

TEST_CASE("screen: text goes out as it is made, its own bytes where there is no terminal") {
    const std::string out = support::output_of([] {
        run::display screen(false);
        CHECK_FALSE(screen.is_terminal());
        screen.end_line(); // nothing was written: the line is empty
        screen.show("a\x1b");
        screen.show("");
        screen.end_line();
        screen.end_line();
        screen.show("b\n");
        screen.end_line();
        screen.begin_line();
        screen.end_line();
        screen.write("> ");
        CHECK(screen.problem() == 0);
        CHECK(screen.take_text().empty());
    });
    CHECK(out == "a\x1b\nb\n\n> ");
}

TEST_CASE("screen: for an object text is gathered") {
    const std::string out = support::output_of([] {
        run::display screen(true);
        screen.show("a");
        screen.show("b");
        CHECK(screen.take_text() == "ab");
        CHECK(screen.take_text().empty());
        screen.write("{}\n");
    });
    CHECK(out == "{}\n");
}
