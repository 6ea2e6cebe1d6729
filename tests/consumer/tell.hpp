// What the shared library and the program that uses it both do with a llmzero of their own.
#pragma once

#include <llmzero/llmzero.hpp>

#include <cstddef>
#include <span>
#include <string_view>

#define NAME_OF_(text) #text
#define NAME_OF(text) NAME_OF_(text)

inline const char * abi_name() {
    return NAME_OF(LLMZERO_ABI);
}

inline std::size_t tell(const char * path, std::span<char> into) {
    const auto model = llmzero::load(path);
    if (!model) {
        return 0;
    }
    auto session = llmzero::session::create(*model, {.context = 64});
    if (!session) {
        return 0;
    }
    std::size_t used = 0;
    llmzero::generate_options options;
    options.max_tokens = 16;
    options.sampling.temperature = 0;
    const auto told = session->generate("Once upon a time", options, [&](std::string_view text) {
        if (text.size() >= into.size() - used) {
            return false;
        }
        used += text.copy(into.data() + used, text.size());
        return true;
    });
    into[used] = '\0';
    return told ? used : 0;
}
