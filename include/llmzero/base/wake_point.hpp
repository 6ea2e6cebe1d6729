// Where threads wait for a condition that another one makes true: they look again and again for a while, then sleep.
// Who makes it true pays a load where nobody sleeps.
//
// The condition is an atomic that is written and read in sequential order (what std::atomic does unless told
// otherwise). That is what makes sure that nobody sleeps through it: wake() looks at n_asleep_ after the writing, a
// waiter at the condition after it has added itself to n_asleep_, so that one of the two sees the other's.
//
// POSIX rather than std::condition_variable, which throws. For builds with threads only.
#pragma once

#include <llmzero/base/config.hpp>

#if LLMZERO_HAS_THREADS

#    include <atomic>
#    include <chrono>
#    include <cstdint>
#    include <pthread.h>

namespace llmzero::inline LLMZERO_ABI {

class wake_point {
public:
    // Longer than what one thread does alone between two products, shorter than what a scheduler gives away.
    static constexpr std::chrono::microseconds watch_time{50};

    wake_point() = default;
    wake_point(const wake_point &) = delete;
    wake_point & operator=(const wake_point &) = delete;
    ~wake_point() {
        pthread_cond_destroy(&changed_);
        pthread_mutex_destroy(&mutex_);
    }

    // Returns when is_true() does.
    template <class Condition> void wait(const Condition & is_true) {
        if (watch(is_true)) {
            return;
        }
        pthread_mutex_lock(&mutex_);
        n_asleep_.fetch_add(1);
        while (!is_true()) {
            pthread_cond_wait(&changed_, &mutex_);
        }
        n_asleep_.fetch_sub(1);
        pthread_mutex_unlock(&mutex_);
    }

    // To be called after the condition was made true.
    void wake() {
        if (n_asleep_.load() != 0) {
            pthread_mutex_lock(&mutex_); // who has added himself sleeps by then, or has seen the condition
            pthread_cond_broadcast(&changed_);
            pthread_mutex_unlock(&mutex_);
        }
    }

private:
    template <class Condition> static bool watch(const Condition & is_true) {
        constexpr int looks = 16; // for one at the clock
        const auto look = [&is_true] {
            for (int i = 0; i < looks; ++i) {
                if (is_true()) {
                    return true;
                }
                LLMZERO_PAUSE();
            }
            return false;
        };
        if (look()) {
            return true;
        }
        const auto start = std::chrono::steady_clock::now();
        do {
            if (look()) {
                return true;
            }
        } while (std::chrono::steady_clock::now() - start < watch_time);
        return false;
    }

    pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed_ = PTHREAD_COND_INITIALIZER;
    std::atomic<std::uint32_t> n_asleep_{0};
};

} // namespace llmzero::inline LLMZERO_ABI

#endif
