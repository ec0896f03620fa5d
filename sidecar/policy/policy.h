#pragma once
// A compiled rule set: immutable, shared by all sessions, replaced as a whole by a reload.
// Deciding is pure and total, and says no where no rule says yes.
//
//   auto verdicts = policy.prepare(subject, resource, *meaning);   once per shape and session
//   Decision decision = policy.decide(verdicts, command, now);     allocates nothing
//   if (auto permit = policy.permit(decision)) ...                 the only way to send

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/core/command.h"
#include "proto-parsers/core/subject.h"
#include "sidecar/policy/decision.h"
#include "sidecar/policy/names.h"
#include "sidecar/policy/resource.h"

struct sockaddr;

namespace chaperone::policy {

struct Rules;      // compiled form; policy/rules.h
struct Judgement;  // what is left to ask; policy/judge.h

// What is settled about a meaning before its values are known. Belongs to the Policy that prepared
// it and dies with it; a reload prepares anew. A value: copies share what is open.
struct Prepared {
  Decision settled;                       // the answer, where `open` is null
  std::shared_ptr<const Judgement> open;  // null in the common case; else rules still ask about
                                          // text, parameters or time, and decide() asks them
};

class Policy {
 public:
  explicit Policy(std::unique_ptr<const Rules> rules);
  ~Policy();

  const std::string& digest() const;    // hex SHA-256 of the policy's canonical form
  const std::string& revision() const;  // the operator's own word, may be empty
  const std::vector<Resource>& resources() const;

  // The resource that names this destination, null if none does: then the connection is refused.
  // The narrowest address range wins; resources that go by SNI are left out.
  const Resource* resource_at(const sockaddr* destination) const;
  // The opaque resource that names this TLS server name (already lower case).
  // `resolved`: the pod's resolver gave this address out under this very name, so that a resource
  // without addresses may lie in a private network too.
  const Resource* resource_by_sni(std::string_view name, const sockaddr* destination,
                                  bool resolved = false) const;
  // Whether resource_by_sni could answer here: then the ClientHello is worth reading.
  bool reads_sni(const sockaddr* destination, bool resolved = false) const;

  // Under observe at the policy's top: what is passed, and told, though no resource names it. Null
  // everywhere else.
  const Resource* unnamed() const;
  // The resource whose hosts name this, in the order of the file; for destinations whose address
  // the resolver gave out under that name.
  const Resource* resource_by_name(std::string_view name, std::uint16_t port) const;

  // Of DNS questions; `name` is lower case.
  NameVerdict name_verdict(std::string_view name) const;
  bool type_allowed(std::uint16_t type) const;
  const NameLimits& name_limits() const;
  // Whether an address that no public name should have may answer this one: where a resource of
  // that name lists it, or, of private networks alone, where `dns.private` names it.
  bool address_allowed(std::string_view name, const std::array<std::uint8_t, 16>& address,
                       bool is_private) const;

  // The verdict on opening a session. Where commands will be judged one by one: yes where some rule
  // may let this subject do anything at all here, and no rule denies it everything. On an opaque
  // resource, where nothing will be: the verdict on the effect "opaque"; rules that ask for the
  // time need `now_s` there, and refuse without it. Roles and databases: login_for in resource.h.
  Decision decide_connect(const Subject& subject, const Resource& resource,
                          std::optional<std::int64_t> now_s = std::nullopt) const;

  Prepared prepare(const Subject& subject, const Resource& resource, const Meaning& meaning) const;
  // `now_s` is wall time (rules may name hours). Views in `command` need live only for the call.
  Decision decide(const Prepared& prepared, const Command& command, std::int64_t now_s) const;

  // True where no rule can allow this subject anything but reading on this resource.
  bool read_only(const Subject& subject, const Resource& resource) const;

  // False only where every command gets the same answer whatever it means: all rules in scope are
  // allows of every effect, `unknown` too, that ask for nothing else and step aside for nothing, and
  // no durability hangs on an effect. Then nothing need be known of a command to decide it.
  bool weighs_meaning(const Subject& subject, const Resource& resource) const;

  // An allow yields exactly one Permit, anything else none.
  static std::optional<Permit> permit(const Decision& decision);

  std::size_t rule_count() const;  // without the default
  std::string_view rule_name(std::uint32_t rule_index) const;
  // Where a decision's rule stands, "policy.yaml:12"; of the default the file alone, and nothing of
  // what no rule said.
  std::string place_of(const Decision& decision) const;
  const Rules& rules() const { return *rules_; }  // for explain

 private:
  std::unique_ptr<const Rules> rules_;
};

}  // namespace chaperone::policy
