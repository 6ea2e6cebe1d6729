set(LLMZERO_EMBEDDED_MODEL
    ${PROJECT_SOURCE_DIR}/models/storyteller.gguf
    CACHE FILEPATH "The GGUF file that becomes part of llmzero-run; empty: none")

# llmzero_embed_model(<target> <file>) makes <file> part of <target>, to be read through src/embedded_model.hpp. An empty
# <file> leaves the target without a model.
#
# The assembler copies the file (.incbin), so the compiler never sees its bytes and the build stays fast.
function(llmzero_embed_model target file)
    if(file AND NOT EXISTS "${file}")
        message(FATAL_ERROR "LLMZERO_EMBEDDED_MODEL: there is no file ${file}")
    endif()
    set(source ${CMAKE_CURRENT_BINARY_DIR}/embedded_model.cpp)
    if(file)
        set(EMBEDDED_MODEL_FILE "${file}")
        configure_file(${PROJECT_SOURCE_DIR}/cmake/embedded_model.cpp.in ${source} @ONLY)
        set_property(SOURCE ${source} APPEND PROPERTY OBJECT_DEPENDS "${file}")
    else()
        configure_file(${PROJECT_SOURCE_DIR}/cmake/embedded_model_none.cpp.in ${source} @ONLY)
    endif()
    set_property(SOURCE ${source} PROPERTY SKIP_UNITY_BUILD_INCLUSION ON)
    target_sources(${target} PRIVATE ${source})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
endfunction()
