#include <llmzero/tokenizer/chat_template.hpp>

#include "support/vocab_builder.hpp"

#include <doctest/doctest.h>
#include <set>
#include <string>
#include <utility>

using llmzero::chat_origin;
using llmzero::chat_template;
using llmzero::token_kind;
using llmzero::vocabulary;

namespace {

std::string recognised(std::string_view source) {
    const chat_template * found = llmzero::recognise_chat_template(source);
    return found == nullptr ? "" : found->name;
}

vocabulary vocabulary_with(std::string_view token) {
    auto made = support::make_vocabulary(support::vocabulary_metadata({{"<unk>", 0, token_kind::unknown},
                                                                       {"<s>", 0, token_kind::control},
                                                                       {"</s>", 0, token_kind::control},
                                                                       {std::string(token), 0, token_kind::control}})
                                             .file());
    REQUIRE(made);
    return std::move(*made);
}

// The telling parts of templates as they are published, a newline as the character or as the two "\n".
TEST_CASE("chat template: the published ones are recognised") {
    const std::string chatml =
        "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
    CHECK(recognised("{% for message in messages %}" + chatml) == "chatml");
    for (const char * newline : {"\n", "\\n"}) {
        const std::string system = std::string("{{ '<|im_start|>system") + newline;
        const std::string end = std::string("<|im_end|>") + newline + "' }}";
        CHECK(recognised(system + "You are a helpful AI assistant named SmolLM, trained by Hugging Face" + end +
                         chatml) == "smollm2");
        CHECK(recognised(system + "You are Qwen, created by Alibaba Cloud. You are a helpful assistant." + end +
                         chatml) == "qwen2.5");
        CHECK(recognised(system + "You are a helpful assistant." + end + chatml) == "qwen2");
        CHECK(recognised(system + "' + messages[0].content + '" + end + chatml +
                         "{%- if enable_thinking is defined and enable_thinking is false %}") == "qwen3");
        CHECK(recognised(std::string("{% if message['role'] == 'user' %}\n{{ '<|user|>") + newline +
                         "' + message['content'] + eos_token }}\n{{ '<|assistant|>' }}") == "zephyr");
    }
    CHECK(recognised("{% if system_message %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + "
                     "content %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}") == "llama2");
    CHECK(recognised("{{ bos_token }}{{ '[INST] ' + message['content'] + ' [/INST]' }}") == "mistral");
    const std::string llama3 = "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ "
                               "message['content'] | trim + '<|eot_id|>' %}";
    CHECK(recognised(llama3) == "llama3");
    CHECK(recognised("{{- \"Cutting Knowledge Date: December 2023\\n\" }}" + llama3) == "llama3.1");
    CHECK(recognised("{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}") ==
          "gemma");
    CHECK(recognised("{{'<|' + message['role'] + '|>' + '\n' + message['content'] + '<|end|>\n' }}"
                     "{{ '<|assistant|>\n' }}") == "phi3");
    const std::string bar = "\xef\xbd\x9c";
    const std::string deepseek =
        "{{'<" + bar + "User" + bar + ">' + message['content']}}{{'<" + bar + "Assistant" + bar;
    CHECK(recognised(deepseek + ">'}}") == "deepseek");
    CHECK(recognised(deepseek + "><think>\\n'}}") == "deepseek-r1");
    CHECK(recognised("{{ '### Instruction:\n' + message['content'] + '\n\n### Response:\n' }}") == "alpaca");
}

TEST_CASE("chat template: what is not known is not recognised") {
    CHECK(recognised("") == "");
    CHECK(recognised("\\") == "");
    CHECK(recognised("{{ 'USER: ' + message['content'] }}") == "");
    CHECK(recognised("<|im_start|>") == ""); // half of a fingerprint
    CHECK(recognised("raw chatml llama2") == "");
    CHECK(recognised(std::string(100000, '<')) == "");
}

TEST_CASE("chat template: names are unique and find their template") {
    std::set<std::string> names;
    for (const chat_template & known : llmzero::chat_templates) {
        CAPTURE(known.name);
        CHECK(names.insert(known.name).second);
        CHECK(llmzero::find_chat_template(known.name) == &known);
        // A template is recognised by its own markup or by none before it, so it can be reached.
        std::string fingerprints;
        for (const std::string_view fingerprint : known.fingerprints) {
            fingerprints += std::string(fingerprint) + " ";
        }
        CHECK((known.fingerprints[0].empty() || recognised(fingerprints) == known.name));
    }
    for (const char * name :
         {"smollm2", "chatml", "llama2", "llama3", "gemma", "qwen2.5", "qwen3", "zephyr", "alpaca", "raw"}) {
        CHECK(names.count(name) == 1);
    }
    CHECK(llmzero::find_chat_template("") == nullptr);
    CHECK(llmzero::find_chat_template("Raw") == nullptr);
    CHECK(std::string(llmzero::raw_template.name) == "raw");
}

TEST_CASE("chat template: an unknown one is guessed by the vocabulary, or it is raw; it never fails") {
    const auto chosen = [](std::string_view source, std::string_view token) {
        const auto choice = llmzero::choose_chat_template(source, vocabulary_with(token));
        return std::pair<std::string, chat_origin>(choice.format->name, choice.origin);
    };
    using answer = std::pair<std::string, chat_origin>;
    CHECK(chosen("", "<|im_start|>") == answer("raw", chat_origin::none)); // a base model, whatever its vocabulary
    CHECK(chosen("<start_of_turn>", "<|im_start|>") == answer("gemma", chat_origin::recognised));
    CHECK(chosen("{% odd %}", "<|im_start|>") == answer("chatml", chat_origin::guessed));
    CHECK(chosen("{% odd %}", "<|start_header_id|>") == answer("llama3", chat_origin::guessed));
    CHECK(chosen("{% odd %}", "<start_of_turn>") == answer("gemma", chat_origin::guessed));
    CHECK(chosen("{% odd %}", "word") == answer("raw", chat_origin::unknown));
}

} // namespace
