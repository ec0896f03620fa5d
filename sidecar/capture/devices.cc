#include "sidecar/capture/devices.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "sidecar/capture/socket_handle.h"
#include "sidecar/capture/text_template.h"

namespace chaperone::capture {
namespace {

bool is_active(int socket, const char* name) {
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (ioctl(socket, SIOCGIFFLAGS, &request) != 0) return false;
  return (request.ifr_flags & IFF_UP) != 0 && (request.ifr_flags & IFF_LOOPBACK) == 0;
}

}  // namespace

std::vector<std::string> active_devices() {
  std::vector<std::string> names;
  SocketHandle socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  struct if_nameindex* all = if_nameindex();
  for (struct if_nameindex* one = all; one && one->if_index != 0; ++one) {
    if (is_active(socket.fd(), one->if_name)) names.emplace_back(one->if_name);
  }
  if (all) if_freenameindex(all);
  return names;
}

Result<void> check_devices(const std::vector<std::string>& devices) {
  for (const std::string& device : devices) {
    if (if_nametoindex(device.c_str()) != 0) continue;
    return Error{"device '" + device +
                 "' is not in this network namespace; there are: " + join(active_devices(), ", ")};
  }
  return {};
}

bool kernel_has_ipv6() { return access("/proc/self/net/if_inet6", F_OK) == 0; }

}  // namespace chaperone::capture
