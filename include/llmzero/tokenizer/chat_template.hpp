// How chat models want a conversation written: one table. A file carries its own way as a program in a template
// language (tokenizer.chat_template). That program is never run: templates are recognised by fingerprints, strings
// that must all stand in it, and what they render is known here.
//
// In the parts of a template {bos} and {eos} stand for the model's begin and end tokens, where it has them.
//
// Sources: the tokenizer_config.json that the models are published with; for the fingerprints also llama.cpp,
// src/llama-chat.cpp (MIT). What the templates do beyond text (tools, pictures) is not supported. Of Llama 3.1 the
// date is the one its template falls back to.
#pragma once

#include <llmzero/tokenizer/token.hpp>
#include <llmzero/tokenizer/vocabulary.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

// A system turn is  system_begin text system_end,  a user's  user_begin text user_end,  an answer  answer_begin text
// answer_end.
struct chat_markup {
    std::string_view system_begin, system_end;
    std::string_view user_begin, user_end;
    std::string_view answer_begin, answer_end;
};

struct chat_template {
    const char * name; // for people and command lines
    chat_markup markup;
    // What must stand in tokenizer.chat_template; none: never recognised. White space and "\n" count for nothing.
    std::string_view fingerprints[3]{};
    // A token by which the template may be guessed where tokenizer.chat_template is not recognised.
    std::string_view token{};
    bool starts_with_bos = false;      // whatever the file says about adding it
    bool system_in_user = false;       // there are no system turns: that text stands behind the first user_begin
    bool trims = false;                // white space around a user's text is dropped
    const char * own_system = nullptr; // the text of the system turn where the caller gives none; nullptr: no turn
    std::string_view stop{};           // a text that ends an answer, for models that may miss their end token
};

namespace detail {

inline constexpr chat_markup chatml_markup = {"<|im_start|>system\n",    "<|im_end|>\n",
                                              "<|im_start|>user\n",      "<|im_end|>\n",
                                              "<|im_start|>assistant\n", "<|im_end|>\n"};
inline constexpr chat_markup no_think_markup = {"<|im_start|>system\n",
                                                "<|im_end|>\n",
                                                "<|im_start|>user\n",
                                                "<|im_end|>\n",
                                                "<|im_start|>assistant\n<think>\n\n</think>\n\n",
                                                "<|im_end|>\n"};
inline constexpr chat_markup llama3_markup = {"<|start_header_id|>system<|end_header_id|>\n\n",    "<|eot_id|>",
                                              "<|start_header_id|>user<|end_header_id|>\n\n",      "<|eot_id|>",
                                              "<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"};
inline constexpr chat_markup llama31_markup = {
    "<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n",
    "<|eot_id|>",
    "<|start_header_id|>user<|end_header_id|>\n\n",
    "<|eot_id|>",
    "<|start_header_id|>assistant<|end_header_id|>\n\n",
    "<|eot_id|>"};
inline constexpr chat_markup llama2_markup = {"<<SYS>>\n", "\n<</SYS>>\n\n", "{bos}[INST] ", " [/INST]", "", " {eos}"};
inline constexpr chat_markup mistral_markup = {"", "\n\n", "[INST] ", " [/INST]", "", "{eos}"};
inline constexpr chat_markup gemma_markup = {
    "", "\n\n", "<start_of_turn>user\n", "<end_of_turn>\n", "<start_of_turn>model\n", "<end_of_turn>\n"};
inline constexpr chat_markup phi3_markup = {"<|system|>\n", "<|end|>\n",       "<|user|>\n",
                                            "<|end|>\n",    "<|assistant|>\n", "<|end|>\n"};
inline constexpr chat_markup zephyr_markup = {"<|system|>\n", "{eos}\n",         "<|user|>\n",
                                              "{eos}\n",      "<|assistant|>\n", "{eos}\n"};
// DeepSeek's tokens have U+FF5C for a bar.
inline constexpr std::string_view deepseek_user = "<\xef\xbd\x9c"
                                                  "User\xef\xbd\x9c>";
inline constexpr std::string_view deepseek_answer = "<\xef\xbd\x9c"
                                                    "Assistant\xef\xbd\x9c>";
inline constexpr std::string_view deepseek_think = "<\xef\xbd\x9c"
                                                   "Assistant\xef\xbd\x9c><think>\n";
inline constexpr chat_markup deepseek_markup = {"", "", deepseek_user, "", deepseek_answer, "{eos}"};
inline constexpr chat_markup deepseek_r1_markup = {"", "", deepseek_user, "", deepseek_think, "{eos}"};
inline constexpr chat_markup alpaca_markup = {"", "\n\n", "### Instruction:\n", "\n\n", "### Response:\n", "{eos}\n\n"};
inline constexpr chat_markup raw_markup = {"", "\n\n", "", "", "", "\n"};

} // namespace detail

// The first that fits is taken, so what is more special stands first.
inline constexpr chat_template chat_templates[] = {
    {.name = "smollm2",
     .markup = detail::chatml_markup,
     .fingerprints = {"<|im_start|>", "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>"},
     .own_system = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"},
    {.name = "qwen2.5",
     .markup = detail::chatml_markup,
     .fingerprints = {"<|im_start|>", "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>"},
     .own_system = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."},
    {.name = "qwen2",
     .markup = detail::chatml_markup,
     .fingerprints = {"<|im_start|>system", "You are a helpful assistant.<|im_end|>"},
     .own_system = "You are a helpful assistant."},
    // Thinks before it answers.
    {.name = "qwen3", .markup = detail::chatml_markup, .fingerprints = {"<|im_start|>", "enable_thinking"}},
    // The same models, asked not to: what their template writes for enable_thinking=false.
    {.name = "qwen3-no-think", .markup = detail::no_think_markup},
    {.name = "chatml",
     .markup = detail::chatml_markup,
     .fingerprints = {"<|im_start|>", "<|im_end|>"},
     .token = "<|im_start|>"},
    {.name = "llama3.1",
     .markup = detail::llama31_markup,
     .fingerprints = {"<|start_header_id|>", "<|end_header_id|>", "Cutting Knowledge Date"},
     .starts_with_bos = true,
     .trims = true,
     .own_system = ""},
    {.name = "llama3",
     .markup = detail::llama3_markup,
     .fingerprints = {"<|start_header_id|>", "<|end_header_id|>"},
     .token = "<|start_header_id|>",
     .starts_with_bos = true,
     .trims = true},
    {.name = "llama2",
     .markup = detail::llama2_markup,
     .fingerprints = {"[INST]", "<<SYS>>"},
     .system_in_user = true,
     .trims = true},
    {.name = "mistral",
     .markup = detail::mistral_markup,
     .fingerprints = {"[INST]", "[/INST]"},
     .starts_with_bos = true,
     .system_in_user = true},
    {.name = "gemma",
     .markup = detail::gemma_markup,
     .fingerprints = {"<start_of_turn>"},
     .token = "<start_of_turn>",
     .starts_with_bos = true,
     .system_in_user = true,
     .trims = true},
    {.name = "phi3", .markup = detail::phi3_markup, .fingerprints = {"<|assistant|>", "<|end|>"}},
    {.name = "zephyr",
     .markup = detail::zephyr_markup,
     .fingerprints = {"'<|user|>' + message['content'] + eos_token"}},
    // Thinks before it answers.
    {.name = "deepseek-r1",
     .markup = detail::deepseek_r1_markup,
     .fingerprints = {detail::deepseek_user, detail::deepseek_think},
     .starts_with_bos = true},
    {.name = "deepseek",
     .markup = detail::deepseek_markup,
     .fingerprints = {detail::deepseek_user, detail::deepseek_answer},
     .token = detail::deepseek_user,
     .starts_with_bos = true},
    {.name = "alpaca",
     .markup = detail::alpaca_markup,
     .fingerprints = {"### Instruction:", "### Response:"},
     .own_system = "Below is an instruction that describes a task. Write a response that appropriately completes the "
                   "request.",
     .stop = "### Instruction:"},
    // The text as it is, continued.
    {.name = "raw", .markup = detail::raw_markup},
};

inline constexpr const chat_template & raw_template = chat_templates[std::size(chat_templates) - 1];

// nullptr when there is none of this name.
[[nodiscard]] inline const chat_template * find_chat_template(std::string_view name) {
    for (const chat_template & known : chat_templates) {
        if (name == known.name) {
            return &known;
        }
    }
    return nullptr;
}

namespace detail {

// Bytes at the start of `text` that are white space or the two characters "\n", as templates write one.
inline std::size_t blank_bytes(std::string_view text) {
    std::size_t n = 0;
    while (n < text.size()) {
        const char c = text[n];
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
            ++n;
        } else if (text.substr(n).starts_with("\\n")) {
            n += 2;
        } else {
            break;
        }
    }
    return n;
}

inline bool starts_with_but_for_blanks(std::string_view text, std::string_view wanted) {
    for (;;) {
        wanted.remove_prefix(blank_bytes(wanted));
        if (wanted.empty()) {
            return true;
        }
        text.remove_prefix(blank_bytes(text));
        if (text.empty() || text.front() != wanted.front()) {
            return false;
        }
        text.remove_prefix(1);
        wanted.remove_prefix(1);
    }
}

inline bool contains_but_for_blanks(std::string_view text, std::string_view wanted) {
    for (;;) {
        text.remove_prefix(blank_bytes(text)); // once, however many there are
        if (text.empty()) {
            return false;
        }
        if (starts_with_but_for_blanks(text, wanted)) {
            return true;
        }
        text.remove_prefix(1);
    }
}

} // namespace detail

// The template that a file's tokenizer.chat_template stands for; nullptr when it is none of those.
[[nodiscard]] inline const chat_template * recognise_chat_template(std::string_view source) {
    constexpr std::size_t longest = std::size_t{1} << 18; // of a hostile file; published ones have 20000 bytes at most
    source = source.substr(0, longest);
    for (const chat_template & known : chat_templates) {
        bool fits = !known.fingerprints[0].empty();
        for (const std::string_view fingerprint : known.fingerprints) {
            fits = fits && (fingerprint.empty() || detail::contains_but_for_blanks(source, fingerprint));
        }
        if (fits) {
            return &known;
        }
    }
    return nullptr;
}

enum class chat_origin : std::uint8_t {
    none,       // the file has no template: its text is continued as it is
    recognised, // by its fingerprints
    guessed,    // the file's template is unknown; the vocabulary has a token of this one
    unknown,    // the file's template is unknown, and the vocabulary says nothing: raw
};

// How a model is talked to, and how that is known.
struct chat_choice {
    const chat_template * format = &raw_template;
    chat_origin origin = chat_origin::none;
};

// Never fails: a model with a template that nobody knows can still continue a text.
[[nodiscard]] inline chat_choice choose_chat_template(std::string_view source, const vocabulary & vocab) {
    if (source.empty()) {
        return {};
    }
    if (const chat_template * known = recognise_chat_template(source)) {
        return {known, chat_origin::recognised};
    }
    for (const chat_template & known : chat_templates) {
        if (!known.token.empty() && vocab.find(known.token) != no_token) {
            return {&known, chat_origin::guessed};
        }
    }
    return {&raw_template, chat_origin::unknown};
}

} // namespace llmzero::inline LLMZERO_ABI
