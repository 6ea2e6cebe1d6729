// How much of the conformance data a test works through. LLMZERO_TEST_SCALE=full or =reduced decides; without it,
// builds that run slowly (no optimiser, a sanitizer, 32-bit ARM, which is mostly emulated) take the reduced scale.
#pragma once

#include <cstdlib>
#include <string_view>

namespace support {

inline bool full_scale() {
    if (const char * chosen = std::getenv("LLMZERO_TEST_SCALE"); chosen != nullptr && *chosen != 0) {
        return std::string_view(chosen) == "full";
    }
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                         \
    (defined(__arm__) && !defined(__ARM_NEON))
    return false;
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
    return false;
#    else
    return true;
#    endif
#else
    return true;
#endif
}

} // namespace support
