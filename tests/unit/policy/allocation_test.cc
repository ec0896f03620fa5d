// On a shape seen before, deciding allocates nothing: counted here, in this program alone.

#include <cstdlib>
#include <new>

#include "tests/unit/policy/builder.h"

namespace {
std::size_t allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size);
  if (!memory) throw std::bad_alloc();
  return memory;
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace chaperone::policy {
namespace {

std::size_t allocations_of(const Policy& policy, const Meaning& meaning, const Asking& asking) {
  Prepared prepared = policy.prepare(asking.subject, policy.resources()[0], meaning);
  Command command{Protocol::kPostgres, &meaning, asking.text, asking.parameters};
  (void)policy.decide(prepared, command, asking.now_s);  // an automaton learns its text once
  std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) (void)policy.decide(prepared, command, asking.now_s);
  return allocations - before;
}

TEST_CASE("allocation: deciding allocates nothing, open rules and refusals included") {
  auto policy = policy_with(R"(rules:
- {name: read, action: allow, match: {effects: [read], objects: ["public.*"]}}
- {name: office, action: allow, match: {effects: [write], time: {hours: ["08:00-18:00"]}}}
- {name: text, action: deny, match: {text: ["(?i)secret|password"]}}
- {name: value, action: deny, match: {parameters: [{position: 1, above: 100}]}}
- name: spelled
  action: deny
  match: {parameters: [{in: ["yes", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"]}]}
)");
  Asking asking;
  asking.text = "select * from t where id = $1";
  Parameter one;
  one.value = as_bytes("7");
  asking.parameters = {one};
  CHECK(allocations_of(*policy, meaning_of({select_from("public.t")}), asking) == 0);
  CHECK(allocations_of(*policy, meaning_of({on_table("UPDATE", Effect::kWrite, "public.t")}),
                       asking) == 0);
  CHECK(allocations_of(*policy, meaning_of({on_table("DROP TABLE", Effect::kDrop, "public.t")}),
                       asking) == 0);
  const std::string many(1000, 'x');
  asking.parameters[0].value = as_bytes(many);
  CHECK(allocations_of(*policy, meaning_of({select_from("public.t")}), asking) == 0);
  auto plain = policy_with("rules:\n- {name: read, action: allow, match: {effects: [read]}}\n");
  CHECK(allocations_of(*plain, meaning_of({select_from("public.t")}), asking) == 0);
}

}  // namespace
}  // namespace chaperone::policy
