# One room is one target; its link line is its permission (tests/tidy compares #includes with it).
#
#   chaperone_room(NAME SOURCES a.cc ... [LINKS rooms...] [PRIVATE libs...])
#     a static library. LINKS are rooms whose headers this room's headers or sources include;
#     PRIVATE are outside libraries whose headers stay in this room's .cc files.
#   chaperone_test(NAME LABEL label SOURCES a_test.cc ... [LINKS rooms...] [BUSY])
#     a Catch2 program under ctest. BUSY: its own code runs long enough to be optimised everywhere.
#   chaperone_fuzz(NAME SOURCES a_fuzz.cc [LINKS rooms...] [CORPUS folder] [WORDS file])
#     a libFuzzer program when CHAPERONE_FUZZ is on; run by ctest briefly from its corpus,
#     with words of the input's language.
#   chaperone_script(NAME LABEL label [TIMEOUT seconds] COMMAND words... [NEEDS programs...])
#     a test that is a program of its own (Python, mostly); exit 77 means skipped.

function(chaperone_precompiled name as)
  if(CHAPERONE_PRECOMPILED)
    target_precompile_headers(${name} REUSE_FROM ${as})
  endif()
endfunction()

function(chaperone_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LINKS;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ROOM_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ROOM_LINKS} PRIVATE ${ROOM_PRIVATE})
  chaperone_precompiled(${name} precompiled_room)
endfunction()

# One target for all programs of a label: tests/run builds no more than it runs.
function(chaperone_label_target label program)
  foreach(one ${label})
    if(NOT TARGET label_${one})
      add_custom_target(label_${one})
    endif()
    add_dependencies(label_${one} ${program})
  endforeach()
endfunction()

function(chaperone_test name)
  cmake_parse_arguments(TEST "BUSY" "LABEL" "SOURCES;LINKS;PRIVATE" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE ${TEST_LINKS} ${TEST_PRIVATE} catch_main)
  if(TEST_BUSY)
    chaperone_precompiled(${name} precompiled_program)
  else()
    target_compile_options(${name} PRIVATE ${CHAPERONE_TEST_OPTIONS})
    chaperone_precompiled(${name} precompiled_test)
  endif()
  chaperone_label_target("${TEST_LABEL}" ${name})
  add_test(NAME ${name} COMMAND ${name})
  math(EXPR timeout "300 * ${CHAPERONE_PATIENCE}")
  set_tests_properties(${name} PROPERTIES LABELS "${TEST_LABEL}" TIMEOUT ${timeout}
    ENVIRONMENT "CHAPERONE_SOURCE_DIR=${CMAKE_SOURCE_DIR}")
endfunction()

function(chaperone_fuzz name)
  if(NOT CHAPERONE_FUZZ)
    return()
  endif()
  cmake_parse_arguments(FUZZ "" "CORPUS;WORDS" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${FUZZ_SOURCES})
  target_link_libraries(${name} PRIVATE ${FUZZ_LINKS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  chaperone_precompiled(${name} precompiled_program)
  chaperone_label_target(fuzz ${name})
  # New inputs go to a folder of the build; the committed corpus is only read.
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/corpus/${name})
  # For so long; or a number of inputs from one seed, which gives the same answer each time.
  if(DEFINED ENV{CHAPERONE_FUZZ_SECONDS})
    set(length -max_total_time=$ENV{CHAPERONE_FUZZ_SECONDS})
  else()
    set(length -runs=4000 -seed=1)
  endif()
  if(FUZZ_WORDS)
    set(words -dict=${FUZZ_WORDS})
  endif()
  add_test(NAME ${name} COMMAND ${name} ${length} -timeout=25 -rss_limit_mb=1024
    -print_final_stats=0 ${words} ${CMAKE_BINARY_DIR}/corpus/${name} ${FUZZ_CORPUS})
  set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 3600)
endfunction()

# Debian's own, whose standard library is all that the tests need.
find_program(PYTHON3 NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)

function(chaperone_script name)
  cmake_parse_arguments(SCRIPT "" "LABEL;TIMEOUT" "COMMAND;NEEDS" ${ARGN})
  foreach(program ${SCRIPT_NEEDS})
    chaperone_label_target("${SCRIPT_LABEL}" ${program})
  endforeach()
  if(NOT SCRIPT_TIMEOUT)
    set(SCRIPT_TIMEOUT 600)
  endif()
  math(EXPR SCRIPT_TIMEOUT "${SCRIPT_TIMEOUT} * ${CHAPERONE_PATIENCE}")
  add_test(NAME ${name} COMMAND ${SCRIPT_COMMAND})
  set_tests_properties(${name} PROPERTIES LABELS "${SCRIPT_LABEL}" TIMEOUT ${SCRIPT_TIMEOUT}
    SKIP_RETURN_CODE 77 ENVIRONMENT "CHAPERONE_BUILD=${CMAKE_BINARY_DIR}")
endfunction()
