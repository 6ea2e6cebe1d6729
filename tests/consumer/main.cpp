// A program of somebody else's: it has to compile under warnings of its own choice, and the library has to work in it.
#include <llmzero/llmzero.hpp>

#include <array>
#include <cstddef>
#include <cstdio>

const char * version_seen_elsewhere();

int main() {
    const std::array<std::byte, 64> nonsense{};
    const auto model = llmzero::load(nonsense);
    if (model) {
        std::puts("64 zeros were taken for a model");
        return 1;
    }
    std::printf("llmzero %s: %s\n", version_seen_elsewhere(), model.error().message());
    return model.error().code() == llmzero::error_code::malformed ? 0 : 1;
}
