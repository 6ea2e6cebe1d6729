// The processor that a thread runs on, and keeping a thread off one. Schedulers at times leave two threads of a program
// on one processor for long, where another is free or does what is less urgent.
//
// Linux only; elsewhere, and where there are more than CPU_SETSIZE processors, nothing is known and nothing changes.
#pragma once

#include <llmzero/base/config.hpp>

#if defined(__linux__)
#    include <cstddef>
#    include <sched.h>
#endif

namespace llmzero::inline LLMZERO_ABI {

// At this moment, of the calling thread; -1 where that is not known.
inline int current_processor() {
#if defined(__linux__)
    return ::sched_getcpu();
#else
    return -1;
#endif
}

// Processors that a thread may use.
class processor_mask {
public:
    // Those of the calling thread.
    static processor_mask of_this_thread() {
        processor_mask made;
#if defined(__linux__)
        CPU_ZERO(&made.set_);
        if (::sched_getaffinity(0, sizeof made.set_, &made.set_) != 0) {
            CPU_ZERO(&made.set_);
        }
#endif
        return made;
    }

    // From here on the calling thread uses all of these but one. False, and nothing changes, where there are no others.
    bool keep_off([[maybe_unused]] int processor) const {
#if defined(__linux__)
        cpu_set_t others = set_;
        if (processor < 0 || processor >= CPU_SETSIZE) {
            return false;
        }
        CPU_CLR(static_cast<std::size_t>(processor), &others);
        return CPU_COUNT(&others) > 0 && ::sched_setaffinity(0, sizeof others, &others) == 0;
#else
        return false;
#endif
    }

private:
#if defined(__linux__)
    cpu_set_t set_;
#endif
};

} // namespace llmzero::inline LLMZERO_ABI
