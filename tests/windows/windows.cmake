# Tests of a build for Windows, under wine:
#   windows/wine       makes the folder that wine keeps its Windows in, for all other tests
#   windows/programs   the programs from outside, and their texts against those of a program for this system (windows.sh)

# Wine takes the arguments of a program for what the locale says.
set(llmzero_wine_environment WINEPREFIX=${CMAKE_CURRENT_BINARY_DIR}/wine WINEDEBUG=-all LC_ALL=C.UTF-8)

function(llmzero_add_windows_tests)
    set(LLMZERO_NATIVE_RUN
        ""
        CACHE FILEPATH "llmzero-run for this system, whose texts those of the program for Windows have to be")
    add_test(NAME windows/wine COMMAND ${CMAKE_CROSSCOMPILING_EMULATOR} wineboot --init)
    set_tests_properties(windows/wine PROPERTIES FIXTURES_SETUP wine ENVIRONMENT "${llmzero_wine_environment}"
                                                 TIMEOUT 300)
    if(TARGET llmzero-run)
        add_test(NAME windows/programs
                 COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/windows/windows.sh "${CMAKE_CROSSCOMPILING_EMULATOR}"
                         $<TARGET_FILE_DIR:llmzero-run> ${PROJECT_SOURCE_DIR}/models/storyteller.gguf
                         ${CMAKE_CURRENT_BINARY_DIR}/windows "${LLMZERO_NATIVE_RUN}")
        set_tests_properties(windows/programs PROPERTIES FIXTURES_REQUIRED wine TIMEOUT 300
                                                         ENVIRONMENT "${llmzero_wine_environment}")
    endif()
endfunction()
