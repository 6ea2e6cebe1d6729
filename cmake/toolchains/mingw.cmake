# 64-bit Windows, with MinGW's compiler whose threads are POSIX ones. A static program needs nothing beside it. Here it
# runs in wine, which Debian keeps off the path.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)
find_program(LLMZERO_WINE NAMES wine wine64 PATHS /usr/lib/wine DOC "What runs programs for Windows here")
if(LLMZERO_WINE)
    set(CMAKE_CROSSCOMPILING_EMULATOR ${LLMZERO_WINE})
endif()
