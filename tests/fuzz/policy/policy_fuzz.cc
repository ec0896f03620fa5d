// Any bytes as a policy: findings or a policy, and a policy answers without fault and never lets
// pass what nothing in it could have allowed.
#include "proto-parsers/base/check.h"
#include "sidecar/policy/loader.h"

using namespace chaperone;

namespace {

Meaning meaning_of(EffectSet effects) {
  Statement statement;
  statement.verb = "SELECT";
  statement.effects = effects;
  statement.objects = {{ObjectKind::kTable, "public.t", effects}, {ObjectKind::kFile, "/x", {}}};
  statement.columns = {{"public.t", "*", Effect::kRead}, {"t", "c", Effect::kWrite}};
  statement.functions = {"f", "public.g"};
  Meaning meaning;
  meaning.effects = effects;
  meaning.statements = {statement, Statement{}};
  return meaning;
}

Subject agent() {
  Subject subject;
  subject.pod = "pod";
  subject.pod_namespace = "agents";
  subject.labels = {{"app", "x"}};
  return subject;
}

void ask(const policy::Policy& policy, const policy::Resource& resource, EffectSet effects) {
  static const Subject kAgent = agent();
  Meaning meaning = meaning_of(effects);
  Parameter parameter;
  parameter.value = as_bytes("42");
  Command command{Protocol::kPostgres, &meaning, "select 1", {&parameter, 1}};
  auto prepared = policy.prepare(kAgent, resource, meaning);
  policy::Decision decision = policy.decide(prepared, command, 1'700'000'000);
  CHECK(policy::Policy::permit(decision).has_value() ==
        (decision.verdict == policy::Verdict::kAllow));
  CHECK(decision.verdict <= decision.would_be || !decision.observed);
  CHECK(decision.rule_index <= policy.rule_count());
  CHECK(!decision.rule.empty());
  bool silent = policy.rule_count() == 0 && decision.rule_index == 0 && !decision.observed;
  CHECK(!silent || decision.verdict != policy::Verdict::kHold);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto policy = policy::parse_policy(as_text({data, size}), "fuzz.yaml");
  if (!policy) {
    CHECK(policy.error().message.find("fuzz.yaml") == 0);
    return 0;
  }
  CHECK((*policy)->digest().size() == 64);
  static const Subject kNobody;
  for (const policy::Resource& resource : (*policy)->resources()) {
    (void)(*policy)->decide_connect(kNobody, resource);
    (void)(*policy)->read_only(kNobody, resource);
    ask(**policy, resource, Effect::kRead);
    ask(**policy, resource, Effect::kRead | Effect::kDelete | Effect::kRunCode);
    ask(**policy, resource, Effect::kUnknown);
  }
  return 0;
}
