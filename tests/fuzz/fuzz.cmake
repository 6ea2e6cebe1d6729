# fuzz_<name>.cpp becomes the program replay-<name>, which every compiler can build: it runs over the files in corpus/<name>
# as the test fuzz/<name>. With clang's libFuzzer (LLMZERO_BUILD_FUZZERS) it becomes fuzz-<name> instead, which does the same
# and then searches for inputs that do harm, as the test fuzz/<name>_search for a short time, or for longer by hand:
#
#     cmake --preset asan && cmake --build --preset asan --target fuzz-gguf
#     build/asan/fuzz-gguf -max_total_time=600 found tests/fuzz/corpus/gguf
#
# A search goes another way each time in spite of its seed, since the fuzzer also tries addresses that it saw compared.
file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/fuzz_*.cpp)
foreach(source IN LISTS fuzz_sources)
    cmake_path(GET source STEM name)
    string(REGEX REPLACE "^fuzz_" "" name ${name})
    set(corpus ${CMAKE_CURRENT_LIST_DIR}/corpus/${name})

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
        set(test fuzz/${name}_search)
    else()
        add_executable(replay-${name} ${source} ${CMAKE_CURRENT_LIST_DIR}/replay.cpp)
        target_link_libraries(replay-${name} PRIVATE llmzero-developer)
        target_include_directories(replay-${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/src)
        add_test(NAME fuzz/${name} COMMAND replay-${name} ${corpus})
        set(test fuzz/${name})
    endif()
    set_tests_properties(${test} PROPERTIES TIMEOUT ${test_timeout_seconds} ENVIRONMENT "${test_environment}")
endforeach()
