// What the compiler offers, and the names that depend on it.
#pragma once

#include <llmzero/kernels/target.hpp>
#include <llmzero/version.hpp>

// 1 where `throw` may be written. Only result<T>::value() ever throws.
#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
#    define LLMZERO_HAS_EXCEPTIONS 1
#    define LLMZERO_EXCEPTIONS_TAG throwing
#else
#    define LLMZERO_HAS_EXCEPTIONS 0
#    define LLMZERO_EXCEPTIONS_TAG nothrow
#endif

// 1 where a session may have several threads: where there are POSIX threads and more than one core. -DLLMZERO_THREADS=0
// leaves them out, =1 has them on any machine.
#if defined(LLMZERO_THREADS)
#    define LLMZERO_HAS_THREADS LLMZERO_THREADS
#elif LLMZERO_HAS_ONE_CORE || !__has_include(<pthread.h>)
#    define LLMZERO_HAS_THREADS 0
#else
#    define LLMZERO_HAS_THREADS 1
#endif
#if LLMZERO_HAS_THREADS
#    define LLMZERO_THREADS_TAG threads
#else
#    define LLMZERO_THREADS_TAG alone
#endif

// LLMZERO_ABI names the inline namespace llmzero::v0_1_0_<target>_<fused|unfused>_<threads|alone>_<throwing|nothrow>:
// version, instruction set, threads and exceptions are in its name, so that builds which differ in them never share an
// inline function.
#define LLMZERO_DETAIL_PASTE(major, minor, patch, target, products, threads, exceptions)                               \
    v##major##_##minor##_##patch##_##target##_##products##_##threads##_##exceptions
#define LLMZERO_DETAIL_ABI(major, minor, patch, target, products, threads, exceptions)                                 \
    LLMZERO_DETAIL_PASTE(major, minor, patch, target, products, threads, exceptions)
#define LLMZERO_ABI                                                                                                    \
    LLMZERO_DETAIL_ABI(LLMZERO_VERSION_MAJOR, LLMZERO_VERSION_MINOR, LLMZERO_VERSION_PATCH, LLMZERO_TARGET,            \
                       LLMZERO_TARGET_PRODUCTS, LLMZERO_THREADS_TAG, LLMZERO_EXCEPTIONS_TAG)

// Before a short loop with a constant count: clang unrolls such loops before it looks for vectors, and then finds
// none. gcc looks first.
#if defined(__clang__)
#    define LLMZERO_VECTORISE _Pragma("clang loop unroll(disable)")
#else
#    define LLMZERO_VECTORISE
#endif

// Marks printf-style functions, so that the compiler checks their arguments. MinGW has its own printf for C++, with the
// standard's formats; gcc takes "printf" for that of Windows.
#if defined(__MINGW32__) && !defined(__clang__)
#    define LLMZERO_PRINTF(format_index, first_argument)                                                               \
        __attribute__((format(gnu_printf, format_index, first_argument)))
#elif defined(__GNUC__)
#    define LLMZERO_PRINTF(format_index, first_argument) __attribute__((format(printf, format_index, first_argument)))
#else
#    define LLMZERO_PRINTF(format_index, first_argument)
#endif
#if defined(__GNUC__)
#    define LLMZERO_ALWAYS_INLINE inline __attribute__((always_inline))
#    define LLMZERO_NOINLINE __attribute__((noinline))
#    define LLMZERO_RESTRICT __restrict__
#else
#    define LLMZERO_ALWAYS_INLINE inline
#    define LLMZERO_NOINLINE
#    define LLMZERO_RESTRICT
#endif
