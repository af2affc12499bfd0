#!/usr/bin/env bash
# The npm package as it is published: it installs in an empty folder with neither compiler nor network
# and runs there; and where it has no binary it is built from its own sources, without a network too.

set -eu
SOURCE=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}

skip() {
  echo "skipped: $*"
  exit 77
}

for command in node npm; do command -v $command >/dev/null || skip "$command is not installed"; done
[[ -d $SOURCE/node/node_modules/node-gyp-build ]] || skip "node/node_modules is not installed (scripts/setup test)"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$SOURCE/scripts/node-package" "$work/made" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
tarball=$(ls "$work"/made/libdgram-*.tgz)
tar -tzf "$tarball" | sed 's,^package/,,' | sort >"$work/files"

# ---- what is inside ----

for file in LICENSE README.md BUILDING.md index.d.ts index.d.mts promises.d.ts lib/index.js lib/index.mjs lib/promises.mjs \
  binding.gyp native/addon.c core/include/dgram.h core/src/core/send.c core/src/stack/linux/send.c \
  node_modules/node-gyp-build/index.js; do
  grep -qx "$file" "$work/files" || { echo "$file is missing"; exit 1; }
done
grep -qE '^prebuilds/linux-[a-z0-9]+/node\.napi\.(glibc|musl)\.node$' "$work/files" || { echo "no binary"; exit 1; }
if grep -E '^(test|bench|build|node_modules/(typescript|@types))/|package-lock|\.npmrc' "$work/files"; then
  echo "these do not belong into the package"
  exit 1
fi

# ---- an empty folder, no compiler, no network ----

# A PATH with what npm needs, and a registry that is not there.
mkdir "$work/bin" "$work/app"
for command in node npm sh env; do ln -s "$(command -v $command)" "$work/bin/$command"; done
bare() { env -i HOME="$work" PATH="$work/bin" npm_config_registry=http://127.0.0.1:9/ "$@"; }
if bare sh -c 'command -v cc gcc make python3'; then
  echo "there is a compiler"
  exit 1
fi
cat >"$work/app/example.js" <<'END'
const dgram = require('libdgram');
if (!dgram.native.loaded) throw new Error(dgram.native.reason);
const socket = dgram.createSocket('udp4', (msg, rinfo) => {
  console.log(`${msg} from ${rinfo.address}`);
  socket.close();
});
socket.bind(0, '127.0.0.1', () => socket.send('hello', socket.address().port, '127.0.0.1'));
END
cd "$work/app"
bare npm install --offline --no-audit --no-fund "$tarball" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
[[ $(bare node example.js) == "hello from 127.0.0.1" ]]
printf 'import { native } from "libdgram";\nimport { createSocket } from "libdgram/promises";\nconst socket = await createSocket({ type: "udp4", port: 0 });\nawait socket.close();\nconsole.log(native.loaded);\n' >esm.mjs
[[ $(bare node esm.mjs) == true ]]
echo "installed and run with neither compiler nor network: $(wc -l <"$work/files") files, $(wc -c <"$tarball") bytes"

# ---- where there is no binary ----

package=$work/app/node_modules/libdgram
rm -r "$package/prebuilds"
reason=$(bare node -p 'require("libdgram").native.reason')
[[ $reason == *"No native build was found"* ]] || { echo "without a binary: $reason"; exit 1; }

node_gyp() {
  local npm
  npm=$(readlink -f "$(command -v npm)")
  if command -v node-gyp; then return; fi
  find "${npm%/bin/*}/node_modules/node-gyp" /usr/share/nodejs/node-gyp -path '*/bin/node-gyp.js' 2>/dev/null | head -n 1
}
gyp=$(node_gyp)
[[ $gyp ]] || skip "node-gyp is not installed, so the package was not built from its sources"
command -v python3 >/dev/null || skip "python3 is not installed, so the package was not built from its sources"
prefix=$(node -p 'path.resolve(process.execPath, "../..")')
[[ -f $prefix/include/node/common.gypi ]] || skip "Node's headers lack common.gypi, so the package was not built from its sources"
(cd "$package" && npm_config_registry=http://127.0.0.1:9/ node "$gyp" rebuild --nodedir="$prefix" --jobs=2) >"$work/log" 2>&1 ||
  { tail -n 30 "$work/log"; exit 1; }
[[ $(bare node example.js) == "hello from 127.0.0.1" ]]
ADDON=$package/build/Release/libdgram.node bash "$SOURCE/test/meta/test_node_addon.sh" ||
  { echo "that of the sources is not as it should be"; exit 1; }
echo "built from the package's sources"
