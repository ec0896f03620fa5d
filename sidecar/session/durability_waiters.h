#pragma once
// Sessions whose next bytes wait until their record is durable enough.

#include <functional>
#include <map>

#include "sidecar/policy/decision.h"
#include "sidecar/spool/spool.h"

namespace chaperone::session {

class DurabilityWaiters {
 public:
  using Done = std::function<void()>;

  // `owner` names the wait, so that a session which ends can take it back; one wait per owner.
  void wait(const void* owner, spool::Position position, policy::Durability durability, Done done);
  void forget(const void* owner) { waits_.erase(owner); }
  bool empty() const { return waits_.empty(); }
  // Calls those whose position is reached.
  void settle(spool::Position durable, spool::Position acknowledged);
  // The disk failed: nobody's record will ever be durable. Takes all waits away.
  void abandon() { waits_.clear(); }

 private:
  struct Wait {
    spool::Position position;
    policy::Durability durability;
    Done done;
  };
  std::map<const void*, Wait> waits_;
};

}  // namespace chaperone::session
