// Threads that share out work: the one that asks and n - 1 others, made once and kept.
//
//     LLMZERO_ASSIGN(const auto team, thread_team::create(4));
//     share(team.get(), rows, ns_of_a_row, [&](std::size_t first, std::size_t end, std::size_t member) { ... });
//
// The items are cut into pieces, a few for each member; whoever is free takes the next, so that one whose core is busy
// with something else holds nobody up, unless it loses it in the midst of a piece (sharing_pause.hpp: then the caller
// works alone for a while). Who finds itself on the caller's processor moves to another. share() returns when all are
// done. It belongs to one thread, and `work` must not throw nor share again; outside of share() the others touch
// nothing.
//
// They look for work for a while, then sleep. Signals go to the program's own threads. A child of fork() has none of
// them, so that only a team made after fork() may be used there.
//
// Without a team (nullptr: what create(1) gives) share() is a plain call: no thread is made and no atomic is touched.
// So it always is in a build without threads (config.hpp).
#pragma once

#include <llmzero/base/function_ref.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#if LLMZERO_HAS_THREADS
#    include <llmzero/base/processor.hpp>
#    include <llmzero/base/sharing_pause.hpp>
#    include <llmzero/base/wake_point.hpp>

#    include <atomic>
#    include <chrono>
#    include <pthread.h>
#    if !defined(_WIN32)
#        include <signal.h>
#    endif
#endif

namespace llmzero::inline LLMZERO_ABI {

class thread_team {
public:
    static constexpr std::uint32_t max_threads = LLMZERO_HAS_THREADS ? 256 : 1;

    // Nanoseconds that a piece takes at least, about: much longer than handing it over, which is several cache lines
    // that go from one core to another, since a core that is busy with something else makes it longer still.
    static constexpr std::uint64_t least_cost = 2500;

    // Whether so many can be asked for. Error: bad_argument (0, too many, or more than one in a build without threads).
    static status check(std::uint32_t n_threads) {
        if (n_threads >= 1 && n_threads <= max_threads) {
            return success();
        }
        return error(error_code::bad_argument, "%lu threads were asked for, expected 1 to %lu%s",
                     static_cast<unsigned long>(n_threads), static_cast<unsigned long>(max_threads),
                     LLMZERO_HAS_THREADS ? "" : ": this program was built without threads");
    }

    // Errors: those of check(), out_of_memory (the system gives no more threads).
    static result<std::unique_ptr<thread_team>> create(std::uint32_t n_threads) {
        return create_up_to(n_threads, n_threads);
    }
    // As many as were asked for, or, where that is 0, `standard`, or as few as the system gives.
    static result<std::unique_ptr<thread_team>> create_for(std::uint32_t asked, std::uint32_t standard) {
        return asked != 0 ? create(asked) : create_up_to(std::min(standard, max_threads), 1);
    }

    // Heap memory that create() takes, in bytes. The others' stacks are not in it: some KiB each that are written to.
    static std::uint64_t bytes_needed(std::uint32_t n_threads);

#if LLMZERO_HAS_THREADS
    using work_function = function_ref<void(std::size_t first, std::size_t end, std::size_t member)>;

    thread_team(const thread_team &) = delete;
    thread_team & operator=(const thread_team &) = delete;
    ~thread_team() {
        is_ending_.store(true);
        work_is_there_.wake();
        for (helper & h : helpers_) {
            pthread_join(h.thread, nullptr);
        }
    }

    // Threads, with the one that asks.
    [[nodiscard]] std::uint32_t size() const {
        return static_cast<std::uint32_t>(helpers_.size()) + 1;
    }

    // Calls work for ranges that make up [0, n_items), each on one of the threads, whose number is `member`: 0 for the
    // caller's, below size(). `cost` is that of one item, in nanoseconds, about.
    void share(std::size_t n_items, std::uint64_t cost, work_function work) {
        const std::uint32_t n_pieces = pieces_of(n_items, std::uint64_t{n_items} * cost);
        if (n_pieces < 2) {
            return do_alone(n_items, work);
        }
        const auto start = clock::now();
        if (!pause_.is_over(start)) {
            return do_alone(n_items, work);
        }
        work_ = work;
        n_items_ = n_items;
        n_pieces_ = n_pieces;
        callers_processor_.store(current_processor(), std::memory_order_relaxed);
        n_unfinished_.store(n_pieces - 1, std::memory_order_relaxed);
        n_left_.store(n_pieces - 1); // from here on the others may take pieces; the first is the caller's
        work_is_there_.wake();
        work_(0, start_of(1), 0);
        take_pieces(0);
        if (n_unfinished_.load() != 0) {
            const auto own_end = clock::now();
            all_is_done_.wait([this] { return n_unfinished_.load() == 0; });
            pause_.look_back(start, own_end, clock::now());
        }
        if (took_callers_time_.load(std::memory_order_relaxed)) {
            took_callers_time_.store(false, std::memory_order_relaxed);
            pause_.begin(clock::now());
        }
    }
#endif

private:
    static result<std::unique_ptr<thread_team>> create_up_to(std::uint32_t n_threads, std::uint32_t least);

#if LLMZERO_HAS_THREADS
    using clock = std::chrono::steady_clock;

    struct helper {
        thread_team * team = nullptr;
        std::size_t member = 0;
        pthread_t thread = {};
    };

    static void do_alone(std::size_t n_items, work_function work) {
        if (n_items > 0) {
            work(0, n_items, 0);
        }
    }

    // As many pieces as threads; where they are large more of them, so that all end at about the same time.
    [[nodiscard]] std::uint32_t pieces_of(std::size_t n_items, std::uint64_t cost) const {
        constexpr std::uint32_t most_for_each = 4;
        constexpr std::uint64_t large = 16 * least_cost;
        const std::uint64_t wanted = std::clamp<std::uint64_t>(cost / large, size(), most_for_each * size());
        return static_cast<std::uint32_t>(std::min<std::uint64_t>({n_items, cost / least_cost, wanted}));
    }

    static constexpr std::size_t stack_bytes = 512 * 1024;

    thread_team() = default;

    [[nodiscard]] bool start(helper & h) {
        pthread_attr_t attributes;
        if (pthread_attr_init(&attributes) != 0) {
            return false;
        }
        static_cast<void>(pthread_attr_setstacksize(&attributes, stack_bytes)); // else it is as large as is usual
#    if !defined(_WIN32)
        sigset_t all;
        sigset_t before;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &before);
#    endif
        const int failed = pthread_create(&h.thread, &attributes, run, &h);
#    if !defined(_WIN32)
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
#    endif
        pthread_attr_destroy(&attributes);
        return failed == 0;
    }

    static void * run(void * argument) {
        const helper & me = *static_cast<const helper *>(argument);
        thread_team & team = *me.team;
        const processor_mask allowed = processor_mask::of_this_thread();
        for (;;) {
            team.work_is_there_.wait([&team] { return team.n_left_.load() != 0 || team.is_ending_.load(); });
            if (team.is_ending_.load()) {
                return nullptr;
            }
            team.take_pieces(me.member);
            const int callers = team.callers_processor_.load(std::memory_order_relaxed);
            if (callers >= 0 && callers == current_processor()) {
                allowed.keep_off(callers);
                team.took_callers_time_.store(true, std::memory_order_relaxed);
            }
        }
    }

    // Pieces are counted down. Who has taken one may read what share() wrote, since that stays as it is until the piece
    // is told to be done; who comes too late finds 0, and reads nothing.
    void take_pieces(std::size_t member) {
        std::uint32_t n_done = 0;
        std::uint32_t n_left = n_left_.load(std::memory_order_relaxed);
        while (n_left > 0) {
            if (n_left_.compare_exchange_weak(n_left, n_left - 1, std::memory_order_acquire,
                                              std::memory_order_relaxed)) {
                const std::uint64_t piece = n_pieces_ - n_left;
                work_(start_of(piece), start_of(piece + 1), member);
                ++n_done;
                n_left = n_left_.load(std::memory_order_relaxed);
            }
        }
        if (n_done > 0 && n_unfinished_.fetch_sub(n_done) == n_done) {
            all_is_done_.wake();
        }
    }

    [[nodiscard]] std::size_t start_of(std::uint64_t piece) const {
        return static_cast<std::size_t>(piece * n_items_ / n_pieces_);
    }

    heap_array<helper> helpers_;
    sharing_pause pause_; // the caller's
    // In one cache line, all that a piece is taken with; what several write beside it in others.
    alignas(cache_line_bytes) std::atomic<std::uint32_t> n_left_{0}; // pieces that nobody has taken
    std::uint32_t n_pieces_ = 0;
    std::size_t n_items_ = 0;
    work_function work_;
    std::atomic<int> callers_processor_{-1};
    alignas(cache_line_bytes) std::atomic<std::uint32_t> n_unfinished_{0};
    alignas(cache_line_bytes) std::atomic<bool> is_ending_{false};
    std::atomic<bool> took_callers_time_{false}; // seldom written
    wake_point work_is_there_;
    wake_point all_is_done_;
#endif
};

inline std::uint64_t thread_team::bytes_needed(std::uint32_t n_threads) {
#if LLMZERO_HAS_THREADS
    return n_threads < 2 ? 0 : sizeof(thread_team) + (n_threads - 1) * sizeof(helper);
#else
    static_cast<void>(n_threads);
    return 0;
#endif
}

inline result<std::unique_ptr<thread_team>> thread_team::create_up_to(std::uint32_t n_threads,
                                                                      [[maybe_unused]] std::uint32_t least) {
    LLMZERO_CHECK(check(n_threads));
    std::unique_ptr<thread_team> made;
    if (n_threads == 1) {
        return made;
    }
#if LLMZERO_HAS_THREADS
    made.reset(new (std::nothrow) thread_team);
    if (made == nullptr) {
        return error(error_code::out_of_memory, "out of memory: a thread team of %zu bytes", sizeof(thread_team));
    }
    // None may start before all have their place.
    LLMZERO_CHECK(made->helpers_.reserve(n_threads - 1));
    for (std::uint32_t member = 1; member < n_threads; ++member) {
        made->helpers_.push_back_unchecked({made.get(), member, {}});
        if (!made->start(made->helpers_.back())) {
            made->helpers_.pop_back();
            if (made->size() >= least) {
                break;
            }
            return error(error_code::out_of_memory, "the system refused thread %lu of %lu",
                         static_cast<unsigned long>(member + 1), static_cast<unsigned long>(n_threads));
        }
    }
    if (made->size() == 1) {
        made.reset();
    }
#endif
    return made;
}

// Threads that share() uses.
inline std::uint32_t size_of(const thread_team * team) {
#if LLMZERO_HAS_THREADS
    return team != nullptr ? team->size() : 1;
#else
    static_cast<void>(team);
    return 1;
#endif
}

// thread_team::share() where there is a team, else all of the work on the calling thread.
template <class Work> void share(thread_team * team, std::size_t n_items, std::uint64_t cost, const Work & work) {
#if LLMZERO_HAS_THREADS
    if (team != nullptr) {
        return team->share(n_items, cost, work);
    }
#else
    static_cast<void>(team);
    static_cast<void>(cost);
#endif
    if (n_items > 0) {
        work(std::size_t{0}, n_items, std::size_t{0});
    }
}

} // namespace llmzero::inline LLMZERO_ABI
