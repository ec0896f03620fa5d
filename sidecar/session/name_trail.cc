#include "sidecar/session/name_trail.h"

#include <tuple>

#include "audit/record.h"
#include "sidecar/dns/limits.h"
#include "sidecar/session/trail.h"

namespace chaperone::session {
namespace {

std::uint64_t boot_ms() { return mono_now_ns() / 1'000'000; }

audit::RecordHead name_head() {
  audit::RecordHead head;
  head.kind = audit::RecordKind::kName;
  head.wall_ns = wall_now_ns();
  head.mono_ns = mono_now_ns();
  return head;
}

}  // namespace

NameTrail::NameTrail(const Subject& subject, spool::Spool& spool,
                     std::shared_ptr<const policy::Policy> policy)
    : subject_(subject), spool_(spool), policy_(std::move(policy)) {}

bool NameTrail::Key::operator<(const Key& other) const {
  return std::tie(name, type, allowed) < std::tie(other.name, other.type, other.allowed);
}

void NameTrail::set_policy(std::shared_ptr<const policy::Policy> policy) {
  flush(true);
  policy_ = std::move(policy);
}

bool NameTrail::asked(const dns::Asked& asked) {
  Key key{asked.question.name, asked.question.type, asked.allowed};
  auto found = repeats_.find(key);
  if (found != repeats_.end()) {
    ++found->second.times;
    return true;
  }
  Repeats first{boot_ms(), 0, asked.observed, std::string(asked.rule), std::string(asked.reason)};
  if (!record(key, first, 1)) return false;
  // Beyond the bound every question is a record of its own: nothing is lost.
  if (repeats_.size() < dns::kRecordKeysMax) repeats_.emplace(std::move(key), std::move(first));
  return true;
}

void NameTrail::flush(bool end) {
  const std::uint64_t now_ms = boot_ms();
  for (auto entry = repeats_.begin(); entry != repeats_.end();) {
    const Repeats& repeats = entry->second;
    const bool over = end || now_ms - repeats.since_ms >= dns::kRecordWindowMs;
    // Where there is no room for it the repeats wait for the next flush.
    const bool done = over && (repeats.times == 0 || record(entry->first, repeats, repeats.times));
    entry = done ? repeats_.erase(entry) : std::next(entry);
  }
}

bool NameTrail::record(const Key& key, const Repeats& repeats, std::uint64_t times) {
  audit::EncodedPart who, where, ruling, outcome, event;
  audit::encode(audit::Who{&subject_, std::nullopt}, who);
  audit::Where target;
  target.protocol = Protocol::kDns;
  target.target_name = key.name;
  audit::encode(target, where);
  audit::Ruling ruled;
  ruled.verdict = key.allowed ? audit::Verdict::kAllow : audit::Verdict::kDeny;
  ruled.would_be = audit::Verdict::kDeny;
  ruled.observed = repeats.observed;
  ruled.rule = repeats.rule;
  ruled.reason = repeats.reason;
  ruled.policy_digest = policy_->digest();
  ruled.policy_revision = policy_->revision();
  audit::encode(ruled, ruling);
  audit::Outcome counted;
  counted.status = key.allowed ? audit::OutcomeStatus::kOk : audit::OutcomeStatus::kRefused;
  counted.rows = times;
  audit::encode(counted, outcome);
  const std::string type = dns::name_of(key.type);
  audit::encode(audit::Event{type, {}}, event);
  return spool_.append(name_head(), {&who, &where, &ruling, &outcome, &event}).ok();
}

}  // namespace chaperone::session
