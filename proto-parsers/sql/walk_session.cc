#include <algorithm>
#include <array>

#include "proto-parsers/sql/lexer.h"
#include "proto-parsers/sql/walker.h"

// Statements about the session and its transactions, and about other statements.

namespace chaperone::sql {
namespace {

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Settings that change no name's or text's meaning and lend no rights. Any other may.
bool is_plain_setting(std::string_view name) {
  return name.starts_with("enable_") ||
         is_one_of(name, {"application_name", "bytea_output", "client_min_messages", "datestyle",
                          "extra_float_digits", "idle_in_transaction_session_timeout", "intervalstyle",
                          "lock_timeout", "statement_timeout", "timezone", "work_mem", "xmloption", "jit",
                          "geqo", "random_page_cost", "seq_page_cost", "effective_cache_size",
                          "max_parallel_workers_per_gather", "default_transaction_isolation",
                          "transaction_isolation", "synchronous_commit", "lc_messages", "lc_monetary",
                          "lc_numeric", "lc_time", "default_text_search_config", "tcp_user_timeout",
                          "hash_mem_multiplier", "maintenance_work_mem", "cursor_tuple_fraction"});
}

bool is_read_only_setting(std::string_view name) {
  return is_one_of(name, {"transaction_read_only", "default_transaction_read_only"});
}

// Settings with which code gets in or protection goes off.
bool is_admin_setting(std::string_view name) {
  return is_one_of(name, {"session_replication_role", "dynamic_library_path", "local_preload_libraries",
                          "session_preload_libraries", "allow_system_table_mods", "zero_damaged_pages",
                          "ignore_checksum_failure", "ignore_system_indexes", "jit_provider",
                          "lo_compat_privileges", "row_security", "ignore_invalid_pages"});
}

bool is_false(std::string_view value) { return is_one_of(value, {"off", "false", "0", "no", "f", "n"}); }

// Whether transaction modes ask for READ WRITE.
bool asks_to_write(const List* modes) {
  for (const Node* one : Nodes(modes)) {
    const auto* mode = CHAPERONE_AS(DefElem, one);
    if (!mode || view_of(mode->defname) != "transaction_read_only") continue;
    const auto* value = CHAPERONE_AS(A_Const, mode->arg);
    bool read_only = value && !value->isnull && value->val.node.type == T_Integer && value->val.ival.ival != 0;
    if (!read_only) return true;
  }
  return false;
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

bool Walker::session_statement(const Node* node) {
  auto& flags = findings_.flags;
  switch (tag_of(node)) {
    case T_TransactionStmt: transaction(CHAPERONE_AS(TransactionStmt, node)); return true;
    case T_VariableSetStmt: set_variable(CHAPERONE_AS(VariableSetStmt, node)); return true;
    case T_VariableShowStmt:
      verb("SHOW");
      named(ObjectKind::kSetting, folded(view_of(CHAPERONE_AS(VariableShowStmt, node)->name)), Effect::kDescribe);
      flags.leaves_session_state = false;
      return true;
    case T_DiscardStmt: discard(CHAPERONE_AS(DiscardStmt, node)); return true;
    case T_ExplainStmt: explain(CHAPERONE_AS(ExplainStmt, node)); return true;
    case T_PrepareStmt: prepare(CHAPERONE_AS(PrepareStmt, node)); return true;
    case T_ExecuteStmt: execute(CHAPERONE_AS(ExecuteStmt, node)); return true;
    case T_DeallocateStmt: verb("DEALLOCATE"); findings_.effect(Effect::kSession); return true;
    case T_DeclareCursorStmt: declare_cursor(CHAPERONE_AS(DeclareCursorStmt, node)); return true;
    case T_FetchStmt:
      verb(CHAPERONE_AS(FetchStmt, node)->ismove ? "MOVE" : "FETCH");
      findings_.effect(Effect::kRead);
      flags.leaves_session_state = false;
      return true;
    case T_ClosePortalStmt:
      verb("CLOSE");
      findings_.effect(Effect::kSession);
      flags.leaves_session_state = false;
      return true;
    case T_CopyStmt: copy(CHAPERONE_AS(CopyStmt, node)); return true;
    case T_LockStmt: lock_tables(CHAPERONE_AS(LockStmt, node)); return true;
    case T_ListenStmt:
      verb("LISTEN");
      named(ObjectKind::kChannel, view_of(CHAPERONE_AS(ListenStmt, node)->conditionname), Effect::kListen);
      return true;
    case T_UnlistenStmt: verb("UNLISTEN"); findings_.effect(Effect::kListen); return true;
    case T_NotifyStmt:
      verb("NOTIFY");
      named(ObjectKind::kChannel, view_of(CHAPERONE_AS(NotifyStmt, node)->conditionname), Effect::kNotify);
      flags.leaves_session_state = false;
      return true;
    case T_ConstraintsSetStmt: verb("SET CONSTRAINTS"); findings_.effect(Effect::kTransaction); return true;
    case T_LoadStmt:
      verb("LOAD");
      named(ObjectKind::kFile, view_of(CHAPERONE_AS(LoadStmt, node)->filename), Effect::kRunCode | Effect::kAdmin);
      opaque_code();
      return true;
    case T_CheckPointStmt: verb("CHECKPOINT"); findings_.effect(Effect::kAdmin); return true;
    case T_AlterSystemStmt: {
      verb("ALTER SYSTEM");
      const auto* set = CHAPERONE_AS(AlterSystemStmt, node)->setstmt;
      named(ObjectKind::kSetting, set && set->name ? folded(set->name) : std::string("*"), Effect::kAdmin);
      return true;
    }
    case T_DoStmt: do_block(CHAPERONE_AS(DoStmt, node)); return true;
    case T_CallStmt: run_procedure(CHAPERONE_AS(CallStmt, node)); return true;
    case T_VacuumStmt: case T_ClusterStmt: case T_ReindexStmt: case T_RefreshMatViewStmt:
      maintain(node);
      return true;
    default: return false;
  }
}

void Walker::transaction(const TransactionStmt* node) {
  struct Kind { std::string_view verb; bool ends; };
  constexpr std::array<Kind, 10> kKinds = {{{"BEGIN", false}, {"BEGIN", false}, {"COMMIT", true}, {"ROLLBACK", true},
      {"SAVEPOINT", false}, {"RELEASE", false}, {"ROLLBACK TO SAVEPOINT", true}, {"PREPARE TRANSACTION", true},
      {"COMMIT PREPARED", false}, {"ROLLBACK PREPARED", false}}};
  auto index = static_cast<std::size_t>(node->kind);
  if (index >= kKinds.size()) return findings_.unknown("this kind of transaction statement is not known");
  verb(kKinds[index].verb);
  findings_.effect(Effect::kTransaction);
  auto& flags = findings_.flags;
  flags.transaction_control = true;
  flags.leaves_session_state = index >= 7;
  // The end of a transaction takes back what SET (LOCAL) did in it.
  if (kKinds[index].ends) flags.may_change_reading = true;
  if (index >= 8) flags.changes_catalogue = true;
  if (asks_to_write(node->options)) flags.lifts_read_only = true;
}

void Walker::set_variable(const VariableSetStmt* node) {
  std::string name = folded(view_of(node->name));
  bool is_reset = node->kind == VAR_RESET || node->kind == VAR_RESET_ALL || node->kind == VAR_SET_DEFAULT;
  verb(node->kind == VAR_RESET || node->kind == VAR_RESET_ALL ? "RESET" : "SET");
  findings_.effect(Effect::kSession);
  if (node->kind == VAR_RESET_ALL) name = "*";
  if (node->kind == VAR_SET_MULTI) {
    bool only_transaction = name == "transaction" || name == "transaction snapshot";
    if (asks_to_write(node->args)) findings_.flags.lifts_read_only = true;
    if (only_transaction) {
      findings_.effect(Effect::kTransaction);
      findings_.flags.leaves_session_state = false;
    }
    return named(ObjectKind::kSetting, name, Effect::kSession);
  }
  setting(name, node->args, is_reset);
}

void Walker::setting(std::string_view written, const List* values, bool is_reset) {
  std::string name = folded(written);
  EffectSet effects = Effect::kSession;
  if (name == "role" || name == "session_authorization") {
    effects |= Effect::kGrant;
    std::string role(constant_text(Nodes(values).empty() ? nullptr : Nodes(values)[0]));
    if (!role.empty()) findings_.object(ObjectKind::kRole, role, effects);
  }
  if (is_admin_setting(name) || name.empty()) effects |= Effect::kAdmin;
  if (!is_plain_setting(name)) findings_.flags.may_change_reading = true;
  if (is_read_only_setting(name) || name == "*" || name.empty()) {
    std::string value(constant_text(Nodes(values).empty() ? nullptr : Nodes(values)[0]));
    bool restricts = is_one_of(folded(value), {"on", "true", "yes", "1"});
    if (!restricts && !(is_reset && name != "transaction_read_only")) findings_.flags.lifts_read_only = true;
  }
  findings_.object(ObjectKind::kSetting, name.empty() ? "*" : name, effects);
}

void Walker::discard(const DiscardStmt* node) {
  verb(node->target == DISCARD_ALL ? "DISCARD ALL" : "DISCARD");
  findings_.effect(Effect::kSession);
  findings_.flags.may_change_reading = true;
}

// Without ANALYZE nothing is executed, but the planner calls functions that say they are immutable.
void Walker::explain(const ExplainStmt* node) {
  verb("EXPLAIN");
  bool executes = false;
  for (const Node* one : Nodes(node->options)) {
    const auto* option = CHAPERONE_AS(DefElem, one);
    if (option && view_of(option->defname) == "analyze" && !is_false(option_text(option))) executes = true;
  }
  if (executes && !inner_) findings_.verb = "EXPLAIN ANALYZE";
  Findings found;
  Walker planned(context_, resolver_, found, seen_);
  planned.body_depth_ = body_depth_;
  planned.code_depth_ = code_depth_;
  planned.depth_ = depth_;
  planned.inner_ = inner_;
  planned.statement(node->query, text_);
  const EffectSet kPlanned = Effect::kRunCode | Effect::kUnknown | Effect::kExport | Effect::kImport |
                             Effect::kAdmin | Effect::kDrop | Effect::kSession | Effect::kDescribe;
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
  auto text = context_.names.prepared ? context_.names.prepared->text_of(view_of(node->name)) : std::nullopt;
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
    if (const auto* range = CHAPERONE_AS(RangeVar, one)) existing(ObjectKind::kTable, range, Effect::kLock);
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
    if (reindex->name) named(reindex->kind == REINDEX_OBJECT_SCHEMA ? ObjectKind::kSchema : ObjectKind::kDatabase,
                             view_of(reindex->name), Effect::kMaintain);
  } else if (const auto* refresh = CHAPERONE_AS(RefreshMatViewStmt, node)) {
    verb("REFRESH MATERIALIZED VIEW");
    findings_.effect(Effect::kWrite);
    tables.push_back(refresh->relation);
  }
  for (const auto* table : tables) {
    if (!table) continue;
    RelationName name = resolver_.relation(view_of(table->schemaname), view_of(table->relname));
    bool refresh = tag_of(node) == T_RefreshMatViewStmt;
    existing(refresh ? ObjectKind::kView : ObjectKind::kTable, table, refresh ? EffectSet(Effect::kWrite) : EffectSet(Effect::kMaintain));
    if (!name.relation) continue;
    if (refresh) catalogue_text(name.relation->view, nullptr, false);
    for (const auto& text : name.relation->write_expressions) catalogue_text(text, name.relation, true);
  }
}

}  // namespace chaperone::sql
