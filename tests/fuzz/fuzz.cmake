# fuzz_<name>.cpp becomes two programs: replay-<name>, which every compiler can build, runs over the files in corpus/<name>
# as the test fuzz/<name>; fuzz-<name> searches for inputs that do harm, with clang's libFuzzer (LLMZERO_BUILD_FUZZERS):
#
#     cmake --preset asan && cmake --build --preset asan --target fuzz-gguf
#     build/asan/fuzz-gguf -max_total_time=600 found tests/fuzz/corpus/gguf
#
# The test fuzz/<name>_search is a short search of that kind. It goes another way each time in spite of its seed, since the
# fuzzer also tries addresses that it saw compared.
file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/fuzz_*.cpp)
foreach(source IN LISTS fuzz_sources)
    cmake_path(GET source STEM name)
    string(REGEX REPLACE "^fuzz_" "" name ${name})
    set(corpus ${CMAKE_CURRENT_LIST_DIR}/corpus/${name})

    add_executable(replay-${name} ${source} ${CMAKE_CURRENT_LIST_DIR}/replay.cpp)
    target_link_libraries(replay-${name} PRIVATE llmzero-developer)
    target_include_directories(replay-${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/src)
    add_test(NAME fuzz/${name} COMMAND replay-${name} ${corpus})
    set(fuzz_tests fuzz/${name})

    if(LLMZERO_BUILD_FUZZERS)
        add_executable(fuzz-${name} ${source})
        target_link_libraries(fuzz-${name} PRIVATE llmzero-developer)
        target_include_directories(fuzz-${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/src)
        target_compile_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
        target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
        set(found ${CMAKE_CURRENT_BINARY_DIR}/found-${name})
        file(MAKE_DIRECTORY ${found})
        set(runs 10000)
        if(name MATCHES "^fat_|^model$") # whole volumes and models: some milliseconds each
            set(runs 300)
        endif()
        # What is found goes to the first folder, and a crash beside it: not into the sources.
        add_test(NAME fuzz/${name}_search COMMAND fuzz-${name} -runs=${runs} -seed=1 -artifact_prefix=${found}/ ${found}
                                                  ${corpus})
        list(APPEND fuzz_tests fuzz/${name}_search)
    endif()
    set_tests_properties(${fuzz_tests} PROPERTIES TIMEOUT ${test_timeout_seconds} ENVIRONMENT "${test_environment}")
endforeach()
