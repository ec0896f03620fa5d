#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "sidecar/net/stream.h"

namespace chaperone::net {

namespace {

constexpr int kSoOriginalDst = 80;  // SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST alike

// The kernel's tables of IPv4 and IPv6 are apart: an IPv4 client of an IPv6 socket is found in the
// first one only.
bool ask(int fd, int level, Address& answer) {
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  if (getsockopt(fd, level, kSoOriginalDst, &raw, &size) != 0) return false;
  answer = Address::from(reinterpret_cast<sockaddr*>(&raw));
  return answer.known();
}

}  // namespace

Result<OriginalDestination> Stream::original_destination() const {
  OriginalDestination result;
  Address here = local();
  bool found =
      peer().v4() ? ask(fd(), SOL_IP, result.address) : ask(fd(), SOL_IPV6, result.address);
  if (!found && errno == ENOENT && here.known()) {
    // Not in the connection table: nothing was rewritten.
    return OriginalDestination{here, true};
  }
  if (!found) {
    return Error{"the kernel does not say where " + peer().to_string() + " meant to go (" +
                 std::strerror(errno) + "); run chaperone-init first"};
  }
  result.direct = result.address == here;
  return result;
}

}  // namespace chaperone::net
