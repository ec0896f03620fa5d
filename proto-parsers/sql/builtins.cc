#include "proto-parsers/sql/builtins.h"

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "proto-parsers/sql/harmless.h"

namespace chaperone::sql {
namespace {

constexpr int kNone = -1;

struct Row {
  std::string_view names;  // separated by spaces
  Builtin what;
};

// Grouped by what they do; each group's reason stands above it.
constexpr Row kRows[] = {
    // Sequences are data: nextval and setval change one, the others read it.
    // currval() and lastval() tell later of both.
    {"nextval setval", {Effect::kWrite, ObjectKind::kSequence, 0, kNone, true}},
    {"currval pg_sequence_last_value", {Effect::kRead, ObjectKind::kSequence, 0}},
    {"lastval", {Effect::kRead}},
    // What other sessions run, with the constants in it.
    {"pg_stat_get_activity pg_stat_get_backend_activity",
     {Effect::kRead, ObjectKind::kOther, kNone, kNone, false, false,
      "pg_catalog.pg_stat_activity"}},
    // Settings: what later statements mean may depend on them.
    {"set_config", {Effect::kSession, ObjectKind::kSetting, 0, kNone, true, true}},
    {"setseed pg_stat_clear_snapshot", {Effect::kSession, ObjectKind::kOther, kNone, kNone, true}},
    // Large objects are a table of their own.
    {"lo_create lo_from_bytea lo_put lo_truncate lo_truncate64",
     {Effect::kWrite, ObjectKind::kLargeObject, 0}},
    {"lo_creat lowrite lo_open",
     {Effect::kWrite | Effect::kRead, ObjectKind::kLargeObject, 0, kNone, true}},
    {"lo_unlink", {Effect::kDelete, ObjectKind::kLargeObject, 0}},
    {"lo_get loread lo_close lo_tell lo_tell64 lo_lseek lo_lseek64",
     {Effect::kRead, ObjectKind::kLargeObject, 0}},
    {"lo_import", {Effect::kImport | Effect::kWrite, ObjectKind::kFile, 0}},
    {"lo_export", {Effect::kExport, ObjectKind::kFile, 1}},
    // The server's own files.
    {"pg_read_file pg_read_binary_file pg_read_file_old pg_stat_file pg_ls_dir",
     {Effect::kImport, ObjectKind::kFile, 0}},
    {"pg_ls_logdir pg_ls_waldir pg_ls_tmpdir pg_ls_archive_statusdir pg_ls_logicalmapdir "
     "pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_summariesdir pg_current_logfile "
     "pg_hba_file_rules pg_ident_file_mappings pg_show_all_file_settings pg_tablespace_location",
     {Effect::kImport}},
    // Advisory locks; those of the session outlive the transaction.
    {"pg_advisory_lock pg_advisory_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared "
     "pg_advisory_unlock pg_advisory_unlock_shared pg_advisory_unlock_all",
     {Effect::kLock, ObjectKind::kOther, kNone, kNone, true}},
    {"pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_xact_lock "
     "pg_try_advisory_xact_lock_shared",
     {Effect::kLock}},
    // Sleeping changes nothing, but holds a connection and every lock that it has.
    {"pg_sleep pg_sleep_for pg_sleep_until", {Effect::kLock}},
    {"pg_notify", {Effect::kNotify, ObjectKind::kChannel, 0}},
    // Other sessions and the server itself.
    {"pg_terminate_backend pg_cancel_backend pg_reload_conf pg_rotate_logfile "
     "pg_rotate_logfile_old "
     "pg_promote pg_switch_wal pg_create_restore_point pg_backup_start pg_backup_stop "
     "pg_start_backup pg_stop_backup pg_wal_replay_pause pg_wal_replay_resume "
     "pg_log_backend_memory_contexts pg_stat_reset pg_stat_reset_shared pg_stat_reset_slru "
     "pg_stat_reset_single_table_counters pg_stat_reset_single_function_counters "
     "pg_stat_reset_replication_slot pg_stat_reset_subscription_stats pg_stat_reset_backend_stats "
     "pg_import_system_collations pg_export_snapshot pg_stat_force_next_flush "
     "pg_restore_relation_stats pg_clear_relation_stats pg_restore_attribute_stats "
     "pg_clear_attribute_stats",
     {Effect::kAdmin}},
    {"pg_create_physical_replication_slot pg_create_logical_replication_slot "
     "pg_copy_physical_replication_slot pg_copy_logical_replication_slot pg_drop_replication_slot "
     "pg_replication_slot_advance pg_sync_replication_slots pg_replication_origin_create "
     "pg_replication_origin_drop pg_replication_origin_advance pg_replication_origin_session_setup "
     "pg_replication_origin_session_reset pg_replication_origin_xact_setup "
     "pg_replication_origin_xact_reset pg_logical_emit_message",
     {Effect::kReplicate | Effect::kAdmin, ObjectKind::kOther, kNone, kNone, true}},
    {"pg_logical_slot_get_changes pg_logical_slot_get_binary_changes pg_logical_slot_peek_changes "
     "pg_logical_slot_peek_binary_changes",
     {Effect::kReplicate | Effect::kRead}},
    {"brin_summarize_new_values brin_summarize_range brin_desummarize_range gin_clean_pending_list",
     {Effect::kMaintain}},
    // These run the SQL that they are given, or read whatever relation they are given.
    {"query_to_xml query_to_xmlschema query_to_xml_and_xmlschema ts_stat",
     {Effect::kRunCode | Effect::kRead, ObjectKind::kOther, kNone, 0}},
    {"ts_rewrite", {Effect::kRunCode | Effect::kRead, ObjectKind::kOther, kNone, 1}},
    {"table_to_xml table_to_xml_and_xmlschema table_to_xmlschema",
     {Effect::kRunCode | Effect::kRead, ObjectKind::kTable, 0}},
    {"schema_to_xml schema_to_xml_and_xmlschema schema_to_xmlschema",
     {Effect::kRunCode | Effect::kRead, ObjectKind::kSchema, 0}},
    {"database_to_xml database_to_xml_and_xmlschema database_to_xmlschema cursor_to_xml "
     "cursor_to_xmlschema",
     {Effect::kRunCode | Effect::kRead}},
};

// dblink and kin: wherever the extension was put.
constexpr Row kExtensionRows[] = {
    {"dblink dblink_open",
     {Effect::kExport | Effect::kImport | Effect::kRunCode, ObjectKind::kOther, kNone, 1}},
    {"dblink_exec dblink_send_query",
     {Effect::kExport | Effect::kImport | Effect::kRunCode, ObjectKind::kOther, kNone, 1}},
    {"dblink_connect dblink_connect_u dblink_get_result dblink_fetch dblink_close "
     "dblink_disconnect",
     {Effect::kExport | Effect::kImport | Effect::kRunCode, ObjectKind::kOther, kNone, kNone,
      true}},
    {"pg_file_write pg_file_rename pg_file_unlink pg_file_sync",
     {Effect::kExport | Effect::kRunCode, ObjectKind::kFile, 0}},
    {"http http_get http_post http_put http_patch http_delete http_head",
     {Effect::kExport | Effect::kImport | Effect::kRunCode}},
    {"crosstab crosstab2 crosstab3 crosstab4 crosstab_hash connectby xpath_table",
     {Effect::kRunCode | Effect::kRead, ObjectKind::kOther, kNone, 0}},
};

template <class F>
void for_each_word(std::string_view words, F f) {
  while (!words.empty()) {
    auto end = words.find(' ');
    f(words.substr(0, end));
    if (end == std::string_view::npos) return;
    words.remove_prefix(end + 1);
  }
}

using Table = std::unordered_map<std::string_view, Builtin>;

Table made_table() {
  Table table;
  for (auto words : harmless_functions()) {
    for_each_word(words, [&](std::string_view name) { table.emplace(name, Builtin{}); });
  }
  for (const auto& row : kRows) {
    for_each_word(row.names,
                  [&](std::string_view name) { table.insert_or_assign(name, row.what); });
  }
  return table;
}

Table made_extension_table() {
  Table table;
  for (const auto& row : kExtensionRows) {
    for_each_word(row.names, [&](std::string_view name) { table.emplace(name, row.what); });
  }
  return table;
}

}  // namespace

std::optional<Builtin> builtin(std::string_view name) {
  static const Table table = made_table();
  auto found = table.find(name);
  if (found != table.end()) return found->second;
  // Every pg_stat_get_... reads counters.
  if (name.starts_with("pg_stat_get_")) return Builtin{};
  return std::nullopt;
}

std::optional<Builtin> extension_function(std::string_view name) {
  static const Table table = made_extension_table();
  auto found = table.find(name);
  if (found != table.end()) return found->second;
  if (name.starts_with("dblink")) {
    return Builtin{Effect::kExport | Effect::kImport | Effect::kRunCode};
  }
  return std::nullopt;
}

bool harmless_extension(std::string_view extension) {
  static const std::unordered_set<std::string_view> known = {
      "btree_gin", "btree_gist", "citext",    "cube",  "earthdistance", "fuzzystrmatch",
      "hstore",    "intarray",   "isn",       "ltree", "pg_trgm",       "pgcrypto",
      "seg",       "unaccent",   "uuid-ossp", "vector"};
  return known.contains(extension);
}

std::span<const std::string_view> words_that_read_constants() {
  static const std::vector<std::string_view> words = [] {
    std::vector<std::string_view> made;
    auto take = [&](const Row& row) {
      if (row.what.argument < 0 && row.what.sql_argument < 0) return;
      for_each_word(row.names, [&](std::string_view name) { made.push_back(name); });
    };
    for (const auto& row : kRows) take(row);
    for (const auto& row : kExtensionRows) take(row);
    // float(n) is one of two types by n.
    made.push_back("float");
    return made;
  }();
  return words;
}

bool reads_constants(std::string_view word) {
  static const std::unordered_set<std::string_view> words(words_that_read_constants().begin(),
                                                          words_that_read_constants().end());
  return words.contains(word);
}

}  // namespace chaperone::sql
