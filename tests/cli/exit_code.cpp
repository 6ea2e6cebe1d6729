#include "cli/exit_code.hpp"

#include <cerrno>
#include <csignal>
#include <doctest/doctest.h>
#include <iterator>

using cli::exit_code;
using llmzero::error;
using llmzero::error_code;

TEST_CASE("exit codes: each kind of error has its own") {
    const auto code = [](error_code e, bool loading) {
        return cli::exit_code_for(error(e, "x"), loading);
    };
    CHECK(code(error_code::io, true) == exit_code::run_error);
    CHECK(code(error_code::malformed, true) == exit_code::model_refused);
    CHECK(code(error_code::unsupported, true) == exit_code::model_refused);
    CHECK(code(error_code::malformed, false) == exit_code::run_error);
    CHECK(code(error_code::unsupported, false) == exit_code::run_error);
    CHECK(code(error_code::over_budget, true) == exit_code::no_memory);
    CHECK(code(error_code::over_budget, false) == exit_code::no_memory);
    CHECK(code(error_code::out_of_memory, false) == exit_code::no_memory);
    CHECK(code(error_code::bad_argument, false) == exit_code::usage);
    CHECK(code(error_code::context_full, false) == exit_code::run_error);
    CHECK(code(error_code::cancelled, false) == exit_code::interrupted);
}

TEST_CASE("exit codes: a reader that goes away is no failure of the disk") {
    CHECK(cli::exit_code_for_output(0) == exit_code::ok);
    CHECK(cli::exit_code_for_output(EPIPE) == exit_code::output_closed);
    CHECK(cli::exit_code_for_output(ENOSPC) == exit_code::run_error);
}

TEST_CASE("exit codes: documented numbers, each with a meaning, in order") {
    CHECK(static_cast<int>(exit_code::ok) == 0);
    CHECK(static_cast<int>(exit_code::run_error) == 1);
    CHECK(static_cast<int>(exit_code::usage) == 2);
    CHECK(static_cast<int>(exit_code::model_refused) == 3);
    CHECK(static_cast<int>(exit_code::no_memory) == 4);
    CHECK(static_cast<int>(exit_code::interrupted) == 128 + SIGINT);
    CHECK(static_cast<int>(exit_code::output_closed) == 128 + SIGPIPE);
    CHECK(static_cast<int>(exit_code::terminated) == 128 + SIGTERM);
    CHECK(std::size(cli::exit_codes) == 8);
    for (std::size_t i = 1; i < std::size(cli::exit_codes); ++i) {
        CHECK(cli::exit_codes[i - 1].code < cli::exit_codes[i].code);
        CHECK(*cli::exit_codes[i].meaning != 0);
    }
}
