#include "proto-parsers/sql/lexer.h"
#include "proto-parsers/sql/limits.h"
#include "proto-parsers/sql/plpgsql.h"
#include "proto-parsers/sql/secret_values.h"
#include "proto-parsers/sql/walker.h"

// Code beneath a statement: function bodies, DO blocks, SQL that is made at run time.

namespace chaperone::sql {
namespace {

struct RoutineOptions {
  std::string language;
  std::string body;
  bool has_body = false;
  bool has_library = false;  // AS 'file', 'symbol'
};

RoutineOptions options_of(const List* options) {
  RoutineOptions found;
  for (const Node* one : Nodes(options)) {
    const auto* option = CHAPERONE_AS(DefElem, one);
    if (!option) continue;
    if (view_of(option->defname) == "language") found.language = text_of(option->arg);
    if (view_of(option->defname) != "as") continue;
    const auto* parts = CHAPERONE_AS(List, option->arg);
    Nodes strings(parts);
    found.has_body = true;
    found.has_library = parts && strings.size() > 1;
    found.body = parts ? text_of(strings.empty() ? nullptr : strings[0]) : text_of(option->arg);
  }
  return found;
}

// What a text that is run but cannot be parsed announces by its words.
EffectSet announced(std::string_view text) {
  struct Announcement {
    std::string_view word;
    EffectSet effects;
  };
  constexpr Announcement kWords[] = {
      {"drop", Effect::kDrop},     {"truncate", Effect::kDelete}, {"delete", Effect::kDelete},
      {"insert", Effect::kWrite},  {"update", Effect::kWrite},    {"merge", Effect::kWrite},
      {"create", Effect::kDefine}, {"alter", Effect::kDefine},    {"grant", Effect::kGrant},
      {"revoke", Effect::kGrant},  {"copy", Effect::kExport}};
  EffectSet effects;
  Lexer lexer(text, Reading{});
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    for (const auto& known : kWords) {
      if (token.kind == TokenKind::kWord && same_word(token.text, known.word))
        effects |= known.effects;
    }
  }
  return effects;
}

// What stands for a part that is not constant: a name that no real thing has.
constexpr std::string_view kSomething = "\"*\"";

// The text that an expression would make, as far as it is constant.
std::string guess(const Node* node, int depth) {
  if (!node || depth > 50) return std::string(kSomething);
  if (const auto* cast = CHAPERONE_AS(TypeCast, node)) return guess(cast->arg, depth + 1);
  if (tag_of(node) == T_A_Const) return std::string(constant_text(node));
  if (const auto* op = CHAPERONE_AS(A_Expr, node)) {
    return guess(op->lexpr, depth + 1) + guess(op->rexpr, depth + 1);
  }
  const auto* call = CHAPERONE_AS(FuncCall, node);
  Nodes arguments(call ? call->args : nullptr);
  if (!call || arguments.empty()) return std::string(kSomething);
  std::string_view name = last_name(call->funcname);
  std::string made;
  if (name == "format") {
    std::string pattern = guess(arguments[0], depth + 1);
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] != '%') {
        made += pattern[i];
        continue;
      }
      while (i + 1 < pattern.size() &&
             std::string_view("0123456789$-*").find(pattern[i + 1]) != std::string_view::npos)
        ++i;
      char kind = i + 1 < pattern.size() ? pattern[++i] : '%';
      made += kind == 'L' ? "'*'" : kind == '%' ? "%" : kSomething;
    }
    return made;
  }
  bool joins = name == "concat" || name == "concat_ws";
  if (!joins) return name == "quote_literal" ? std::string("'*'") : std::string(kSomething);
  for (const Node* argument : arguments) made += guess(argument, depth + 1);
  return made;
}

std::string quoted_name(std::string_view name) {
  std::string quoted = "\"";
  for (char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

// A type as libpg_query's PL/pgSQL can resolve it: what a column's type is, it cannot know.
std::string plain_type(const TypeName* type) {
  if (!type || type->pct_type) return "text";
  std::string written = type->setof ? "SETOF " : "";
  for (const Node* part : Nodes(type->names)) {
    if (!written.empty() && written.back() != ' ') written += '.';
    written += quoted_name(text_of(part));
  }
  return written + (type->arrayBounds ? "[]" : "");
}

// The statement with a signature that libpg_query's PL/pgSQL can compile: VARIADIC and %TYPE, which
// it cannot, are nothing to what the body does.
std::string plain_signature(const CreateFunctionStmt* node, const std::string& body) {
  std::string parameters, table;
  for (const Node* one : Nodes(node->parameters)) {
    const auto* parameter = CHAPERONE_AS(FunctionParameter, one);
    if (!parameter) continue;
    std::string& list = parameter->mode == FUNC_PARAM_TABLE ? table : parameters;
    if (!list.empty()) list += ", ";
    if (parameter->mode == FUNC_PARAM_OUT) list += "OUT ";
    if (parameter->mode == FUNC_PARAM_INOUT) list += "INOUT ";
    if (parameter->name) list += quoted_name(parameter->name) + " ";
    list += plain_type(parameter->argType);
  }
  std::string tag = "$q$";
  while (body.find(tag) != std::string::npos) tag.insert(1, "q");
  std::string returns = !table.empty()     ? " RETURNS TABLE (" + table + ")"
                        : node->returnType ? " RETURNS " + plain_type(node->returnType)
                                           : "";
  return std::string("CREATE ") + (node->is_procedure ? "PROCEDURE" : "FUNCTION") + " f(" +
         parameters + ")" + returns + " LANGUAGE plpgsql AS " + tag + body + tag;
}

}  // namespace

// Statements or an expression inside other code. False if it does not parse.
bool Walker::sql_text(std::string_view input, ParseMode mode) {
  Tree tree(input, context_.reading, mode);
  if (!tree.ok()) return false;
  Walker inner(*this, resolver_, false);
  for (const Node* node : Nodes(tree.statements())) inner.statement(node, own_text(input, node));
  return true;
}

// SQL that code will make and run: what it seems to do is added to run_code, never instead of it.
void Walker::guessed_sql(const std::string& text) {
  if (text.empty() || text == kSomething || !enter()) return;
  Findings found;
  std::set<std::string> seen;  // what is seen here is not all kept
  Walker inner(context_, *caller_, found, seen);
  inner.stand_within(*this);
  ++inner.code_depth_;
  bool parsed = inner.sql_text(text, ParseMode::kStatements);
  if (parsed && !found.is_unknown()) {
    findings_.merge(found, kAllEffects, {});
  } else {
    findings_.effect(announced(text));
  }
  leave();
}

void Walker::dynamic_sql(std::string_view expression_text) {
  Tree tree(expression_text, context_.reading, ParseMode::kExpression);
  for (const Node* node : Nodes(tree.statements())) {
    const auto* raw = CHAPERONE_AS(RawStmt, node);
    const auto* select = raw ? CHAPERONE_AS(SelectStmt, raw->stmt) : nullptr;
    if (!select) continue;
    for (const Node* target : Nodes(select->targetList)) {
      if (const auto* result = CHAPERONE_AS(ResTarget, target)) guessed_sql(guess(result->val, 0));
    }
  }
}

void Walker::plpgsql(std::string_view statement_text) {
  if (!context_.reading.standard_conforming_strings) {
    findings_.unknown("code in quotes is not read while standard_conforming_strings is off");
    return opaque_code();
  }
  Tree tree(statement_text, context_.reading);
  std::string body, plain;
  for (const Node* node : Nodes(tree.statements())) {
    const auto* raw = CHAPERONE_AS(RawStmt, node);
    const auto* create = raw ? CHAPERONE_AS(CreateFunctionStmt, raw->stmt) : nullptr;
    const auto* block = raw ? CHAPERONE_AS(DoStmt, raw->stmt) : nullptr;
    if (create) {
      body = options_of(create->options).body;
      plain = plain_signature(create, body);
    }
    if (block) body = options_of(block->args).body;
  }
  PlCode code = read_plpgsql(statement_text, body);
  if (!code.error.empty() && !plain.empty()) code = read_plpgsql(plain, body);
  if (!code.error.empty()) {
    if (body_depth_ == 0) findings_.unknown("PL/pgSQL: " + without_quote(code.error, body));
    findings_.effect(announced(body));
    return opaque_code();
  }
  if (code.transaction_control) {
    findings_.effect(Effect::kTransaction);
    findings_.flags.transaction_control = findings_.flags.may_change_reading = true;
  }
  const std::set<std::string>* outer = std::exchange(variables_, &code.variables);
  for (const auto& fragment : code.fragments) {
    if (!sql_text(fragment.text, fragment.mode)) {
      findings_.unknown("PL/pgSQL: a statement in it cannot be read");
      opaque_code();
    }
    if (!fragment.dynamic) continue;
    opaque_code();
    dynamic_sql(fragment.text);
  }
  variables_ = outer;
}

void Walker::routine_body(const CreateFunctionStmt* node, std::string_view statement_text) {
  RoutineOptions options = options_of(node->options);
  Walker inner(*this, resolver_, false);
  std::set<std::string> parameters;
  for (const Node* one : Nodes(node->parameters)) {
    const auto* parameter = CHAPERONE_AS(FunctionParameter, one);
    if (parameter && parameter->name) parameters.insert(parameter->name);
  }
  inner.variables_ = &parameters;
  if (node->sql_body) {
    std::vector<const Node*> open = {node->sql_body};
    while (!open.empty()) {
      const Node* part = open.back();
      open.pop_back();
      if (const auto* list = CHAPERONE_AS(List, part)) {
        for (const Node* element : Nodes(list)) open.push_back(element);
      } else if (part) {
        inner.statement(part, statement_text);
      }
    }
  } else if (options.language == "sql") {
    if (!inner.sql_text(options.body, ParseMode::kStatements)) {
      if (body_depth_ == 0) findings_.unknown("the function's SQL cannot be read");
      findings_.effect(announced(options.body));
      opaque_code();
    }
  } else if (options.language == "plpgsql") {
    inner.plpgsql(statement_text);
  } else {
    opaque_code();
  }
}

// A function of the catalogue that is called: once each, under its own search_path.
void Walker::function_body(const CatalogueFunction& function) {
  findings_.effect(Effect::kRunCode);
  if (!first_visit("function " + std::to_string(function.oid))) return;
  if (function.definition.empty()) return opaque_code();
  if (!may_enter_body(function.definition.size())) {
    findings_.unknown("there are too many bodies beneath it");
    return opaque_code();
  }
  Reading plain;
  plain.server_version = context_.reading.server_version;
  Resolver own(resolver_.data(),
               function.search_path.empty() ? caller_->path() : function.search_path);
  Tree tree(function.definition, plain);
  if (!tree.ok()) return opaque_code();
  Walker inner(*this, own, true);
  for (const Node* node : Nodes(tree.statements())) {
    const auto* raw = CHAPERONE_AS(RawStmt, node);
    if (const auto* create = raw ? CHAPERONE_AS(CreateFunctionStmt, raw->stmt) : nullptr) {
      inner.routine_body(create, function.definition);
    }
  }
}

// Creating code is not running it, but what it would do counts at once: a rule against DROP is a
// rule against a function that drops.
void Walker::create_function(const CreateFunctionStmt* node) {
  ddl(node->is_procedure ? "CREATE PROCEDURE" : "CREATE FUNCTION", Effect::kDefine);
  std::string name = resolver_.created(schema_name(node->funcname), last_name(node->funcname));
  findings_.object(ObjectKind::kFunction, name, Effect::kDefine);
  Scope none;
  expressions(node->parameters, none);
  if (node->returnType) type_name(node->returnType);
  RoutineOptions options = options_of(node->options);
  for (const Node* one : Nodes(node->options)) {
    const auto* option = CHAPERONE_AS(DefElem, one);
    // SECURITY DEFINER lends the owner's rights to whoever calls.
    const auto* flag = option && view_of(option->defname) == "security"
                           ? CHAPERONE_AS(Boolean, option->arg)
                           : nullptr;
    if (flag && flag->boolval) findings_.effect(Effect::kGrant);
  }
  if (options.language == "c" || options.language == "internal" || options.has_library) {
    findings_.object(ObjectKind::kFile, options.body, Effect::kRunCode | Effect::kAdmin);
  }
  routine_body(node, text_);
}

void Walker::do_block(const DoStmt* node) {
  verb("DO");
  findings_.effect(Effect::kRunCode);
  RoutineOptions options = options_of(node->args);
  findings_.flags.leaves_session_state = false;
  if (options.language.empty() || options.language == "plpgsql") {
    Walker inner(*this, resolver_, false);
    inner.plpgsql(text_);
  } else {
    opaque_code();
  }
}

void Walker::run_procedure(const CallStmt* node) {
  verb("CALL");
  findings_.effect(Effect::kRunCode);
  findings_.flags.leaves_session_state = false;
  Scope none;
  if (node->funccall) function_call(node->funccall, none);
}

}  // namespace chaperone::sql
