#include "sidecar/session/durability_waiters.h"

#include <vector>

namespace chaperone::session {

void DurabilityWaiters::wait(const void* owner, spool::Position position,
                             policy::Durability durability, Done done) {
  waits_[owner] = Wait{position, durability, std::move(done)};
}

void DurabilityWaiters::settle(spool::Position durable, spool::Position acknowledged) {
  std::vector<Done> reached;
  for (auto at = waits_.begin(); at != waits_.end();) {
    const Wait& wait = at->second;
    bool collector = wait.durability == policy::Durability::kCollector;
    if (wait.position <= (collector ? acknowledged : durable)) {
      reached.push_back(std::move(at->second.done));
      at = waits_.erase(at);
    } else {
      ++at;
    }
  }
  for (Done& done : reached) done();
}

}  // namespace chaperone::session
