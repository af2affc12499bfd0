file(GLOB example_sources CONFIGURE_DEPENDS examples/*.c)
foreach(source ${example_sources})
  cmake_path(GET source STEM name)
  add_executable(example-${name} ${source})
  dgram_compile(example-${name})
  target_link_libraries(example-${name} PRIVATE dgram::dgram)
  set_target_properties(example-${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/examples)
endforeach()
