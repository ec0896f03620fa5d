# Debian's packages by pkg-config or CMake; each outside library is one imported target.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
include(crates)      # BoringSSL and libpg_query: targets boringssl, pg_query
include(catch)       # Catch2: target catch_main

pkg_check_modules(LIBUV REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(YAML_CPP REQUIRED IMPORTED_TARGET yaml-cpp)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(NFTABLES REQUIRED IMPORTED_TARGET libnftables)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp REQUIRED CONFIG)

# cpp-httplib is Debian's shared build on OpenSSL 3: for collector, cli and injector only.
add_library(httplib INTERFACE)
target_compile_definitions(httplib INTERFACE CPPHTTPLIB_OPENSSL_SUPPORT)
find_library(HTTPLIB_LIBRARY NAMES cpp-httplib REQUIRED)
target_link_libraries(httplib INTERFACE ${HTTPLIB_LIBRARY} PkgConfig::OPENSSL Threads::Threads)

# RapidJSON is headers only; SYSTEM keeps its warnings out of ours.
add_library(rapidjson INTERFACE)
target_compile_definitions(rapidjson INTERFACE RAPIDJSON_HAS_STDSTRING=1)
# Its empty stack is a null pointer that it adds to before it looks: harmless, and not ours to mend.
if(CHAPERONE_SANITIZE)
  target_compile_options(rapidjson INTERFACE -fno-sanitize=pointer-overflow)
endif()
