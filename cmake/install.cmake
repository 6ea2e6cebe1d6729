# Installs the headers and the package files for find_package(llmzero).
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/llmzero)

# The component "library" is what a project that uses llmzero needs; the programs are the rest.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME library)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/llmzero DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING
        PATTERN "*.hpp")
install(TARGETS llmzero EXPORT llmzero-targets)
install(EXPORT llmzero-targets NAMESPACE llmzero:: DESTINATION ${package_dir})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/llmzero-config.cmake.in
                              ${PROJECT_BINARY_DIR}/llmzero-config.cmake INSTALL_DESTINATION ${package_dir}
                              NO_SET_AND_CHECK_MACRO)
# Headers serve every word size. While the major version is 0, a new minor version may break its users.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/llmzero-config-version.cmake
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/llmzero-config.cmake ${PROJECT_BINARY_DIR}/llmzero-config-version.cmake
        DESTINATION ${package_dir})
