#pragma once
// A new connection of the agent: where it meant to go, what the policy calls that, and the session
// that fits. What the policy does not name is recorded and reset.

#include "sidecar/net/stream.h"
#include "sidecar/session/worker.h"

namespace chaperone::session {

void accept_connection(Worker& worker, net::StreamPtr stream);
// One from outside, to a port that the operator opened.
void accept_inbound(Worker& worker, net::StreamPtr stream);

}  // namespace chaperone::session
