#include "cli/progress.hpp"

#include <doctest/doctest.h>

TEST_CASE("progress: times for people") {
    CHECK(cli::readable_seconds(0.0) == "0 s");
    CHECK(cli::readable_seconds(59.4) == "59 s");
    CHECK(cli::readable_seconds(59.6) == "1 min 0 s");
    CHECK(cli::readable_seconds(200.0) == "3 min 20 s");
    CHECK(cli::readable_seconds(7500.0) == "2 h 5 min");
}

TEST_CASE("progress: what is left follows from what is done") {
    CHECK(cli::progress_text("reading", "tokens", 0, 40, 3.0) == "reading: 0 of 40 tokens");
    CHECK(cli::progress_text("reading", "tokens", 10, 40, 3.0) == "reading: 10 of 40 tokens, 9 s left");
    CHECK(cli::progress_text("reading", "tokens", 40, 40, 3.0) == "reading: 40 of 40 tokens");
    CHECK(cli::progress_text("reading", "tokens", 0, 0, 0.0) == "reading: 0 of 0 tokens");
}
