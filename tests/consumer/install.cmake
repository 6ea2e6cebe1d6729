# Installs the library into an empty folder: cmake -D BUILD=<build folder> -D PREFIX=<folder> -P install.cmake
file(REMOVE_RECURSE ${PREFIX})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${PREFIX} --component library
                COMMAND_ERROR_IS_FATAL ANY)
