# The programs that bench/run.py starts. They link the static library, as a program that counts
# nanoseconds would, and are optimised whatever the build type is.
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
  message(STATUS "The benchmarks ask Linux for its limits: left out here")
  return()
endif()

file(GLOB bench_common CONFIGURE_DEPENDS bench/common.c bench/meter.c bench/histogram.c)
add_library(bench_common OBJECT ${bench_common})

# bench/NAME.c and bench/NAME_*.c become a program.
function(dgram_bench_program name)
  file(GLOB sources CONFIGURE_DEPENDS bench/${name}.c bench/${name}_*.c)
  add_executable(bench_${name} ${sources} $<TARGET_OBJECTS:bench_common>)
  target_link_libraries(bench_${name} PRIVATE ${ARGN})
  set_target_properties(bench_${name} PROPERTIES
    OUTPUT_NAME bench-${name}
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
endfunction()

dgram_bench_program(bare)
dgram_bench_program(ours dgram::dgram_static)
dgram_bench_program(uv PkgConfig::DGRAM_LIBUV)
dgram_bench_program(cluster dgram::dgram_static)

# By itself: it needs no kernel and no peer.
add_executable(bench_sim bench/sim.c)
target_link_libraries(bench_sim PRIVATE dgram::dgram_static)
set_target_properties(bench_sim PROPERTIES
  OUTPUT_NAME bench-sim
  RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)

foreach(target bench_common bench_bare bench_ours bench_uv bench_sim bench_cluster)
  dgram_compile(${target})
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
  target_compile_options(${target} PRIVATE -O2)
endforeach()

set(bench_programs bench_bare bench_ours bench_uv bench_sim bench_cluster)

# Peers that are measured where they are installed; nothing else needs them.
include(CheckLanguage)
check_language(CXX)
find_path(DGRAM_BOOST_INCLUDE boost/asio.hpp)
if(CMAKE_CXX_COMPILER AND DGRAM_BOOST_INCLUDE)
  enable_language(CXX)
  find_package(Threads REQUIRED)
  add_executable(bench_asio bench/asio.cc $<TARGET_OBJECTS:bench_common>)
  set_target_properties(bench_asio PROPERTIES
    CXX_STANDARD 17
    OUTPUT_NAME bench-asio
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
  target_include_directories(bench_asio SYSTEM PRIVATE ${DGRAM_BOOST_INCLUDE})
  target_compile_options(bench_asio PRIVATE -O2 -Wall -Wextra)
  target_link_libraries(bench_asio PRIVATE Threads::Threads)
  list(APPEND bench_programs bench_asio)
endif()

find_program(DGRAM_GO go)
if(DGRAM_GO)
  set(go_program ${PROJECT_BINARY_DIR}/bench/bench-go)
  add_custom_command(OUTPUT ${go_program}
    COMMAND ${CMAKE_COMMAND} -E env CGO_ENABLED=0 ${DGRAM_GO} build -o ${go_program}
      ${PROJECT_SOURCE_DIR}/bench/udp.go
    DEPENDS ${PROJECT_SOURCE_DIR}/bench/udp.go
    COMMENT "Building bench/bench-go"
    VERBATIM)
  add_custom_target(bench_go ALL DEPENDS ${go_program})
  list(APPEND bench_programs bench_go)
endif()

add_custom_target(bench_programs DEPENDS ${bench_programs})
