#pragma once
// A new connection of the agent: where it meant to go, what the policy calls that, and the session
// that fits. What the policy does not name is recorded and reset.

#include "sidecar/net/stream.h"
#include "sidecar/session/worker.h"

namespace chaperone::session {

void accept_connection(Worker& worker, net::StreamPtr stream);
// One from outside, to a port that the operator opened.
void accept_inbound(Worker& worker, net::StreamPtr stream);

// One that was closed at once, for want of room or because of the drain: counted, and told who asks.
void note_no_room(Worker& worker, const net::Address& peer);

}  // namespace chaperone::session
