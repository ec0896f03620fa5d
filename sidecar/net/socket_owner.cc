#include "sidecar/net/socket_owner.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace chaperone::net {

namespace {

struct Request {
  nlmsghdr header;
  inet_diag_req_v2 body;
};

void put_address(const Address& address, __be32 (&out)[4]) {
  auto bytes = address.bytes();
  if (address.v4()) {
    std::memcpy(out, bytes.data() + 12, 4);
  } else {
    std::memcpy(out, bytes.data(), 16);
  }
}

Request request_for(const Address& local, const Address& remote, std::uint32_t sequence) {
  Request request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.header.nlmsg_seq = sequence;
  request.body.sdiag_family = static_cast<__u8>(remote.family());
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_states = ~0u;
  request.body.id.idiag_sport = htons(local.port());
  request.body.id.idiag_dport = htons(remote.port());
  put_address(local, request.body.id.idiag_src);
  put_address(remote, request.body.id.idiag_dst);
  std::memset(request.body.id.idiag_cookie, 0xff, sizeof request.body.id.idiag_cookie);
  return request;
}

// A listener also matches where no connection does, and a socket without inode has lost its
// process: its UID is told as 0 and means nothing.
std::optional<std::uint32_t> owner_in(const inet_diag_msg& found, const Address& remote) {
  bool live = found.idiag_state != TCP_LISTEN && found.idiag_state != TCP_TIME_WAIT &&
              found.idiag_state != TCP_CLOSE;
  if (!live || found.idiag_inode == 0 || found.id.idiag_dport != htons(remote.port())) return {};
  return found.idiag_uid;
}

}  // namespace

SocketOwners::SocketOwners()
    : fd_(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG)) {}

SocketOwners::~SocketOwners() {
  if (fd_ >= 0) ::close(fd_);
}

std::optional<std::uint32_t> SocketOwners::uid_of(const Address& local, const Address& remote) {
  if (fd_ < 0 || local.family() != remote.family() || !local.known()) return {};
  Request request = request_for(local, remote, ++sequence_);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(fd_, &request, sizeof request, 0, reinterpret_cast<sockaddr*>(&kernel),
               sizeof kernel) < 0) {
    return {};
  }
  // The kernel has answered before sendto() returned; an answer to an earlier question, left
  // behind by a failure, is passed over.
  alignas(nlmsghdr) char buffer[4096];
  for (;;) {
    ssize_t size = ::recv(fd_, buffer, sizeof buffer, 0);
    auto* header = reinterpret_cast<const nlmsghdr*>(buffer);
    if (size < 0 || !NLMSG_OK(header, static_cast<std::size_t>(size))) return {};
    if (header->nlmsg_seq != sequence_) continue;
    if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY) return {};
    inet_diag_msg found;
    std::memcpy(&found, NLMSG_DATA(header), sizeof found);
    return owner_in(found, remote);
  }
}

}  // namespace chaperone::net
