# The standard library's headers compiled once for rooms (position-independent), once for programs,
# and once for tests, which have options of their own. Catch2's must not come first: its CHECK is not ours.
# All of a build share one set of flags, -pthread too, because a precompiled header is taken only then.
add_compile_options(-pthread)
set(precompiled_headers
  <algorithm> <array> <atomic> <cerrno> <charconv> <chrono> <cstdint> <cstdlib> <cstring> <filesystem>
  <fstream> <functional> <map> <memory> <mutex> <optional> <set> <span> <sstream> <string> <string_view>
  <thread> <unordered_map> <utility> <vector>)
file(WRITE ${CMAKE_BINARY_DIR}/precompiled.cc "int main() {}\n")
add_library(precompiled_room STATIC ${CMAKE_BINARY_DIR}/precompiled.cc)
add_executable(precompiled_program ${CMAKE_BINARY_DIR}/precompiled.cc)
add_executable(precompiled_test ${CMAKE_BINARY_DIR}/precompiled.cc)
foreach(one precompiled_room precompiled_program precompiled_test)
  target_precompile_headers(${one} PRIVATE ${precompiled_headers})
endforeach()
target_compile_options(precompiled_test PRIVATE ${CHAPERONE_TEST_OPTIONS})
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")  # ccache compares contents
endif()
