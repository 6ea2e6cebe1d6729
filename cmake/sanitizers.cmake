# LLMZERO_SANITIZE=address,undefined, or thread, or any other list for -fsanitize. The first error ends the program, so
# that no test can pass over it.
add_library(llmzero-sanitizers INTERFACE)
if(LLMZERO_SANITIZE)
    set(sanitizer_flags -fsanitize=${LLMZERO_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_compile_options(llmzero-sanitizers INTERFACE ${sanitizer_flags} -g1)
    target_link_options(llmzero-sanitizers INTERFACE ${sanitizer_flags})
endif()
