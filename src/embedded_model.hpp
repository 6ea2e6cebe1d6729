// The model that is part of the program: the bytes of one GGUF file, put there by cmake/embed.cmake.
#pragma once

#include <cstddef>
#include <span>

// Aligned to 64 bytes and constant for the life of the process. Empty in a program built without a model.
[[nodiscard]] std::span<const std::byte> embedded_model();
