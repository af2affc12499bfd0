# A project that adds this one as a subdirectory wants the library, not its tests and programs.
option(DGRAM_BUILD_TESTS "Build the tests (needs cmocka)" ${PROJECT_IS_TOP_LEVEL})
option(DGRAM_BUILD_CLI "Build the command dgram (needs jansson)" ${PROJECT_IS_TOP_LEVEL})
option(DGRAM_BUILD_EXAMPLES "Build the programs in examples/" ${PROJECT_IS_TOP_LEVEL})
option(DGRAM_BUILD_NODE "Build the addon of the npm package (needs the headers of Node)" OFF)
set(DGRAM_NODE_VERSIONS 18 22 24 26 CACHE STRING "Nodes from the npm registry that test-node-all runs")
option(DGRAM_BUILD_BENCH "Build the programs that bench/run.py measures" OFF)

# Off for packagers: a warning of next year's compiler shall not break their build.
option(DGRAM_WERROR "Treat warnings as errors" OFF)
option(DGRAM_COVERAGE "Count which lines the tests reach" OFF)

set(DGRAM_SANITIZE "" CACHE STRING "Sanitizers: empty, address (with undefined) or thread")
set_property(CACHE DGRAM_SANITIZE PROPERTY STRINGS "" address thread)

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
endif()
