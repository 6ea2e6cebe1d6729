// A second translation unit, so that the library is in the program twice.
#include <llmzero/llmzero.hpp>

const char * version_seen_elsewhere();

const char * version_seen_elsewhere() {
    return LLMZERO_VERSION_STRING;
}
