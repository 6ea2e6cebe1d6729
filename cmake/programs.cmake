# llmzero-run with its embedded model, llmzero-quantize, llmzero-bench and llmzero-bench-tokenizer.
function(llmzero_add_program name source)
    add_executable(${name} ${PROJECT_SOURCE_DIR}/${source})
    target_link_libraries(${name} PRIVATE llmzero-developer)
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
    # What is not called is left out: static programs for small boards get a tenth smaller.
    target_compile_options(${name} PRIVATE -ffunction-sections -fdata-sections)
    target_link_options(${name} PRIVATE -Wl,--gc-sections)
    if(LLMZERO_INSTALL)
        include(GNUInstallDirs)
        install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT programs)
    endif()
endfunction()

llmzero_add_program(llmzero-run src/llmzero-run.cpp)
llmzero_embed_model(llmzero-run "${LLMZERO_EMBEDDED_MODEL}")
llmzero_add_program(llmzero-quantize src/llmzero-quantize.cpp)
llmzero_add_program(llmzero-bench bench/llmzero-bench.cpp)
llmzero_add_program(llmzero-bench-tokenizer bench/llmzero-bench-tokenizer.cpp)
