#include "proto-parsers/sql/lexer.h"
#include "proto-parsers/sql/limits.h"
#include "proto-parsers/sql/walker.h"

// Statements about other statements, cursors, whole tables and code.

namespace chaperone::sql {
namespace {

bool is_false(std::string_view value) {
  return value == "off" || value == "false" || value == "0" || value == "no" || value == "f" ||
         value == "n";
}

}  // namespace

std::string option_text(const DefElem* option) {
  if (!option || !option->arg) return "on";
  const Node* arg = option->arg;
  if (const auto* boolean = CHAPERONE_AS(Boolean, arg)) return boolean->boolval ? "on" : "off";
  if (const auto* integer = CHAPERONE_AS(Integer, arg)) return std::to_string(integer->ival);
  if (const auto* number = CHAPERONE_AS(Float, arg)) return number->fval;
  if (const auto* type = CHAPERONE_AS(TypeName, arg)) return folded(last_name(type->names));
  return folded(constant_text(arg));
}

bool Walker::about_statement(const Node* node) {
  switch (tag_of(node)) {
    case T_ExplainStmt:
      explain(CHAPERONE_AS(ExplainStmt, node));
      return true;
    case T_PrepareStmt:
      prepare(CHAPERONE_AS(PrepareStmt, node));
      return true;
    case T_ExecuteStmt:
      execute(CHAPERONE_AS(ExecuteStmt, node));
      return true;
    case T_DeallocateStmt:
      verb("DEALLOCATE");
      findings_.effect(Effect::kSession);
      return true;
    case T_DeclareCursorStmt:
      declare_cursor(CHAPERONE_AS(DeclareCursorStmt, node));
      return true;
    case T_FetchStmt:
      verb(CHAPERONE_AS(FetchStmt, node)->ismove ? "MOVE" : "FETCH");
      findings_.effect(Effect::kRead);
      // Now runs what DECLARE only named: set_config among it.
      findings_.flags.may_change_reading = true;
      findings_.flags.leaves_session_state = false;
      return true;
    case T_ClosePortalStmt:
      verb("CLOSE");
      findings_.effect(Effect::kSession);
      findings_.flags.leaves_session_state = false;
      return true;
    case T_CopyStmt:
      copy(CHAPERONE_AS(CopyStmt, node));
      return true;
    case T_LockStmt:
      lock_tables(CHAPERONE_AS(LockStmt, node));
      return true;
    case T_DoStmt:
      do_block(CHAPERONE_AS(DoStmt, node));
      return true;
    case T_CallStmt:
      run_procedure(CHAPERONE_AS(CallStmt, node));
      return true;
    case T_VacuumStmt:
    case T_ClusterStmt:
    case T_ReindexStmt:
    case T_RefreshMatViewStmt:
      maintain(node);
      return true;
    default:
      return false;
  }
}

// Without ANALYZE nothing is executed, but the planner calls functions that say they are immutable.
void Walker::explain(const ExplainStmt* node) {
  verb("EXPLAIN");
  bool executes = false;
  for (const Node* one : Nodes(node->options)) {
    const auto* option = CHAPERONE_AS(DefElem, one);
    if (option && view_of(option->defname) == "analyze" && !is_false(option_text(option)))
      executes = true;
  }
  if (executes && !inner_) findings_.verb = "EXPLAIN ANALYZE";
  Findings found;
  std::set<std::string> seen;  // what is seen here is not all kept
  Walker planned(context_, resolver_, found, seen);
  planned.stand_within(*this);
  planned.inner_ = inner_;
  planned.statement(node->query, text_);
  const EffectSet kPlanned = Effect::kRunCode | Effect::kUnknown | Effect::kExport |
                             Effect::kImport | Effect::kAdmin | Effect::kDrop | Effect::kSession |
                             Effect::kDescribe;
  findings_.merge(found, executes ? kAllEffects : kPlanned, Effect::kDescribe);
  findings_.effect(Effect::kDescribe);
  findings_.row_bound = found.row_bound;
  findings_.limit = found.limit;
  findings_.flags = found.flags;
}

void Walker::prepare(const PrepareStmt* node) {
  verb("PREPARE");
  findings_.effect(Effect::kSession);
  Scope none;
  expressions(node->argtypes, none);
  Walker inner(*this, resolver_, false);
  inner.statement(node->query, text_);
  findings_.flags.leaves_session_state = true;
}

void Walker::execute(const ExecuteStmt* node) {
  verb("EXECUTE");
  Scope none;
  expressions(node->params, none);
  auto text = context_.names.prepared ? context_.names.prepared->text_of(view_of(node->name))
                                      : std::nullopt;
  if (!text) return findings_.unknown("no prepared statement of this name is known");
  findings_.flags.leaves_session_state = false;
  Walker inner(*this, resolver_, false);
  Tree tree(*text, context_.reading);
  if (!tree.ok()) return findings_.unknown("the prepared statement cannot be read");
  for (const Node* one : Nodes(tree.statements())) inner.statement(one, *text);
}

void Walker::declare_cursor(const DeclareCursorStmt* node) {
  verb("DECLARE CURSOR");
  findings_.effect(Effect::kSession);
  // Without HOLD it ends with its transaction.
  findings_.flags.leaves_session_state = (node->options & CURSOR_OPT_HOLD) != 0;
  RowBound bound = query(node->query, nullptr);
  if (!inner_) findings_.row_bound = bound;
}

void Walker::copy(const CopyStmt* node) {
  bool from = node->is_from;
  auto& flags = findings_.flags;
  flags.leaves_session_state = false;
  if (node->is_program) {
    verb(from ? "COPY FROM PROGRAM" : "COPY TO PROGRAM");
    named(ObjectKind::kProgram, view_of(node->filename),
          (from ? Effect::kImport : Effect::kExport) | Effect::kRunCode);
  } else if (node->filename) {
    verb(from ? "COPY FROM FILE" : "COPY TO FILE");
    named(ObjectKind::kFile, view_of(node->filename), from ? Effect::kImport : Effect::kExport);
  } else {
    verb(from ? "COPY FROM STDIN" : "COPY TO STDOUT");
    (from ? flags.copies_in : flags.copies_out) = true;
  }
  if (inner_ && !node->filename) findings_.unknown("COPY with the client inside code");
  if (node->query) {
    RowBound bound = query(node->query, nullptr);
    if (!inner_) findings_.row_bound = bound;
  }
  if (!node->relation) return;
  EffectSet effect = from ? Effect::kWrite : Effect::kRead;
  Scope scope;
  scope.sources.push_back(target(node->relation, effect, from ? kTriggerInsert : 0));
  for (const Node* column : Nodes(node->attlist)) {
    findings_.column(scope.sources[0].table, text_of(column), effect);
  }
  if (!node->attlist) note_all_columns(findings_, scope.sources[0], effect);
  expression(node->whereClause, scope);
  if (!inner_ && !from) findings_.row_bound = RowBound::kUnbounded;
}

void Walker::lock_tables(const LockStmt* node) {
  verb("LOCK TABLE");
  findings_.effect(Effect::kLock);
  findings_.flags.leaves_session_state = false;
  for (const Node* one : Nodes(node->relations)) {
    if (const auto* range = CHAPERONE_AS(RangeVar, one))
      existing(ObjectKind::kTable, range, Effect::kLock);
  }
}

// Maintenance that names no table runs the expressions of any. More than can be read are code.
void Walker::expressions_everywhere() {
  if (!resolver_.data()) return;
  std::size_t count = 0;
  for (const auto& relation : resolver_.data()->relations)
    count += relation->builtin ? 0 : relation->write_expressions.size();
  if (count > kBodiesMax / 2) return opaque_code();
  for (const auto& relation : resolver_.data()->relations) {
    if (relation->builtin) continue;
    for (const auto& text : relation->write_expressions)
      catalogue_text(text, relation.get(), true);
  }
}

// Index expressions and the query of a materialised view run again.
void Walker::maintain(const Node* node) {
  findings_.effect(Effect::kMaintain);
  findings_.flags.leaves_session_state = false;
  std::vector<const RangeVar*> tables;
  if (const auto* vacuum = CHAPERONE_AS(VacuumStmt, node)) {
    verb(vacuum->is_vacuumcmd ? "VACUUM" : "ANALYZE");
    for (const Node* one : Nodes(vacuum->rels)) {
      if (const auto* rel = CHAPERONE_AS(VacuumRelation, one)) tables.push_back(rel->relation);
    }
  } else if (const auto* cluster = CHAPERONE_AS(ClusterStmt, node)) {
    verb("CLUSTER");
    tables.push_back(cluster->relation);
  } else if (const auto* reindex = CHAPERONE_AS(ReindexStmt, node)) {
    verb("REINDEX");
    tables.push_back(reindex->relation);
    if (reindex->kind == REINDEX_OBJECT_SCHEMA) {
      members(view_of(reindex->name), Effect::kMaintain, ObjectKind::kTable);
    } else if (!reindex->relation) {
      anything(Effect::kMaintain);
    }
    if (reindex->name)
      named(reindex->kind == REINDEX_OBJECT_SCHEMA ? ObjectKind::kSchema : ObjectKind::kDatabase,
            view_of(reindex->name), Effect::kMaintain);
  } else if (const auto* refresh = CHAPERONE_AS(RefreshMatViewStmt, node)) {
    verb("REFRESH MATERIALIZED VIEW");
    findings_.effect(Effect::kWrite);
    tables.push_back(refresh->relation);
  }
  bool all = tag_of(node) == T_VacuumStmt ? tables.empty()
                                          : tag_of(node) == T_ClusterStmt && !tables.front();
  const auto* by_name = CHAPERONE_AS(ReindexStmt, node);
  if (all) anything(Effect::kMaintain);
  if (all || (by_name && !by_name->relation)) expressions_everywhere();
  for (const auto* table : tables) {
    if (!table) continue;
    RelationName name = resolver_.relation(view_of(table->schemaname), view_of(table->relname));
    bool refresh = tag_of(node) == T_RefreshMatViewStmt;
    const auto* reindex = CHAPERONE_AS(ReindexStmt, node);
    bool index = reindex && reindex->kind == REINDEX_OBJECT_INDEX;
    existing(refresh ? ObjectKind::kView : index ? ObjectKind::kIndex : ObjectKind::kTable, table,
             refresh ? EffectSet(Effect::kWrite) : EffectSet(Effect::kMaintain));
    if (!name.relation) continue;
    const auto* indexed = resolver_.data()->relation(name.relation->table);
    if (indexed) name.relation = indexed;
    if (refresh) catalogue_text(name.relation->view, nullptr, false);
    for (const auto& text : name.relation->write_expressions)
      catalogue_text(text, name.relation, true);
  }
}

}  // namespace chaperone::sql
