// Ctrl-C and SIGTERM ask the program to end: it stops at the next token or layer, says how far it came, and
// exits with 128 + the signal's number. The second one ends it at once, as if none were handled.
// SIGPIPE and SIGXFSZ are ignored: a closed pipe and a file that may not grow show themselves as errors of write.
#pragma once

#include <csignal>
#if !defined(_WIN32)
#    include <signal.h>
#endif

namespace cli {

namespace detail {
inline volatile std::sig_atomic_t was_interrupted = 0;
inline volatile std::sig_atomic_t was_terminated = 0;
inline void note_signal(int number) {
    (number == SIGINT ? was_interrupted : was_terminated) = 1;
}
// Notes the next of these signals; the one after it is not handled.
#if defined(_WIN32)
inline void note_next(int number) {
    std::signal(number, note_signal); // for one: so it is there
}
#else
inline void note_next(int number) {
    struct sigaction action = {};
    action.sa_handler = note_signal;
    // Without SA_RESTART: a program that waits for its standard input must wake up.
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigemptyset(&action.sa_mask);
    struct sigaction before = {};
    // A signal that the parent made ignored (nohup, a background job of a script) stays ignored.
    if (sigaction(number, nullptr, &before) == 0 && before.sa_handler != SIG_IGN) {
        sigaction(number, &action, nullptr);
    }
}
#endif
} // namespace detail

inline void handle_signals() {
    detail::note_next(SIGINT);
    detail::note_next(SIGTERM);
#if !defined(_WIN32)
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
#endif
}

// The signal that asked the program to end, or 0.
[[nodiscard]] inline int caught_signal() {
    return detail::was_terminated != 0 ? SIGTERM : detail::was_interrupted != 0 ? SIGINT : 0;
}

// For a program that goes on after Ctrl-C: forgets it, so that the next one is the first again. SIGTERM is not forgotten.
inline void forget_interrupt() {
    detail::was_interrupted = 0;
    detail::note_next(SIGINT);
}

} // namespace cli
