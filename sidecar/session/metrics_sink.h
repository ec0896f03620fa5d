#pragma once
// What a loop counts, as plain integers of that loop's own: the scrape adds the loops up. No label
// here has more values than the policy or an enum gives it.

#include <array>
#include <bit>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "proto-parsers/core/effects.h"
#include "sidecar/policy/policy.h"

namespace chaperone::session {

// Powers of two from 1 us to about 8 s; the last bucket is everything above.
struct LatencyHistogram {
  static constexpr int kBuckets = 24;
  std::array<std::uint64_t, kBuckets> counts{};
  std::uint64_t sum_ns = 0;
  void add(std::uint64_t ns) {
    auto bucket = static_cast<std::size_t>(std::bit_width(ns / 1000));
    ++counts[bucket < kBuckets ? bucket : kBuckets - 1];
    sum_ns += ns;
  }
};

struct MetricsSink {
  // By highest-risk effect of the command (or none), and verdict: allow, hold, deny.
  std::array<std::array<std::uint64_t, 3>, kEffectCount + 1> commands{};
  std::uint64_t observed = 0;                // passed though a rule would not have let them
  std::vector<std::uint64_t> denied_by_rule; // by Decision::rule_index, of the policy in force
  std::map<std::string, std::uint64_t> denied_before;  // by the rule's name, of policies before it
  LatencyHistogram upstream, added;
  std::uint64_t sessions_opened = 0, sessions_open = 0, sessions_refused = 0;
  std::uint64_t bytes_to_client = 0, bytes_to_server = 0;
  std::uint64_t connects_denied = 0, opaque_sessions = 0, cancels = 0, parse_errors = 0;
  std::uint64_t records_missed = 0;  // of denied and closed connections: the spool took none
  std::uint64_t upstream_connects = 0, upstream_login_failures = 0, warm_hits = 0, warm_misses = 0;
  std::uint64_t warm_returned = 0, warm_kept = 0, warm_closed = 0;  // after a session without state
  std::uint64_t catalogue_loads = 0, catalogue_failures = 0;

  void command(EffectSet effects, const policy::Decision& decision) {
    ++commands[worst(effects)][static_cast<std::size_t>(decision.verdict)];
    decided(decision);
  }
  // Of a command, or of a connection that a rule let pass or did not.
  void decided(const policy::Decision& decision) {
    if (decision.observed) ++observed;
    if (decision.verdict == policy::Verdict::kAllow) return;
    if (denied_by_rule.size() <= decision.rule_index) denied_by_rule.resize(decision.rule_index + 1);
    ++denied_by_rule[decision.rule_index];
  }

  // A rule keeps its count over reloads, wherever the new policy puts it.
  void policy_ends(const policy::Policy& policy) {
    for (std::uint32_t rule = 0; rule < denied_by_rule.size(); ++rule) {
      if (denied_by_rule[rule] == 0) continue;
      denied_before[std::string(policy.rule_name(rule))] += denied_by_rule[rule];
    }
    denied_by_rule.clear();
  }

  static std::size_t worst(EffectSet effects) {
    std::size_t found = kEffectCount;
    Risk risk = Risk::kNone;
    for (std::uint32_t left = effects.bits(); left != 0; left &= left - 1) {
      auto effect = static_cast<Effect>(std::countr_zero(left));
      if (found != kEffectCount && risk_of(effect) <= risk) continue;
      found = static_cast<std::size_t>(effect);
      risk = risk_of(effect);
    }
    return found;
  }
};

}  // namespace chaperone::session
