// When threads had better not share work for a while: on a machine that is busy with something else a thread may lose
// its core in the midst of its piece, and all others wait until it gets one back, some milliseconds for a piece of some
// microseconds. Nobody can take the piece over, since nobody can tell whether it will be written yet.
//
// So who had to wait much longer than for its own part works alone for a while, and for twice as long when it happens
// again soon. Of the time of a machine that stays busy less than a hundredth is lost that way.
//
// Times are the caller's to take. Not for several threads.
#pragma once

#include <llmzero/base/config.hpp>

#include <algorithm>
#include <chrono>

namespace llmzero::inline LLMZERO_ABI {

class sharing_pause {
public:
    using time = std::chrono::steady_clock::time_point;
    using duration = std::chrono::steady_clock::duration;

    // A thread that sleeps is there sooner.
    static constexpr duration least_stall = std::chrono::microseconds(300);
    // Several times what a scheduler gives away at once.
    static constexpr duration shortest = std::chrono::milliseconds(25);
    static constexpr duration longest = std::chrono::milliseconds(800);

    [[nodiscard]] bool is_over(time now) const { return now >= end_; }

    // Work that was begun at `start` was shared: the caller's own part was done at `own_end`, the last one at `end`.
    void look_back(time start, time own_end, time end) {
        if (end - own_end >= std::max(least_stall, 2 * (own_end - start))) {
            begin(end);
        }
    }

    // After another reason to work alone.
    void begin(time now) {
        const bool is_soon = now - end_ < 8 * length_;
        length_ = is_soon ? std::min(2 * length_, longest) : shortest;
        end_ = now + length_;
    }

private:
    time end_ = {};
    duration length_ = duration::zero();
};

} // namespace llmzero::inline LLMZERO_ABI
