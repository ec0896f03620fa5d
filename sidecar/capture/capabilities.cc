#include "sidecar/capture/capabilities.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace chaperone::capture {
namespace {

using Sets = std::array<__user_cap_data_struct, 2>;

constexpr std::uint32_t bit(int capability) { return 1U << capability; }

bool get(Sets& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return syscall(SYS_capget, &header, sets.data()) == 0;
}

bool effective(int capability) {
  Sets sets{};
  return get(sets) && (sets[0].effective & bit(capability)) != 0;
}

}  // namespace

bool has_net_raw() { return effective(CAP_NET_RAW); }

Result<void> require_net_admin() {
  if (effective(CAP_NET_ADMIN)) return {};
  return Error{
      "no NET_ADMIN: the packet-filter rules cannot be programmed. In a pod the container must add "
      "NET_ADMIN and the program carry it as file capability (setcap cap_net_admin+ep); a wrapper "
      "or "
      "shell in between loses it"};
}

Result<void> raise_ambient() {
  Sets sets{};
  if (!get(sets)) return Error{"capget: " + std::string(std::strerror(errno))};
  std::uint32_t wanted = sets[0].permitted & (bit(CAP_NET_ADMIN) | bit(CAP_NET_RAW));
  sets[0].inheritable |= wanted;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  if (syscall(SYS_capset, &header, sets.data()) != 0) {
    return Error{"capset of the inheritable set: " + std::string(std::strerror(errno))};
  }
  for (int capability : {CAP_NET_ADMIN, CAP_NET_RAW}) {
    if ((wanted & bit(capability)) == 0) continue;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) {
      return Error{"raising NET_ADMIN as ambient for iptables-restore: " +
                   std::string(std::strerror(errno))};
    }
  }
  return {};
}

}  // namespace chaperone::capture
