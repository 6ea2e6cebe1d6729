option(LLMZERO_EMULATED_TESTS "Try the stick's image in an emulated board (minutes; fetches Debian packages)" OFF)

# The image of tools/make-stick.sh in an emulated board, for builds for ARM with LLMZERO_EMULATED_TESTS. Where the image
# cannot be made or QEMU is not there the test is left out, loudly; with CI set in the environment that is a failure.
function(llmzero_add_emulated_tests)
    if(NOT LLMZERO_EMULATED_TESTS OR NOT CMAKE_SYSTEM_PROCESSOR MATCHES "armv6" OR LLMZERO_SANITIZE)
        return()
    endif()
    add_test(NAME emulated/stick
             COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/emulated/emulated.sh ${PROJECT_SOURCE_DIR}
                     $<TARGET_FILE:llmzero-stick> ${PROJECT_BINARY_DIR}/emulated)
    set_tests_properties(emulated/stick PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1500 COST 10000)
endfunction()
