#pragma once
// What the sidecar gives up, so that a fault in it is worth less to whoever finds one.

#include <cstdint>

#include "proto-parsers/base/result.h"

namespace chaperone::admin {

// First thing in main(), before any thread: no core dumps, not dumpable (nobody else's ptrace or
// /proc/pid/mem), no new privileges, no capabilities (bounding and ambient sets too where we may),
// and as many file descriptors as the hard limit allows.
// Error: one of them could not be had; the sidecar must not serve.
Result<void> give_up_privileges();

// Once everything is open and all threads run, and before the first connection: a seccomp filter on
// every thread. What the running sidecar needs is allowed; what it never does and an intruder would
// (execve, ptrace, bpf, mount, ...) kills the process; everything else is EPERM.
Result<void> seal();

// What is in force, for `explain` and for tests.
struct Hardening {
  bool no_core = false, not_dumpable = false, no_new_privileges = false, no_capabilities = false;
  bool sealed = false;
  std::uint64_t files_max = 0;
};
Hardening hardening_in_force();

}  // namespace chaperone::admin
