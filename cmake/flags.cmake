# Compiler flags for our own code; each with its reason.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# -g1 keeps backtraces readable at a fifth of the size of -g.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1")

add_compile_options(
  -Wall -Wextra -Wpedantic -Werror
  -Wshadow                    # a shadowed length is how parsers go wrong
  -Wconversion                # a narrowed length likewise
  -Wno-sign-conversion        # char/uint8_t and iterator arithmetic would drown the rest
  -fno-omit-frame-pointer     # profiles on production kernels
  -fstack-protector-strong -D_GLIBCXX_ASSERTIONS
  -ffunction-sections -fdata-sections)
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" AND NOT CHAPERONE_SANITIZE)
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
add_link_options(-Wl,--gc-sections -Wl,-z,relro,-z,now -Wl,-z,noexecstack)

set(CHAPERONE_PATIENCE 1)  # how many times the usual a test may take
if(CHAPERONE_SANITIZE)
  set(CHAPERONE_PATIENCE 4)
  add_compile_options(-fsanitize=${CHAPERONE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CHAPERONE_SANITIZE})
  # A test's own code runs once: compiling it without optimising takes half the time.
  set(CHAPERONE_TEST_OPTIONS -O0)
endif()
if(CHAPERONE_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "CHAPERONE_FUZZ needs clang: cmake -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_C_COMPILER=clang")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(CHAPERONE_PRECOMPILED)
  include(precompiled)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  if(CHAPERONE_PRECOMPILED)  # without the first ccache steps aside
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  endif()
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()
