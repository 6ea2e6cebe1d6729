// The interface of a shared library that uses llmzero inside, and shows nothing of it.
#pragma once

#include <cstddef>

// Continues "Once upon a time" by some words, and writes them into `text`, zero-terminated. The number of bytes, or 0.
extern "C" [[gnu::visibility("default")]] std::size_t teller_tell(const char * model, char * text, std::size_t room);

// The inline namespace of the llmzero in it.
extern "C" [[gnu::visibility("default")]] const char * teller_abi();
