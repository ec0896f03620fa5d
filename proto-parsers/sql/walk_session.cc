#include <algorithm>
#include <array>

#include "proto-parsers/sql/lexer.h"
#include "proto-parsers/sql/walker.h"

// Statements about the session, its transactions and the server.

namespace chaperone::sql {
namespace {

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Settings that change no name's or text's meaning and lend no rights. Any other may.
bool is_plain_setting(std::string_view name) {
  return name.starts_with("enable_") || is_one_of(name, {"application_name",
                                                         "bytea_output",
                                                         "client_min_messages",
                                                         "datestyle",
                                                         "extra_float_digits",
                                                         "idle_in_transaction_session_timeout",
                                                         "intervalstyle",
                                                         "lock_timeout",
                                                         "statement_timeout",
                                                         "timezone",
                                                         "work_mem",
                                                         "xmloption",
                                                         "jit",
                                                         "geqo",
                                                         "random_page_cost",
                                                         "seq_page_cost",
                                                         "effective_cache_size",
                                                         "max_parallel_workers_per_gather",
                                                         "default_transaction_isolation",
                                                         "transaction_isolation",
                                                         "synchronous_commit",
                                                         "lc_messages",
                                                         "lc_monetary",
                                                         "lc_numeric",
                                                         "lc_time",
                                                         "default_text_search_config",
                                                         "tcp_user_timeout",
                                                         "hash_mem_multiplier",
                                                         "maintenance_work_mem",
                                                         "cursor_tuple_fraction"});
}

bool is_read_only_setting(std::string_view name) {
  return is_one_of(name, {"transaction_read_only", "default_transaction_read_only"});
}

// Settings with which code gets in or protection goes off.
bool is_admin_setting(std::string_view name) {
  return is_one_of(name,
                   {"session_replication_role", "dynamic_library_path", "local_preload_libraries",
                    "session_preload_libraries", "allow_system_table_mods", "zero_damaged_pages",
                    "ignore_checksum_failure", "ignore_system_indexes", "jit_provider",
                    "lo_compat_privileges", "row_security", "ignore_invalid_pages"});
}

// Whether transaction modes ask for READ WRITE.
bool asks_to_write(const List* modes) {
  for (const Node* one : Nodes(modes)) {
    const auto* mode = CHAPERONE_AS(DefElem, one);
    if (!mode || view_of(mode->defname) != "transaction_read_only") continue;
    const auto* value = CHAPERONE_AS(A_Const, mode->arg);
    bool read_only =
        value && !value->isnull && value->val.node.type == T_Integer && value->val.ival.ival != 0;
    if (!read_only) return true;
  }
  return false;
}

}  // namespace

bool Walker::session_statement(const Node* node) {
  auto& flags = findings_.flags;
  switch (tag_of(node)) {
    case T_TransactionStmt:
      transaction(CHAPERONE_AS(TransactionStmt, node));
      return true;
    case T_VariableSetStmt:
      set_variable(CHAPERONE_AS(VariableSetStmt, node));
      return true;
    case T_VariableShowStmt:
      verb("SHOW");
      named(ObjectKind::kSetting, folded(view_of(CHAPERONE_AS(VariableShowStmt, node)->name)),
            Effect::kDescribe);
      flags.leaves_session_state = false;
      return true;
    case T_DiscardStmt:
      discard(CHAPERONE_AS(DiscardStmt, node));
      return true;
    case T_ConstraintsSetStmt:
      verb("SET CONSTRAINTS");
      findings_.effect(Effect::kTransaction);
      return true;
    case T_ListenStmt:
      verb("LISTEN");
      named(ObjectKind::kChannel, view_of(CHAPERONE_AS(ListenStmt, node)->conditionname),
            Effect::kListen);
      return true;
    case T_UnlistenStmt:
      verb("UNLISTEN");
      findings_.effect(Effect::kListen);
      return true;
    case T_NotifyStmt:
      verb("NOTIFY");
      named(ObjectKind::kChannel, view_of(CHAPERONE_AS(NotifyStmt, node)->conditionname),
            Effect::kNotify);
      flags.leaves_session_state = false;
      return true;
    default:
      return server_statement(node);
  }
}

bool Walker::server_statement(const Node* node) {
  switch (tag_of(node)) {
    case T_LoadStmt:
      verb("LOAD");
      named(ObjectKind::kFile, view_of(CHAPERONE_AS(LoadStmt, node)->filename),
            Effect::kRunCode | Effect::kAdmin);
      opaque_code();
      return true;
    case T_CheckPointStmt:
      verb("CHECKPOINT");
      findings_.effect(Effect::kAdmin);
      return true;
    case T_AlterSystemStmt: {
      verb("ALTER SYSTEM");
      const auto* set = CHAPERONE_AS(AlterSystemStmt, node)->setstmt;
      std::string_view name = set ? view_of(set->name) : std::string_view();
      named(ObjectKind::kSetting, name.empty() ? "*" : name, Effect::kAdmin);
      return true;
    }
    default:
      return false;
  }
}

void Walker::transaction(const TransactionStmt* node) {
  struct Kind {
    std::string_view verb;
    bool ends;
  };
  constexpr std::array<Kind, 10> kKinds = {{{"BEGIN", false},
                                            {"BEGIN", false},
                                            {"COMMIT", true},
                                            {"ROLLBACK", true},
                                            {"SAVEPOINT", false},
                                            {"RELEASE", false},
                                            {"ROLLBACK TO SAVEPOINT", true},
                                            {"PREPARE TRANSACTION", true},
                                            {"COMMIT PREPARED", false},
                                            {"ROLLBACK PREPARED", false}}};
  auto index = static_cast<std::size_t>(node->kind);
  if (index >= kKinds.size())
    return findings_.unknown("this kind of transaction statement is not known");
  verb(kKinds[index].verb);
  findings_.effect(Effect::kTransaction);
  auto& flags = findings_.flags;
  flags.transaction_control = true;
  flags.leaves_session_state = index >= 7;
  // The end of a transaction takes back what SET (LOCAL) did in it.
  if (kKinds[index].ends) flags.may_change_reading = true;
  // Its locks outlive the session; and what it holds was judged, if at all, in a session that is gone,
  // which a read-only transaction may end all the same.
  if (index == 7) findings_.effect(Effect::kLock);
  if (index >= 8) {
    flags.changes_catalogue = true;
    findings_.unknown("what a prepared transaction holds is not known");
  }
  if (asks_to_write(node->options)) flags.lifts_read_only = true;
}

void Walker::set_variable(const VariableSetStmt* node) {
  std::string name = folded(view_of(node->name));
  bool is_reset =
      node->kind == VAR_RESET || node->kind == VAR_RESET_ALL || node->kind == VAR_SET_DEFAULT;
  verb(node->kind == VAR_RESET || node->kind == VAR_RESET_ALL ? "RESET" : "SET");
  findings_.effect(Effect::kSession);
  if (node->kind == VAR_RESET_ALL) name.assign(1, '*');
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
    if (!restricts && !(is_reset && name != "transaction_read_only"))
      findings_.flags.lifts_read_only = true;
  }
  findings_.object(ObjectKind::kSetting, name.empty() ? "*" : name, effects);
}

void Walker::discard(const DiscardStmt* node) {
  verb(node->target == DISCARD_ALL ? "DISCARD ALL" : "DISCARD");
  findings_.effect(Effect::kSession);
  findings_.flags.may_change_reading = true;
}

}  // namespace chaperone::sql
