#!/usr/bin/env bash
# Whether docs/conformance.md and the tests agree: see there.

set -eu
SOURCE=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
exec "$SOURCE/test/conformance/check_table.sh"
