# One folder, one layer. DESIGN: who may include whom is checked by test/meta/test_include_rule.sh.
file(GLOB core_sources CONFIGURE_DEPENDS src/core/*.c)
file(GLOB loop_sources CONFIGURE_DEPENDS src/stack/loop/*.c)
file(GLOB uv_sources CONFIGURE_DEPENDS src/stack/uv/*.c)
file(GLOB sim_sources CONFIGURE_DEPENDS src/stack/sim/*.c)
set(linux_sources)
set(cluster_sources src/cluster/elsewhere.c)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  file(GLOB linux_sources CONFIGURE_DEPENDS src/stack/linux/*.c)
  file(GLOB cluster_sources CONFIGURE_DEPENDS src/cluster/*.c)
  list(FILTER cluster_sources EXCLUDE REGEX "/elsewhere.c$")
endif()

# Only these see the system. The core and the simulation compile without feature macros, so a call
# that C11 does not know is an error there.
set_source_files_properties(${loop_sources} ${linux_sources} ${uv_sources} ${cluster_sources}
  PROPERTIES COMPILE_DEFINITIONS _GNU_SOURCE)

set(dgram_sources
  ${core_sources} ${loop_sources} ${linux_sources} ${uv_sources} ${sim_sources} ${cluster_sources})

function(dgram_library_paths target)
  target_include_directories(${target}
    PUBLIC
      $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
      $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  # libuv is public: dgram/uv.h includes <uv.h>, and its users call libuv themselves.
  target_link_libraries(${target} PUBLIC PkgConfig::DGRAM_LIBUV)
endfunction()

# Compiled once, linked twice.
add_library(dgram_objects OBJECT ${dgram_sources})
dgram_compile(dgram_objects)
target_include_directories(dgram_objects PRIVATE
  ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(dgram_objects PRIVATE PkgConfig::DGRAM_LIBUV)

add_library(dgram_shared SHARED $<TARGET_OBJECTS:dgram_objects>)
add_library(dgram::dgram ALIAS dgram_shared)
dgram_library_paths(dgram_shared)
set_target_properties(dgram_shared PROPERTIES
  OUTPUT_NAME dgram
  EXPORT_NAME dgram
  LINKER_LANGUAGE C
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}
  LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  set(map ${PROJECT_SOURCE_DIR}/packaging/libdgram.map)
  target_link_options(dgram_shared PRIVATE -Wl,--version-script=${map})
  set_property(TARGET dgram_shared APPEND PROPERTY LINK_DEPENDS ${map})
  if(NOT DGRAM_SANITIZE)
    # The sanitizers' own symbols come from the program.
    target_link_options(dgram_shared PRIVATE -Wl,-z,defs)
  endif()
endif()

add_library(dgram_static STATIC $<TARGET_OBJECTS:dgram_objects>)
add_library(dgram::dgram_static ALIAS dgram_static)
dgram_library_paths(dgram_static)
set_target_properties(dgram_static PROPERTIES
  OUTPUT_NAME dgram
  LINKER_LANGUAGE C
  ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)

# The library as tests of its inside see it: with asserts, which the release types leave out. It stands
# here because properties of source files hold in one directory only.
if(DGRAM_BUILD_TESTS)
  if(CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_library(dgram_checked ALIAS dgram_static)
  else()
    add_library(dgram_checked STATIC ${dgram_sources})
    dgram_compile(dgram_checked)
    dgram_library_paths(dgram_checked)
    target_compile_options(dgram_checked PRIVATE -UNDEBUG)
    target_include_directories(dgram_checked PRIVATE ${PROJECT_SOURCE_DIR}/src)
  endif()
endif()
