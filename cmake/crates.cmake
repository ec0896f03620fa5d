# BoringSSL and libpg_query: Debian 12 carries them only in versions too old, crates.io has both.
# cargo builds them once; its "check" is enough, which runs their build scripts and compiles no other
# Rust. We link the C archives that those scripts leave, apart from each other, because only the sidecar
# may hold BoringSSL (docs/security-model.md).
# They are pinned by Cargo.lock and take minutes to build, so all checkouts of a user share one folder;
# environment CHAPERONE_CRATES_TARGET names another.
set(crates_target $ENV{CHAPERONE_CRATES_TARGET})
if(NOT crates_target AND DEFINED ENV{HOME})
  set(crates_target $ENV{HOME}/.cache/chaperone/crates)
elseif(NOT crates_target)
  set(crates_target ${CMAKE_BINARY_DIR}/crates)
endif()
find_program(CARGO cargo REQUIRED)
message(STATUS "crates: BoringSSL and libpg_query by cargo (about 3 minutes the first time)")
execute_process(
  COMMAND ${CMAKE_COMMAND} -E env --unset=CFLAGS --unset=CXXFLAGS CARGO_TARGET_DIR=${crates_target}
    ${CARGO} check --release --locked --message-format=json
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/cmake/crates
  OUTPUT_VARIABLE messages COMMAND_ERROR_IS_FATAL ANY)
execute_process(
  COMMAND ${CARGO} metadata --format-version=1 --locked
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/cmake/crates
  OUTPUT_VARIABLE metadata COMMAND_ERROR_IS_FATAL ANY)

# crates_find(boring-sys OUT SRC): where its build script wrote, where its sources lie.
function(crates_find crate out_var src_var)
  string(REGEX MATCH "\"reason\":\"build-script-executed\",\"package_id\":\"[^\"]*#${crate}@[^\n]*\"out_dir\":\"([^\"]*)\"" _ "${messages}")
  set(${out_var} ${CMAKE_MATCH_1} PARENT_SCOPE)
  string(REGEX MATCH "\"manifest_path\":\"([^\"]*/${crate}-[0-9][^\"]*)/Cargo.toml\"" _ "${metadata}")
  set(${src_var} ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()
crates_find(boring-sys BORING_OUT BORING_SRC)
crates_find(pg_query PG_QUERY_OUT PG_QUERY_SRC)
foreach(path ${BORING_OUT}/build/libcrypto.a ${BORING_OUT}/build/libssl.a ${PG_QUERY_OUT}/libpg_query.a
        ${BORING_SRC}/deps/boringssl/include ${PG_QUERY_SRC}/libpg_query/pg_query.h)
  if(NOT EXISTS ${path})
    message(FATAL_ERROR "crates: ${path} is missing after cargo check; remove ${crates_target} and configure again")
  endif()
endforeach()

add_library(boringssl INTERFACE)
target_include_directories(boringssl SYSTEM INTERFACE ${BORING_SRC}/deps/boringssl/include)
target_link_libraries(boringssl INTERFACE ${BORING_OUT}/build/libssl.a ${BORING_OUT}/build/libcrypto.a Threads::Threads)

add_library(pg_query INTERFACE)
target_include_directories(pg_query SYSTEM INTERFACE ${PG_QUERY_SRC}/libpg_query)
target_link_libraries(pg_query INTERFACE ${PG_QUERY_OUT}/libpg_query.a Threads::Threads m)
# The parser's own node types, for proto-parsers/sql alone.
set(PG_QUERY_NODE_INCLUDES ${PG_QUERY_SRC}/libpg_query/src ${PG_QUERY_SRC}/libpg_query/src/postgres/include)
