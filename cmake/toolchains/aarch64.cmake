# 64-bit ARM: every such processor, with instructions in the order that suits a Cortex-A53 (Raspberry Pi 3 and Zero 2 W).
# Kernels for what later ones have are chosen when a program runs; LLMZERO_EMULATED_CPU=max tests those too.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CXX_FLAGS_INIT "-march=armv8-a -mtune=cortex-a53")
set(LLMZERO_EMULATED_CPU cortex-a53 CACHE STRING "The core that programs are tested on, as qemu-aarch64 -cpu has it")
set(CMAKE_CROSSCOMPILING_EMULATOR "qemu-aarch64;-cpu;${LLMZERO_EMULATED_CPU}")
