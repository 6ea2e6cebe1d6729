// The parts of the program structure-mixed: the same source, compiled in different ways.
#pragma once

#include <cstddef>
#include <span>
#include <string>

struct mixed_result {
    std::string abi; // the inline namespace of the library
    bool throws;     // compiled with exceptions
    std::string text;
    bool ok = false;
};

mixed_result run_plain(std::span<const std::byte> model);
mixed_result run_nothrow(std::span<const std::byte> model); // -fno-exceptions
mixed_result run_target(std::span<const std::byte> model);  // another instruction set
