#include "sidecar/capture/self_test.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "sidecar/capture/probe_socket.h"

namespace chaperone::capture {
namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::uint16_t kHttpsPort = 443;
constexpr std::uint16_t kDnsPort = 53;
constexpr std::uint16_t kDiscardPort = 9;

const char* documentation_host(Family family) {
  return family == Family::V4 ? "192.0.2.1" : "2001:db8::1";
}
const char* loopback_host(Family family) { return family == Family::V4 ? "127.0.0.1" : "::1"; }
const char* name_of(Family family) { return family == Family::V4 ? "IPv4" : "IPv6"; }

Result<std::string> random_token() {
  std::string token(kTokenBytes, '\0');
  if (getrandom(token.data(), token.size(), 0) == static_cast<ssize_t>(token.size())) return token;
  return Error{"getrandom: " + std::string(std::strerror(errno))};
}

Error self_test_failed(Family family, const std::string& what) {
  return Error{"self-test, " + std::string(name_of(family)) + ": " + what +
               "; the rules do not hold here, so the pod must not start"};
}

// One connection, whole: dialled, redirected, accepted, answered, read.
Result<void> reaches(Family family, const SocketHandle& listener, std::uint16_t port,
                     const std::string& token) {
  Address target = make_address(family, documentation_host(family), port);
  std::string where = "TCP to " + to_text(target);
  Attempt attempt = dial(target);
  if (attempt.error != 0) {
    return self_test_failed(family,
                            where + " did not reach our listener: " + std::strerror(attempt.error));
  }
  Result<std::string> meant = accept_and_answer(family, listener, token);
  if (!meant) return self_test_failed(family, where + ": " + meant.error().message);
  if (*meant != to_text(target)) {
    return self_test_failed(family, where + " arrived as meant for " + *meant);
  }
  if (receive(attempt.socket, token.size()) != token) {
    return self_test_failed(family, where + " reached somebody else's listener");
  }
  return {};
}

Result<void> datagram_reaches(Family family, const SocketHandle& listener,
                              const std::string& token) {
  Address target = make_address(family, documentation_host(family), kDnsPort);
  Attempt attempt = send_datagram(target, token);
  if (attempt.error == 0 && receive(listener, token.size()) == token) return {};
  return self_test_failed(family, "UDP to " + to_text(target) + " did not reach our listener");
}

bool is_refusal(int error) {
  return error == EPERM || error == EACCES || error == ECONNREFUSED || error == EHOSTUNREACH;
}

// EACCES of a ping socket: the kernel gives none to this group, which is a refusal too.
Result<void> is_refused(Family family, const std::string& what, const Attempt& attempt) {
  if (is_refusal(attempt.error)) return {};
  return self_test_failed(family,
                          what + (attempt.error == 0 ? " went out"
                                                     : std::string(" was not refused but met ") +
                                                           std::strerror(attempt.error)));
}

std::string echo_request(Family family) {
  std::string packet(8, '\0');
  packet[0] = static_cast<char>(family == Family::V4 ? 8 : 128);
  return packet;
}

}  // namespace

Result<SelfTest> SelfTest::prepare(const Parameters& parameters) {
  SelfTest test(parameters);
  Result<std::string> token = random_token();
  if (!token) return token.error();
  test.token_ = *token;
  for (Family family : {Family::V4, Family::V6}) {
    Result<void> opened = test.open_family(family);
    if (!opened) return opened.error();
  }
  if (test.tests_.empty()) {
    return Error{
        "no default route in either family: nothing can be captured or tested; was the "
        "pod's network set up before this step?"};
  }
  return test;
}

Result<void> SelfTest::open_family(Family family) {
  if (!has_route(make_address(family, documentation_host(family), kHttpsPort))) {
    notes_.push_back(std::string(name_of(family)) + ": no route out, so only its rules are loaded");
    return {};
  }
  Result<SocketHandle> outbound = bind_loopback(family, SOCK_STREAM, parameters_.ports.outbound);
  Result<SocketHandle> dns_tcp = bind_loopback(family, SOCK_STREAM, parameters_.ports.dns);
  Result<SocketHandle> dns_udp = bind_loopback(family, SOCK_DGRAM, parameters_.ports.dns);
  for (const auto* socket : {&outbound, &dns_tcp, &dns_udp}) {
    if (socket->ok()) continue;
    return Error{"self-test, " + std::string(name_of(family)) + ": " + socket->error().message +
                 "; nothing may listen there before the init step has ended"};
  }
  tests_.push_back({family, std::move(*outbound), std::move(*dns_tcp), std::move(*dns_udp)});
  return {};
}

Result<void> SelfTest::redirected() {
  for (FamilyTest& test : tests_) {
    if (Result<void> passed = redirected_in(test); !passed) return passed;
  }
  return {};
}

Result<void> SelfTest::redirected_in(FamilyTest& test) {
  Result<void> tcp = reaches(test.family, test.outbound, kHttpsPort, token_);
  if (!tcp) return tcp;
  Result<void> dns = reaches(test.family, test.dns_tcp, kDnsPort, token_);
  if (!dns) return dns;
  return datagram_reaches(test.family, test.dns_udp, token_);
}

Result<void> SelfTest::refused() {
  for (FamilyTest& test : tests_) {
    if (Result<void> passed = refused_in(test.family); !passed) return passed;
  }
  return {};
}

Result<void> SelfTest::refused_in(Family family) {
  const char* host = documentation_host(family);
  Attempt udp =
      send_expecting_refusal(make_address(family, host, kDiscardPort), token_, IPPROTO_UDP);
  if (Result<void> held = is_refused(family, "UDP", udp); !held) return held;
  int protocol = family == Family::V4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  Attempt ping =
      send_expecting_refusal(make_address(family, host, 0), echo_request(family), protocol);
  if (Result<void> held = is_refused(family, "an ICMP echo", ping); !held) return held;
  Attempt direct = dial(make_address(family, loopback_host(family), parameters_.ports.outbound));
  return is_refused(family, "a direct dial of the sidecar's port", direct);
}

}  // namespace chaperone::capture
