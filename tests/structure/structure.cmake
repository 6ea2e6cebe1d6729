# Tests of the library's structure:
#   structure/rules/<rule>     what can be read off the sources (rules.sh)
#   structure/one-program      every header compiles alone, and all of them, included by several translation units, link
#   structure/mixed-builds     differently compiled translation units of one program do not disturb each other
#   structure/no-globals       the programs hold no variable of the library
#   structure/unicode-tables   the Unicode tables are what their script makes, where its data is installed
#   structure/bench-...        a table and its plot in bench/results are what their figures make
#   structure/arm1176-streams  the loops of the ARM1176 are what their script makes
#   structure/arm-instructions nothing in the ARM programs is beyond ARMv6K + VFPv2
#   .../selftest               the checks see what they look for
# The examples in README.md and in the headers' comments are compiled by the build (target structure-examples).

set(structure_dir ${CMAKE_CURRENT_LIST_DIR})

file(GLOB_RECURSE library_headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include
     ${PROJECT_SOURCE_DIR}/include/llmzero/*.hpp)

# Writes a file only when its content changes, so that nothing is compiled without need.
function(llmzero_write_source path content)
    set(present "")
    if(EXISTS ${path})
        file(READ ${path} present)
    endif()
    if(NOT present STREQUAL content)
        file(WRITE ${path} "${content}")
    endif()
endfunction()

# A translation unit for each header, which includes it first and twice, and two that include everything.
function(llmzero_add_header_tests)
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/one-program)
    set(sources)
    set(everything "")
    foreach(header IN LISTS library_headers)
        # Beside the kernels nothing differs between machines.
        if(NOT CMAKE_CROSSCOMPILING OR header MATCHES "/kernels/")
            string(MAKE_C_IDENTIFIER ${header} name)
            set(source ${folder}/${name}.cpp)
            llmzero_write_source(${source} "#include <${header}>\n#include <${header}>\n")
            list(APPEND sources ${source})
        endif()
        string(APPEND everything "#include <${header}>\n")
    endforeach()
    list(REVERSE library_headers)
    set(everything_reversed "")
    foreach(header IN LISTS library_headers)
        string(APPEND everything_reversed "#include <${header}>\n")
    endforeach()
    llmzero_write_source(${folder}/everything.cpp "${everything}const char * version_of_a();
const char * version_of_a() { return LLMZERO_VERSION_STRING; }\n")
    llmzero_write_source(${folder}/everything_reversed.cpp "${everything_reversed}const char * version_of_a();
int main() { return version_of_a()[0] == LLMZERO_VERSION_STRING[0] ? 0 : 1; }\n")
    add_executable(structure-one-program ${sources} ${folder}/everything.cpp ${folder}/everything_reversed.cpp)
    target_link_libraries(structure-one-program PRIVATE llmzero-developer)
    target_compile_options(structure-one-program PRIVATE -O0)
    add_test(NAME structure/one-program COMMAND structure-one-program)
endfunction()

# Copies of mixed_part.cpp compiled in ways that must not meet in one inline function.
function(llmzero_add_mixed_test)
    add_library(structure-mixed-plain OBJECT structure/mixed_part.cpp)
    add_library(structure-mixed-nothrow OBJECT structure/mixed_part.cpp)
    target_compile_options(structure-mixed-nothrow PRIVATE -fno-exceptions)
    add_library(structure-mixed-target OBJECT structure/mixed_part.cpp)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "armv6")
        target_compile_options(structure-mixed-target PRIVATE -mcpu=arm926ej-s)
    else()
        target_compile_options(structure-mixed-target PRIVATE -mavx2)
    endif()
    add_executable(structure-mixed structure/mixed_main.cpp)
    foreach(part plain nothrow target)
        target_link_libraries(structure-mixed-${part} PRIVATE llmzero-developer)
        target_compile_definitions(structure-mixed-${part} PRIVATE PART=${part})
        target_compile_options(structure-mixed-${part} PRIVATE -O1)
        target_link_libraries(structure-mixed PRIVATE structure-mixed-${part})
    endforeach()
    target_link_libraries(structure-mixed PRIVATE llmzero-developer)
    llmzero_embed_model(structure-mixed "${LLMZERO_EMBEDDED_MODEL}")
    add_test(NAME structure/mixed-builds COMMAND structure-mixed)
endfunction()

# Every ```cpp block of README.md and every example in a header's comment, compiled.
function(llmzero_add_example_tests)
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/examples)
    set(inputs)
    foreach(header IN LISTS library_headers)
        list(APPEND inputs include/${header})
    endforeach()
    if(EXISTS ${PROJECT_SOURCE_DIR}/README.md)
        list(APPEND inputs README.md)
    endif()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${inputs})
    file(REMOVE_RECURSE ${folder}/fresh)
    file(MAKE_DIRECTORY ${folder}/fresh)
    execute_process(
        COMMAND awk -v out=${folder}/fresh -f ${structure_dir}/examples.awk ${inputs}
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} COMMAND_ERROR_IS_FATAL ANY)
    file(GLOB fresh RELATIVE ${folder}/fresh ${folder}/fresh/*.cpp)
    set(sources)
    foreach(name IN LISTS fresh)
        file(READ ${folder}/fresh/${name} content)
        llmzero_write_source(${folder}/${name} "${content}")
        list(APPEND sources ${folder}/${name})
    endforeach()
    if(sources)
        add_library(structure-examples OBJECT ${sources})
        target_link_libraries(structure-examples PRIVATE llmzero-developer)
        target_compile_options(structure-examples PRIVATE -O0)
    endif()
endfunction()

function(llmzero_add_rule_tests)
    execute_process(COMMAND sh ${structure_dir}/rules.sh list OUTPUT_VARIABLE rules OUTPUT_STRIP_TRAILING_WHITESPACE
                    COMMAND_ERROR_IS_FATAL ANY)
    separate_arguments(rules)
    foreach(rule IN LISTS rules)
        add_test(NAME structure/rules/${rule} COMMAND sh ${structure_dir}/rules.sh ${rule} ${PROJECT_SOURCE_DIR})
    endforeach()
    add_test(NAME structure/rules/selftest COMMAND sh ${structure_dir}/rules_selftest.sh ${PROJECT_SOURCE_DIR})
endfunction()

function(llmzero_add_binary_tests)
    set(programs)
    foreach(program llmzero-run llmzero-stick llmzero-quantize llmzero-info llmzero-bench llmzero-bench-tokenizer structure-one-program)
        if(TARGET ${program})
            list(APPEND programs $<TARGET_FILE:${program}>)
        endif()
    endforeach()
    add_test(NAME structure/no-globals COMMAND sh ${structure_dir}/no_globals.sh ${CMAKE_OBJDUMP} ${programs})
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "armv6")
        add_test(NAME structure/arm-instructions/selftest
                 COMMAND sh ${structure_dir}/arm_instructions_selftest.sh ${CMAKE_CXX_COMPILER} ${CMAKE_OBJDUMP})
        add_test(NAME structure/arm-instructions
                 COMMAND sh ${structure_dir}/arm_instructions.sh ${CMAKE_READELF} ${CMAKE_OBJDUMP} ${programs})
    endif()
endfunction()

function(llmzero_add_generated_tests)
    find_package(Python3 3.8 COMPONENTS Interpreter)
    if(Python3_FOUND)
        add_test(NAME structure/unicode-tables COMMAND ${Python3_EXECUTABLE} -B
                                                       ${PROJECT_SOURCE_DIR}/tools/unicode-tables.py --check)
        set_tests_properties(structure/unicode-tables PROPERTIES SKIP_RETURN_CODE 77)
        foreach(table IN ITEMS zero a53 pc)
            if(EXISTS ${PROJECT_SOURCE_DIR}/bench/results/${table}.csv)
                add_test(NAME structure/bench-${table} COMMAND ${Python3_EXECUTABLE} -B
                                                               ${PROJECT_SOURCE_DIR}/tools/bench-${table}.py check)
            endif()
        endforeach()
        add_test(NAME structure/arm1176-streams COMMAND ${Python3_EXECUTABLE} -B
                                                        ${PROJECT_SOURCE_DIR}/tools/arm1176-streams.py --check)
        add_test(NAME structure/arm1176-gates COMMAND ${Python3_EXECUTABLE} -B
                                                      ${PROJECT_SOURCE_DIR}/tools/arm1176-gates.py --check)
    endif()
endfunction()

function(llmzero_add_structure_tests)
    llmzero_add_rule_tests()
    llmzero_add_generated_tests()
    llmzero_add_header_tests()
    llmzero_add_mixed_test()
    llmzero_add_example_tests()
    llmzero_add_binary_tests()
endfunction()
