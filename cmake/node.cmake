# The addon of the npm package: the core inside, nothing of it visible, libuv the one of Node itself, so
# none is linked. Its headers are those of the Node at hand, which have nothing in them that later Nodes
# would not keep: one binary runs on all.
find_program(DGRAM_NODE NAMES node nodejs REQUIRED)
file(REAL_PATH ${DGRAM_NODE} node)
cmake_path(GET node PARENT_PATH node_bin)
find_path(DGRAM_NODE_INCLUDE node_api.h
  HINTS ${node_bin}/../include/node /usr/include/node /usr/local/include/node REQUIRED)

file(GLOB addon_sources CONFIGURE_DEPENDS node/native/*.c)
set_source_files_properties(${addon_sources} PROPERTIES COMPILE_DEFINITIONS _GNU_SOURCE)
add_library(dgram_addon MODULE ${addon_sources} $<TARGET_OBJECTS:dgram_objects>)
dgram_compile(dgram_addon)
target_include_directories(dgram_addon PRIVATE include ${DGRAM_LIBUV_INCLUDE_DIRS})
target_include_directories(dgram_addon SYSTEM PRIVATE ${DGRAM_NODE_INCLUDE})
set(map ${PROJECT_SOURCE_DIR}/node/native/exports.map)
target_link_options(dgram_addon PRIVATE -Wl,--version-script=${map})
set_property(TARGET dgram_addon APPEND PROPERTY LINK_DEPENDS ${map})

# Where node-gyp-build looks first, so that a checkout runs as it is. A build with sanitizers stays away
# from there; LIBDGRAM_PREBUILD tells node-gyp-build which one is meant.
set(addon_dir ${PROJECT_SOURCE_DIR}/node)
if(DGRAM_SANITIZE OR DGRAM_COVERAGE)
  set(addon_dir ${PROJECT_BINARY_DIR}/node)
endif()
set(DGRAM_ADDON_DIR ${addon_dir} CACHE PATH "Under whose build/Release the addon is put")
set_target_properties(dgram_addon PROPERTIES
  PREFIX "" OUTPUT_NAME libdgram SUFFIX .node
  LIBRARY_OUTPUT_DIRECTORY ${DGRAM_ADDON_DIR}/build/Release)
