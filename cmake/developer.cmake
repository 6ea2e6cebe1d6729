# Settings for llmzero's own programs and tests. They are kept in the target llmzero-developer, so that nothing of them
# reaches a project that uses the library.
include(${CMAKE_CURRENT_LIST_DIR}/warnings.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/sanitizers.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/embed.cmake)

# Programs lie at the top of the build directory: build/release/llmzero-run.
if(PROJECT_IS_TOP_LEVEL)
    set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
    set(CMAKE_CXX_EXTENSIONS OFF)
    if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
        set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
    endif()
endif()

add_library(llmzero-developer INTERFACE)
target_link_libraries(llmzero-developer INTERFACE llmzero llmzero-warnings llmzero-sanitizers)
if(LLMZERO_STATIC)
    # Their place is fixed, so code need not look it up: less to fetch for a small core.
    target_compile_options(llmzero-developer INTERFACE $<$<NOT:$<PLATFORM_ID:Windows>>:-fno-pie>)
    target_link_options(llmzero-developer INTERFACE -static)
endif()
