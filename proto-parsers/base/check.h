#pragma once
// CHECK(condition): a bug in Chaperone ends the process; input never does. The kernel's rules stay
// in force when the sidecar dies, so ending is closed, and a session that went on with a broken
// invariant would not be.

#include <cstdio>
#include <cstdlib>

namespace chaperone {

[[noreturn]] inline void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "chaperone: bug: %s is false at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace chaperone

#define CHECK(condition) \
  ((condition) ? (void)0 : ::chaperone::check_failed(#condition, __FILE__, __LINE__))
