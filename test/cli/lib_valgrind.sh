# shellcheck shell=bash
# For the tests under valgrind, after lib.sh: they run in a network of their own, and not with
# sanitizers.
# shellcheck disable=SC2154  # lib.sh sets $work

need valgrind
if grep -qaE '__(asan|tsan)_init' "$DGRAM"; then
  skip "a build with a sanitizer cannot run under valgrind"
fi
in_namespace

# under NAME COMMAND...: becomes the command under valgrind, whose report goes into NAME.valgrind.
# What libuv's default loop holds to the end is reachable and thus no leak.
under() {
  exec valgrind -q --leak-check=full --show-leak-kinds=definite,indirect,possible \
    --errors-for-leak-kinds=definite,indirect,possible --error-exitcode=9 \
    --log-file="$work/$1.valgrind" "${@:2}"
}

# checked NAME: nothing is reported.
checked() {
  [[ -e $work/$1.valgrind && ! -s $work/$1.valgrind ]] || fail "$(<"$work/$1.valgrind")"
}
