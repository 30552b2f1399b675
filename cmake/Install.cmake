# What `cmake --install` puts where, in two components, which are also the two Debian packages of cpack:
#   minslice  the binary, manual pages, completions
#   dev       the statistics library: minslice_stats and minslice_rng, headers, CMake package, pkg-config file
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS minslice RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT minslice)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright COMPONENT minslice)

# Manual pages and completions come from the binary's own command definitions, when they are installed: a build needs
# neither.
set(pages ${CMAKE_BINARY_DIR}/pages)
install(CODE "
  file(REMOVE_RECURSE \"${pages}\")
  file(MAKE_DIRECTORY \"${pages}/completion\")
  execute_process(COMMAND $<TARGET_FILE:minslice> man --out ${pages}/man1 COMMAND_ERROR_IS_FATAL ANY)
  foreach(shell bash zsh fish)
    execute_process(COMMAND $<TARGET_FILE:minslice> completion \${shell} OUTPUT_FILE ${pages}/completion/\${shell}
                    COMMAND_ERROR_IS_FATAL ANY)
  endforeach()" COMPONENT minslice)
install(DIRECTORY ${pages}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT minslice)
install(FILES ${pages}/completion/bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME minslice
        COMPONENT minslice)
install(FILES ${pages}/completion/zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions RENAME _minslice
        COMPONENT minslice)
install(FILES ${pages}/completion/fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
        RENAME minslice.fish COMPONENT minslice)

# A wheel carries the binary itself, no launcher: it links everything but the C library, so that nothing has to be found
# beside it. scripts/link_static puts archives in the place of shared libraries when it is linked.
if(MINSLICE_STATIC_PREFIX)
  set_property(TARGET minslice PROPERTY RULE_LAUNCH_LINK "${CMAKE_SOURCE_DIR}/scripts/link_static ${MINSLICE_STATIC_PREFIX}/lib")
endif()
if(SKBUILD)
  install(TARGETS minslice RUNTIME DESTINATION ${SKBUILD_SCRIPTS_DIR} COMPONENT wheel)
endif()

# The statistics library: find_package(minslice), target minslice::stats.
set_target_properties(minslice_stats PROPERTIES EXPORT_NAME stats)
set_target_properties(minslice_rng PROPERTIES EXPORT_NAME rng)
target_compile_features(minslice_stats INTERFACE cxx_std_20)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/minslice)
install(TARGETS minslice_stats minslice_rng EXPORT minsliceTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT minsliceTargets NAMESPACE minslice:: DESTINATION ${package_dir} COMPONENT dev)
install(FILES include/minslice/estimate.h include/minslice/version.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/minslice COMPONENT dev)
install(DIRECTORY include/minslice/stats DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/minslice COMPONENT dev)
configure_package_config_file(cmake/minsliceConfig.cmake.in ${CMAKE_BINARY_DIR}/minsliceConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/minsliceConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/minsliceConfig.cmake ${CMAKE_BINARY_DIR}/minsliceConfigVersion.cmake
        DESTINATION ${package_dir} COMPONENT dev)
# The prefix is found from the file's own place, so that an unpacked or moved tree works too.
file(RELATIVE_PATH prefix_from_pkgconfig /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(cmake/minslice-stats.pc.in ${CMAKE_BINARY_DIR}/minslice-stats.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/minslice-stats.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)

# cpack -G DEB: minslice and libminslice-dev; what they depend on is read from the binary by dpkg-shlibdeps.
set(CPACK_PACKAGE_NAME minslice)
set(CPACK_PACKAGE_VENDOR "minslice")
set(CPACK_PACKAGE_CONTACT "The minslice authors <minslice@packages.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL minslice dev)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_MINSLICE_PACKAGE_NAME minslice)
set(CPACK_DEBIAN_MINSLICE_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_MINSLICE_PACKAGE_RECOMMENDS "ca-certificates")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libminslice-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libexpected-dev, g++")
set(CPACK_COMPONENT_MINSLICE_DESCRIPTION "Pairs the logs of two models by prompt and says, slice by slice, whether one
 may replace the other, and when the data cannot say.")
set(CPACK_COMPONENT_DEV_DESCRIPTION "The statistics library of minslice: intervals, tests, bootstrap and planning for
 paired results, as a static archive with headers.")
include(CPack)
