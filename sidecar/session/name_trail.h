#pragma once
// The records of DNS questions (resource). The first of its kind (name, type, verdict) is in the
// spool before it is answered; what repeats it is counted and told once a minute.

#include <cstdint>
#include <map>
#include <string>

#include "proto-parsers/core/subject.h"
#include "sidecar/dns/resolver.h"
#include "sidecar/policy/policy.h"
#include "sidecar/spool/spool.h"

namespace chaperone::session {

class NameTrail final : public dns::NameLog {
 public:
  // `subject` and `spool` outlive it.
  NameTrail(const Subject& subject, spool::Spool& spool,
            std::shared_ptr<const policy::Policy> policy);

  bool asked(const dns::Asked& asked) override;
  void set_policy(std::shared_ptr<const policy::Policy> policy);
  // Tells the repeats of windows that are over; of all with `end`.
  void flush(bool end = false);

 private:
  struct Key {
    std::string name;
    dns::Type type;
    bool allowed;
    bool operator<(const Key& other) const;
  };
  struct Repeats {
    std::uint64_t since_ms = 0, times = 0;
    bool observed = false;
    std::string rule, reason;
  };
  bool record(const Key& key, const Repeats& repeats, std::uint64_t times);

  const Subject& subject_;
  spool::Spool& spool_;
  std::shared_ptr<const policy::Policy> policy_;
  std::map<Key, Repeats> repeats_;
};

}  // namespace chaperone::session
