pkg_check_modules(DGRAM_JANSSON REQUIRED IMPORTED_TARGET jansson)

file(GLOB command_sources CONFIGURE_DEPENDS cli/*.c)
if(command_sources)
  # The target cannot be called dgram as well: that name is the library's.
  add_executable(dgram_command ${command_sources})
  dgram_compile(dgram_command)
  target_compile_definitions(dgram_command PRIVATE _GNU_SOURCE)
  target_link_libraries(dgram_command PRIVATE dgram::dgram PkgConfig::DGRAM_JANSSON)
  set_target_properties(dgram_command PROPERTIES
    OUTPUT_NAME dgram
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  if(PROJECT_IS_TOP_LEVEL)
    # The installed command finds the library next to it, wherever the prefix is.
    file(RELATIVE_PATH from_bin ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
    set_target_properties(dgram_command PROPERTIES INSTALL_RPATH "$ORIGIN/${from_bin}")
    install(TARGETS dgram_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endif()
