# Each examples/NAME.c is a program, and the files of examples/transfer are one together.
function(dgram_example name)
  add_executable(example-${name} ${ARGN})
  dgram_compile(example-${name})
  target_link_libraries(example-${name} PRIVATE dgram::dgram)
  set_target_properties(example-${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/examples)
endfunction()

file(GLOB example_sources CONFIGURE_DEPENDS examples/*.c)
foreach(source ${example_sources})
  cmake_path(GET source STEM name)
  dgram_example(${name} ${source})
endforeach()
file(GLOB transfer_sources CONFIGURE_DEPENDS examples/transfer/*.c)
dgram_example(transfer ${transfer_sources})
