// One of several differently compiled parts of the program structure-mixed. Compiled with -DPART=<name>.
#include <llmzero/llmzero.hpp>

#include "mixed.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#define STRING_OF(text) #text
#define NAME_OF(text) STRING_OF(text)
#define JOIN(a, b) a##b
#define FUNCTION_OF(part) JOIN(run_, part)

// A short story by the model, told by the code of this part.
mixed_result FUNCTION_OF(PART)(std::span<const std::byte> model_bytes) {
    mixed_result told{NAME_OF(LLMZERO_ABI), LLMZERO_HAS_EXCEPTIONS == 1, ""};
    auto model = llmzero::load(model_bytes);
    if (!model) {
        told.text = model.error().message();
        return told;
    }
    auto session = llmzero::session::create(*model);
    if (!session) {
        told.text = session.error().message();
        return told;
    }
    llmzero::generate_options options;
    options.max_tokens = 16;
    options.sampling.temperature = 0;
    auto done = session->generate("Once upon a time", options, [&](std::string_view text) {
        told.text += text;
        return true;
    });
    if (!done) {
        told.text = done.error().message();
    }
    told.ok = bool{done} && !told.text.empty();
    return told;
}
