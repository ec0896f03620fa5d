# Debian 12 carries Catch2 2.13, whose runner is a header: compiled once here.
find_package(Catch2 2.13 REQUIRED)
file(WRITE ${CMAKE_BINARY_DIR}/catch_main.cc "#define CATCH_CONFIG_MAIN\n#include <catch2/catch.hpp>\n")
add_library(catch_main STATIC ${CMAKE_BINARY_DIR}/catch_main.cc)
target_link_libraries(catch_main PUBLIC Catch2::Catch2)
# Not our code: no warnings, and not the minute that it takes with everything on.
target_compile_options(catch_main PRIVATE -w -O0 -g0 -fno-sanitize=all)
