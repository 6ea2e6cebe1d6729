// How many cores this process may use: what the number of threads is by default. Hardware threads of one core count
// once, since products keep a core's units busy; processors that the affinity mask leaves out (taskset, containers) do
// not count.
//
// A model below 200 MB has products too small for more than four threads: handing them over takes longer than they do.
// Where a token takes less than a tenth of a millisecond there is nothing to share at all.
//
// Linux says both (sched_getaffinity; /sys/devices/system/cpu/cpu*/topology/thread_siblings_list, as in its
// Documentation/ABI/stable/sysfs-devices-system-cpu). Elsewhere every processor that the system has counts.
#pragma once

#include <llmzero/base/thread_team.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#if LLMZERO_HAS_THREADS
#    include <cstdio>
#    include <pthread.h>
#    if defined(__linux__)
#        include <fcntl.h>
#        include <sched.h>
#    endif
#    if !defined(_WIN32)
#        include <unistd.h>
#    endif
#endif

namespace llmzero::inline LLMZERO_ABI {

namespace detail {

// The first of a list of processors such as "2,6" or "0-1,4-5" that is_allowed(); -1 where there is none.
template <class Allowed> int first_allowed(const char * list, const Allowed & is_allowed) {
    const auto number = [&list] {
        int value = 0;
        for (; *list >= '0' && *list <= '9' && value < 1 << 20; ++list) {
            value = value * 10 + (*list - '0');
        }
        return value;
    };
    while (*list >= '0' && *list <= '9') {
        const int low = number();
        int high = low;
        if (*list == '-') {
            ++list;
            high = number();
        }
        for (int processor = low; processor <= high; ++processor) {
            if (is_allowed(processor)) {
                return processor;
            }
        }
        list += *list == ',' ? 1 : 0;
    }
    return -1;
}

// Of the processors 0..n - 1 that is_allowed(), those that are the first allowed one of their core, at most `most`.
// list_of(processor) is the list of all processors of its core, or empty where that is not known.
template <class Allowed, class List>
std::uint32_t count_cores(int n, std::uint32_t most, const Allowed & is_allowed, const List & list_of) {
    const auto is_there = [&](int processor) {
        return processor < n && is_allowed(processor);
    };
    std::uint32_t found = 0;
    for (int processor = 0; processor < n && found < most; ++processor) {
        if (is_allowed(processor)) {
            const int first = first_allowed(list_of(processor), is_there);
            found += first < 0 || first == processor ? 1 : 0;
        }
    }
    return found;
}

} // namespace detail

// At least 1, at most `most`.
inline std::uint32_t usable_cores(std::uint32_t most) {
#if !LLMZERO_HAS_THREADS
    static_cast<void>(most);
    return 1;
#else
    long found = 0;
#    if defined(__linux__)
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
        char list[256];
        found = static_cast<long>(detail::count_cores(
            CPU_SETSIZE, most, [&](int processor) { return CPU_ISSET(static_cast<std::size_t>(processor), &allowed); },
            [&](int processor) -> const char * {
                char path[80];
                std::snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
                              processor);
                const int file = ::open(path, O_RDONLY | O_CLOEXEC);
                const auto n = file < 0 ? -1 : ::read(file, list, sizeof list - 1);
                if (file >= 0) {
                    ::close(file);
                }
                list[n < 0 ? 0 : n] = '\0';
                return list;
            }));
    }
#    endif
    if (found < 1) {
#    if defined(_WIN32)
        found = pthread_num_processors_np();
#    else
        found = ::sysconf(_SC_NPROCESSORS_ONLN);
#    endif
    }
    return static_cast<std::uint32_t>(std::clamp<long>(found, 1, static_cast<long>(std::max(most, 1u))));
#endif
}

// Threads that share the work on a model of so many bytes, where nobody said how many. At least 1.
inline std::uint32_t default_threads(std::uint64_t model_bytes) {
    constexpr std::uint64_t small = 200'000'000;
    return usable_cores(model_bytes < small ? 4 : thread_team::max_threads);
}

// The same for tokens one by one, by products of so many multiplications in a nanosecond (kernel_set::macs_in_ns).
inline std::uint32_t default_threads(std::uint64_t model_bytes, std::uint32_t macs_in_ns) {
    constexpr std::uint64_t worth_sharing_ns = 100'000;
    // A weight takes a byte, about.
    return model_bytes / macs_in_ns < worth_sharing_ns ? 1 : default_threads(model_bytes);
}

} // namespace llmzero::inline LLMZERO_ABI
