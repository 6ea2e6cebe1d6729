// The version of the library. CMake reads it from here, so it is written down once.
#pragma once

#define LLMZERO_VERSION_MAJOR 0
#define LLMZERO_VERSION_MINOR 1
#define LLMZERO_VERSION_PATCH 0
#define LLMZERO_VERSION_STRING "0.1.0"
