// What this translation unit is compiled for: the only place where the preprocessor is asked for an
// instruction set. Includes nothing, so that every header may include it (through base/config.hpp).
#pragma once

// LLMZERO_TARGET becomes part of the inline namespace: two builds for different instruction sets in one
// program then never share an inline function, and the linker cannot keep the wrong copy of one.
#if defined(__ARM_ARCH) && __ARM_ARCH == 6 && defined(__ARM_FEATURE_SIMD32) && !defined(LLMZERO_PORTABLE_ONLY)
#    define LLMZERO_HAS_ARM1176 1
#    define LLMZERO_TARGET arm1176
#    define LLMZERO_TARGET_NAME "ARMv6 + VFPv2 (ARM1176)"
#else
#    define LLMZERO_HAS_ARM1176 0
#    if defined(__AVX512VNNI__)
#        define LLMZERO_TARGET avx512vnni
#        define LLMZERO_TARGET_NAME "x86-64 compiled for AVX-512 VNNI"
#    elif defined(__AVX512F__)
#        define LLMZERO_TARGET avx512
#        define LLMZERO_TARGET_NAME "x86-64 compiled for AVX-512"
#    elif defined(__AVX2__)
#        define LLMZERO_TARGET avx2
#        define LLMZERO_TARGET_NAME "x86-64 compiled for AVX2"
#    elif defined(__AVX__)
#        define LLMZERO_TARGET avx
#        define LLMZERO_TARGET_NAME "x86 compiled for AVX"
#    elif defined(__SSE4_1__)
#        define LLMZERO_TARGET sse41
#        define LLMZERO_TARGET_NAME "x86 compiled for SSE4.1"
#    elif defined(__x86_64__)
#        define LLMZERO_TARGET x86_64
#        define LLMZERO_TARGET_NAME "x86-64"
#    elif defined(__i386__)
#        define LLMZERO_TARGET i686
#        define LLMZERO_TARGET_NAME "32-bit x86"
#    elif defined(__aarch64__) && defined(__ARM_FEATURE_DOTPROD)
#        define LLMZERO_TARGET aarch64_dotprod
#        define LLMZERO_TARGET_NAME "AArch64 compiled for dot products"
#    elif defined(__aarch64__)
#        define LLMZERO_TARGET aarch64
#        define LLMZERO_TARGET_NAME "AArch64"
#    elif defined(__ARM_NEON)
#        define LLMZERO_TARGET armv7neon
#        define LLMZERO_TARGET_NAME "ARMv7 + NEON"
#    elif defined(__arm__) && __ARM_ARCH >= 7
#        define LLMZERO_TARGET armv7
#        define LLMZERO_TARGET_NAME "ARMv7"
#    elif defined(__arm__) && __ARM_ARCH == 6
#        define LLMZERO_TARGET armv6
#        define LLMZERO_TARGET_NAME "ARMv6"
#    elif defined(__arm__)
#        define LLMZERO_TARGET arm
#        define LLMZERO_TARGET_NAME "32-bit ARM"
#    else
#        define LLMZERO_TARGET generic
#        define LLMZERO_TARGET_NAME "generic"
#    endif
#endif

// Kernels of several instruction sets in one program, of which a processor runs those that it can: functions that are
// compiled for more than the rest of the program is. gcc on Windows does not align the stack for them (its bug 54412).
#if defined(__x86_64__) && !(defined(_WIN32) && !defined(__clang__)) && !defined(LLMZERO_PORTABLE_ONLY)
#    define LLMZERO_HAS_X86 1
#    define LLMZERO_FOR_AVX2_ONLY __attribute__((target("avx2")))
#    define LLMZERO_FOR_AVX2 __attribute__((target("avx2,fma,f16c")))
#    define LLMZERO_FOR_AVX512VNNI                                                                                     \
        __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#else
#    define LLMZERO_HAS_X86 0
#endif

// NEON with fused products and conversions of halves: every AArch64, and ARMv7 compiled with -mfpu=neon-vfpv4 or what
// contains it (Cortex-A5, A7, A12, A15, A17 and all of ARMv8). Dot products are in one program with it; before version
// 16 clang has them only where the whole program does.
#if defined(__ARM_NEON) && (defined(__aarch64__) || (defined(__ARM_FEATURE_FMA) && (__ARM_FP & 2) != 0)) &&            \
    !defined(__ARM_BIG_ENDIAN) && !defined(LLMZERO_PORTABLE_ONLY)
#    define LLMZERO_HAS_NEON 1
#else
#    define LLMZERO_HAS_NEON 0
#endif
#if LLMZERO_HAS_NEON && defined(__aarch64__) &&                                                                        \
    (!defined(__clang__) || __clang_major__ >= 16 || defined(__ARM_FEATURE_DOTPROD))
#    define LLMZERO_HAS_DOTPROD 1
#    if defined(__clang__)
#        define LLMZERO_FOR_DOTPROD __attribute__((target("dotprod")))
#    else
#        define LLMZERO_FOR_DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))
#    endif
#else
#    define LLMZERO_HAS_DOTPROD 0
#endif

// Whether a product and a sum can be one instruction, which rounds differently.
#if defined(__FP_FAST_FMAF)
#    define LLMZERO_TARGET_PRODUCTS fused
#else
#    define LLMZERO_TARGET_PRODUCTS unfused
#endif

// Before a loop over a fixed number of independent lanes: vector units like it as it is, a long scalar pipeline wants
// the lanes side by side.
#if LLMZERO_HAS_ARM1176
#    define LLMZERO_LANES _Pragma("GCC unroll 16")
#else
#    define LLMZERO_LANES
#endif

// Before a short loop with a constant count that must leave no loop behind.
#if defined(__clang__)
#    define LLMZERO_UNROLL _Pragma("clang loop unroll(full)")
#else
#    define LLMZERO_UNROLL _Pragma("GCC unroll 16")
#endif

// Before such a loop that must stay one: side by side its rounds want more registers than there are, and compilers
// spill more than the loop costs.
#if defined(__clang__)
#    define LLMZERO_KEEP_LOOP _Pragma("clang loop unroll(disable)")
#else
#    define LLMZERO_KEEP_LOOP _Pragma("GCC unroll 1")
#endif
#if defined(__arm__)
#    define LLMZERO_UNROLL_VECTORS LLMZERO_KEEP_LOOP
#else
#    define LLMZERO_UNROLL_VECTORS LLMZERO_UNROLL
#endif

// Asks for the cache line of an element that is read soon, where the core does not guess that by itself. It may lie
// behind the end, so the address is reckoned as a number.
#if LLMZERO_HAS_ARM1176
#    define LLMZERO_PREFETCH(base, index)                                                                              \
        __builtin_prefetch(                                                                                            \
            reinterpret_cast<const void *>(reinterpret_cast<__UINTPTR_TYPE__>(base) + (index) * sizeof *(base)))
#else
#    define LLMZERO_PREFETCH(base, index) static_cast<void>(index)
#endif

// 1 where every machine that a build is for has one core.
#define LLMZERO_HAS_ONE_CORE LLMZERO_HAS_ARM1176

// Between two looks at what another thread writes: leaves the core's units to the other hardware thread.
#if defined(__x86_64__) || defined(__i386__)
#    define LLMZERO_PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__) || (defined(__arm__) && __ARM_ARCH >= 7)
#    define LLMZERO_PAUSE() __asm__ volatile("yield")
#else
#    define LLMZERO_PAUSE() static_cast<void>(0)
#endif
