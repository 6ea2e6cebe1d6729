// The options of llmzero-quantize, in one table, and the rules that tie them to its file names.
#pragma once

#include <llmzero/kernels/select.hpp>
#include <llmzero/model/type_mix.hpp>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/help.hpp"
#include "cli/option.hpp"
#include "random_model/shapes.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cli {

struct quantize_settings {
    std::vector<std::string> files; // IN OUT, or OUT alone with --random
    std::string type;
    bool pure = false;
    std::string random; // a shape's name
    std::string pack;   // a kernel set's name
    automatic_number seed;
    bool force = false;
    bool report = false;
    bool json = false;
    bool version = false;
    bool help = false;

    // What settle_quantize() finds in them.
    std::string input; // empty with --random
    std::string output;
    llmzero::type_mix mix = llmzero::type_mix::q8_0;
    const random_model::model_shape * shape = nullptr;
    const llmzero::packed_layout * layout = nullptr; // with --pack
};

// The seed that random models have unless another is asked for: the same file everywhere.
inline constexpr std::uint64_t default_quantize_seed = 1;

// The table refers to `s`, which must stay where it is.
[[nodiscard]] inline option_table quantize_options(quantize_settings & s) {
    return {
        heading("What is made"),
        text(
            't', "type", s.type, "TYPE",
            "Q4_K_M, Q4_0, ...; the list is below. Each is a mix of types, chosen tensor by tensor as llama.cpp does."),
        toggle(0, "pure", s.pure,
               "That type for all matrices, the embedding and the output head included, where a mix has larger ones. "
               "Rows that do not fit its blocks get a larger type."),
        text(0, "random", s.random, "SHAPE",
             "Make a model of this shape with random weights and a vocabulary of the right size, to measure speed and "
             "memory without a download. The text that it writes is noise."),
        text(0, "pack", s.pack, "KERNELS",
             "Keep all weights as they are, and lay them out for these kernels: the file then starts at once on the "
             "machine that it is for, where it is used as it lies. No other machine can use it."),
        automatic('s', "seed", s.seed, "N", "-1", "Seed of the random weights.", "1"),

        heading("Output"),
        toggle('f', "force", s.force, "Replace OUT if it exists."),
        toggle(0, "report", s.report, "A table of all tensors: types, sizes, and how far the weights moved."),
        toggle(0, "json", s.json, "The same and the totals as one JSON object."),
        request(toggle(0, "version", s.version, "Print the version and what it was built for.")),
        request(toggle('h', "help", s.help, "Print this text.")),
    };
}

[[nodiscard]] inline std::string quantize_usage() {
    return "usage: llmzero-quantize IN.gguf --type TYPE OUT.gguf [options]\n"
           "       llmzero-quantize IN.gguf --pack KERNELS OUT.gguf [options]\n"
           "       llmzero-quantize --random SHAPE --type TYPE OUT.gguf [options]\n"
           "       llmzero-quantize --help\n";
}

// "F32, F16, BF16, ...", and the shapes of random models.
[[nodiscard]] inline std::string type_mix_names() {
    std::string names;
    for (const llmzero::type_mix_info & info : llmzero::type_mixes) {
        names += (names.empty() ? "" : ", ") + std::string(info.name);
    }
    return names;
}
[[nodiscard]] inline std::string shape_names() {
    std::string names;
    for (const random_model::model_shape & shape : random_model::shapes) {
        names += (names.empty() ? "" : ", ") + std::string(shape.name);
    }
    return names;
}

[[nodiscard]] inline std::string layout_names() {
    return llmzero::layout_names().text;
}

[[nodiscard]] inline std::string quantize_help(const option_table & table) {
    std::string out = "llmzero-quantize makes a smaller model of a larger one.\n\n" + quantize_usage();
    out += help_of(table);
    out += "\nTypes: ";
    append_wrapped(out, type_mix_names() + ".", 2, 7);
    out += "Shapes: ";
    append_wrapped(out, shape_names() + ".", 2, 8);
    out += "Kernels: ";
    append_wrapped(out,
                   layout_names() +
                       "; arm1176 is the Raspberry Pi Zero's, neon that of later ones, x86 that of PCs with AVX2.",
                   2, 9);
    out += "\nOUT appears when it is complete; until then there is OUT.new beside it. The\n"
           "report goes to standard output, everything else to standard error.\n"
           "\nEach option may also be set in the environment, --type Q4_0 as\n"
           "LLMZERO_TYPE=Q4_0 and --json as LLMZERO_JSON=1; the command line wins.\n"
           "\nExit status:\n";
    for (const exit_code_meaning & e : exit_codes) {
        char number[16];
        std::snprintf(number, sizeof number, "  %3d  ", static_cast<int>(e.code));
        out += number;
        append_wrapped(out, e.meaning, 7, 7);
    }
    return out;
}

// Finds out what is asked for, and whether that is one thing.
[[nodiscard]] inline llmzero::status settle_quantize(quantize_settings & s) {
    using llmzero::error;
    constexpr auto bad = llmzero::error_code::bad_argument;
    if (!s.pack.empty()) {
        s.layout = llmzero::find_layout(s.pack);
        if (s.layout == nullptr) {
            return error(bad, "--pack: %s is not one of: %s", llmzero::quoted(s.pack).c_str(), layout_names().c_str());
        }
        if (!s.type.empty() || s.pure || !s.random.empty()) {
            return error(bad,
                         "--pack keeps the types that the file has: it does not go with --type, --pure or --random");
        }
    } else {
        if (s.type.empty()) {
            return error(bad, "--type TYPE is needed; the types are: %s", type_mix_names().c_str());
        }
        const llmzero::type_mix_info * mix = llmzero::find_type_mix(s.type);
        if (mix == nullptr) {
            return error(bad, "--type: %s is not one of: %s", llmzero::quoted(s.type).c_str(),
                         type_mix_names().c_str());
        }
        s.mix = mix->mix;
    }
    if (!s.random.empty()) {
        s.shape = random_model::find_shape(s.random);
        if (s.shape == nullptr) {
            return error(bad, "--random: %s is not one of: %s", llmzero::quoted(s.random).c_str(),
                         shape_names().c_str());
        }
    }
    const std::size_t n_expected = s.shape != nullptr ? 1 : 2;
    for (const std::string & name : s.files) {
        if (name.empty()) {
            return error(bad, "the name of a file must not be empty");
        }
    }
    if (s.files.size() != n_expected) {
        return error(bad, "%zu file names are given, expected %s", s.files.size(),
                     s.shape != nullptr ? "one with --random: OUT.gguf" : "two: IN.gguf and OUT.gguf");
    }
    s.input = s.shape != nullptr ? std::string() : s.files[0];
    s.output = s.files.back();
    return llmzero::success();
}

} // namespace cli
