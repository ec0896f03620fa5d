#pragma once
// A compiled rule set: immutable, shared by all sessions, replaced as a whole by a reload.
// Deciding is pure and total, and says no where no rule says yes.
//
//   auto verdicts = policy.prepare(subject, resource, *meaning);   once per shape and session
//   Decision decision = policy.decide(verdicts, command, now);     allocates nothing
//   if (auto permit = policy.permit(decision)) ...                 the only way to send

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/core/command.h"
#include "proto-parsers/core/subject.h"
#include "sidecar/policy/decision.h"
#include "sidecar/policy/resource.h"

struct sockaddr;

namespace chaperone::policy {

struct Rules;  // compiled form; policy/rules.h

// What is settled about a meaning before its values are known: the strictest verdict of the rules
// that match whatever the values, and the rules that still ask about text, parameters or time.
// Belongs to the Policy that prepared it and dies with it; a reload prepares anew.
struct Prepared {
  Decision settled;
  std::vector<std::uint32_t> open_rules;  // empty in the common case: settled is the answer
};

class Policy {
 public:
  explicit Policy(std::unique_ptr<const Rules> rules);
  ~Policy();

  const std::string& digest() const;    // hex SHA-256 of the policy's canonical form
  const std::string& revision() const;  // the operator's own word, may be empty
  const std::vector<Resource>& resources() const;

  // The resource that names this destination, null if none does: then the connection is refused.
  const Resource* resource_at(const sockaddr* destination) const;
  // The opaque resource that names this TLS server name (already lower case).
  const Resource* resource_by_sni(std::string_view name, const sockaddr* destination) const;

  // The verdict on opening a session, and on asking for a role and database there.
  Decision decide_connect(const Subject& subject, const Resource& resource) const;

  Prepared prepare(const Subject& subject, const Resource& resource, const Meaning& meaning) const;
  // `now_s` is wall time (rules may name hours). Views in `command` need live only for the call.
  Decision decide(const Prepared& prepared, const Command& command, std::int64_t now_s) const;

  // True where no rule can allow this subject anything but reading on this resource.
  bool read_only(const Subject& subject, const Resource& resource) const;

  // An allow yields exactly one Permit, anything else none.
  static std::optional<Permit> permit(const Decision& decision);

  std::size_t rule_count() const;
  std::string_view rule_name(std::uint32_t rule_index) const;

 private:
  std::unique_ptr<const Rules> rules_;
};

}  // namespace chaperone::policy
