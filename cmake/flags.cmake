# Sanitizers and coverage concern every object and every program, so they are set for the directory.
if(DGRAM_SANITIZE STREQUAL "address")
  set(sanitizer -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(DGRAM_SANITIZE STREQUAL "thread")
  set(sanitizer -fsanitize=thread -fno-omit-frame-pointer)
elseif(NOT DGRAM_SANITIZE STREQUAL "")
  message(FATAL_ERROR "DGRAM_SANITIZE is '${DGRAM_SANITIZE}'; it can be empty, address or thread")
endif()
add_compile_options(${sanitizer})
add_link_options(${sanitizer})

if(DGRAM_COVERAGE)
  # Programs of several tests write the same counters, some of them at the same time.
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()

# What every target of ours is compiled with. _GNU_SOURCE is not among it: the core is plain C11.
function(dgram_compile target)
  set_target_properties(${target} PROPERTIES
    C_STANDARD 11
    C_STANDARD_REQUIRED ON
    C_EXTENSIONS OFF
    C_VISIBILITY_PRESET hidden
    POSITION_INDEPENDENT_CODE ON)
  # Sign conversions are left out: most come from the kernel's own types (socklen_t, msg_iovlen).
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wconversion -Wno-sign-conversion
    $<$<BOOL:${DGRAM_WERROR}>:-Werror>)
endfunction()
