#include "sidecar/dns/resolver.h"

#include <algorithm>

#include "proto-parsers/dns/limits.h"
#include "sidecar/dns/limits.h"
#include "sidecar/policy/reserved.h"

namespace chaperone::dns {

namespace {

std::size_t room_for(const Query& query, bool by_tcp) {
  return by_tcp ? kMessageBytesMax : query.udp_bytes;
}

std::optional<AddressBytes> address_in(const Record& record) {
  AddressBytes address{};
  const bool v4 = record.type == Type::kA;
  if (!v4 && record.type != Type::kAaaa) return std::nullopt;
  if (v4) address[10] = address[11] = 0xff;
  std::copy(record.data.begin(), record.data.end(), address.end() - (v4 ? 4 : 16));
  return address;
}

std::shared_ptr<const Answer> with_rcode(Rcode rcode) {
  auto answer = std::make_shared<Answer>();
  answer->rcode = rcode;
  return answer;
}

}  // namespace

Resolver::Resolver(net::Loop& loop, const std::vector<net::Address>& servers, Bindings& bindings,
                   NameLog& log, std::shared_ptr<const policy::Policy> policy)
    : loop_(loop),
      servers_(servers),
      bindings_(bindings),
      log_(log),
      policy_(std::move(policy)),
      guard_(policy_->name_limits()) {}

Resolver::~Resolver() = default;

void Resolver::set_policy(std::shared_ptr<const policy::Policy> policy) {
  policy_ = std::move(policy);
  guard_.set_limits(policy_->name_limits());
  cache_.clear();
}

std::optional<Resolver::Refusal> Resolver::judge(const Question& question,
                                                 policy::NameVerdict& verdict) {
  verdict = policy_->name_verdict(question.name);
  if (!verdict.allowed) {
    return Refusal{Rcode::kNxDomain, Why::kBlocked, "default", "no line of the policy names it"};
  }
  if (!verdict.observed && !policy_->type_allowed(static_cast<std::uint16_t>(question.type))) {
    return Refusal{Rcode::kRefused, Why::kProhibited, "dns.types",
                   "the policy allows no questions of this type"};
  }
  if (const char* reason = guard_.ask(question.name, verdict.zone, loop_.now_ms())) {
    ++counters_.tunnels;
    return Refusal{Rcode::kRefused, Why::kProhibited, "dns.limits", reason};
  }
  return std::nullopt;
}

void Resolver::ask(Bytes message, bool by_tcp, OnReply on_reply) {
  Query query;
  if (read_query(message, query)) {
    ++counters_.malformed;
    if (auto refused = unreadable(message)) on_reply(encode_refusal(*refused));
    return;
  }
  policy::NameVerdict verdict;
  if (auto refusal = judge(query.question, verdict)) {
    return refuse(query, *refusal, by_tcp, on_reply);
  }
  if (!log_.asked({query.question, true, verdict.observed, verdict.rule, {}})) {
    const auto failed = with_rcode(Rcode::kServFail);
    return on_reply(encode_reply(query, {failed.get(), 0, Why::kProhibited}, room_for(query, by_tcp)));
  }
  ++counters_.allowed;
  const Cache::Found found = cache_.find(query.question, loop_.now_ms());
  if (!found.answer) return wait(query, {std::string(as_text(message)), by_tcp, std::move(on_reply)});
  ++counters_.cached;
  bind(query.question, *found.answer, found.age_s);
  on_reply(encode_reply(query, {found.answer.get(), found.age_s, {}}, room_for(query, by_tcp)));
}

void Resolver::refuse(const Query& query, const Refusal& refusal, bool by_tcp,
                      const OnReply& on_reply) {
  ++counters_.denied;
  // A refusal that could not be recorded is still a refusal.
  (void)log_.asked({query.question, false, false, refusal.rule, refusal.reason});
  const auto answer = with_rcode(refusal.rcode);
  on_reply(encode_reply(query, {answer.get(), 0, refusal.why}, room_for(query, by_tcp)));
}

void Resolver::wait(const Query& query, Waiter waiter) {
  auto found = pending_.find(query.question);
  const bool full = found == pending_.end() ? pending_.size() >= kPendingMax
                                            : found->second.waiters.size() >= kWaitersMax;
  const char* reason = full ? "too many questions are under way" : nullptr;
  if (!reason && found == pending_.end()) reason = guard_.ask_rate(loop_.now_ms());
  if (reason) {
    ++counters_.tunnels;
    return refuse(query, {Rcode::kRefused, Why::kProhibited, "dns.limits", reason}, waiter.by_tcp,
                  waiter.on_reply);
  }
  if (found == pending_.end()) {
    found = pending_.emplace(query.question, Pending{}).first;
    ++counters_.asked_upstream;
    found->second.asking = std::make_unique<Asking>(
        loop_, servers_, query.question,
        [this, question = query.question](Result<Answer> result) {
          answered(question, std::move(result));
        });
  }
  found->second.waiters.push_back(std::move(waiter));
}

void Resolver::answered(const Question& question, Result<Answer> result) {
  auto done = pending_.extract(question);
  std::optional<Why> why;
  std::shared_ptr<const Answer> answer;
  if (result.ok()) {
    answer = checked(question, std::move(result).value());
    if (answer->rcode == Rcode::kNxDomain && !answer->authority) why = Why::kBlocked;
  } else {
    ++counters_.failed;
    why = Why::kNetworkError;
    answer = with_rcode(Rcode::kServFail);
  }
  cache_.add(question, answer, loop_.now_ms());
  bind(question, *answer, 0);
  for (Waiter& waiter : done.mapped().waiters) {
    Query query;
    CHECK(read_query(as_bytes(waiter.message), query) == nullptr);
    waiter.on_reply(encode_reply(query, {answer.get(), 0, why}, room_for(query, waiter.by_tcp)));
  }
  // The asking is destroyed by its own callback, after its last step.
}

// The policy as it is now, not as it was when the question was asked.
std::shared_ptr<const Answer> Resolver::checked(const Question& question, Answer answer) {
  if (!policy_->name_verdict(question.name).allowed) return with_rcode(Rcode::kNxDomain);
  if (addresses_allowed(question, answer)) return std::make_shared<const Answer>(std::move(answer));
  ++counters_.rebindings;
  (void)log_.asked({question, false, false, "dns.private",
                    "its answer holds an address that the policy does not give to this name"});
  return with_rcode(Rcode::kNxDomain);
}

bool Resolver::addresses_allowed(const Question& question, const Answer& answer) const {
  return std::all_of(answer.records.begin(), answer.records.end(), [&](const Record& record) {
    const auto address = address_in(record);
    if (!address) return true;
    const policy::Reserved reserved = policy::reserved_of(*address);
    if (reserved == policy::Reserved::kNo) return true;
    return policy_->address_allowed(question.name, *address, reserved == policy::Reserved::kPrivate);
  });
}

// The name that was asked for is the one that the policy allowed; what lies along the aliases is
// the zone's own business.
void Resolver::bind(const Question& question, const Answer& answer, std::uint32_t age_s) {
  for (const Record& record : answer.records) {
    const auto address = address_in(record);
    if (!address) continue;
    const std::uint64_t left_s = record.ttl_s > age_s ? record.ttl_s - age_s : 0;
    const std::uint64_t now_ms = loop_.now_ms();
    const std::uint64_t life_ms = std::min<std::uint64_t>(left_s, kTtlMax_s) * 1000;
    bindings_.add(*address, question.name, now_ms + life_ms + kBindingGrace_ms, now_ms);
  }
}

}  // namespace chaperone::dns
