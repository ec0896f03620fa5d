#include "proto-parsers/sql/limits.h"
#include "proto-parsers/sql/walker.h"

// What lies beneath a table or view, by the catalogue: views' queries, rules, triggers, row-level
// security, defaults, checks, index expressions, domains, partitions, foreign keys that cascade.

namespace chaperone::sql {
namespace {

ObjectKind kind_of_relation(const CatalogueRelation* relation) {
  if (!relation) return ObjectKind::kTable;
  switch (relation->kind) {
    case 'v': case 'm': return ObjectKind::kView;
    case 'S': return ObjectKind::kSequence;
    case 'i': case 'I': return ObjectKind::kIndex;
    case 'c': return ObjectKind::kType;
    default: return ObjectKind::kTable;
  }
}

constexpr EffectSet kChanges = Effect::kWrite | Effect::kDelete;

}  // namespace

std::string Walker::relation_name(const RangeVar* node) {
  return resolver_.relation(view_of(node->schemaname), view_of(node->relname)).full;
}

void Walker::uncertain_name(std::string_view schema, std::string_view name) {
  if (!context_.names_uncertain || !schema.empty() || body_depth_ > 0) return;
  findings_.unknown("the meaning of the name " + std::string(name) +
                    " may have been changed earlier in the same text");
}

void Walker::touch(const RelationName& name, EffectSet effects, bool only) {
  findings_.object(kind_of_relation(name.relation), name.full, effects);
  if (!name.relation) {
    if (resolver_.data()) findings_.flags.catalogue_miss = true;
    return;
  }
  touch_relation(*name.relation, effects, only, 0);
}

void Walker::touch_relation(const CatalogueRelation& relation, EffectSet effects, bool only, int depth) {
  if (relation.builtin || !resolver_.data()) return;
  if (!first_visit("relation " + std::to_string(relation.oid) + " " + std::to_string(effects.bits()))) return;
  if (depth > kBodyDepthMax) return findings_.unknown("relations lie too deep beneath one another");
  findings_.object(kind_of_relation(&relation), relation.full_name(), effects);
  types_of_columns(relation);
  if (relation.kind == 'f') {
    findings_.effect(effects.has(Effect::kRead) ? EffectSet(Effect::kImport) : EffectSet());
    findings_.effect(effects.intersects(kChanges) ? EffectSet(Effect::kExport) : EffectSet());
  }
  if (relation.kind == 'v' || relation.kind == 'm') beneath_view(relation, effects);
  beneath_table(relation, effects, depth);
  for (Oid child : only ? std::vector<Oid>() : relation.children) {
    if (const auto* found = resolver_.data()->relation(child)) touch_relation(*found, effects, false, depth + 1);
  }
  // What is in a partition is in the table that it is a part of.
  for (Oid parent : relation.parents) {
    if (const auto* found = resolver_.data()->relation(parent)) touch_relation(*found, effects, true, depth + 1);
  }
}

void Walker::beneath_view(const CatalogueRelation& relation, EffectSet effects) {
  EffectSet on_tables = EffectSet::from_bits(effects.bits() & (kChanges | Effect::kRead).bits());
  if (on_tables.empty()) return;
  if (relation.kind == 'm') {
    // A materialised view is a copy: its tables' data is read, its functions do not run.
    Findings copied;
    Walker inner(context_, resolver_, copied, seen_);
    inner.body_depth_ = body_depth_ + 1;
    inner.inner_ = true;
    inner.catalogue_text(relation.view, nullptr, false);
    findings_.merge(copied, Effect::kRead | Effect::kUnknown, {});
    return;
  }
  if (effects.intersects(kChanges)) {
    // An updatable view writes to the table in its FROM list.
    EffectSet saved = referred_;
    Findings named;
    Walker inner(context_, resolver_, named, seen_);
    inner.body_depth_ = body_depth_ + 1;
    inner.inner_ = true;
    inner.catalogue_text(relation.view, nullptr, false);
    for (const auto& object : named.statement().objects) {
      if (object.kind != ObjectKind::kTable && object.kind != ObjectKind::kView) continue;
      auto dot = object.name.find('.');
      if (dot == std::string::npos) continue;
      auto name = resolver_.relation(object.name.substr(0, dot), object.name.substr(dot + 1));
      touch(name, EffectSet::from_bits(effects.bits() & kChanges.bits()), false);
      findings_.column(name.full, "*", Effect::kWrite);
    }
    referred_ = saved;
  }
  catalogue_text(relation.view, nullptr, false);
}

void Walker::beneath_table(const CatalogueRelation& relation, EffectSet effects, int depth) {
  for (const auto& policy : relation.policies) {
    bool reads = policy.command == 'r' || policy.command == '*';
    if (relation.row_security && (reads || effects.intersects(kChanges))) {
      catalogue_text(policy.expression, &relation, true);
    }
  }
  if (!effects.intersects(kChanges)) return;
  for (const auto& rule : relation.rules) {
    bool fires = rule.event == '4' ? effects.has(Effect::kDelete) : effects.has(Effect::kWrite);
    if (fires) catalogue_text(rule.definition, nullptr, false);
  }
  run_triggers(relation, effects);
  if (effects.has(Effect::kWrite)) {
    for (const auto& text : relation.write_expressions) catalogue_text(text, &relation, true);
  }
  for (const auto& reference : relation.referenced_by) {
    char action = effects.has(Effect::kDelete) ? reference.on_delete : reference.on_update;
    const auto* other = resolver_.data()->relation(reference.table);
    if (!other || action == 'a' || action == 'r') continue;
    bool removes = action == 'c' && effects.has(Effect::kDelete);
    touch_relation(*other, removes ? Effect::kDelete : Effect::kWrite, false, depth + 1);
  }
}

void Walker::run_triggers(const CatalogueRelation& relation, EffectSet effects) {
  for (const auto& trigger : relation.triggers) {
    bool fires = (effects.has(Effect::kDelete) && (trigger.events & (kTriggerDelete | kTriggerTruncate))) ||
                 (effects.has(Effect::kWrite) && (trigger.events & (kTriggerInsert | kTriggerUpdate)));
    if (!fires) continue;
    findings_.object(ObjectKind::kTrigger, relation.full_name() + "." + trigger.name, Effect::kRunCode);
    const auto* function = resolver_.data()->function(trigger.function);
    if (function) {
      call_user(*function);
    } else {
      findings_.effect(Effect::kRunCode);
    }
  }
}

// A view's query, a rule, a default, a check: as the server prints it with search_path pg_catalog.
void Walker::catalogue_text(std::string_view text, const CatalogueRelation* table, bool is_expression) {
  if (text.empty()) return;
  if (body_depth_ >= kBodyDepthMax || ++context_.bodies > kBodiesMax) {
    return findings_.unknown("there are too many bodies beneath it");
  }
  Reading plain;
  plain.server_version = context_.reading.server_version;
  Tree tree(text, plain, is_expression ? ParseMode::kExpression : ParseMode::kStatements);
  if (!tree.ok()) return findings_.unknown("the catalogue holds a text that cannot be read");
  Resolver qualified(resolver_.data(), {});
  Walker inner(*this, qualified, true);
  for (const Node* node : Nodes(tree.statements())) {
    const auto* raw = CHAPERONE_AS(RawStmt, node);
    const auto* select = raw ? CHAPERONE_AS(SelectStmt, raw->stmt) : nullptr;
    const auto* rule = raw ? CHAPERONE_AS(RuleStmt, raw->stmt) : nullptr;
    if (is_expression && select) {
      Scope scope;
      if (table) scope.sources.push_back({table->name, table->schema, table->full_name(), table, false});
      inner.expressions(select->targetList, scope);
    } else if (rule) {
      for (const Node* action : Nodes(rule->actions)) inner.query_statement(action);
      inner.expression(rule->whereClause, Scope{});
    } else if (raw) {
      inner.query_statement(raw->stmt);
    }
  }
}

bool Walker::first_visit(const std::string& body) { return seen_.insert(body).second; }

}  // namespace chaperone::sql
