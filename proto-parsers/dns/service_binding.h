#pragma once
// The data of SVCB and HTTPS records (RFC 9460 section 2.2), without three parameters:
//   ech                 would hide the server's name from the sidecar, and so from the policy
//   ipv4hint, ipv6hint  are addresses outside the address records that were checked and bound

#include <string>

#include "proto-parsers/base/bytes.h"

namespace chaperone::dns {

// False where the data is broken, or where the record says that it must not be used without one of
// the three (its `mandatory` list).
bool read_service_binding(Bytes data, std::string& cleaned, std::string& target);

}  // namespace chaperone::dns
