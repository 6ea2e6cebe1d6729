# 32-bit ARM with NEON and VFPv4: Raspberry Pi 2, 3, 4 and Zero 2 W under a 32-bit system, and other boards with a
# Cortex-A5, A7, A15 or later. A static binary of this kind runs under any Raspberry Pi OS on them.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR armv7)
set(LLMZERO_FLOAT_ABI hard CACHE STRING "hard, or softfp: the compiler and the libraries of armv6, with the same kernels")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES LLMZERO_FLOAT_ABI)
if(LLMZERO_FLOAT_ABI STREQUAL "hard")
    set(CMAKE_CXX_COMPILER arm-linux-gnueabihf-g++)
else()
    set(CMAKE_CXX_COMPILER arm-linux-gnueabi-g++)
endif()
set(CMAKE_CXX_FLAGS_INIT "-mcpu=cortex-a7 -mfpu=neon-vfpv4 -mfloat-abi=${LLMZERO_FLOAT_ABI} -mthumb")
set(CMAKE_CROSSCOMPILING_EMULATOR "qemu-arm;-cpu;cortex-a7")
