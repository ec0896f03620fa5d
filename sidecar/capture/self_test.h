#pragma once
// The proof before success: what an agent would try is tried by the init step itself, whose own
// traffic is captured like an agent's. Addresses are those reserved for documentation
// (RFC 5737, RFC 3849), so nothing real is dialled even if a rule should fail.

#include <optional>
#include <string>
#include <vector>

#include "proto-parsers/base/result.h"
#include "sidecar/capture/parameters.h"
#include "sidecar/capture/socket_handle.h"

namespace chaperone::capture {

class SelfTest {
 public:
  // Opens token listeners on the sidecar's ports, before any rule is loaded: a port that is taken
  // must be known first.
  static Result<SelfTest> prepare(const Parameters& parameters);

  // REQUIRES: rules loaded with our UID as self_test_uid. TCP to documentation prefixes, and port
  // 53 of both protocols, reach the listeners with the token and the original destination intact.
  Result<void> redirected();

  // REQUIRES: rules loaded without self_test_uid. UDP, ICMP and direct dials of the sidecar's ports
  // are refused at once.
  Result<void> refused();

  // Families without a route out, in which there was nothing to try; for the report.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct FamilyTest {
    Family family;
    SocketHandle outbound, dns_tcp, dns_udp;
  };

  explicit SelfTest(const Parameters& parameters) : parameters_(parameters) {}
  Result<void> open_family(Family family);
  Result<void> redirected_in(FamilyTest& test);
  Result<void> refused_in(Family family);

  Parameters parameters_;
  std::string token_;
  std::vector<FamilyTest> tests_;
  std::vector<std::string> notes_;
};

}  // namespace chaperone::capture
