include(CMakePackageConfigHelpers)

# Packages say where things are relative to themselves, so that an installed tree can be moved. Only
# an absolute library directory, which some distributions set, has to be written down.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(DGRAM_PC_PREFIX ${CMAKE_INSTALL_PREFIX})
  set(DGRAM_PC_LIBDIR ${CMAKE_INSTALL_FULL_LIBDIR})
  set(DGRAM_PC_INCLUDEDIR ${CMAKE_INSTALL_FULL_INCLUDEDIR})
else()
  file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  string(REGEX REPLACE "/$" "" up "${up}")
  set(DGRAM_PC_PREFIX "\${pcfiledir}/${up}")
  set(DGRAM_PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(DGRAM_PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(packaging/dgram.pc.in ${PROJECT_BINARY_DIR}/packaging/dgram.pc @ONLY)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/dgram)
configure_package_config_file(packaging/dgram-config.cmake.in
  ${PROJECT_BINARY_DIR}/packaging/dgram-config.cmake
  INSTALL_DESTINATION ${package_dir}
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/packaging/dgram-config-version.cmake
  COMPATIBILITY SameMinorVersion)

if(PROJECT_IS_TOP_LEVEL)
  install(TARGETS dgram_shared dgram_static EXPORT dgram-targets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT dgram-targets NAMESPACE dgram:: DESTINATION ${package_dir})
  install(FILES
    ${PROJECT_BINARY_DIR}/packaging/dgram-config.cmake
    ${PROJECT_BINARY_DIR}/packaging/dgram-config-version.cmake
    DESTINATION ${package_dir})
  install(FILES ${PROJECT_BINARY_DIR}/packaging/dgram.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.h")
  foreach(section 1 3 7)
    file(GLOB pages CONFIGURE_DEPENDS docs/man/*.${section})
    if(pages)
      install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
    endif()
  endforeach()
endif()
