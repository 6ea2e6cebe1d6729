# 32-bit x86. A toolchain of its own, because g++-multilib cannot be installed beside the other cross compilers.
# Its programs run as they are on x86-64.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR i686)
set(CMAKE_CXX_COMPILER i686-linux-gnu-g++)
# SSE2, which every such processor since 2001 has: the x87 keeps more digits than a float, so that the same sum would give
# other bits in another loop.
set(CMAKE_CXX_FLAGS_INIT "-msse2 -mfpmath=sse")
