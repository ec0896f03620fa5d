#include "sidecar/policy/policy.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "sidecar/policy/judge.h"
#include "sidecar/policy/match.h"
#include "sidecar/policy/reserved.h"
#include "sidecar/policy/rules.h"

namespace chaperone::policy {
namespace {

struct Destination {
  std::array<std::uint8_t, 16> address{};
  std::uint16_t port = 0;
};

std::optional<Destination> destination_of(const sockaddr* address) {
  Destination destination;
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    std::memcpy(destination.address.data(), &v6.sin6_addr, 16);
    destination.port = ntohs(v6.sin6_port);
    return destination;
  }
  if (address->sa_family != AF_INET) return std::nullopt;
  sockaddr_in v4;
  std::memcpy(&v4, address, sizeof v4);
  destination.address[10] = destination.address[11] = 0xff;
  std::memcpy(destination.address.data() + 12, &v4.sin_addr, 4);
  destination.port = ntohs(v4.sin_port);
  return destination;
}

bool has_port(const Resource& resource, std::uint16_t port) {
  return std::find(resource.ports.begin(), resource.ports.end(), port) != resource.ports.end();
}

// The length of the narrowest range that holds the destination; -1: none does.
int prefix_at(const Resource& resource, const Destination& destination) {
  if (resource.everywhere) return 0;
  if (!has_port(resource, destination.port)) return -1;
  int longest = -1;
  for (const Cidr& range : resource.addresses) {
    if (contains(range, destination.address)) longest = std::max(longest, range.prefix);
  }
  return longest;
}

// A resource that goes by SNI and lists no addresses is everywhere on its ports, but in no network
// of somebody's own: the name is the client's word, and behind it might stand the node, the
// metadata service or another pod.
bool sni_at(const Resource& resource, const Destination& destination, bool resolved) {
  if (resource.sni.empty()) return false;
  if (resource.addresses.empty()) {
    return has_port(resource, destination.port) &&
           (resolved || reserved_of(destination.address) == Reserved::kNo);
  }
  return prefix_at(resource, destination) >= 0;
}

bool sni_matches(const Resource& resource, std::string_view name) {
  return std::any_of(resource.sni.begin(), resource.sni.end(), [&](const std::string& pattern) {
    bool wildcard = pattern.size() > 2 && pattern.compare(0, 2, "*.") == 0;
    if (!wildcard) return pattern == name;
    std::string_view tail = std::string_view(pattern).substr(1);  // ".example.org"
    return name.size() > tail.size() && name.substr(name.size() - tail.size()) == tail;
  });
}

// What the server's own read-only mode lets through.
constexpr EffectSet kReadOnly = Effect::kRead | Effect::kDescribe | Effect::kTransaction |
                                Effect::kSession | Effect::kListen | Effect::kNotify;

bool denies_everything(const Rule& rule) {
  return rule.action == Action::kDeny && !rule.trial && rule.match.is_blanket() &&
         rule.match.guard < 0;
}

bool allows_everything(const Rule& rule) {
  const Match& match = rule.match;
  auto all = EffectSet::from_bits((1u << kEffectCount) - 1);
  return rule.action == Action::kAllow && rule.except.empty() && match.guard < 0 &&
         all.within(match.effects | Effect::kOpaque) && match.verbs.empty() &&
         !match.names_things() && match.row_bounds == 0 && !match.limit_above &&
         !match.limit_at_most && !match.statements_above;
}

bool steps_aside(const Rule& rule, const Subject& subject, const Resource& resource) {
  return std::any_of(rule.except.begin(), rule.except.end(), [&](const Match& except) {
    return in_scope(except, subject, resource.index);
  });
}

bool is_open(const Clause& clause) { return !clause.always(); }

// A session whose commands are judged one by one is judged as a command that asks for nothing.
void leave_to_commands(Judgement& judgement) {
  std::erase_if(judgement.denies, is_open);  // doubts there are none: nothing is asked
  std::erase_if(judgement.trial_denies, is_open);
  judgement.holds.clear();  // nothing can wait before there is a session
  judgement.trial_holds.clear();
}

// What cannot be asked refuses.
void assume_worst(Judgement& judgement) {
  for (auto* clauses : {&judgement.denies, &judgement.holds}) {
    for (Clause& clause : *clauses) clause = Clause{clause.rule, -1, {}};
  }
  std::erase_if(judgement.trial_denies, is_open);
  std::erase_if(judgement.trial_holds, is_open);
  for (auto* needs : {&judgement.needs, &judgement.watches}) {
    for (Need& need : *needs) std::erase_if(need.covers, is_open);
  }
}

// What an opaque connection asks for.
Meaning passage() {
  Statement statement;
  statement.verb = "PASS";
  statement.effects = Effect::kOpaque;
  Meaning meaning;
  meaning.effects = statement.effects;
  meaning.risk = risk_of(meaning.effects);
  meaning.statements.push_back(std::move(statement));
  return meaning;
}

}  // namespace

Policy::Policy(std::unique_ptr<const Rules> rules) : rules_(std::move(rules)) {}
Policy::~Policy() = default;

const std::string& Policy::digest() const { return rules_->digest; }
const std::string& Policy::revision() const { return rules_->revision; }
const std::vector<Resource>& Policy::resources() const { return rules_->resources; }
std::size_t Policy::rule_count() const { return rules_->rules.size(); }

std::string_view Policy::rule_name(std::uint32_t rule_index) const {
  if (rule_index == 0 || rule_index > rules_->rules.size()) return "default";
  return rules_->rules[rule_index - 1].name;
}

std::string Policy::place_of(const Decision& decision) const {
  if (decision.rule != rule_name(decision.rule_index)) return {};
  if (decision.rule_index == 0) return rules_->file;
  return rules_->file + ":" + std::to_string(rules_->rules[decision.rule_index - 1].line);
}

const Resource* Policy::resource_at(const sockaddr* address) const {
  auto destination = destination_of(address);
  if (!destination) return nullptr;
  const Resource* found = nullptr;
  int longest = -1;
  for (const Resource& resource : rules_->resources) {
    if (!resource.sni.empty()) continue;
    int prefix = prefix_at(resource, *destination);
    if (prefix <= longest) continue;
    found = &resource;
    longest = prefix;
  }
  return found;
}

const Resource* Policy::unnamed() const {
  if (rules_->resources.empty() || !rules_->resources.back().everywhere) return nullptr;
  return &rules_->resources.back();
}

const Resource* Policy::resource_by_sni(std::string_view name, const sockaddr* address,
                                        bool resolved) const {
  auto destination = destination_of(address);
  if (!destination) return nullptr;
  for (const Resource& resource : rules_->resources) {
    if (sni_at(resource, *destination, resolved) && sni_matches(resource, name)) return &resource;
  }
  return nullptr;
}

bool Policy::reads_sni(const sockaddr* address, bool resolved) const {
  auto destination = destination_of(address);
  if (!destination) return false;
  return std::any_of(rules_->resources.begin(), rules_->resources.end(),
                     [&](const Resource& resource) { return sni_at(resource, *destination, resolved); });
}

Decision Policy::decide_connect(const Subject& subject, const Resource& resource,
                                std::optional<std::int64_t> now_s) const {
  bool opaque = resource.protocol == Protocol::kOpaque;
  const Meaning meaning = opaque ? passage() : Meaning{};
  Judgement judgement = judge(*rules_, subject, resource, meaning);
  if (opaque && now_s) {
    Command command{Protocol::kOpaque, &meaning, {}, {}};
    return conclude(*rules_, judgement, &command, *now_s);
  }
  opaque ? assume_worst(judgement) : leave_to_commands(judgement);
  return conclude(*rules_, judgement, nullptr, 0);
}

Prepared Policy::prepare(const Subject& subject, const Resource& resource,
                         const Meaning& meaning) const {
  Judgement judgement = judge(*rules_, subject, resource, meaning);
  Prepared prepared;
  if (judgement.is_settled()) {
    prepared.settled = conclude(*rules_, judgement, nullptr, 0);
  } else {
    prepared.open = std::make_shared<const Judgement>(std::move(judgement));
  }
  return prepared;
}

Decision Policy::decide(const Prepared& prepared, const Command& command,
                        std::int64_t now_s) const {
  if (!prepared.open) return prepared.settled;
  return conclude(*rules_, *prepared.open, &command, now_s);
}

bool Policy::read_only(const Subject& subject, const Resource& resource) const {
  if (rules_->observe || resource.observe || rules_->default_allow) return false;
  EffectSet allowed;
  for (const Rule& rule : rules_->rules) {
    if (!in_scope(rule.match, subject, resource.index)) continue;
    if (rule.lets_pass()) {
      allowed |= rule.match.effects;
    } else if (rule.grants()) {
      allowed |= rule.grant.effects;
    } else if (denies_everything(rule) && !steps_aside(rule, subject, resource)) {
      return true;
    }
  }
  return allowed.within(kReadOnly);
}

bool Policy::weighs_meaning(const Subject& subject, const Resource& resource) const {
  Durability least = Durability::kProcess;
  bool allowed = false;
  for (const Rule& rule : rules_->rules) {
    if (!in_scope(rule.match, subject, resource.index)) continue;
    if (!allows_everything(rule)) return true;
    allowed = true;
    least = std::max(least, rule.durability.value_or(Durability::kProcess));
  }
  const auto& asked = rules_->durability;
  auto [low, high] = std::minmax_element(asked.begin(), asked.end());
  return !allowed || (*low != *high && *high > least);
}

std::optional<Permit> Policy::permit(const Decision& decision) {
  if (decision.verdict != Verdict::kAllow) return std::nullopt;
  return Permit();
}

}  // namespace chaperone::policy
