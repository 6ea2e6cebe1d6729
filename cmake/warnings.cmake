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
                  -Wold-style-cast
                  -Wnon-virtual-dtor
                  -Wdouble-promotion
                  # Where files are compiled together (UNITY_BUILD), a name of one may hide one of another.
                  $<$<NOT:$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wshadow>
                  # gcc's note that its C++17 ABI for some arguments differs from its C++14 one.
                  $<$<CXX_COMPILER_ID:GNU>:-Wno-psabi>
                  # False alarms of gcc 12 about std::string (its bug 105651) and std::vector.
                  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
                  $<$<CXX_COMPILER_ID:GNU>:-Wno-free-nonheap-object>
                  $<$<BOOL:${LLMZERO_WERROR}>:-Werror>)
endif()
