# The addon of the npm package: the core inside, nothing of it visible, libuv the one of Node itself, so
# none is linked. Its headers are those of the Node at hand.
find_path(DGRAM_NODE_INCLUDE node_api.h HINTS /usr/include/node /usr/local/include/node REQUIRED)

file(GLOB addon_sources CONFIGURE_DEPENDS node/native/*.c)
set_source_files_properties(${addon_sources} PROPERTIES COMPILE_DEFINITIONS _GNU_SOURCE)
add_library(dgram_addon MODULE ${addon_sources} $<TARGET_OBJECTS:dgram_objects>)
dgram_compile(dgram_addon)
target_include_directories(dgram_addon PRIVATE include ${DGRAM_LIBUV_INCLUDE_DIRS})
target_include_directories(dgram_addon SYSTEM PRIVATE ${DGRAM_NODE_INCLUDE})
set_target_properties(dgram_addon PROPERTIES
  PREFIX "" OUTPUT_NAME libdgram SUFFIX .node
  LIBRARY_OUTPUT_DIRECTORY ${PROJECT_SOURCE_DIR}/node/build/Release)
