# pizero: the timing model in bench/pizero reports what it should about a program whose cycles are known, and the same as
# the copy beside the repository where there is one. For ARM builds, with a C compiler for this machine and qemu-arm.
function(llmzero_add_pizero_tests)
    if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "armv6" OR LLMZERO_SANITIZE)
        return()
    endif()
    add_executable(pizero-chains ${CMAKE_CURRENT_LIST_DIR}/pizero/chains.cpp)
    target_link_libraries(pizero-chains PRIVATE llmzero-developer)
    target_link_options(pizero-chains PRIVATE -static)
    add_test(NAME pizero/chains
             COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/pizero/pizero.sh ${PROJECT_SOURCE_DIR}
                     $<TARGET_FILE:pizero-chains> ${CMAKE_CURRENT_BINARY_DIR}/pizero)
    set_tests_properties(pizero/chains PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120)
endfunction()
