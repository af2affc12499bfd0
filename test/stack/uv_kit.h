/* The tests of the uv stack use what linux_kit.h has, on another stack.
 *
 * libuv is a library of its own, so its system calls are replaced by functions of the test program
 * with the same names, which come first where the dynamic linker looks; UV_KIT_REAL finds the C
 * library's. libuv 1.44 goes through syscall() for sendmmsg, newer ones call it by name. */

#ifndef DGRAM_TEST_UV_KIT_H
#define DGRAM_TEST_UV_KIT_H

#include <dlfcn.h>

#include "linux_kit.h"

#define UV_KIT_TEST(function) cmocka_unit_test_setup_teardown(function, uv_kit_setup, kit_teardown)
int uv_kit_setup(void **state);

/* The same test on the linux stack, then on the uv stack. */
#define ON_BOTH(function) KIT_TEST(function), UV_KIT_TEST(function)

/* The dynamic linker sees only what is exported. */
#define UV_KIT_REPLACES __attribute__((visibility("default")))

/* ISO C has no conversion from what dlsym returns to a pointer to a function. */
#define UV_KIT_REAL(pointer, name) (*(void **)&(pointer) = dlsym(RTLD_NEXT, (name)))

#endif
