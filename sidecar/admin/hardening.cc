#include "sidecar/admin/hardening.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace chaperone::admin {

namespace {

Error hardening_error(const char* what, int error) {
  return Error{std::string("cannot ") + what + ": " + std::strerror(error) +
               "; the sidecar does not serve without it"};
}

struct Capabilities {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
};

bool get_capabilities(Capabilities& held) {
  return ::syscall(SYS_capget, &held.header, held.data) == 0;
}

// The bounding set needs CAP_SETPCAP to shrink; without it there is nothing that could be regained
// from it under no_new_privs either.
int drop_capabilities() {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  Capabilities none;
  return ::syscall(SYS_capset, &none.header, none.data) == 0 ? 0 : errno;
}

void raise_file_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace

Result<void> give_up_privileges() {
  rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return hardening_error("turn core dumps off", errno);
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return hardening_error("forbid dumping", errno);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return hardening_error("set no_new_privs", errno);
  }
  raise_file_limit();
  if (int error = drop_capabilities()) return hardening_error("drop capabilities", error);
  return {};
}

Hardening hardening_in_force() {
  Hardening found;
  rlimit core{1, 1}, files{};
  found.no_core = ::getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0;
  found.not_dumpable = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
  found.no_new_privileges = ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  Capabilities held;
  found.no_capabilities = get_capabilities(held);
  for (const auto& part : held.data) {
    if (part.permitted != 0 || part.effective != 0 || part.inheritable != 0) {
      found.no_capabilities = false;
    }
  }
  found.sealed = ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2;
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) found.files_max = files.rlim_cur;
  return found;
}

}  // namespace chaperone::admin
