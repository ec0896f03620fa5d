#include "sidecar/policy/guard.h"

#include "tests/unit/policy/builder.h"

namespace chaperone::policy {
namespace {

using enum Verdict;

Parameter text_value(std::string_view text) {
  Parameter parameter;
  parameter.value = as_bytes(text);
  return parameter;
}

Parameter binary_value(std::string_view bytes, std::uint32_t type) {
  Parameter parameter = text_value(bytes);
  parameter.type = type;
  parameter.binary = true;
  return parameter;
}

Verdict with(const std::string& rules, std::vector<Parameter> parameters) {
  Asking asking;
  asking.parameters = std::move(parameters);
  return verdict(rules, {select_from("public.t")}, asking);
}

std::string denying(const std::string& test) {
  return "rules:\n- {name: all, action: allow}\n- {name: d, action: deny, match: {parameters: [" +
         test + "]}}\n";
}
std::string allowing(const std::string& test) {
  return "rules:\n- {name: a, action: allow, match: {effects: [read], parameters: [" + test +
         "]}}\n";
}

TEST_CASE("guard: text, found anywhere, line breaks and odd bytes included") {
  const std::string rules = R"(rules:
- {name: all, action: allow}
- {name: d, action: deny, match: {text: ["(?i)from.+secret", ticket]}}
)";
  auto says = [&](std::string text) {
    Asking asking;
    asking.text = std::move(text);
    return verdict(rules, {select_from("public.t")}, asking);
  };
  CHECK(says("select 1") == kAllow);
  CHECK(says("select * FROM\n\xff secret") == kDeny);
  CHECK(says("-- ticket") == kDeny);
}

TEST_CASE("guard: parameters in text and binary") {
  CHECK(with(denying("{position: 1, equals: 42}"), {text_value("42")}) == kDeny);
  CHECK(with(denying("{position: 1, equals: 42}"), {text_value(" +042 ")}) == kDeny);
  CHECK(with(denying("{position: 1, equals: 42}"), {text_value("43")}) == kAllow);
  CHECK(with(denying("{position: 2, equals: 42}"), {text_value("42")}) == kAllow);
  CHECK(with(denying("{equals: 42}"), {text_value("1"), text_value("42")}) == kDeny);
  using namespace std::string_view_literals;
  CHECK(with(denying("{above: 1000}"), {binary_value("\0\0\x03\xe9"sv, 23)}) == kDeny);
  CHECK(with(denying("{above: 1000}"), {binary_value("\0\0\x03\xe8"sv, 23)}) == kAllow);
  CHECK(with(denying("{below: 0}"), {binary_value("\xff\xff\xff\xff\xff\xff\xff\xff"sv, 20)}) ==
        kDeny);
  CHECK(with(denying("{equals: \"x\"}"), {binary_value("x", 25)}) == kDeny);
  CHECK(with(denying("{regex: \"^4\"}"), {binary_value("\0\x2a"sv, 21)}) == kDeny);
  CHECK(with(denying("{in: [a, b]}"), {text_value("b")}) == kDeny);
  CHECK(with(denying("{in: [a, b]}"), {text_value("c")}) == kAllow);
}

Parameter typed_value(std::string_view text, std::uint32_t type) {
  Parameter parameter = text_value(text);
  parameter.type = type;
  return parameter;
}

TEST_CASE("guard: another spelling of a value is the same value") {
  for (const char* spelling : {"1", "t", "TRUE", "tr", "yes", " on ", "y"}) {
    INFO(spelling);
    for (const char* rule : {"{equals: true}", "{equals: 'yes'}", "{in: ['t']}", "{equals: 1}"}) {
      CHECK(with(denying(rule), {typed_value(spelling, 16)}) == kDeny);
      CHECK(with(allowing(rule), {typed_value(spelling, 16)}) == kAllow);
    }
    CHECK(with(denying("{equals: false}"), {typed_value(spelling, 16)}) == kAllow);
    // Without a type it may be a truth value.
    CHECK(with(denying("{equals: true}"), {text_value(spelling)}) == kDeny);
  }
  CHECK(with(allowing("{equals: true}"), {text_value("1")}) == kDeny);
  CHECK(with(denying("{equals: true}"), {text_value("12")}) == kAllow);
  CHECK(with(denying("{equals: true}"), {typed_value("o", 16)}) == kDeny);  // the server refuses it
  for (const char* spelling : {"255", "+0255", "0xFF", "0o377", "0b1111_1111", "2_5_5", " 255 "}) {
    INFO(spelling);
    for (std::uint32_t type : {20u, 21u, 23u, 26u, 1700u}) {
      CHECK(with(denying("{equals: 255}"), {typed_value(spelling, type)}) == kDeny);
      CHECK(with(denying("{equals: '0255'}"), {typed_value(spelling, type)}) == kDeny);
      CHECK(with(denying("{above: 255}"), {typed_value(spelling, type)}) == kAllow);
    }
    CHECK(with(denying("{equals: '255'}"), {text_value(spelling)}) == kDeny);
  }
  CHECK(with(denying("{equals: '255'}"), {typed_value("+255", 25)}) ==
        kAllow);  // text is its spelling
}

TEST_CASE("guard: a uuid, a date and padded characters in other spellings") {
  using namespace std::string_view_literals;
  const std::string rule = "{equals: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'}";
  for (const char* spelling :
       {"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc999c0b4ef8bb6d6bb9bd380a11}",
        "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11"}) {
    CHECK(with(denying(rule), {typed_value(spelling, 2950)}) == kDeny);
    CHECK(with(denying(rule), {text_value(spelling)}) == kDeny);
    CHECK(with(allowing(rule), {typed_value(spelling, 2950)}) == kAllow);
  }
  CHECK(with(denying(rule), {typed_value("b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", 2950)}) == kAllow);
  CHECK(with(denying(rule),
             {binary_value("\xa0\xee\xbc\x99\x9c\x0b\x4e\xf8\xbb\x6d\x6b\xb9\xbd\x38\x0a\x11"sv,
                           2950)}) == kDeny);
  CHECK(with(denying("{equals: '2026-01-05'}"), {typed_value("2026-01-06", 1082)}) == kAllow);
  CHECK(with(denying("{equals: '2026-01-05'}"), {typed_value("Jan 5 2026", 1082)}) == kDeny);
  CHECK(with(allowing("{equals: '2026-01-05'}"), {typed_value("Jan 5 2026", 1082)}) == kDeny);
  CHECK(with(denying("{equals: ab}"), {typed_value("ab  ", 1042)}) == kDeny);
  CHECK(with(denying("{equals: ab}"), {typed_value("ab  ", 25)}) == kAllow);
  CHECK(with(denying("{equals: '10.0.0.1'}"), {typed_value("10.0.0.1/32", 869)}) == kDeny);
  CHECK(with(denying("{equals: admin}"), {typed_value("ADMIN", 16400)}) == kDeny);
  CHECK(with(denying("{equals: admin}"), {typed_value("guest", 16400)}) == kAllow);
}

TEST_CASE("guard: a value that cannot be read refuses") {
  using namespace std::string_view_literals;
  Parameter numeric = binary_value("\0\1\0\0\0\0\0\0\0\1"sv, 1700);
  CHECK(with(denying("{above: 10}"), {numeric}) == kDeny);
  CHECK(with(allowing("{below: 10}"), {numeric}) == kDeny);
  CHECK(with(denying("{above: 10}"), {text_value("0x10")}) == kDeny);
  CHECK(with(allowing("{below: 10}"), {text_value("0x1")}) == kDeny);
  CHECK(with(allowing("{below: 10}"), {text_value("5")}) == kAllow);
  CHECK(with(allowing("{position: 1, regex: \"^a\"}"), {}) == kDeny);
}

TEST_CASE("guard: null is a value of its own") {
  Parameter null;
  null.null = true;
  CHECK(with(denying("{position: 1, is_null: true}"), {null}) == kDeny);
  CHECK(with(denying("{position: 1, is_null: true}"), {text_value("")}) == kAllow);
  CHECK(with(allowing("{position: 1, in: [x]}"), {null}) == kDeny);
  CHECK(with(allowing("{position: 1, is_null: false}"), {text_value("")}) == kAllow);
}

TEST_CASE("guard: time windows") {
  TimeWindow office;
  office.weekdays = 0x1f;
  office.minutes = {{8 * 60, 18 * 60}};
  constexpr std::int64_t kThursday = 0;  // 1970-01-01 00:00 UTC
  constexpr std::int64_t kHour = 3600, kDay = 24 * kHour;
  CHECK_FALSE(inside(office, kThursday + 7 * kHour));
  CHECK(inside(office, kThursday + 8 * kHour));
  CHECK(inside(office, kThursday + 18 * kHour - 1));
  CHECK_FALSE(inside(office, kThursday + 18 * kHour));
  CHECK_FALSE(inside(office, kThursday + 2 * kDay + 9 * kHour));  // Saturday
  CHECK(inside(office, kThursday + 4 * kDay + 9 * kHour));        // Monday
  CHECK(inside(office, kThursday - 7 * kDay + 9 * kHour));
  office.offset_min = 120;
  CHECK(inside(office, kThursday + 6 * kHour));
  TimeWindow night;
  night.minutes = {{22 * 60, 6 * 60}};
  CHECK(inside(night, kThursday + 23 * kHour));
  CHECK(inside(night, kThursday + 5 * kHour));
  CHECK_FALSE(inside(night, kThursday + 12 * kHour));
  // The nights that began on working days, with their mornings.
  night.weekdays = 0x1f;
  CHECK(inside(night, kThursday + 1 * kDay + 23 * kHour));        // Friday
  CHECK(inside(night, kThursday + 2 * kDay + 5 * kHour));         // Saturday morning
  CHECK_FALSE(inside(night, kThursday + 2 * kDay + 23 * kHour));  // Saturday
  CHECK_FALSE(inside(night, kThursday + 4 * kDay + 5 * kHour));   // Monday morning
}

TEST_CASE("guard: zones are fixed offsets, written as such or by IANA's names of them") {
  auto at = [](const std::string& zone, std::int64_t hour) {
    Asking asking;
    asking.now_s = hour * 3600;
    return verdict(
        "rules:\n- {name: a, action: allow, match: {effects: [read], time: {hours: "
        "[\"12:00-13:00\"], zone: \"" +
            zone + "\"}}}\n",
        {select_from("public.t")}, asking);
  };
  CHECK(at("UTC", 12) == kAllow);
  CHECK(at("+02:00", 10) == kAllow);
  CHECK(at("-05:30", 17) == kDeny);
  CHECK(at("-05:00", 17) == kAllow);
  CHECK(at("Etc/GMT-2", 10) == kAllow);
  CHECK(at("Etc/GMT+5", 17) == kAllow);
}

TEST_CASE("guard: an except with a guard steps in only when it holds") {
  const std::string rules = R"(rules:
- {name: all, action: allow}
- name: d
  action: deny
  match: {effects: [delete]}
  except: {time: {weekdays: [thu], hours: ["08:00-09:00"]}}
)";
  Asking asking;
  std::vector<Statement> drop = {on_table("DELETE", Effect::kDelete, "public.t")};
  asking.now_s = 8 * 3600;
  CHECK(verdict(rules, drop, asking) == kAllow);
  asking.now_s = 9 * 3600;
  CHECK(verdict(rules, drop, asking) == kDeny);
}

TEST_CASE("guard: open rules may share the covering of one command") {
  const std::string rules = R"(rules:
- {name: am, action: allow, match: {effects: [read], time: {hours: ["00:00-12:00"]}}}
- {name: pm, action: allow, match: {effects: [read], time: {hours: ["12:00-24:00"]}}}
- {name: w, action: allow, match: {effects: [write], objects: [public.t], text: [ticket]}}
)";
  auto policy = policy_with(rules);
  Statement update = on_table("UPDATE", Effect::kWrite, "public.t");
  update.effects |= Effect::kRead;
  Meaning meaning = meaning_of({update});
  Asking asking;
  asking.now_s = 13 * 3600;
  CHECK(decide(*policy, meaning, asking).verdict == kDeny);
  CHECK(decide(*policy, meaning, asking).reason == "no rule allows write on table public.t");
  asking.text = "-- ticket 7";
  CHECK(decide(*policy, meaning, asking).verdict == kAllow);
  Meaning read = meaning_of({select_from("public.t")});
  CHECK(decide(*policy, read, asking).rule == "pm");
  asking.now_s = 3600;
  CHECK(decide(*policy, read, asking).rule == "am");
}

TEST_CASE("guard: numbers") {
  CHECK(compare(*number_from("9007199254740993"), *number_from("9007199254740992")) == 1);
  CHECK(compare(*number_from("1e3"), *number_from("1000")) == 0);
  CHECK(compare(*number_from("NaN"), *number_from("1")) == 1);
  CHECK_FALSE(number_from("0x10"));
  CHECK_FALSE(number_from("1_000"));
  CHECK_FALSE(number_from(""));
  CHECK_FALSE(number_from("+-1"));
}

}  // namespace
}  // namespace chaperone::policy
