#pragma once
// One connection of the agent, whatever it speaks: what the worker and `explain` need to know of it.

#include <memory>
#include <string>

#include "sidecar/policy/policy.h"

namespace chaperone::session {

// Which rule let a connection pass, or did not; where it stands ("policy.yaml:12"), in which policy.
struct Ruling {
  Ruling() = default;
  explicit Ruling(std::string no_rule) : rule(std::move(no_rule)) {}  // a limit of the sidecar's own
  Ruling(const policy::Decision& decision, const policy::Policy& policy)
      : rule(decision.rule), place(policy.place_of(decision)), digest(policy.digest()) {}
  std::string rule, place, digest;
};

struct SessionView {
  std::string id, kind, resource, client, target, user, database, state;
  Ruling ruling;
  std::uint64_t operations = 0;
};

class Session {
 public:
  virtual ~Session() = default;
  // The policy was replaced: go on under it, or end.
  virtual void on_policy(std::shared_ptr<const policy::Policy> policy) = 0;
  // End as soon as nobody is hurt by it.
  virtual void drain() = 0;
  // End now: the deadline of the drain is over, or an operator says so.
  virtual void kill(std::string_view word) = 0;
  virtual SessionView view() const = 0;
};

}  // namespace chaperone::session
