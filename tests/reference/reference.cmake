# The library against a float64 reference in Python, and that reference against the conformance data:
#   reference/make    writes random models and their logits into the build folder
#   reference/kit     runs the reference on models of the conformance data
#   reference/models  loads what was made, and compares

# A Python that has numpy: the first on the path may be one without.
function(llmzero_find_numpy result)
    find_package(Python3 3.8 COMPONENTS Interpreter)
    foreach(candidate IN ITEMS ${Python3_EXECUTABLE} /usr/bin/python3)
        execute_process(COMMAND ${candidate} -c "import numpy" RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
        if(failed EQUAL 0)
            set(${result} ${candidate} PARENT_SCOPE)
            return()
        endif()
    endforeach()
    set(${result} "" PARENT_SCOPE)
endfunction()

function(llmzero_add_reference_tests)
    llmzero_add_tests(reference)
    llmzero_find_numpy(python)
    if(NOT python)
        message(WARNING "The tests against the reference are left out: they need Python 3.8 with numpy (Debian: "
                        "python3-numpy; tools/test.sh installs it)")
        return()
    endif()
    set(scripts ${PROJECT_SOURCE_DIR}/tests/reference)
    set(made ${CMAKE_CURRENT_BINARY_DIR}/reference)
    target_compile_definitions(test-reference PRIVATE LLMZERO_REFERENCE_DIR="${made}")
    # One thread: the matrices are small, and other tests run beside these.
    set(one_thread OPENBLAS_NUM_THREADS=1)
    add_test(NAME reference/make COMMAND ${python} -B ${scripts}/make_models.py ${made})
    set_tests_properties(reference/make PROPERTIES FIXTURES_SETUP reference ENVIRONMENT "${one_thread}")
    set_property(TEST reference/models APPEND PROPERTY FIXTURES_REQUIRED reference)
    if(EXISTS ${LLMZERO_CONFORMANCE_DIR}/expected)
        add_test(NAME reference/kit COMMAND ${python} -B ${scripts}/check_kit.py ${LLMZERO_CONFORMANCE_DIR})
        set_tests_properties(reference/kit PROPERTIES ENVIRONMENT "${one_thread}")
    endif()
endfunction()
