#include "proto-parsers/sql/walker.h"

#include "proto-parsers/sql/limits.h"

namespace chaperone::sql {
namespace {

// PostgreSQL's FirstNormalObjectId: what has a number from here on is in the catalogue view, if the
// view is fresh.
constexpr Oid kUserObjectMin = 16384;

// The constant at `position`, as text: a string or an integer, through casts ('a'::regclass).
std::string constant_at(const List* arguments, int position) {
  Nodes nodes(arguments);
  if (position < 0 || nodes.size() <= static_cast<std::size_t>(position)) return {};
  const Node* node = nodes[static_cast<std::size_t>(position)];
  if (const auto* named = CHAPERONE_AS(NamedArgExpr, node)) node = node_of(named->arg);
  while (const auto* cast = CHAPERONE_AS(TypeCast, node)) node = cast->arg;
  const auto* constant = CHAPERONE_AS(A_Const, node);
  if (constant && !constant->isnull && constant->val.node.type == T_Integer) {
    return std::to_string(constant->val.ival.ival);
  }
  return std::string(constant_text(node));
}

bool has_named(const List* arguments) {
  for (const Node* node : Nodes(arguments)) {
    if (tag_of(node) == T_NamedArgExpr) return true;
  }
  return false;
}

// 'public.t', '"T"', 't' as the server would read it; what is more involved stays as it is written.
std::pair<std::string, std::string> split_name(std::string_view text) {
  std::string parts[2];
  std::size_t part = 0;
  bool quoted = false;
  for (char c : text) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == '.' && !quoted && part == 0) {
      ++part;
    } else {
      parts[part] += !quoted && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return part == 0 ? std::pair{std::string(), parts[0]} : std::pair{parts[0], parts[1]};
}

}  // namespace

void Walker::function_call(const FuncCall* node, const Scope& scope) {
  auto schema = schema_name(node->funcname);
  auto name = last_name(node->funcname);
  // Today's grammar writes pg_catalog before json_object(...), that of before 16 did not.
  if (context_.reading.server_version < 160000 && name == "json_object") schema = {};
  // ... and system_user was a column like others.
  if (context_.reading.server_version < 160000 && name == "system_user" && !node->args) {
    note_column(findings_, scope, {name}, false, variables_);
  }
  call(schema, name, node->args);
  descend(node_of(node), scope);
}

void Walker::call(std::string_view schema, std::string_view name, const List* arguments) {
  uncertain_name(schema, name);
  auto users = resolver_.functions(schema, name);
  for (const auto* function : users) call_user(*function);
  auto known = schema.empty() || schema == "pg_catalog" ? builtin(name) : std::nullopt;
  if (known) return call_builtin(name, *known, arguments);
  if (auto extension = extension_function(name)) {
    findings_.effect(extension->effects);
    if (extension->session_state) findings_.flags.leaves_session_state = true;
    constant_argument(*extension, arguments);
  }
  if (!users.empty()) return;
  std::string full(schema);
  full.append(schema.empty() ? "" : ".").append(name);
  findings_.function(full);
  findings_.object(ObjectKind::kFunction, full, Effect::kRunCode);
  opaque_code();
  if (resolver_.data()) findings_.flags.catalogue_miss = true;
}

// Code that we cannot read may do whatever its session may.
void Walker::opaque_code() {
  findings_.effect(Effect::kRunCode);
  findings_.flags.may_change_reading = true;
  findings_.flags.leaves_session_state = true;
  findings_.flags.changes_catalogue = true;
}

void Walker::call_builtin(std::string_view name, const Builtin& what, const List* arguments) {
  findings_.function("pg_catalog." + std::string(name));
  findings_.effect(what.effects);
  if (what.effects.has(Effect::kRunCode)) opaque_code();
  if (what.session_state) findings_.flags.leaves_session_state = true;
  if (what.may_change_reading) findings_.flags.may_change_reading = true;
  // No server up to 18 names its arguments; one that did might take them in any order.
  bool in_order = name != "set_config" || !has_named(arguments);
  if (in_order) constant_argument(what, arguments);
  if (!what.view.empty()) {
    findings_.object(ObjectKind::kView, std::string(what.view), Effect::kRead);
    findings_.column(what.view, "*", Effect::kRead);
  }
  if (name == "set_config") setting(in_order ? constant_at(arguments, 0) : "", nullptr, false);
}

void Walker::constant_argument(const Builtin& what, const List* arguments) {
  std::string text = constant_at(arguments, what.argument);
  if (!text.empty()) {
    auto [schema, name] = split_name(text);
    bool relation =
        what.argument_kind == ObjectKind::kSequence || what.argument_kind == ObjectKind::kTable;
    if (relation) known_object(what.argument_kind, schema, name, what.effects);
    else findings_.object(what.argument_kind, text, what.effects);
  }
  if (what.sql_argument < 0) return;
  int position = 0;
  for ([[maybe_unused]] const Node* node : Nodes(arguments)) {
    guessed_sql(constant_at(arguments, position++));
  }
}

void Walker::call_user(const CatalogueFunction& function) {
  findings_.function(function.full_name());
  if (function.harmless) return;
  findings_.object(ObjectKind::kFunction, function.full_name(), Effect::kRunCode);
  function_body(function);
}

void Walker::call_by_oid(Oid function) {
  if (!resolver_.data() || function == 0) return;
  if (const auto* found = resolver_.data()->function(function)) call_user(*found);
}

// Large object functions have had these numbers for ever, and libpq calls them by number.
void Walker::call_by_number(Oid function) {
  struct Known {
    Oid oid;
    std::string_view name;
  };
  constexpr Known kKnown[] = {
      {715, "lo_create"},    {764, "lo_import"},   {765, "lo_export"},  {767, "lo_import"},
      {952, "lo_open"},      {953, "lo_close"},    {954, "loread"},     {955, "lowrite"},
      {956, "lo_lseek"},     {957, "lo_creat"},    {958, "lo_tell"},    {964, "lo_unlink"},
      {1004, "lo_truncate"}, {3170, "lo_lseek64"}, {3171, "lo_tell64"}, {3172, "lo_truncate64"}};
  verb("FUNCTION CALL");
  for (const auto& known : kKnown) {
    if (known.oid == function) return call("pg_catalog", known.name, nullptr);
  }
  const auto* user = resolver_.data() ? resolver_.data()->function(function) : nullptr;
  if (user) return call_user(*user);
  findings_.function("#" + std::to_string(function));
  findings_.object(ObjectKind::kFunction, "#" + std::to_string(function), Effect::kRunCode);
  opaque_code();
  if (resolver_.data() && function >= kUserObjectMin) findings_.flags.catalogue_miss = true;
}

void Walker::operator_name(const List* names) {
  if (!names) return;
  auto schema = schema_name(names);
  // OPERATOR(public.+) is somebody's function; which one, only a catalogue knows.
  if (!resolver_.data() && !schema.empty() && schema != "pg_catalog") opaque_code();
  for (const auto* op : resolver_.operators(schema_name(names), last_name(names))) {
    call_by_oid(op->function);
  }
}

void Walker::operator_symbol(std::string_view symbol) {
  for (const auto* op : resolver_.operators({}, symbol)) call_by_oid(op->function);
}

void Walker::type_name(const TypeName* node) {
  Scope none;
  expressions(node->typmods, none);
  if (!node->names) return;
  for (const auto* type : resolver_.types(schema_name(node->names), last_name(node->names))) {
    type_used(*type);
  }
}

void Walker::type_used(const CatalogueType& type) {
  if (!first_visit("type " + std::to_string(type.oid))) return;
  for (Oid function : type.functions) call_by_oid(function);
  for (const auto& check : type.checks) catalogue_text(check, nullptr, true);
  if (!resolver_.data()) return;
  if (const auto* element = resolver_.data()->type(type.element)) type_used(*element);
  if (const auto* relation = resolver_.data()->relation(type.relation)) types_of_columns(*relation);
}

void Walker::types_of_columns(const CatalogueRelation& relation) {
  if (!resolver_.data() || relation.builtin) return;
  // A whole row, as t or t.*::type, may be cast; the columns are seen to below.
  auto row = resolver_.data()->row_type_by_relation.find(relation.oid);
  if (row != resolver_.data()->row_type_by_relation.end()) {
    for (Oid function : row->second->functions) call_by_oid(function);
  }
  for (const auto& column : relation.columns) {
    if (const auto* type = resolver_.data()->type(column.type)) type_used(*type);
  }
}

}  // namespace chaperone::sql
