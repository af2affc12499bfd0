# Builds the addon where the package has no binary for a system, by `node-gyp rebuild`: BUILDING.md. In
# the repository CMake builds it; this works there too.
{
  "targets": [
    {
      "target_name": "libdgram",
      "product_prefix": "lib",
      "sources": ["<!@(node sources.js files)"],
      "include_dirs": ["<!(node sources.js root)/include", "<!(node sources.js root)/src"],
      "defines": ["_GNU_SOURCE", "NDEBUG"],
      "cflags": ["-std=gnu11", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wno-cast-function-type"],
      "ldflags": ["-Wl,--version-script=<(module_root_dir)/native/exports.map"]
    }
  ]
}
