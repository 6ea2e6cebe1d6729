# The warnings llmzero's own programs and tests are compiled with. Users of the library do not get them.
add_library(llmzero-warnings INTERFACE)
if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
    target_compile_options(
        llmzero-warnings
        INTERFACE -Wall
                  -Wextra
                  -Wpedantic
                  -Wconversion
                  -Wsign-conversion
                  -Wshadow
                  -Wold-style-cast
                  -Wnon-virtual-dtor
                  -Wdouble-promotion
                  # gcc's note that its C++17 ABI for some arguments differs from its C++14 one.
                  $<$<CXX_COMPILER_ID:GNU>:-Wno-psabi>
                  # False alarms about std::string in gcc 12 (its bug 105651).
                  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
                  $<$<BOOL:${LLMZERO_WERROR}>:-Werror>)
endif()
