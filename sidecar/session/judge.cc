#include "sidecar/session/judge.h"

#include <algorithm>

#include "proto-parsers/sql/redact.h"

namespace chaperone::session {

namespace {

// Shapes of one scope. An application has hundreds; generated texts must not grow us without end.
constexpr std::size_t kShapesMax = 4096;
// Functions called by number: libpq's large objects are 16, an application adds a handful.
constexpr std::size_t kCallsMax = 256;
// Scopes of one loop: search paths and roles that sessions switch between.
constexpr std::size_t kScopesMax = 64;

// What EXECUTE means depends on the session's own prepared statements, and it hides in other
// statements (EXPLAIN, CREATE TABLE AS): where the word stands, the shape alone does not tell.
constexpr std::string_view kExecute = "execute";

// The shape of a text that is one EXECUTE from its first byte and mentions no other: as that of the
// SELECT with the same tokens.
std::optional<sql::ShapeKey> shape_of_execute(std::string_view text, const sql::Reading& reading) {
  if (!names_prepared(text.substr(0, kExecute.size()))) return std::nullopt;
  std::string_view rest = text.substr(kExecute.size());
  if (rest.empty() || rest[0] != ' ' || names_prepared(rest)) return std::nullopt;
  return sql::shape_of("select" + std::string(rest), reading);
}

// Which names an analysis looked up, and what they meant.
class Lookups final : public sql::PreparedTexts {
 public:
  explicit Lookups(const sql::PreparedTexts& texts) : texts_(texts) {}
  std::optional<std::string_view> text_of(std::string_view name) const override {
    auto text = texts_.text_of(name);
    made.emplace_back(name, text ? std::optional<std::string>(*text) : std::nullopt);
    return text;
  }
  mutable std::vector<std::pair<std::string, std::optional<std::string>>> made;

 private:
  const sql::PreparedTexts& texts_;
};

}  // namespace

bool names_prepared(std::string_view text) {
  auto same = [](char a, char b) { return (a | 0x20) == b; };
  return std::search(text.begin(), text.end(), kExecute.begin(), kExecute.end(), same) != text.end();
}

void encode_ruling(const policy::Decision& decision, const policy::Policy& policy,
                   audit::EncodedPart& out) {
  audit::Ruling ruling;
  ruling.verdict = static_cast<audit::Verdict>(decision.verdict);
  ruling.would_be = static_cast<audit::Verdict>(decision.would_be);
  ruling.observed = decision.observed;
  ruling.rule = decision.rule;
  ruling.reason = decision.reason;
  ruling.durability = static_cast<audit::Durability>(decision.durability);
  ruling.policy_digest = policy.digest();
  ruling.policy_revision = policy.revision();
  audit::encode(ruling, out);
}

const policy::Resource* Scope::resource() const {
  for (const policy::Resource& resource : facts_.policy->resources()) {
    if (resource.name == facts_.resource) return &resource;
  }
  return nullptr;
}

JudgedPtr Scope::judge(std::string_view text, const sql::PreparedTexts* prepared) {
  auto key = sql::shape_of(text, facts_.reading);
  if (!key && prepared && names_prepared(text)) return judge_execute(text, prepared, false);
  if (!key) return judge_anew(text, prepared);
  auto found = shapes_.find(*key);
  if (found != shapes_.end()) return found->second;
  JudgedPtr judged = judge_anew(text, prepared);
  if (names_prepared(text)) return judged;
  if (shapes_.size() >= kShapesMax) shapes_.clear();
  shapes_.emplace(*key, judged);
  return judged;
}

JudgedPtr Scope::judge_execute(std::string_view text, const sql::PreparedTexts* prepared,
                               bool missing_for_good) {
  auto key = shape_of_execute(text, facts_.reading);
  auto found = key ? executed_.find(*key) : executed_.end();
  if (!missing_for_good && found != executed_.end() && holds(found->second, *prepared)) {
    return found->second.judged;
  }
  Lookups lookups(*prepared);
  auto judged = std::make_shared<Judged>(*judge_anew(text, &lookups));
  if (missing_for_good) judged->analysis.catalogue_miss = false;
  Executed executed{judged, {}};
  for (const auto& [name, looked_up] : lookups.made) {
    auto shape = looked_up ? sql::shape_of(*looked_up, facts_.reading) : std::nullopt;
    if (!shape) return judged;
    executed.looked_up.emplace_back(name, *shape);
  }
  if (executed_.size() >= kShapesMax) executed_.clear();
  if (key) executed_.insert_or_assign(*key, std::move(executed));
  return judged;
}

bool Scope::holds(const Executed& executed, const sql::PreparedTexts& prepared) const {
  for (const auto& [name, shape] : executed.looked_up) {
    auto text = prepared.text_of(name);
    if (!text || sql::shape_of(*text, facts_.reading) != shape) return false;
  }
  return !executed.looked_up.empty();
}

JudgedPtr Scope::settle_miss(std::string_view text, const sql::PreparedTexts* prepared) {
  if (prepared && names_prepared(text) && !sql::shape_of(text, facts_.reading)) {
    return judge_execute(text, prepared, true);
  }
  auto settled = std::make_shared<Judged>(*judge(text, prepared));
  settled->analysis.catalogue_miss = false;
  auto key = sql::shape_of(text, facts_.reading);
  if (key && !names_prepared(text)) shapes_.insert_or_assign(*key, settled);
  return settled;
}

JudgedPtr Scope::judge_call(std::uint32_t function) {
  auto found = calls_.find(function);
  if (found != calls_.end()) return found->second;
  auto judged = std::make_shared<Judged>();
  sql::Names names{facts_.catalogue.get(), nullptr, facts_.search_path, facts_.role};
  judged->analysis = sql::analyse_function_call(function, facts_.reading, names);
  if (calls_.size() >= kCallsMax) calls_.clear();
  return calls_[function] = finish(std::move(judged));
}

JudgedPtr Scope::settle_call_miss(std::uint32_t function) {
  auto settled = std::make_shared<Judged>(*judge_call(function));
  settled->analysis.catalogue_miss = false;
  return calls_[function] = std::move(settled);
}

JudgedPtr Scope::judge_with_code(std::string_view text, const sql::PreparedTexts* prepared) const {
  auto judged = std::make_shared<Judged>();
  sql::Names names{facts_.catalogue.get(), prepared, facts_.search_path, facts_.role};
  judged->analysis = sql::analyse(text, facts_.reading, names);
  Meaning& meaning = judged->analysis.meaning;
  for (Statement& statement : meaning.statements) statement.effects |= Effect::kRunCode;
  meaning.effects |= Effect::kRunCode;
  meaning.risk = risk_of(meaning.effects);
  judged->analysis.may_change_reading = judged->analysis.leaves_session_state = true;
  return finish(std::move(judged));
}

JudgedPtr Scope::judge_anew(std::string_view text, const sql::PreparedTexts* prepared) const {
  auto judged = std::make_shared<Judged>();
  sql::Names names{facts_.catalogue.get(), prepared, facts_.search_path, facts_.role};
  judged->analysis = sql::analyse(text, facts_.reading, names);
  return finish(std::move(judged));
}

// Views, triggers and functions are seen by the catalogue alone. An agent may bring its loss about
// (locks held in an open transaction), so the loss must never allow more.
void judge_blind(Meaning& meaning) {
  for (Statement& statement : meaning.statements) {
    if (statement.effects.within(Effect::kTransaction | Effect::kSession)) continue;
    statement.effects |= Effect::kUnknown;
    if (statement.unknown_because.empty()) {
      statement.unknown_because = "the database's catalogue cannot be read at the moment";
    }
    meaning.effects |= Effect::kUnknown;
  }
  meaning.risk = risk_of(meaning.effects);
}

// What the policy settles about a meaning, and the parts of its record.
JudgedPtr Scope::finish(std::shared_ptr<Judged> judged) const {
  if (facts_.catalogue_missing && facts_.catalogue_matters) judge_blind(judged->analysis.meaning);
  judged->policy = facts_.policy;
  if (const policy::Resource* resource = this->resource()) {
    judged->prepared = facts_.policy->prepare(subject_, *resource, judged->analysis.meaning);
  }  // else the default Decision stands, which denies
  auto redacted = sql::redact(judged->analysis.meaning);
  audit::encode(redacted ? *redacted : judged->analysis.meaning, judged->meaning_part);
  encode_ruling(judged->prepared.settled, *facts_.policy, judged->ruling_part);
  return judged;
}

std::shared_ptr<Scope> Scopes::find(const ScopeFacts& facts) {
  for (auto at = scopes_.begin(); at != scopes_.end(); ++at) {
    if ((*at)->facts() == facts) {
      scopes_.splice(scopes_.begin(), scopes_, at);
      return scopes_.front();
    }
  }
  // A view that was replaced lives on only in the sessions that hold it.
  std::erase_if(scopes_, [&](const std::shared_ptr<Scope>& scope) {
    const ScopeFacts& old = scope->facts();
    return scope.use_count() == 1 && old.catalogue != facts.catalogue &&
           old.resource == facts.resource && old.database == facts.database;
  });
  if (scopes_.size() >= kScopesMax) scopes_.pop_back();
  scopes_.push_front(std::make_shared<Scope>(facts, subject_));
  return scopes_.front();
}

}  // namespace chaperone::session
