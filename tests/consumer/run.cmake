# Configures, builds and runs the consumer project in an empty folder.
#   cmake -D WORK=<folder> -D REFUSED=<ON|OFF> -D "ARGUMENTS=<-D...;...>" -P run.cmake
# With REFUSED the configuration has to fail for want of a fitting version. A shared library has to work beside another
# copy of llmzero, and to export its own functions alone.
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
execute_process(
    COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${WORK} ${ARGUMENTS}
    RESULT_VARIABLE result
    OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
if(REFUSED)
    if(result EQUAL 0)
        message(FATAL_ERROR "a version that is not there was accepted\n${output}")
    endif()
    string(REGEX REPLACE "[ \n]+" " " output "${output}")
    if(NOT output MATCHES "compatible with requested version" OR NOT output MATCHES "llmzero-config.cmake, version: ")
        message(FATAL_ERROR "failed for another reason than the version\n${output}")
    endif()
    return()
endif()
if(NOT result EQUAL 0)
    message(FATAL_ERROR "does not configure\n${output}")
endif()
execute_process(COMMAND ${CMAKE_COMMAND} --build ${WORK} COMMAND_ERROR_IS_FATAL ANY)
if(EXISTS ${WORK}/consumer)
    execute_process(COMMAND ${WORK}/consumer COMMAND_ERROR_IS_FATAL ANY)
else()
    execute_process(COMMAND ${WORK}/teller-user ${CMAKE_CURRENT_LIST_DIR}/../../models/storyteller.gguf
                    COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND nm --dynamic --defined-only --demangle ${WORK}/libteller.so OUTPUT_VARIABLE symbols
                    COMMAND_ERROR_IS_FATAL ANY)
    if(symbols MATCHES "llmzero" OR NOT symbols MATCHES " teller_tell\n")
        message(FATAL_ERROR "the shared library exports\n${symbols}")
    endif()
endif()
