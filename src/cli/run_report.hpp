// What llmzero-run says about a run: a line for people, an object for programs.
#pragma once

#include <llmzero/llmzero.hpp>

#include "cli/exit_code.hpp"
#include "cli/json.hpp"
#include "cli/option.hpp"

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace cli {

struct run_facts {
    std::string model_name;
    std::uint32_t context = 0;
    std::uint64_t memory_bytes = 0;
    const char * template_name = nullptr; // of a chat
    std::uint32_t n_kept = 0;             // tokens of the text that did not have to be evaluated
    double load_ms = 0.0;
    llmzero::generation generation = {};
};

// "[ prompt 12 tokens, 1.20 s, 10.0/s; output 48 tokens, 5.10 s, 9.4/s; seed 7; stopped: max_tokens ]"; where tokens of
// the prompt were there already, "prompt 12 tokens and 30 kept", and where tokens were drafted, "output 48 tokens (16
// of 21 drafted)".
[[nodiscard]] inline std::string summary_line(const run_facts & facts) {
    const llmzero::generation & g = facts.generation;
    char kept[32] = "";
    if (facts.n_kept > 0) {
        std::snprintf(kept, sizeof kept, " and %lu kept", static_cast<unsigned long>(facts.n_kept));
    }
    char drafted[48] = "";
    if (g.n_drafted > 0) {
        std::snprintf(drafted, sizeof drafted, " (%lu of %lu drafted)", static_cast<unsigned long>(g.n_accepted),
                      static_cast<unsigned long>(g.n_drafted));
    }
    char text[400];
    std::snprintf(
        text, sizeof text,
        "[ prompt %lu tokens%s, %.2f s, %.1f/s; output %lu tokens%s, %.2f s, %.1f/s; seed %llu; stopped: %s ]\n",
        static_cast<unsigned long>(g.n_prompt), kept, g.prompt_ms / 1000.0, g.prompt_tokens_per_second(),
        static_cast<unsigned long>(g.n_generated), drafted, g.generation_ms / 1000.0, g.tokens_per_second(),
        static_cast<unsigned long long>(g.seed), name_of(g.reason));
    return text;
}

// One line of JSON. `options` is the program's table: every option with the value it had.
[[nodiscard]] inline std::string result_json(const run_facts & facts, std::string_view text,
                                             const option_table & options) {
    const llmzero::generation & g = facts.generation;
    std::string out;
    json_writer json(out);
    json.begin_object();
    json.member("text", text);
    json.member("stop_reason", name_of(g.reason));
    json.member("seed", g.seed);
    json.key("tokens");
    json.begin_object();
    json.member("prompt", g.n_prompt);
    json.member("kept", facts.n_kept);
    json.member("generated", g.n_generated);
    json.member("drafted", g.n_drafted);
    json.member("accepted", g.n_accepted);
    json.end_object();
    json.key("milliseconds");
    json.begin_object();
    json.member("load", facts.load_ms);
    json.member("prompt", g.prompt_ms);
    json.member("generation", g.generation_ms);
    json.end_object();
    json.key("tokens_per_second");
    json.begin_object();
    json.member("prompt", g.prompt_tokens_per_second());
    json.member("generation", g.tokens_per_second());
    json.end_object();
    json.key("model");
    json.begin_object();
    json.member("name", std::string_view(facts.model_name));
    json.member("context", facts.context);
    json.member("memory_bytes", facts.memory_bytes);
    json.end_object();
    json.key("template");
    if (facts.template_name != nullptr) {
        json.value(facts.template_name);
    } else {
        json.null();
    }
    json.key("options");
    write_options(json, options);
    json.key("program");
    json.begin_object();
    json.member("version", LLMZERO_VERSION_STRING);
    json.member("target", LLMZERO_TARGET_NAME);
    json.end_object();
    json.end_object();
    out += '\n';
    return out;
}

// {"error":{"code":"malformed","status":3,"message":"..."}}
[[nodiscard]] inline std::string error_json(const llmzero::error & e, exit_code status) {
    std::string out;
    json_writer json(out);
    json.begin_object();
    json.key("error");
    json.begin_object();
    json.member("code", name_of(e.code()));
    json.member("status", static_cast<std::uint32_t>(status));
    json.member("message", e.message());
    json.end_object();
    json.end_object();
    out += '\n';
    return out;
}

} // namespace cli
