# Raspberry Pi Zero, Zero W and 1: ARM1176 (ARMv6K) with VFPv2, in ARM state.
#
# The soft-float ABI (armel) is on purpose: Debian's armhf start files and libraries hold ARMv7 instructions, which this
# core does not have. softfp keeps VFP instructions inside functions. A static binary of this kind runs under any
# Raspberry Pi OS.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR armv6)
set(CMAKE_CXX_COMPILER arm-linux-gnueabi-g++)
set(CMAKE_CXX_FLAGS_INIT "-mcpu=arm1176jzf-s -mfpu=vfp -mfloat-abi=softfp -marm")
set(CMAKE_CROSSCOMPILING_EMULATOR "qemu-arm;-cpu;arm1176")
