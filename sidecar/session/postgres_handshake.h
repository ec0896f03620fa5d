#pragma once
// What a PostgreSQL session needs until it is open, and lets go then: idle sessions are many.

#include <memory>
#include <string>

#include "proto-parsers/postgres/startup.h"
#include "proto-parsers/postgres/startup_settings.h"
#include "sidecar/session/gate.h"
#include "sidecar/session/postgres_link.h"
#include "sidecar/session/postgres_session.h"

namespace chaperone::session {

struct PostgresSession::Handshake {
  pg::StartupParser parser;
  Gate gate;                          // startup packets that are not whole, then early commands
  pg::Negotiation negotiation;
  std::vector<std::string> unknown_options;  // "_pq_." options that we must say we do not know
  pg::StartupRequest request;
  bool direct_tls = false;            // TLS began without an SSLRequest
  // A login that the server refused, while the credential may be about to change (a rotation changes
  // the server first and the mounted file a moment later).
  std::string refused_credential;
  std::uint64_t retry_until_ms = 0;
  std::unique_ptr<PostgresLink> cancel_link;
  net::StreamPtr cancel_stream;
};

}  // namespace chaperone::session
