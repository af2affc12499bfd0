# The programs that bench/run.py starts. They link the static library, as a program that counts
# nanoseconds would, and are optimised whatever the build type is.
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

foreach(target bench_common bench_bare bench_ours bench_uv)
  dgram_compile(${target})
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
  target_compile_options(${target} PRIVATE -O2)
endforeach()

add_custom_target(bench_programs DEPENDS bench_bare bench_ours bench_uv)
