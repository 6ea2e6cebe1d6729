# Tests of the ways to get llmzero into another project: consumer/<way>.
function(llmzero_add_consumer_tests)
    set(prefix ${CMAKE_CURRENT_BINARY_DIR}/prefix)
    set(common -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wconversion -Wshadow -Werror")
    set(package -DLLMZERO_FROM=package -DCMAKE_PREFIX_PATH=${prefix})

    add_test(NAME consumer/install COMMAND ${CMAKE_COMMAND} -DBUILD=${PROJECT_BINARY_DIR} -DPREFIX=${prefix} -P
                                           ${PROJECT_SOURCE_DIR}/tests/consumer/install.cmake)
    set_tests_properties(consumer/install PROPERTIES FIXTURES_SETUP llmzero-prefix)

    function(add name refused)
        add_test(NAME consumer/${name} COMMAND ${CMAKE_COMMAND} -DWORK=${CMAKE_CURRENT_BINARY_DIR}/consumer-${name}
                                               -DREFUSED=${refused} "-DARGUMENTS=${ARGN}" -P
                                               ${PROJECT_SOURCE_DIR}/tests/consumer/run.cmake)
        if(name MATCHES "^package")
            set_tests_properties(consumer/${name} PROPERTIES FIXTURES_REQUIRED llmzero-prefix)
        endif()
    endfunction()

    add(subdirectory OFF ${common} -DLLMZERO_FROM=subdirectory -DLLMZERO_SOURCE=${PROJECT_SOURCE_DIR}
        -DLLMZERO_SHARED=ON)
    add(fetch_content OFF ${common} -DLLMZERO_FROM=fetch_content -DLLMZERO_SOURCE=${PROJECT_SOURCE_DIR})
    add(package OFF ${common} ${package} -DLLMZERO_VERSION_WANTED=${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
    add(package_too_new ON ${common} ${package} -DLLMZERO_VERSION_WANTED=9.0)
    add(package_too_old ON ${common} ${package} -DLLMZERO_VERSION_WANTED=0.0.1)

    # Headers do not depend on the word size, so what a 64-bit build installed serves a 32-bit one.
    find_program(LLMZERO_I686_COMPILER i686-linux-gnu-g++)
    if(LLMZERO_I686_COMPILER)
        add(package_32_bit OFF ${package} -DCMAKE_TOOLCHAIN_FILE=${PROJECT_SOURCE_DIR}/cmake/toolchains/i686.cmake)
    endif()
endfunction()
