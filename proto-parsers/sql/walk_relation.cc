#include "proto-parsers/sql/limits.h"
#include "proto-parsers/sql/walker.h"

// What lies beneath a table or view, by the catalogue: views' queries, rules, triggers, row-level
// security, defaults, checks, index expressions, domains, partitions, foreign keys that cascade.

namespace chaperone::sql {
namespace {

constexpr EffectSet kChanges = Effect::kWrite | Effect::kDelete;

}  // namespace

std::string Walker::relation_name(const RangeVar* node) {
  return resolver_.relation(view_of(node->schemaname), view_of(node->relname)).full;
}

// A relation that is named without being read or written.
void Walker::known_object(ObjectKind kind, std::string_view schema, std::string_view name,
                          EffectSet effects) {
  RelationName found = resolver_.relation(schema, name);
  if (resolver_.data() && !found.relation) findings_.flags.catalogue_miss = true;
  findings_.object(kind, found.full, effects);
  if (!found.relation) return reach_unknown(kind, effects);
  reach(*found.relation, effects);
  for (const auto* other : found.others) {
    findings_.object(kind, other->full_name(), effects);
    reach(*other, effects);
  }
}

void Walker::uncertain_name(std::string_view schema, std::string_view name) {
  if (body_depth_ > 0) return;
  if (context_.objects_moved) {
    findings_.unknown("what " + std::string(name) +
                      " means may have been changed by a rename earlier in the same text");
  }
  uncertain_path(schema, name);
}

void Walker::uncertain_path(std::string_view schema, std::string_view name) {
  if (!context_.names_uncertain || !schema.empty() || body_depth_ > 0) return;
  findings_.unknown("the meaning of the name " + std::string(name) +
                    " may have been changed earlier in the same text");
}

// `events` says by which kind of statement (kTrigger... bits); 0 where any may be meant.
void Walker::touch(const RelationName& name, EffectSet effects, bool only, int events) {
  findings_.object(kind_of_relation(name.relation), name.full, effects);
  constexpr std::string_view kSystem = "pg_catalog.";
  if (name.full.starts_with(kSystem)) {
    touch_system(std::string_view(name.full).substr(kSystem.size()), effects);
  }
  // Values that were too long for their own table lie there, whoever may read that one.
  bool toast = name.full.starts_with("pg_toast") || name.full.starts_with("pg_catalog.pg_toast");
  if (toast && body_depth_ == 0) findings_.unknown("it shows values out of some other table");
  if (!name.relation) {
    if (resolver_.data()) findings_.flags.catalogue_miss = true;
    return;
  }
  if (events == 0 && effects.has(Effect::kWrite)) events |= kTriggerInsert | kTriggerUpdate;
  if (events == 0 && effects.has(Effect::kDelete)) events |= kTriggerDelete;
  if (effects.has(Effect::kWrite) && effects.has(Effect::kDelete)) events |= kTriggerDelete;
  touch_relation(*name.relation, effects, only, events, 0);
  for (const auto* other : name.others) {
    findings_.object(kind_of_relation(other), other->full_name(), effects);
    if (effects.has(Effect::kRead)) findings_.column(other->full_name(), "*", Effect::kRead);
    if (effects.has(Effect::kWrite)) findings_.column(other->full_name(), "*", Effect::kWrite);
    touch_relation(*other, effects, only, events, 0);
  }
}

// PostgreSQL's own tables: a write to one is a change of anything (a view's rule makes an UPDATE of
// pg_settings a SET), and some hold values of others' columns.
void Walker::touch_system(std::string_view name, EffectSet effects) {
  if (effects.intersects(kChanges)) {
    opaque_code();
    findings_.effect(Effect::kAdmin | Effect::kGrant | Effect::kSession);
    findings_.flags.lifts_read_only = true;
  }
  for (std::string_view sample : {"pg_statistic", "pg_statistic_ext_data", "pg_stats",
                                  "pg_stats_ext", "pg_stats_ext_exprs"}) {
    if (effects.has(Effect::kRead) && name == sample && body_depth_ == 0) {
      findings_.unknown("it shows values out of any table's columns");
    }
  }
}

void Walker::touch_relation(const CatalogueRelation& relation, EffectSet effects, bool only,
                            int events, int depth) {
  if (relation.builtin || !resolver_.data()) return;
  if (!first_visit("relation " + std::to_string(relation.oid) + " " +
                   std::to_string(effects.bits()) + " " + std::to_string(events))) {
    return;
  }
  if (depth > kBodyDepthMax) return findings_.unknown("relations lie too deep beneath one another");
  findings_.object(kind_of_relation(&relation), relation.full_name(), effects);
  types_of_columns(relation);
  if (relation.kind == 'f') {
    findings_.effect(effects.has(Effect::kRead) ? EffectSet(Effect::kImport) : EffectSet());
    findings_.effect(effects.intersects(kChanges) ? EffectSet(Effect::kExport) : EffectSet());
  }
  if (relation.kind == 'v' || relation.kind == 'm') beneath_view(relation, effects, events);
  beneath_table(relation, effects, events, depth);
  for (Oid child : only ? std::vector<Oid>() : relation.children) {
    const auto* found = resolver_.data()->relation(child);
    if (found) touch_relation(*found, effects, false, events, depth + 1);
  }
  // What is in a partition is in the table that it is a part of.
  for (Oid parent : relation.parents) {
    const auto* found = resolver_.data()->relation(parent);
    if (found) touch_relation(*found, effects, true, events, depth + 1);
  }
}

void Walker::beneath_view(const CatalogueRelation& relation, EffectSet effects, int events) {
  if (!effects.intersects(kChanges | Effect::kRead)) return;
  if (relation.kind == 'm') {
    // A materialised view is a copy: its tables' data is read, its functions do not run.
    Findings copied;
    std::set<std::string> seen;  // what is seen here is not all kept
    Walker inner(context_, resolver_, copied, seen);
    inner.stand_within(*this);
    inner.catalogue_text(relation.view, nullptr, false);
    return findings_.merge(copied, Effect::kRead | Effect::kUnknown, {});
  }
  if (effects.intersects(kChanges)) updatable_view(relation, effects, events);
  catalogue_text(relation.view, nullptr, false);
}

// A view that is simple enough writes to the table in its FROM list; we do not tell which are.
void Walker::updatable_view(const CatalogueRelation& relation, EffectSet effects, int events) {
  Findings named;
  std::set<std::string> seen;  // what is seen here is not all kept
  Walker inner(context_, resolver_, named, seen);
  inner.stand_within(*this);
  inner.catalogue_text(relation.view, nullptr, false);
  for (const auto& object : named.statement().objects) {
    const auto* beneath = resolver_.data()->relation(std::string_view(object.name));
    bool relates = object.kind == ObjectKind::kTable || object.kind == ObjectKind::kView;
    if (!relates || !beneath) continue;
    RelationName name{object.name, beneath};
    touch(name, EffectSet::from_bits(effects.bits() & kChanges.bits()), false, events);
    if (effects.has(Effect::kWrite)) findings_.column(name.full, "*", Effect::kWrite);
  }
}

void Walker::beneath_table(const CatalogueRelation& relation, EffectSet effects, int events,
                           int depth) {
  for (const auto& policy : relation.policies) {
    bool reads = policy.command == 'r' || policy.command == '*';
    if (relation.row_security && (reads || effects.intersects(kChanges))) {
      catalogue_text(policy.expression, &relation, true);
    }
  }
  if (!effects.intersects(kChanges)) return;
  for (const auto& rule : relation.rules) {
    int event = rule.event == '2'   ? kTriggerUpdate
                : rule.event == '3' ? kTriggerInsert
                                    : kTriggerDelete;
    if (events & event) catalogue_text(rule.definition, nullptr, false);
  }
  run_triggers(relation, events);
  if (events & kTriggerInsert) default_values(relation);
  if (effects.has(Effect::kWrite)) {
    for (const auto& expression_text : relation.write_expressions)
      catalogue_text(expression_text, &relation, true);
  }
  for (const auto& reference : relation.referenced_by) {
    const auto* other = resolver_.data()->relation(reference.table);
    auto cascade = [&](int event, char action) {
      if (!other || !(events & event) || action == 'a' || action == 'r') return;
      bool removes = action == 'c' && event == kTriggerDelete;
      if (action == 'd') default_values(*other);
      touch_relation(*other, removes ? Effect::kDelete : Effect::kWrite, false,
                     removes ? kTriggerDelete : kTriggerUpdate, depth + 1);
    };
    cascade(kTriggerDelete, reference.on_delete);
    // TRUNCATE of a table that others refer to works with CASCADE alone, and then empties them.
    if (other && (events & kTriggerTruncate))
      touch_relation(*other, Effect::kDelete, false, events, depth + 1);
    cascade(kTriggerUpdate, reference.on_update);
  }
}

void Walker::default_values(const CatalogueRelation& relation) {
  for (const auto& text : relation.defaults) catalogue_text(text, &relation, true);
}

void Walker::run_triggers(const CatalogueRelation& relation, int events) {
  for (const auto& trigger : relation.triggers) {
    if (!(trigger.events & events)) continue;
    // A function that is not in the catalogue is one of PostgreSQL's own (tsvector_update_trigger).
    const auto* function = resolver_.data()->function(trigger.function);
    findings_.object(ObjectKind::kTrigger, relation.full_name() + "." + trigger.name,
                     function ? EffectSet(Effect::kRunCode) : EffectSet());
    catalogue_text(trigger.definition, nullptr, false);
    if (function) call_user(*function);
  }
}

// A view's query, a rule, a default, a check: as the server prints it with search_path pg_catalog.
void Walker::catalogue_text(std::string_view text, const CatalogueRelation* table,
                            bool is_expression) {
  if (text.empty()) return;
  if (!may_enter_body(text.size())) {
    return findings_.unknown("there are too many bodies beneath it");
  }
  Reading plain;
  plain.server_version = context_.reading.server_version;
  Tree tree(text, plain, is_expression ? ParseMode::kExpression : ParseMode::kStatements);
  if (!tree.ok()) return findings_.unknown("the catalogue holds a text that cannot be read");
  Resolver qualified(resolver_.data(), {});
  Walker inner(*this, qualified, true);
  inner.caller_ = caller_;
  inner.variables_ = nullptr;
  for (const Node* node : Nodes(tree.statements())) {
    const auto* raw = CHAPERONE_AS(RawStmt, node);
    const auto* select = raw ? CHAPERONE_AS(SelectStmt, raw->stmt) : nullptr;
    const auto* trigger = raw ? CHAPERONE_AS(CreateTrigStmt, raw->stmt) : nullptr;
    const auto* rule = raw ? CHAPERONE_AS(RuleStmt, raw->stmt) : nullptr;
    if (is_expression && select) {
      Scope scope;
      if (table)
        scope.sources.push_back({table->name, table->schema, table->full_name(), table, false});
      inner.expressions(select->targetList, scope);
    } else if (trigger) {
      inner.expression(trigger->whenClause, Scope{});
    } else if (rule) {
      for (const Node* action : Nodes(rule->actions)) inner.query_statement(action);
      inner.expression(rule->whereClause, Scope{});
    } else if (raw) {
      inner.query_statement(raw->stmt);
    }
  }
}

bool Walker::may_enter_body(std::size_t bytes) {
  context_.body_bytes += bytes;
  return body_depth_ < kBodyDepthMax && ++context_.bodies <= kBodiesMax &&
         context_.body_bytes <= kBodyBytesMax;
}

// Once each, but for each search_path that it runs under: functions without their own follow it.
bool Walker::first_visit(const std::string& body) {
  std::string key = body;
  for (const auto& schema : caller_->path()) key.append(1, '\0').append(schema);
  return seen_.insert(std::move(key)).second;
}

}  // namespace chaperone::sql
