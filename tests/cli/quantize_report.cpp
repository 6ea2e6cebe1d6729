#include "cli/quantize_report.hpp"

#include <doctest/doctest.h>
#include <string>

namespace {

using llmzero::tensor_type;

cli::quantize_report report_of_three() {
    cli::quantize_report report;
    report.output = "out.gguf";
    report.input_bytes = 4000000;
    report.output_bytes = 1234567;
    report.is_measured = true;
    report.rows = {{"a", tensor_type::f32, tensor_type::q4_0, 1000000, 562500, 4.0, 400.0},
                   {"b", tensor_type::f32, tensor_type::q4_0, 500000, 281250, 0.0, 0.0},
                   {"norm", tensor_type::f32, tensor_type::f32, 500, 2000, 0.0, 500.0}};
    return report;
}

} // namespace

TEST_CASE("quantize report: sums by type, and of all") {
    const auto report = report_of_three();
    const auto all = report.total();
    CHECK(all.n_weights == 1500500);
    CHECK(all.bytes == 845750);
    CHECK(all.nmse() == doctest::Approx(4.0 / 900.0));
    CHECK(all.rmse() == doctest::Approx(0.0016327).epsilon(0.001));
    const auto types = report.by_type();
    REQUIRE(types.size() == 2);
    CHECK(types[0].to == tensor_type::f32);
    CHECK(types[1].n_weights == 1500000);
    CHECK(report.rows[1].nmse() == 0.0);
}

TEST_CASE("quantize report: the line for people") {
    CHECK(cli::summary_line(report_of_three()) == "out.gguf: 1.2 MB, 4.51 bits a weight: F32 0.0005M, Q4_0 1.5M\n");
}

TEST_CASE("quantize report: the table has a line for each tensor, with errors where they were measured") {
    auto report = report_of_three();
    const std::string table = cli::report_table(report);
    CHECK(table.find("\na                                    F32    Q4_0        1000000       562500  2.00e-03  "
                     "1.00e-02\n") != std::string::npos);
    CHECK(table.find("\nall ") != std::string::npos);
    report.is_measured = false;
    report.rows[0].name = "\x1b[2J";
    const std::string plain = cli::report_table(report);
    CHECK(plain.find("562500\n") != std::string::npos);
    CHECK(plain.find('\x1b') == std::string::npos);
}

TEST_CASE("quantize report: the object for programs") {
    auto report = report_of_three();
    report.rows.resize(1);
    const std::string json = cli::report_json(report, {});
    CHECK(json ==
          "{\"file\":\"out.gguf\",\"input_bytes\":4000000,\"output_bytes\":1234567,"
          "\"all\":{\"weights\":1000000,\"bytes\":562500,\"rmse\":0.002,\"nmse\":0.01},"
          "\"types\":[{\"type\":\"Q4_0\",\"weights\":1000000,\"bytes\":562500,\"rmse\":0.002,\"nmse\":0.01}],"
          "\"tensors\":[{\"name\":\"a\",\"from\":\"F32\",\"type\":\"Q4_0\",\"weights\":1000000,\"bytes\":562500,"
          "\"rmse\":0.002,\"nmse\":0.01}],\"options\":{}}\n");
}
