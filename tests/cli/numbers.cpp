#include "cli/numbers.hpp"

#include <bit>
#include <cstdint>
#include <doctest/doctest.h>
#include <limits>
#include <random>
#include <string>

TEST_CASE("whole numbers are read whole or not at all") {
    CHECK(cli::parse_whole("0") == 0u);
    CHECK(cli::parse_whole("007") == 7u);
    CHECK(cli::parse_whole("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
    for (const char * bad : {"", " 1", "1 ", "+1", "-1", "-0", "1.0", "1e3", "0x10", "12x", "x", "18446744073709551616",
                             "99999999999999999999999999"}) {
        CAPTURE(bad);
        CHECK_FALSE(cli::parse_whole(bad));
    }
}

TEST_CASE("numbers are finite and read whole") {
    CHECK(cli::parse_number("0") == 0.0);
    CHECK(cli::parse_number("-0.5") == -0.5);
    CHECK(cli::parse_number("+1") == 1.0);
    CHECK(cli::parse_number(".25") == 0.25);
    CHECK(cli::parse_number("1e-3") == 0.001);
    CHECK(cli::parse_number("5e-324") == std::numeric_limits<double>::denorm_min());
    for (const char * bad : {"", "-", ".", "e", "1e", "nan", "NaN", "inf", "-infinity", "1e999", "0x1p3", " 1", "1 ",
                             "1,5", "1.2.3", "--1", "0.8abc"}) {
        CAPTURE(bad);
        CHECK_FALSE(cli::parse_number(bad));
    }
    CHECK(cli::parse_number(std::string(63, '1')));
    CHECK_FALSE(cli::parse_number(std::string(64, '1'))); // longer than any number a person means
    CHECK_FALSE(cli::parse_number(std::string_view("1\0", 2)));
}

TEST_CASE("sizes take units of 1024") {
    CHECK(cli::parse_bytes("0") == 0u);
    CHECK(cli::parse_bytes("1") == 1u);
    CHECK(cli::parse_bytes("7b") == 7u);
    CHECK(cli::parse_bytes("512K") == 512u * 1024u);
    CHECK(cli::parse_bytes("512k") == 512u * 1024u);
    CHECK(cli::parse_bytes("200M") == 200u * 1024u * 1024u);
    CHECK(cli::parse_bytes("200MB") == 200u * 1024u * 1024u);
    CHECK(cli::parse_bytes("3MiB") == 3u * 1024u * 1024u);
    CHECK(cli::parse_bytes("1G") == 1u << 30);
    CHECK(cli::parse_bytes("2T") == std::uint64_t{2} << 40);
    CHECK(cli::parse_bytes("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
    CHECK(cli::parse_bytes("17179869183G") == (std::uint64_t{17179869183} << 30));
    for (const char * bad : {"", "M", "1.5G", "-1", "-1M", "1Q", "1MM", "1Mi", "1iB", "1Bi", "1BB", "1 M", "1M ",
                             "0x1M", "17179869184G", "18446744073709551616", "18446744073709551615K"}) {
        CAPTURE(bad);
        CHECK_FALSE(cli::parse_bytes(bad));
    }
}

TEST_CASE("the shortest text of a float reads back as the same float") {
    CHECK(cli::shortest(0.8f) == "0.8");
    CHECK(cli::shortest(0.95f) == "0.95");
    CHECK(cli::shortest(0.0f) == "0");
    CHECK(cli::shortest(-1.5f) == "-1.5");
    CHECK(cli::shortest(40.0f) == "40");
    CHECK(cli::shortest(16777216.0f) == "16777216");
    CHECK(cli::shortest(std::numeric_limits<float>::infinity()) == "null");
    CHECK(cli::shortest(std::numeric_limits<float>::quiet_NaN()) == "null");
    std::mt19937 random(1);
    for (int i = 0; i < 2000; ++i) {
        const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
        if (std::isfinite(value)) {
            const std::string text = cli::shortest(value);
            CAPTURE(text);
            CHECK(std::strtof(text.c_str(), nullptr) == value);
        }
    }
}

TEST_CASE("sizes for people") {
    CHECK(cli::readable_bytes(0) == "0 bytes");
    CHECK(cli::readable_bytes(999) == "999 bytes");
    CHECK(cli::readable_bytes(1000) == "1.0 kB");
    CHECK(cli::readable_bytes(200'000'000) == "200.0 MB");
    CHECK(cli::readable_bytes(std::numeric_limits<std::uint64_t>::max()) == "18.4 EB");
}
